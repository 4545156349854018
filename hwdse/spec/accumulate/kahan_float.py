"""The compensated floating-point accumulator."""

from dataclasses import dataclass
from typing import ClassVar, Self

from hwdse.formats import BinaryFloat
from hwdse.spec.accumulate.float_sum import FloatSum


@dataclass(frozen=True, kw_only=True)
class KahanFloat(FloatSum):
    """Compensated summation (Kahan 1965): a second register holds what the last steps lost.

    With x the sum of the group's products, added exactly and rounded once, one step is

        y = x - c;  t = s + y;  c = (t - s) - y;  s = t

    every operation rounded to the format by the design's rounding. The output is s. Special values,
    zeros and overflow as in `FusedFloat`, in every operation. A compensation that comes out as NaN
    or infinite is +0 instead, so that an infinite sum stays infinite.
    """

    form: ClassVar[str] = "fp:{format}:kahan"

    @classmethod
    def with_options(cls, number_format: BinaryFloat, options: tuple[str, ...]) -> Self | None:
        """The word `kahan`."""
        return cls(format=number_format) if options == ("kahan",) else None

    @property
    def options(self) -> tuple[str, ...]:
        """The word `kahan`."""
        return ("kahan",)
