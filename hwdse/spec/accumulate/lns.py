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
    """A logarithmic running sum. Gaussian logarithms add the products of `mul=log` to it.

    Let X >= Y be the logarithms of two magnitudes, and d = Y - X. The logarithm of the sum is
    X + sb(d) for equal signs and X + db(d) for different signs, with sb(d) = log2(1 + 2^d) and
    db(d) = log2(1 - 2^d) (Swartzlander and Alexopoulos 1975). Tables give sb and db. Arguments and
    entries are in units of the sum's LSB. Entries are rounded to nearest, independent of the
    design's rounding. Equal magnitudes with different signs cancel to +0.

    Each addition gives a number of the format. A sum above the largest magnitude saturates, and a
    sum below the smallest magnitude becomes zero. With several lanes, a balanced tree first adds
    the products in lane order. The result of the tree is then added to the running sum.

    A logarithmic output format is encoded from the logarithm of the sum. For any other output
    format, a table of 2^(r/gamma) with `table_bits` fraction bits converts the logarithm to a
    number.

    Attributes:
        format: a logarithmic format with a zero. It needs at least as many fraction bits as the
            products' logarithms.
        table_bits: fraction bits of the output table, 1..24 and at least the format's fraction
            bits.
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
        """Syntax of this choice in a design spec, with all options."""
        return "lns:{format}[:t{bits}]"

    def __str__(self) -> str:
        table = "" if self.table_bits == _DEFAULT_TABLE_BITS else f":t{self.table_bits}"
        return f"{self.keyword}:{self.format}{table}"

    def alignment(self, product: UnpackedShape) -> int:
        """Left shift that aligns the products' logarithms to the LSB of the sum's logarithm.

        Raises:
            SpecError: the multiplier is not `log` or has option `h{n}` that saves table entries, or
                the products' logarithms have more fraction bits than the sum.
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
        """Bounds of the sum's logarithm, and of the number that the table computes from it."""
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
        """The format of the sum."""
        return self.format

    def largest(self, product: UnpackedShape) -> float:
        """The format's largest value."""
        return self.format.max
