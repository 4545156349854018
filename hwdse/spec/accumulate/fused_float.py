"""The fused floating-point accumulator, rounded once a group."""

from dataclasses import dataclass
from typing import ClassVar, Self

from hwdse.formats import BinaryFloat
from hwdse.spec.accumulate.float_sum import FloatSum


@dataclass(frozen=True, kw_only=True)
class FusedFloat(FloatSum):
    """Fused multiply-add into a float: the group's products and the running sum, rounded once.

    IEEE 754-2019 fusedMultiplyAdd, for one product or several: NaN is sticky, infinities of both
    signs give NaN, an exact zero sum of unlike signs is +0 (-0 when rounding down), and overflow
    does what the format says. A new sum starts from +0.
    """

    form: ClassVar[str] = "fp:{format}"

    @classmethod
    def with_options(cls, number_format: BinaryFloat, options: tuple[str, ...]) -> Self | None:
        """No option at all."""
        return None if options else cls(format=number_format)
