"""The accumulator that sorts logarithmic products into bins by the fraction of the logarithm."""

import re
from dataclasses import dataclass
from typing import ClassVar, Self

from hwdse import formats
from hwdse.errors import SpecError
from hwdse.formats import Format, UnpackedShape
from hwdse.spec.accumulate import Accumulator
from hwdse.spec.accumulate.kulisch import Kulisch
from hwdse.spec.multiply.log_tables import LogShape


@dataclass(frozen=True, kw_only=True)
class Bins(Accumulator):
    """Remainder bins (LNS-Madam, Zhao et al. 2022): one register per constant of `mul=log`.

    A product is the number 2^q T[r]. It adds +-2^q to the register of r. Only the output stage
    multiplies each register by its constant T[r], and adds the results. This weighted sum is the
    exact sum of all products. With option `h{n}` of the multiplier there are 2^n registers, and a
    product adds +-2^q (1 + r_L/gamma).

    Registers are two's complement. They can wrap after more products than `terms`. The weighted sum
    wraps at the width of a Kulisch accumulator with the same `terms`.

    Attributes:
        terms: number of products, of any value, that can be added without overflow; 1..2^40.
    """

    keyword: ClassVar[str] = "bins"

    terms: int = 65536

    def __post_init__(self) -> None:
        _ = self.exact

    @classmethod
    def from_options(cls, options: tuple[str, ...]) -> Self:
        """Parse `{terms}`."""
        if not options:
            return cls()
        if len(options) > 1 or not re.fullmatch(r"[0-9]{1,15}", options[0]):
            raise cls.bad_options(options)
        return cls(terms=int(options[0]))

    @classmethod
    def syntax(cls) -> str:
        """Syntax of this choice in a design spec, with all options."""
        return "bins[:{terms}]"

    def __str__(self) -> str:
        return self.keyword if self == Bins() else f"{self.keyword}:{self.terms}"

    @property
    def exact(self) -> Kulisch:
        """The Kulisch accumulator with the same number of terms.

        Raises:
            SpecError: `terms` is out of range.
        """
        try:
            return Kulisch(terms=self.terms)
        except SpecError as error:
            raise SpecError(str(error).replace(Kulisch.keyword, self.keyword)) from error

    def addend(self, product: UnpackedShape) -> UnpackedShape:
        """Bounds of the number that one product adds to a register: the product without T[r].

        Raises:
            SpecError: the multiplier is not `log`.
        """
        antilog = product.antilog if isinstance(product, LogShape) else None
        if antilog is None:
            raise SpecError(
                f"accumulator {self} sorts products by the fraction of their logarithm: it needs "
                "mul=log"
            )
        return UnpackedShape(
            significand_bits=antilog.linear_bits + 1,
            exponent_min=product.exponent_min + antilog.constant_bits,
            exponent_max=product.exponent_max + antilog.constant_bits,
            exponent_origin=product.exponent_origin + antilog.constant_bits,
        )

    def register(self, product: UnpackedShape) -> UnpackedShape:
        """Bounds of each register."""
        return self.exact.state(self.addend(product))

    def state(self, product: UnpackedShape) -> UnpackedShape:
        """Bounds of the weighted sum."""
        self.addend(product)
        return self.exact.state(product)

    def default_out(self) -> Format:
        """Always fp32."""
        return formats.parse("fp32")

    def largest(self, product: UnpackedShape) -> float:
        """Largest magnitude of the weighted sum."""
        return self.exact.largest(product)
