"""Analytic cost: applies the cost laws of a technology to the declared structure of a unit.

Area and energy are sums over all primitives. The delay of a block is the delay of its declared
longest path. A pipeline stage puts the paths of its blocks in series and adds the overhead of one
register rank. The slowest stage sets the clock period. If registers were inserted into the netlist,
their placement found the share of the delay that each stage has. These shares then divide the
declared slowest path. Delays along a path add up, with one exception: consecutive carry chains
overlap, because the second chain follows the first chain bit by bit.
"""

from collections.abc import Callable

from hwdse import hdl
from hwdse.cost.result import BlockCost, Cost
from hwdse.primitives import Technology, load_technology, path_delay
from hwdse.primitives.primitive import Primitive
from hwdse.primitives.structure import Structure, UnitStructure
from hwdse.spec import Design

Activity = Callable[[str, Primitive], float]
"""Function: (block name, primitive) -> switching activity. Random operands have activity 1.0."""


def random_operands(_block: str, _primitive: Primitive) -> float:
    """Return activity 1.0: every primitive sees new random bits in every cycle."""
    return 1.0


def typical_activity(technology: Technology) -> Activity:
    """Return the activity factors of the table: whole units on normally distributed operands."""

    def activity(_block: str, primitive: Primitive) -> float:
        return technology.activity.get(type(primitive).__name__, 1.0)

    return activity


def _block_cost(
    name: str, block: Structure, technology: Technology, macs: int, activity: Activity
) -> BlockCost:
    parts = block.counts
    return BlockCost(
        name=name,
        area_um2=sum(count * technology.cost(part, "area_um2") for part, count in parts.items()),
        energy_pj=sum(
            count * technology.cost(part, "energy_pj") * activity(name, part)
            for part, count in parts.items()
        )
        / macs,
        delay_ns=path_delay(block.path, technology),
    )


def stage_paths(unit: UnitStructure, technology: Technology) -> tuple[float, ...]:
    """Return the delay in ns of each stage, without the overhead of the registers."""
    declared = tuple(
        path_delay((step for name in stage for step in unit.blocks[name].path), technology)
        for stage in unit.stages
    )
    # The netlist says how inserted registers divide the delay. The declared structure says how long
    # the delay is. So one calibration serves units with and without inserted registers, and
    # inserted registers never make a unit slower.
    slowest = max(declared)
    return tuple(share * slowest for share in unit.shares) or declared


def estimate_structure(
    unit: UnitStructure,
    technology: str | Technology = "nangate45",
    *,
    activity: Activity | None = None,
) -> Cost:
    """Estimate the cost of a unit from its declared structure.

    Args:
        unit: the blocks and the pipeline stages of the unit.
        technology: a technology, the name of a technology, or the path of a technology table.
        activity: switching activity relative to random operands, by block and primitive. None means
            the activity factors of the table, which hold for normally distributed operands.

    Raises:
        TechnologyError: the technology is unknown, the table is damaged, or the table has no cost
            law for a primitive.
    """
    table = technology if isinstance(technology, Technology) else load_technology(technology)
    breakdown = tuple(
        _block_cost(name, block, table, unit.macs_per_cycle, activity or typical_activity(table))
        for name, block in unit.blocks.items()
    )
    paths = stage_paths(unit, table)
    stages = tuple(table.register_overhead_ns + path for path in paths)
    return Cost(
        area_um2=sum(block.area_um2 for block in breakdown),
        energy_pj=sum(block.energy_pj for block in breakdown),
        delay_ns=max(stages),
        stage_delays_ns=stages,
        macs_per_cycle=unit.macs_per_cycle,
        breakdown=breakdown,
        technology=table.name,
        method="analytic",
        area_error=table.errors["area_um2"],
        energy_error=table.errors["energy_pj"],
        delay_error=table.errors["delay_ns"],
    )


def estimate(design: Design, technology: str | Technology = "nangate45") -> Cost:
    """Estimate area, energy per MAC and shortest clock period of a design.

    The energy holds for normally distributed operands.

    Args:
        design: the design.
        technology: a technology, the name of a technology, or the path of a technology table.

    Raises:
        TechnologyError: the technology is unknown, the table is damaged, or the table has no cost
            law for a primitive.
    """
    return estimate_structure(hdl.structure_of(design), technology)
