"""The floating-point accumulator that rounds at every node of an adder tree."""

from dataclasses import dataclass
from typing import ClassVar, Self

from hwdse.formats import BinaryFloat
from hwdse.spec.accumulate.float_sum import FloatSum


@dataclass(frozen=True, kw_only=True)
class TreeFloat(FloatSum):
    """Multipliers and adders that round, as they come from a library of floating-point operators.

    Every product is rounded to the format. Neighbours are added and rounded, level by level (lane 0
    to lane 1, lane 2 to lane 3; of an odd number the last goes up as it is), and what comes out of
    the tree is added to the running sum and rounded. With one lane that is the multiply-add of two
    roundings. Special values, zeros and overflow as in `FusedFloat`, at every node.
    """

    form: ClassVar[str] = "fp:{format}:tree"

    @classmethod
    def with_options(cls, number_format: BinaryFloat, options: tuple[str, ...]) -> Self | None:
        """The word `tree`."""
        return cls(format=number_format) if options == ("tree",) else None

    @property
    def options(self) -> tuple[str, ...]:
        """The word `tree`."""
        return ("tree",)
