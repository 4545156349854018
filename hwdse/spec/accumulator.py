"""Accumulators of a design: what the running sum is."""

import re
from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Self

from hwdse import formats
from hwdse.errors import FormatError, SpecError
from hwdse.formats import FixedPoint, Format, Integer, Minifloat, UnpackedShape, clog2
from hwdse.spec.part import Part

_MAX_TERMS_LOG2 = 40
_MAX_INTEGER_BITS = 64


@dataclass(frozen=True, kw_only=True)
class Accumulator(Part):
    """How products become a sum. Golden and hardware implement each choice apart."""

    kind: ClassVar[str] = "accumulator"

    @abstractmethod
    def state(self, product: UnpackedShape) -> UnpackedShape:
        """Bounds of the running sum of such products.

        Raises:
            SpecError: products that this accumulator cannot take; the message says why.
        """

    @abstractmethod
    def default_out(self) -> Format:
        """The accumulator's own format; fp32 for exact ones."""

    def out_of(self, product: UnpackedShape) -> Format:
        """The output format of a design that names none; `default_out` unless products decide.

        Raises:
            SpecError: there is no such format; the message says what to do.
        """
        del product
        return self.default_out()

    @abstractmethod
    def largest(self, product: UnpackedShape) -> float:
        """Largest magnitude the running sum holds without overflow."""


@dataclass(frozen=True, kw_only=True)
class Kulisch(Accumulator):
    """Exact fixed-point sum wide enough for every product (Kulisch 2002; the posit quire).

    The register is two's complement: the products' magnitude bits, ceil(log2 terms) guard bits and
    a sign. Beyond the stated number of terms it can wrap, as the register does. A fixed-point zero
    has no sign.

    Attributes:
        terms: products that can be added without overflow, whatever they are; 1..2^40.
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
        """Parse the number of terms."""
        if not options:
            return cls()
        if len(options) > 1 or not re.fullmatch(r"\d{1,15}", options[0]):
            raise cls.bad_options(options)
        return cls(terms=int(options[0]))

    @classmethod
    def syntax(cls) -> str:
        """How this choice is written."""
        return "kulisch[:{terms}]"

    def __str__(self) -> str:
        return self.keyword if self == Kulisch() else f"{self.keyword}:{self.terms}"

    def state(self, product: UnpackedShape) -> UnpackedShape:
        """A fixed-point word: one exponent."""
        return UnpackedShape(
            significand_bits=product.fixed_point_bits + clog2(self.terms) + 1,
            exponent_min=product.exponent_min,
            exponent_max=product.exponent_min,
            twos_complement=True,
            has_inf=product.has_inf,
            has_nan=product.has_nan or product.has_inf,
        )

    def default_out(self) -> Format:
        """fp32."""
        return formats.parse("fp32")

    def largest(self, product: UnpackedShape) -> float:
        """Largest magnitude of the register."""
        return 2.0 ** min(self.state(product).top, 1023)


@dataclass(frozen=True, kw_only=True)
class FusedFloat(Accumulator):
    """Fused multiply-add into a float: the group's products and the running sum, rounded once.

    IEEE 754-2019 fusedMultiplyAdd, for one product or several: NaN is sticky, infinities of both
    signs give NaN, an exact zero sum of unlike signs is +0 (-0 when rounding down), and overflow
    does what the format says. A new sum starts from +0.

    Attributes:
        format: a signed float that can hold every special value of the products.
    """

    keyword: ClassVar[str] = "fp"

    format: Minifloat

    def __post_init__(self) -> None:
        if not self.format.signed or not self.format.subnormals:
            raise SpecError(f"accumulator {self}: a signed format with a zero is needed")

    @classmethod
    def from_options(cls, options: tuple[str, ...]) -> Self:
        """Parse the format."""
        if len(options) != 1:
            raise cls.bad_options(options)
        try:
            number_format = formats.parse(options[0])
        except FormatError as error:
            raise SpecError(f"accumulator fp:{options[0]}: {error}") from error
        if not isinstance(number_format, Minifloat):
            raise SpecError(f"accumulator fp:{options[0]}: a floating-point format is needed")
        return cls(format=number_format)

    @classmethod
    def syntax(cls) -> str:
        """How this choice is written."""
        return "fp:{format}"

    def __str__(self) -> str:
        return f"{self.keyword}:{self.format}"

    def state(self, product: UnpackedShape) -> UnpackedShape:
        """The format's own bounds."""
        if (product.has_nan or product.has_inf) and not self.format.has_nan:
            raise SpecError(
                f"accumulator {self} has no NaN, which the products can be: use a format with NaN"
            )
        return self.format.unpacked

    def default_out(self) -> Format:
        """The accumulator's format."""
        return self.format

    def largest(self, product: UnpackedShape) -> float:
        """The format's largest value."""
        return self.format.max


@dataclass(frozen=True, kw_only=True)
class IntegerSum(Accumulator):
    """Two's-complement sum of fixed-point products, wrapping or saturating at each addition.

    It counts in units of the products' least bit: one for integers, a half where one operand comes
    in halves, and so on.

    Attributes:
        width: bits of the register, 2..64.
        saturate: clamp the sum after each addition instead of wrapping.
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
        """Parse the width and `sat`."""
        match options:
            case (width,) | (width, "sat" | "wrap") if re.fullmatch(r"\d{1,4}", width):
                return cls(width=int(width), saturate=options[1:] == ("sat",))
            case _:
                raise cls.bad_options(options)

    @classmethod
    def syntax(cls) -> str:
        """How this choice is written."""
        return "int:{width}[:wrap|:sat]"

    def __str__(self) -> str:
        return f"{self.keyword}:{self.width}{':sat' * self.saturate}"

    def state(self, product: UnpackedShape) -> UnpackedShape:
        """A two's-complement word of the products' own exponent."""
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
        """The integer of the register's width."""
        try:
            return Integer(width=self.width)
        except FormatError as error:
            raise SpecError(f"accumulator {self} has no format of its own: give out=") from error

    def out_of(self, product: UnpackedShape) -> Format:
        """The register's bits as an integer, or as fixed point where products have a fraction."""
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
