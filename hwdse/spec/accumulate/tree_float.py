"""The floating-point accumulator that rounds at every node of an adder tree."""

from dataclasses import dataclass
from typing import ClassVar, Self

from hwdse.formats import BinaryFloat
from hwdse.spec.accumulate.float_sum import FloatSum


@dataclass(frozen=True, kw_only=True)
class TreeFloat(FloatSum):
    """A tree of ordinary floating-point operators, in which every operator rounds.

    Every product is rounded to the format. Then a tree adds neighbours and rounds, level by level:
    lane 0 to lane 1, lane 2 to lane 3, and so on. If a level has an odd number of terms, the last
    term goes to the next level unchanged. The result of the tree is added to the running sum and
    rounded. With one lane this is a multiply-add with two roundings. At every node, special values,
    zeros and overflow are handled as in `FusedFloat`.
    """

    form: ClassVar[str] = "fp:{format}:tree"

    @classmethod
    def with_options(cls, number_format: BinaryFloat, options: tuple[str, ...]) -> Self | None:
        """Parse `tree`."""
        return cls(format=number_format) if options == ("tree",) else None

    @property
    def options(self) -> tuple[str, ...]:
        """The option `tree`."""
        return ("tree",)
