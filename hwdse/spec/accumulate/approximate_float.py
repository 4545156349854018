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

    The register holds a sign, a significand t of `width` + 1 bits and the exponent e of t's top
    bit, which need not be set. One step, for each product of the group in order of lanes (as in a
    column of a systolic array, so that `dot` gives what `mac` does):

    1. The greater of e and the exponent of the product's top bit is the sum's; a product of zero
       does not count. Bits of the other term, or of a long product, below the sum's LSB are cut
       off, magnitudes toward zero, whatever the design's rounding.
    2. Magnitudes are added or subtracted. On a carry-out the sum goes right by one bit, which is
       cut off, and the exponent up by one.
    3. Otherwise t goes left by 0 if one of its first k bits is set, else by k if one of the next
       lambda bits is, else by k + lambda, and the exponent down by as much. A shift that would take
       the exponent below the format's lowest normal is left out for the next shorter one, so that
       small sums are as the format's subnormals, to the same LSB if `width` adds no bits.
    4. A zero sum takes the lowest exponent.

    The sum may thus stay un-normalised, and later alignments then lose low bits. The output is
    normalised and rounded once, by the output's encoder.

    Beyond the format's greatest exponent a sum overflows: to infinity as the design's rounding
    says, or to the register's largest value in a format without infinity. The register's largest
    value is all ones at the greatest exponent, which in formats with codes reserved there (such as
    e4m3fn) is more than the format's. Special values and zero signs as in `FusedFloat`.

    Attributes:
        k: bits of the first group, 1 or more.
        lam: bits of the second group, lambda, 1 or more; both together at most `width`.
        width: fraction bits of the register, from the format's own (the default) to 52.
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
        """Parse `an{k}-{lambda}` and the width."""
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
        """The groups; the width where it is not the format's."""
        width = () if self.width == self.format.fraction_bits else (f"w{self.width}",)
        return (f"an{self.k}-{self.lam}", *width)

    @property
    def lowest(self) -> int:
        """Least exponent of the significand's top bit: that of the lowest normal."""
        return self.format.lsb_exponent + self.format.fraction_bits

    @property
    def highest(self) -> int:
        """Greatest exponent of the significand's top bit."""
        return max(self.format.max_exponent, self.lowest)

    def state(self, product: UnpackedShape) -> UnpackedShape:
        """Bounds of the register.

        Raises:
            SpecError: products that can be NaN where the format has none, or of one exponent.
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
