"""Numbers that carry their logarithm, and the table that converts a logarithm to a number.

Let gamma = 2^fraction_bits, q = floor(L / gamma) and r = L mod gamma. Then 2^(L / gamma) is 2^q
times 2^(r / gamma). Hardware computes 2^q with a shift and 2^(r / gamma) with a table (Zhao et al.,
LNS-Madam, IEEE Trans. Computers 2022).
"""

from dataclasses import dataclass
from functools import cached_property

from hwdse.formats import Logarithmic, UnpackedShape
from hwdse.formats.exact_log2 import POWER_BITS, power_floors


@dataclass(frozen=True, kw_only=True)
class Antilog:
    """A fixed-point table of 2^(r/gamma) for r = 0..gamma-1.

    The upper `index_bits` bits of r select a constant, which is rounded to nearest once. The lower
    bits of r are called r_L. They give the exact factor 1 + r_L / gamma (Mitchell 1962).

    Attributes:
        fraction_bits: log2(gamma).
        index_bits: number of upper bits of r that select a constant. For a plain table, all bits.
        table_bits: fraction bits of the constants. A constant never rounds up to 2.
    """

    fraction_bits: int
    index_bits: int
    table_bits: int

    @property
    def low_bits(self) -> int:
        """Width of r_L in bits."""
        return self.fraction_bits - self.index_bits

    @property
    def constant_bits(self) -> int:
        """Fraction bits of the constants; 0 if the only constant is 1."""
        return self.table_bits if self.index_bits else 0

    @property
    def linear_bits(self) -> int:
        """Fraction bits of the factor 1 + r_L / gamma; 0 if r_L has no bits."""
        return self.fraction_bits if self.low_bits else 0

    @property
    def significand_fraction_bits(self) -> int:
        """Fraction bits of the constant times the factor."""
        return self.constant_bits + self.linear_bits

    @cached_property
    def constants(self) -> tuple[int, ...]:
        """2^(i / 2^index_bits) in units of 2^-constant_bits."""
        # Keep one extra bit for rounding to nearest. Every constant except 1 is irrational and so
        # never lies halfway between two neighbours: the extra bit alone decides.
        drop = POWER_BITS - self.constant_bits - 1
        floors = power_floors(self.index_bits)[:-1] >> drop
        return tuple(((floors + 1) >> 1).tolist())

    @cached_property
    def significands(self) -> tuple[int, ...]:
        """Approximate 2^(r/gamma) for every r, in units of 2^-significand_fraction_bits."""
        if not self.low_bits:
            return self.constants
        gamma = 1 << self.fraction_bits
        factors = range(gamma, gamma + (1 << self.low_bits))
        return tuple(constant * factor for constant in self.constants for factor in factors)

    def shape(
        self, *, lowest: int, highest: int, log_origin: int, log_bits: int, settled: bool = False
    ) -> "LogShape":
        """Bounds of numbers with logarithms from `lowest` to `highest`."""
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
    """Bounds of a record that also carries the logarithm L of the number x: log2|x| ~ L / gamma.

    Number and logarithm share the sign and the zero flag. If the number is zero, L has no meaning.

    Attributes:
        antilog: the table that converts the logarithm to the number.
        log_bits: width of the hardware field that stores L - `log_origin` as an unsigned number.
        log_origin: value of L for hardware field 0, a multiple of gamma.
        settled: L is the logarithm of a code of a logarithmic format, and the significand only
            approximates this number with a table. An encoder of a logarithmic format must use L.
    """

    antilog: Antilog
    log_bits: int
    log_origin: int
    settled: bool = False


def log_origin(number_format: Logarithmic) -> int:
    """Value of L for hardware field 0.

    Hardware inverts the sign bit of a two's-complement logarithm, so field 0 is the lowest value.
    """
    return -1 << (number_format.exponent_bits - 1) if number_format.signed_exponent else 0
