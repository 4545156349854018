"""Running sums in a float: what `fp:{format}` and its options have in common."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Self

from hwdse import formats
from hwdse.errors import FormatError, SpecError
from hwdse.formats import BinaryFloat, Format, UnpackedShape
from hwdse.spec.accumulate import Accumulator


@dataclass(frozen=True, kw_only=True)
class FloatSum(Accumulator):
    """A running sum in a float format: keyword `fp`, the format, and options.

    What the options are, and so what one step does, is a child's affair; defining the child is all
    that makes `from_options` know it. A new sum starts from +0.

    Attributes:
        format: a signed binary float with a zero, whose values float64 can hold.

    Raises:
        SpecError: another format.
    """

    keyword: ClassVar[str] = "fp"
    form: ClassVar[str]
    variants: ClassVar[list[type["FloatSum"]]] = []

    format: BinaryFloat

    def __init_subclass__(cls) -> None:
        # The keyword belongs to the family: children are told apart by their options.
        FloatSum.variants.append(cls)

    def __post_init__(self) -> None:
        if not self.format.signed or not self.format.subnormals:
            raise SpecError(f"accumulator {self}: a signed format with a zero is needed")
        if not self.format.fits_float64:
            raise SpecError(
                f"accumulator {self}: the format spans 2^{self.format.lsb_exponent} to "
                f"2^{self.format.max_exponent}, allowed is what float64 can hold"
            )

    @classmethod
    def from_options(cls, options: tuple[str, ...]) -> Self:
        """Parse the format; the children parse what follows."""
        if not options:
            raise cls.bad_options(options)
        try:
            number_format = formats.parse(options[0])
        except FormatError as error:
            raise SpecError(f"accumulator fp:{options[0]}: {error}") from error
        if not isinstance(number_format, BinaryFloat):
            raise SpecError(f"accumulator fp:{options[0]}: a floating-point format is needed")
        for variant in cls.variants:
            made = variant.with_options(number_format, options[1:])
            if isinstance(made, cls):
                return made
        raise cls.bad_options(options)

    @classmethod
    @abstractmethod
    def with_options(cls, number_format: BinaryFloat, options: tuple[str, ...]) -> Self | None:
        """The accumulator that the options after the format mean; None if they are another's.

        Raises:
            SpecError: options of this child with impossible values.
        """

    @classmethod
    def syntax(cls) -> str:
        """How the choices are written."""
        return ", ".join(sorted(variant.form for variant in FloatSum.variants))

    @property
    def options(self) -> tuple[str, ...]:
        """What follows the format in writing."""
        return ()

    def __str__(self) -> str:
        return ":".join((self.keyword, str(self.format), *self.options))

    def check_specials(self, product: UnpackedShape) -> None:
        """Refuse products that can be NaN or infinite where the format has no NaN.

        Raises:
            SpecError: such products.
        """
        if (product.has_nan or product.has_inf) and not self.format.has_nan:
            raise SpecError(
                f"accumulator {self} has no NaN, which the products can be: use a format with NaN"
            )

    def state(self, product: UnpackedShape) -> UnpackedShape:
        """The format's own bounds."""
        self.check_specials(product)
        return self.format.unpacked

    def default_out(self) -> Format:
        """The accumulator's format."""
        return self.format

    def largest(self, product: UnpackedShape) -> float:
        """The format's largest value."""
        return self.format.max
