"""Units: the hardware of whole designs, one module per unit.

`unit` finds the component of a design by the unit in the spec.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import singledispatch

from hwdse.errors import SpecError
from hwdse.hdl.component import Component
from hwdse.plugins import load_modules
from hwdse.primitives.structure import Structure
from hwdse.spec import Design, Unit


@singledispatch
def unit(spec: Unit, design: Design) -> Component:
    """The component of a whole design. It has a property `structure` of type UnitStructure."""
    raise SpecError(f"unit {spec} has no hardware generator")


@dataclass(frozen=True, kw_only=True)
class SharedBlock:
    """One block of a unit's structure, made alone.

    Attributes:
        of: what the block depends on, besides the unit and the rounding. `lane`: the operand
            formats and the multiplier. `sum`: the multiplier, the record of its products, the width
            of the operands, and the accumulator. `output`: the record of the sum and the output
            format. `unit`: nothing else.
        make: makes the structure of the block.
    """

    of: str
    make: Callable[[], Structure]


@dataclass(frozen=True, kw_only=True)
class Blocks:
    """The blocks of a unit's structure, and its pipeline stages, as in `UnitStructure`."""

    each: Mapping[str, SharedBlock]
    stages: tuple[tuple[str, ...], ...]


@singledispatch
def shared_blocks(spec: Unit, design: Design) -> Blocks | None:
    """The blocks of a unit whose structure consists of blocks that can be made alone, else None.

    A sweep of many designs makes each different block once.
    """
    return None


load_modules(__name__, __path__)
