"""The integer accumulator."""

import re
from dataclasses import dataclass
from typing import ClassVar, Self

from hwdse.errors import FormatError, SpecError
from hwdse.formats import FixedPoint, Format, Integer, UnpackedShape
from hwdse.spec.accumulate import Accumulator

_MAX_INTEGER_BITS = 64


@dataclass(frozen=True, kw_only=True)
class IntegerSum(Accumulator):
    """Two's-complement sum of fixed-point products. It wraps or saturates at each addition.

    The unit of the register is the LSB of the products. For integers the unit is 1. If one operand
    has one fraction bit and the other none, the unit is 1/2.

    Attributes:
        width: width of the register in bits, 2..64.
        saturate: saturate the sum after each addition instead of wrapping.
    """

    keyword: ClassVar[str] = "int"

    width: int
    saturate: bool = False

    def __post_init__(self) -> None:
        if not 2 <= self.width <= _MAX_INTEGER_BITS:
            raise SpecError(
                f"accumulator int:{self.width}: 2 to {_MAX_INTEGER_BITS} bits are allowed"
            )

    @classmethod
    def from_options(cls, options: tuple[str, ...]) -> Self:
        """Parse the width and `wrap` or `sat`."""
        match options:
            case (width,) | (width, "sat" | "wrap") if re.fullmatch(r"[0-9]{1,4}", width):
                return cls(width=int(width), saturate=options[1:] == ("sat",))
            case _:
                raise cls.bad_options(options)

    @classmethod
    def syntax(cls) -> str:
        """Syntax of this choice in a design spec, with all options."""
        return "int:{width}[:wrap|:sat]"

    def __str__(self) -> str:
        return f"{self.keyword}:{self.width}{':sat' * self.saturate}"

    def state(self, product: UnpackedShape) -> UnpackedShape:
        """Bounds of the register: a two's-complement word with the exponent of the products.

        Raises:
            SpecError: the products have different exponents, can be NaN, or are wider than the
                register.
        """
        if product.exponent_min != product.exponent_max or product.has_nan:
            raise SpecError(
                f"accumulator {self} takes integer products only, or others of one exponent: use "
                "kulisch or fp:{format}"
            )
        if product.magnitude_bits >= self.width:
            raise SpecError(
                f"accumulator {self} cannot hold one product of {product.magnitude_bits + 1} bits"
            )
        return UnpackedShape(
            significand_bits=self.width,
            exponent_min=product.exponent_min,
            exponent_max=product.exponent_min,
            twos_complement=True,
        )

    def default_out(self) -> Format:
        """The integer format with the width of the register.

        Raises:
            SpecError: no integer format has this width.
        """
        try:
            return Integer(width=self.width)
        except FormatError as error:
            raise SpecError(f"accumulator {self} has no format of its own: give out=") from error

    def out_of(self, product: UnpackedShape) -> Format:
        """The format of the register: an integer, or fixed point if the LSB of products is not 1.

        Raises:
            SpecError: no integer or fixed-point format fits.
        """
        if product.exponent_min == 0:
            return self.default_out()
        try:
            return FixedPoint(width=self.width, fraction_bits=-product.exponent_min)
        except FormatError as error:
            raise SpecError(
                f"accumulator {self} in units of 2^{product.exponent_min} has no format of its "
                "own: give out="
            ) from error

    def largest(self, product: UnpackedShape) -> float:
        """The register's largest value."""
        return float((1 << (self.width - 1)) - 1) * 2.0**product.exponent_min
