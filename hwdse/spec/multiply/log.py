"""The multiplier of logarithmic numbers."""

import re
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from hwdse.errors import SpecError
from hwdse.formats import Format, Logarithmic
from hwdse.spec.multiply import Multiplier
from hwdse.spec.multiply.log_tables import Antilog, LogShape, log_origin

_MAX_TABLE_BITS = 24


@dataclass(frozen=True, kw_only=True)
class Log(Multiplier):
    """The product of two logarithmic numbers: XORs the signs and adds the logarithms exactly.

    The product carries its logarithm, which is one bit wider than the operands' logarithms. The
    accumulators `bins` and `lns` use this logarithm.

    All other accumulators use the number 2^q T[r]. Here q is the integer part of the logarithm, and
    r is the fraction of the logarithm in units of 1/gamma. T[r] is 2^(r/gamma), rounded to
    `table_bits` fraction bits. The hardware needs a table and a shifter (LNS-Madam, Zhao et al.
    2022).

    With `index_bits` h the table has only 2^h entries. The upper h bits of r select an entry. The
    lower bits r_L give the factor 1 + r_L/gamma instead of 2^(r_L/gamma). This factor is never too
    small and at most 6.15 % too large (Mitchell 1962).

    If an operand is zero, the product is +0. If the operands have different numbers of fraction
    bits, the multiplier aligns both to the larger number.

    Attributes:
        table_bits: fraction bits of the table entries, 1..24.
        index_bits: log2 of the number of table entries. None: one entry per fraction value of the
            logarithm.
    """

    keyword: ClassVar[str] = "log"

    table_bits: int = 12
    index_bits: int | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.table_bits <= _MAX_TABLE_BITS:
            raise SpecError(
                f"multiplier log:t{self.table_bits}: 1 to {_MAX_TABLE_BITS} bits are allowed"
            )

    @classmethod
    def from_options(cls, options: tuple[str, ...]) -> Self:
        """Parse `t{bits}` and `h{n}`, in any order."""
        made = cls()
        for option in options:
            if re.fullmatch(r"t[0-9]{1,3}", option):
                made = replace(made, table_bits=int(option[1:]))
            elif re.fullmatch(r"h[0-9]{1,2}", option):
                made = replace(made, index_bits=int(option[1:]))
            else:
                raise cls.bad_options(options)
        return made

    @classmethod
    def syntax(cls) -> str:
        """Syntax of this choice in a design spec, with all options."""
        return "log[:h{n}][:t{bits}]"

    def __str__(self) -> str:
        index = "" if self.index_bits is None else f":h{self.index_bits}"
        table = "" if self.table_bits == Log().table_bits else f":t{self.table_bits}"
        return f"{self.keyword}{index}{table}"

    def fraction_bits(self, a: Format, b: Format) -> int:
        """Fraction bits of the product's logarithm.

        Raises:
            SpecError: an operand is not logarithmic.
        """
        if not isinstance(a, Logarithmic) or not isinstance(b, Logarithmic):
            raise SpecError(
                f"multiplier {self} of {a} and {b}: it adds logarithms, both operands must be "
                f"logarithmic formats ({Logarithmic.syntax()})"
            )
        return max(a.fraction_bits, b.fraction_bits)

    def antilog(self, a: Format, b: Format) -> Antilog:
        """The table that converts logarithms of products to numbers.

        Raises:
            SpecError: an operand is not logarithmic, or the table does not fit the operands.
        """
        fraction = self.fraction_bits(a, b)
        index = fraction if self.index_bits is None else self.index_bits
        if index > fraction:
            raise SpecError(
                f"multiplier {self} of {a} and {b}: h0 to h{fraction} are allowed, logarithms have "
                f"{fraction} fraction bits"
            )
        if self.table_bits < index:
            raise SpecError(
                f"multiplier {self} of {a} and {b}: a table of {1 << index} entries needs "
                f"t{index} or more"
            )
        return Antilog(fraction_bits=fraction, index_bits=index, table_bits=self.table_bits)

    def product(self, a: Format, b: Format) -> LogShape:
        """Bounds of the product as a number, and of the logarithm that the product carries."""
        antilog = self.antilog(a, b)
        # For type checkers: `self.antilog` has already checked both operands.
        assert isinstance(a, Logarithmic)
        assert isinstance(b, Logarithmic)
        origin = highest = lowest = 0
        for operand in (a, b):
            step = antilog.fraction_bits - operand.fraction_bits
            origin += log_origin(operand) << step
            highest += operand.highest << step
            lowest += operand.lowest << step
        return antilog.shape(
            lowest=lowest,
            highest=highest,
            log_origin=origin,
            log_bits=max((highest - origin).bit_length(), antilog.fraction_bits, 1),
        )
