"""The structure of a hardware component: its primitives, from which the cost model works.

Every generator declares the primitives that it instantiates (adders, shifters, registers and so on,
with their widths). The generator also declares which primitives lie in series on its longest
combinational path. A technology table therefore needs to know only primitives, never components.

A structure is a tree. A component lists the primitives that belong to it directly, and its child
components with the number of copies of each child. For example, 1,024 equal lanes are one child
with 1,024 copies. Counting primitives over a tree takes time proportional to the number of distinct
nodes, not to the number of copies.
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
    """A child component and the number of its copies.

    Attributes:
        structure: structure of one copy.
        copies: number of copies.

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
    """The structure of one component, as a tree.

    Attributes:
        parts: primitives that belong to the component directly. List a primitive once per copy.
        children: child components.
        path: primitives in series on the longest combinational path, from anywhere in the tree.

    Raises:
        HwdseError: `path` contains a primitive more often than the tree does.
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
        """Number of copies of each primitive in the whole tree."""
        total = Counter(self.parts)
        for child in self.children:
            for primitive, count in child.structure.counts.items():
                total[primitive] += count * child.copies
        return total

    @classmethod
    def series(cls, structures: Iterable["Structure"]) -> "Structure":
        """Components in series: the longest path runs through all their paths, end to end."""
        each = tuple(structures)
        return cls(
            children=tuple(Child(structure=item) for item in each),
            path=tuple(step for item in each for step in item.path),
        )

    @classmethod
    def parallel(cls, structures: Iterable["Structure"]) -> "Structure":
        """Components in parallel: the path is the one with the most primitives."""
        each = tuple(structures)
        return cls(
            children=tuple(Child(structure=item) for item in each),
            path=max((item.path for item in each), key=len, default=()),
        )

    def times(self, copies: int) -> "Structure":
        """`copies` of the component in parallel, with the longest path of a single copy."""
        return Structure(
            children=(Child(structure=self, copies=copies),), path=self.path if copies else ()
        )


@dataclass(frozen=True, kw_only=True)
class UnitStructure:
    """The structure of a whole unit.

    Attributes:
        blocks: structure of each named block. Cost reports list costs under these names.
        stages: per pipeline stage, the names of the blocks that a signal passes between two
            register ranks, in order.
        shares: used only if pipeline registers were inserted into the blocks. Delay of each
            resulting stage, as a fraction of the slowest delay in `stages`. Otherwise empty.
        macs_per_cycle: products accumulated per cycle, on average. The cost model divides the
            energy per cycle by this number to get the energy per multiply-accumulate.

    Raises:
        HwdseError: a stage names an unknown block, there is no stage, a share is negative, or
            `macs_per_cycle` is not above 0.
    """

    blocks: Mapping[str, Structure]
    stages: tuple[tuple[str, ...], ...]
    shares: tuple[float, ...] = ()
    macs_per_cycle: float = 1

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
        if self.macs_per_cycle <= 0:
            raise HwdseError(
                f"macs_per_cycle is {self.macs_per_cycle}: allowed are numbers above 0"
            )
