"""The fused floating-point accumulator, which rounds once per group."""

from dataclasses import dataclass
from typing import ClassVar, Self

from hwdse.formats import BinaryFloat
from hwdse.spec.accumulate.float_sum import FloatSum


@dataclass(frozen=True, kw_only=True)
class FusedFloat(FloatSum):
    """Fused multiply-add: adds the group's products and the running sum exactly and rounds once.

    This is fusedMultiplyAdd of IEEE 754-2019, extended to several products. NaN is sticky.
    Infinities of different signs give NaN. An exact zero sum of terms with different signs is +0,
    or -0 when rounding down. Overflow follows the rules of the format. A new sum starts from +0.
    """

    form: ClassVar[str] = "fp:{format}"

    @classmethod
    def with_options(cls, number_format: BinaryFloat, options: tuple[str, ...]) -> Self | None:
        """Accept only an empty list of options."""
        return None if options else cls(format=number_format)
