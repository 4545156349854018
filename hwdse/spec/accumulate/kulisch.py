"""The exact fixed-point accumulator."""

import re
from dataclasses import dataclass
from typing import ClassVar, Self

from hwdse import formats
from hwdse.errors import SpecError
from hwdse.formats import Format, UnpackedShape, clog2
from hwdse.spec.accumulate import Accumulator

_MAX_TERMS_LOG2 = 40


@dataclass(frozen=True, kw_only=True)
class Kulisch(Accumulator):
    """Exact fixed-point sum wide enough for every product (Kulisch 2002; the posit quire).

    The register is two's complement. It has the magnitude bits of a fixed-point product,
    ceil(log2 terms) guard bits, and a sign bit. After more products than `terms` the register can
    wrap. A fixed-point zero has no sign.

    Attributes:
        terms: number of products, of any value, that can be added without overflow; 1..2^40.
    """

    keyword: ClassVar[str] = "kulisch"

    terms: int = 65536

    def __post_init__(self) -> None:
        if not 1 <= self.terms <= 1 << _MAX_TERMS_LOG2:
            raise SpecError(
                f"accumulator kulisch of {self.terms} terms: 1 to 2^{_MAX_TERMS_LOG2} are allowed"
            )

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
        return "kulisch[:{terms}]"

    def __str__(self) -> str:
        return self.keyword if self == Kulisch() else f"{self.keyword}:{self.terms}"

    def state(self, product: UnpackedShape) -> UnpackedShape:
        """Bounds of the register: a fixed-point word, so minimum and maximum exponent are equal."""
        return UnpackedShape(
            significand_bits=product.fixed_point_bits + clog2(self.terms) + 1,
            exponent_min=product.exponent_min,
            exponent_max=product.exponent_min,
            twos_complement=True,
            has_inf=product.has_inf,
            has_nan=product.has_nan or product.has_inf,
        )

    def default_out(self) -> Format:
        """Always fp32."""
        return formats.parse("fp32")

    def largest(self, product: UnpackedShape) -> float:
        """Largest magnitude of the register."""
        return 2.0 ** min(self.state(product).top, 1023)
