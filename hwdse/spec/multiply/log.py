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
    """The product of two logarithmic numbers: signs XORed, logarithms added, exactly.

    The product keeps its logarithm, one bit wider, for accumulators that take it (`bins`, `lns`).
    To all others it is the number 2^q T[r] of q, the logarithm's integer part, and r, its fraction
    in units of 1/gamma (LNS-Madam, Zhao et al. 2022: table and shift): T[r] is 2^(r/gamma) rounded
    to `table_bits` fraction bits. With `index_bits` h the table has 2^h entries only, selected by
    the h upper bits of r; the lower ones r_L make the factor 1 + r_L/gamma instead of
    2^(r_L/gamma), which is never too small and at most 6.15 % too large (Mitchell 1962).

    A zero operand makes +0. Operands of different fraction bits are aligned to the finer one.

    Attributes:
        table_bits: fraction bits of the table's entries, 1..24.
        index_bits: log2 of the entries; None for one for each fraction of the logarithm.
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
        """How this choice is written."""
        return "log[:h{n}][:t{bits}]"

    def __str__(self) -> str:
        index = "" if self.index_bits is None else f":h{self.index_bits}"
        table = "" if self.table_bits == Log().table_bits else f":t{self.table_bits}"
        return f"{self.keyword}{index}{table}"

    def fraction_bits(self, a: Format, b: Format) -> int:
        """Fraction bits of the product's logarithm.

        Raises:
            SpecError: operands that are not logarithmic.
        """
        if not isinstance(a, Logarithmic) or not isinstance(b, Logarithmic):
            raise SpecError(
                f"multiplier {self} of {a} and {b}: it adds logarithms, both operands must be "
                f"logarithmic formats ({Logarithmic.syntax()})"
            )
        return max(a.fraction_bits, b.fraction_bits)

    def antilog(self, a: Format, b: Format) -> Antilog:
        """The table from logarithms of products to numbers.

        Raises:
            SpecError: operands that are not logarithmic, or a table that does not fit them.
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
        """Bounds of the number, and of the logarithm beside it."""
        antilog = self.antilog(a, b)
        # `antilog` has seen to it.
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
