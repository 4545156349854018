"""The compensated floating-point accumulator."""

from dataclasses import dataclass
from typing import ClassVar, Self

from hwdse.formats import BinaryFloat
from hwdse.spec.accumulate.float_sum import FloatSum


@dataclass(frozen=True, kw_only=True)
class KahanFloat(FloatSum):
    """Compensated summation (Kahan 1965): a second register holds the rounding error of the sum.

    Let x be the exact sum of the group's products, rounded once to the format. With the running sum
    s and the compensation c, one step is

        y = x - c;  t = s + y;  c = (t - s) - y;  s = t

    Every operation is rounded to the format with the design's rounding. The output is s. In every
    operation, special values, zeros and overflow are handled as in `FusedFloat`. If the
    compensation c is NaN or infinite, c becomes +0 instead. An infinite sum therefore stays
    infinite.
    """

    form: ClassVar[str] = "fp:{format}:kahan"

    @classmethod
    def with_options(cls, number_format: BinaryFloat, options: tuple[str, ...]) -> Self | None:
        """Parse `kahan`."""
        return cls(format=number_format) if options == ("kahan",) else None

    @property
    def options(self) -> tuple[str, ...]:
        """The option `kahan`."""
        return ("kahan",)
