"""Numbers that also come as their logarithm, and the table from logarithm to number.

With gamma = 2^fraction_bits, q = floor(L / gamma) and r = L mod gamma, 2^(L / gamma) is 2^q times
2^(r / gamma): a shift and a table (Zhao et al., LNS-Madam, IEEE Trans. Computers 2022).
"""

from dataclasses import dataclass
from functools import cached_property

from hwdse.formats import Logarithmic, UnpackedShape
from hwdse.formats.exact_log2 import POWER_BITS, power_floors


@dataclass(frozen=True, kw_only=True)
class Antilog:
    """A table of 2^(r/gamma), r = 0..gamma-1, in fixed point.

    The upper `index_bits` bits of r select a constant, rounded to nearest once; the lower ones,
    r_L, count as the factor 1 + r_L / gamma (Mitchell 1962), exactly.

    Attributes:
        fraction_bits: log2(gamma).
        index_bits: bits of r that select; all of them for a plain table.
        table_bits: fraction bits of the constants. A constant never rounds up to 2.
    """

    fraction_bits: int
    index_bits: int
    table_bits: int

    @property
    def low_bits(self) -> int:
        """Bits of r_L."""
        return self.fraction_bits - self.index_bits

    @property
    def constant_bits(self) -> int:
        """Fraction bits of the constants: none where the only one is 1."""
        return self.table_bits if self.index_bits else 0

    @property
    def linear_bits(self) -> int:
        """Fraction bits of the factor 1 + r_L / gamma."""
        return self.fraction_bits if self.low_bits else 0

    @property
    def significand_fraction_bits(self) -> int:
        """Fraction bits of the product of both."""
        return self.constant_bits + self.linear_bits

    @cached_property
    def constants(self) -> tuple[int, ...]:
        """2^(i / 2^index_bits) in units of 2^-constant_bits."""
        # One digit more than is kept; what follows is irrational, so this one alone decides.
        drop = POWER_BITS - self.constant_bits - 1
        floors = power_floors(self.index_bits)[:-1] >> drop
        return tuple(((floors + 1) >> 1).tolist())

    @cached_property
    def significands(self) -> tuple[int, ...]:
        """2^(r/gamma) for every r, in units of 2^-significand_fraction_bits."""
        if not self.low_bits:
            return self.constants
        gamma = 1 << self.fraction_bits
        factors = range(gamma, gamma + (1 << self.low_bits))
        return tuple(constant * factor for constant in self.constants for factor in factors)

    def shape(
        self, *, lowest: int, highest: int, log_origin: int, log_bits: int, settled: bool = False
    ) -> "LogShape":
        """Bounds of numbers whose logarithms are `lowest` to `highest`."""
        f, below_one = self.fraction_bits, self.significand_fraction_bits
        return LogShape(
            antilog=self,
            significand_bits=max(self.significands).bit_length(),
            exponent_min=(lowest >> f) - below_one,
            exponent_max=(highest >> f) - below_one,
            exponent_origin=(log_origin >> f) - below_one,
            log_bits=log_bits,
            log_origin=log_origin,
            settled=settled,
        )


@dataclass(frozen=True, kw_only=True)
class LogShape(UnpackedShape):
    """Bounds of a record that carries the number's logarithm L as well: log2|x| ~ L / gamma.

    Sign and zero flag are those of the number; L means nothing where it is zero.

    Attributes:
        antilog: what makes the number of its logarithm.
        log_bits: width of the hardware's field, which is unsigned and stored minus `log_origin`.
        log_origin: L that the field 0 stands for, a multiple of gamma.
        settled: the number is a code of a logarithmic format, its significand only a table's
            approximation: an encoder of logarithmic numbers goes by L.
    """

    antilog: Antilog
    log_bits: int
    log_origin: int
    settled: bool = False


def log_origin(number_format: Logarithmic) -> int:
    """L that field 0 of the hardware stands for: two's complement with its sign bit inverted."""
    return -1 << (number_format.exponent_bits - 1) if number_format.signed_exponent else 0
