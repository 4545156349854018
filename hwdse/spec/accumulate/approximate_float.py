"""The floating-point accumulator with approximate normalisation."""

import re
from dataclasses import dataclass
from typing import ClassVar, Self

from hwdse.errors import SpecError
from hwdse.formats import BinaryFloat, UnpackedShape
from hwdse.spec.accumulate.float_sum import FloatSum

_MAX_FRACTION_BITS = 52
_OPTION = re.compile(r"an([0-9]{1,3})-([0-9]{1,3})")
_WIDTH = re.compile(r"w([0-9]{1,3})")


@dataclass(frozen=True, kw_only=True)
class ApproximateFloat(FloatSum):
    """Multiply-add with approximate normalisation, an-k-lambda (Alexandridis et al. 2024).

    The register holds a sign, a significand t of `width` + 1 bits, and the exponent e of the top
    bit of t. The top bit need not be set. The unit adds the products of a group one by one, in lane
    order, as in a column of a systolic array. `dot` and `mac` therefore give the same results. Each
    addition has four steps:

    1. The exponent of the sum is the larger of e and the exponent of the product's top bit. A zero
       product does not count. All bits below the sum's LSB are truncated toward zero, in both
       terms, independent of the design's rounding.
    2. The magnitudes are added or subtracted. On a carry-out the sum shifts right by one bit, the
       lowest bit is truncated, and the exponent increases by one.
    3. Without a carry-out t shifts left, and the exponent decreases by the shift amount. The amount
       is 0 if one of the first k bits is set, k if one of the next lambda bits is set, and
       otherwise k + lambda. If the exponent would fall below the lowest normal exponent of the
       format, the next shorter shift is used. Small sums therefore behave like subnormals of the
       format. They have the same LSB as subnormals if `width` is the format's fraction width.
    4. A zero sum gets the lowest exponent.

    The sum can stay un-normalised, and later alignments then lose low bits. The output encoder
    normalises and rounds once.

    A sum overflows if its exponent exceeds the greatest exponent of the format. It then becomes
    infinity or the register's largest value, depending on the design's rounding. In a format
    without infinity it always becomes the register's largest value. This value is a significand of
    all ones with the greatest exponent. It exceeds the largest value of formats that reserve codes
    at the greatest exponent, such as e4m3fn. Special values and zero signs are handled as in
    `FusedFloat`.

    Attributes:
        k: bits in the first group, 1 or more.
        lam: lambda, bits in the second group, 1 or more. k + lambda is at most `width`.
        width: fraction bits of the register, up to 52. Minimum and default: fraction bits of the
            format.
    """

    form: ClassVar[str] = "fp:{format}:an{k}-{lambda}[:w{bits}]"

    k: int
    lam: int
    width: int = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        if self.width is None:
            object.__setattr__(self, "width", self.format.fraction_bits)
        super().__post_init__()
        if not self.format.fraction_bits <= self.width <= _MAX_FRACTION_BITS:
            raise SpecError(
                f"accumulator {self}: {self.format.fraction_bits} to {_MAX_FRACTION_BITS} fraction "
                "bits are allowed"
            )
        if min(self.k, self.lam) < 1 or self.k + self.lam > self.width:
            raise SpecError(
                f"accumulator {self}: k and lambda of at least 1 and together at most the "
                f"{self.width} fraction bits are allowed"
            )

    @classmethod
    def with_options(cls, number_format: BinaryFloat, options: tuple[str, ...]) -> Self | None:
        """Parse `an{k}-{lambda}` and `w{bits}`."""
        if not 1 <= len(options) <= 2:
            return None
        groups = _OPTION.fullmatch(options[0])
        width = _WIDTH.fullmatch(options[1]) if len(options) == 2 else None
        if not groups or (len(options) == 2 and not width):
            return None
        return cls(
            format=number_format,
            k=int(groups[1]),
            lam=int(groups[2]),
            width=int(width[1]) if width else None,  # type: ignore[arg-type]
        )

    @property
    def options(self) -> tuple[str, ...]:
        """The two groups, and the width if it differs from the fraction width of the format."""
        width = () if self.width == self.format.fraction_bits else (f"w{self.width}",)
        return (f"an{self.k}-{self.lam}", *width)

    @property
    def lowest(self) -> int:
        """Lowest exponent of the significand's top bit: the exponent of the lowest normal."""
        return self.format.lsb_exponent + self.format.fraction_bits

    @property
    def highest(self) -> int:
        """Greatest exponent of the significand's top bit."""
        return max(self.format.max_exponent, self.lowest)

    def state(self, product: UnpackedShape) -> UnpackedShape:
        """Bounds of the register.

        Raises:
            SpecError: products can be NaN or infinite but the format has no NaN, or all products
                have the same exponent.
        """
        self.check_specials(product)
        if product.exponent_min == product.exponent_max:
            raise SpecError(
                f"accumulator {self} takes products of floats, these all have one exponent and are "
                "not normalised: use kulisch or fp:{format}"
            )
        return UnpackedShape(
            significand_bits=self.width + 1,
            exponent_min=self.lowest - self.width,
            exponent_max=self.highest - self.width,
            has_inf=self.format.has_inf,
            has_nan=product.has_nan or product.has_inf,
        )

    def largest(self, product: UnpackedShape) -> float:
        """The register's largest value."""
        return float((1 << (self.width + 1)) - 1) * 2.0 ** (self.highest - self.width)
