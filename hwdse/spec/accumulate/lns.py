"""The logarithmic accumulator."""

import re
from dataclasses import dataclass
from typing import ClassVar, Self

from hwdse import formats
from hwdse.errors import FormatError, SpecError
from hwdse.formats import Format, Logarithmic, UnpackedShape
from hwdse.spec.accumulate import Accumulator
from hwdse.spec.accumulate.lns_tables import MAX_FRACTION_BITS
from hwdse.spec.multiply.log_tables import Antilog, LogShape, log_origin

_DEFAULT_TABLE_BITS, _MAX_TABLE_BITS = 16, 24


@dataclass(frozen=True, kw_only=True)
class LogSum(Accumulator):
    """A logarithmic running sum, to which products of `mul=log` are added by Gaussian logarithms.

    With logarithms X >= Y of the magnitudes and d = Y - X, the sum's is X + sb(d) for like signs
    and X + db(d) for unlike ones (Swartzlander and Alexopoulos 1975), with sb(d) = log2(1 + 2^d)
    and db(d) = log2(1 - 2^d). Both come from tables over d in units of the sum's least bit,
    rounded to nearest there, whatever the design's rounding. Like magnitudes of unlike signs
    cancel to zero, which is positive.

    Each addition gives a number of the format: above its largest magnitude it saturates, below its
    smallest it is zero. Several lanes are added in a balanced tree, in order of lanes; its result
    is then added to the running sum.

    A logarithmic output sees the sum's logarithm; all others see the number that a table of
    2^(r/gamma) with `table_bits` fraction bits makes of it.

    Attributes:
        format: a logarithmic format with a zero and with at least the products' fraction bits.
        table_bits: fraction bits of the output's table, 1..24.
    """

    keyword: ClassVar[str] = "lns"

    format: Logarithmic
    table_bits: int = _DEFAULT_TABLE_BITS

    def __post_init__(self) -> None:
        if not self.format.has_zero:
            raise SpecError(
                f"accumulator {self}: terms may cancel, a format with a zero is needed (such as "
                f"{self.format}z)"
            )
        if self.format.fraction_bits > MAX_FRACTION_BITS:
            raise SpecError(
                f"accumulator {self}: tables for {self.format.fraction_bits} fraction bits are too "
                f"large, at most {MAX_FRACTION_BITS} are allowed"
            )
        least = max(self.format.fraction_bits, 1)
        if not least <= self.table_bits <= _MAX_TABLE_BITS:
            raise SpecError(
                f"accumulator {self}: an output table of {self.table_bits} fraction bits, t{least} "
                f"to t{_MAX_TABLE_BITS} are allowed"
            )

    @classmethod
    def from_options(cls, options: tuple[str, ...]) -> Self:
        """Parse the format and `t{bits}`."""
        name, *rest = options or ("",)
        if len(rest) > 1 or (rest and not re.fullmatch(r"t[0-9]{1,3}", rest[0])) or not name:
            raise cls.bad_options(options)
        try:
            number_format = formats.parse(name)
        except FormatError as error:
            raise SpecError(f"accumulator lns:{name}: {error}") from error
        if not isinstance(number_format, Logarithmic):
            raise SpecError(f"accumulator lns:{name}: a logarithmic format is needed")
        table_bits = int(rest[0][1:]) if rest else _DEFAULT_TABLE_BITS
        return cls(format=number_format, table_bits=table_bits)

    @classmethod
    def syntax(cls) -> str:
        """How this choice is written."""
        return "lns:{format}[:t{bits}]"

    def __str__(self) -> str:
        table = "" if self.table_bits == _DEFAULT_TABLE_BITS else f":t{self.table_bits}"
        return f"{self.keyword}:{self.format}{table}"

    def alignment(self, product: UnpackedShape) -> int:
        """Bits by which products' logarithms are shifted left to the sum's least bit.

        Raises:
            SpecError: products that are not of `mul=log`, or whose logarithms are finer.
        """
        if not isinstance(product, LogShape):
            raise SpecError(f"accumulator {self} adds logarithms: it needs mul=log")
        step = self.format.fraction_bits - product.antilog.fraction_bits
        if step < 0:
            raise SpecError(
                f"accumulator {self}: the products' logarithms have "
                f"{product.antilog.fraction_bits} fraction bits, the sum needs as many"
            )
        if product.antilog.low_bits:
            raise SpecError(
                f"accumulator {self} takes logarithms as they are: h{product.antilog.index_bits} "
                "of the multiplier would have no effect"
            )
        return step

    def state(self, product: UnpackedShape) -> LogShape:
        """Bounds of the format's logarithms, and of the numbers that the table makes of them."""
        self.alignment(product)
        antilog = Antilog(
            fraction_bits=self.format.fraction_bits,
            index_bits=self.format.fraction_bits,
            table_bits=self.table_bits,
        )
        return antilog.shape(
            lowest=self.format.lowest,
            highest=self.format.highest,
            log_origin=log_origin(self.format),
            log_bits=max(self.format.exponent_bits, self.format.fraction_bits),
            settled=True,
        )

    def default_out(self) -> Format:
        """The sum's format."""
        return self.format

    def largest(self, product: UnpackedShape) -> float:
        """The format's largest value."""
        return self.format.max
