"""What a hardware component is made of: the description from which cost is estimated.

Every generator declares the primitives it instantiates (adders, shifters, registers and so on, with
their widths) and which of them lie in series on its longest combinational path. A cost table then
needs to know the primitives only, never the component.

A structure is a tree. A component lists its own primitives, and its children with the number of
copies of each: 1,024 equal lanes are one child. What is counted over a tree costs as much as the
tree has different nodes.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from hwdse.errors import HwdseError
from hwdse.primitives.primitive import Primitive


@dataclass(frozen=True, kw_only=True)
class Child:
    """A part of a component, as often as it is there.

    Attributes:
        structure: of one copy.
        copies: how many there are.

    Raises:
        HwdseError: `copies` is negative.
    """

    structure: "Structure"
    copies: int = 1

    def __post_init__(self) -> None:
        if self.copies < 0:
            raise HwdseError(f"copies is {self.copies}: allowed are integers from 0 upwards")


@dataclass(frozen=True, kw_only=True)
class Structure:
    """What one component is made of: a tree.

    Attributes:
        parts: primitives of the component itself; repeat an equal primitive once for each copy.
        children: components that it holds.
        path: the instances in series on the longest combinational path; `counts` has all of them.

    Raises:
        HwdseError: `path` holds a primitive more often than the tree does.
    """

    parts: tuple[Primitive, ...] = ()
    children: tuple[Child, ...] = ()
    path: tuple[Primitive, ...] = ()

    def __post_init__(self) -> None:
        for step, count in Counter(self.path).items():
            if count > self.counts[step]:
                raise HwdseError(
                    f"the path holds {step} more often than the parts do: "
                    "every step of a path is one of the parts"
                )

    @cached_property
    def counts(self) -> Counter[Primitive]:
        """How often each primitive is there, in the whole tree."""
        total = Counter(self.parts)
        for child in self.children:
            for primitive, count in child.structure.counts.items():
                total[primitive] += count * child.copies
        return total

    @classmethod
    def series(cls, structures: Iterable["Structure"]) -> "Structure":
        """Components one behind the other: all of them, and the paths end to end."""
        each = tuple(structures)
        return cls(
            children=tuple(Child(structure=item) for item in each),
            path=tuple(step for item in each for step in item.path),
        )

    @classmethod
    def parallel(cls, structures: Iterable["Structure"]) -> "Structure":
        """Components side by side: all of them, and the longest path."""
        each = tuple(structures)
        return cls(
            children=tuple(Child(structure=item) for item in each),
            path=max((item.path for item in each), key=len, default=()),
        )

    def times(self, copies: int) -> "Structure":
        """`copies` of the component side by side, with the path of one."""
        return Structure(
            children=(Child(structure=self, copies=copies),), path=self.path if copies else ()
        )


@dataclass(frozen=True, kw_only=True)
class UnitStructure:
    """What a whole unit is made of.

    Attributes:
        blocks: structure of each named block; costs are broken down by these names.
        stages: for each pipeline stage, the blocks traversed in order between two register ranks.
        shares: where registers were inserted into the blocks, the delay of each stage relative to
            the slowest of `stages`; empty where the unit has no registers but those of `stages`.
        macs_per_cycle: products accumulated a cycle; energy per MAC is divided by it.

    Raises:
        HwdseError: a stage names an unknown block, there is no stage, a share is negative, or
            `macs_per_cycle` < 1.
    """

    blocks: Mapping[str, Structure]
    stages: tuple[tuple[str, ...], ...]
    shares: tuple[float, ...] = ()
    macs_per_cycle: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "blocks", MappingProxyType(dict(self.blocks)))
        if not self.stages:
            raise HwdseError("a unit without pipeline stages: at least one is needed")
        for number, stage in enumerate(self.stages):
            for name in stage:
                if name not in self.blocks:
                    raise HwdseError(
                        f"stage {number} traverses block {name!r}: known are {sorted(self.blocks)}"
                    )
        if any(share < 0 for share in self.shares):
            raise HwdseError(f"shares are {self.shares}: allowed are numbers from 0 upwards")
        if self.macs_per_cycle < 1:
            raise HwdseError(f"macs_per_cycle is {self.macs_per_cycle}: allowed are 1 and more")
