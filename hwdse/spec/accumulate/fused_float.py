"""The floating-point accumulator, rounded once a group."""

from dataclasses import dataclass
from typing import ClassVar, Self

from hwdse import formats
from hwdse.errors import FormatError, SpecError
from hwdse.formats import Format, Minifloat, UnpackedShape
from hwdse.spec.accumulate import Accumulator


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
