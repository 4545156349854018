"""The base class of all floating-point accumulators: `fp:{format}` and its options."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Self

from hwdse import formats
from hwdse.errors import FormatError, SpecError
from hwdse.formats import BinaryFloat, Format, UnpackedShape
from hwdse.spec.accumulate import Accumulator


@dataclass(frozen=True, kw_only=True)
class FloatSum(Accumulator):
    """A running sum in a floating-point format: keyword `fp`, the format, and options.

    Each subclass defines its options and its addition. Defining a subclass registers it, and
    `from_options` then accepts its options. A new sum starts from +0.

    Attributes:
        format: a signed binary floating-point format with a zero. float64 must represent all
            values.

    Raises:
        SpecError: the format does not have these properties.
    """

    keyword: ClassVar[str] = "fp"
    form: ClassVar[str]
    variants: ClassVar[list[type["FloatSum"]]] = []

    format: BinaryFloat

    def __init_subclass__(cls) -> None:
        # All subclasses share the keyword `fp` and differ in their options, so registering them by
        # keyword would not work.
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
        """Parse the format. The subclasses parse the options after the format."""
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
        """Parse the options after the format; None if they do not belong to this subclass.

        Raises:
            SpecError: the options belong to this subclass, but a value is not allowed.
        """

    @classmethod
    def syntax(cls) -> str:
        """Syntax of all floating-point accumulators in a design spec."""
        return ", ".join(sorted(variant.form for variant in FloatSum.variants))

    @property
    def options(self) -> tuple[str, ...]:
        """The options after the format, as in the design spec."""
        return ()

    def __str__(self) -> str:
        return ":".join((self.keyword, str(self.format), *self.options))

    def check_specials(self, product: UnpackedShape) -> None:
        """Check that the format has NaN if the products can be NaN or infinite.

        Raises:
            SpecError: the format has no NaN but needs one.
        """
        if (product.has_nan or product.has_inf) and not self.format.has_nan:
            raise SpecError(
                f"accumulator {self} has no NaN, which the products can be: use a format with NaN"
            )

    def state(self, product: UnpackedShape) -> UnpackedShape:
        """Bounds of the format."""
        self.check_specials(product)
        return self.format.unpacked

    def default_out(self) -> Format:
        """The format of the running sum."""
        return self.format

    def largest(self, product: UnpackedShape) -> float:
        """The format's largest value."""
        return self.format.max
