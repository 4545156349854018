"""Analytic cost: the declared structure of a unit, through the laws of a technology.

Area and energy add up over all primitives. The delay of a block is that of its declared longest
path; a pipeline stage is the paths of its blocks in series plus the overhead of one register rank,
and the slowest stage sets the clock. Inserted registers divide the slowest path by the shares of
the delay that their placement found on the netlist. Along a path delays add up, except that
consecutive carry chains overlap: the second follows the first bit by bit.
"""

from collections.abc import Callable

from hwdse import hdl
from hwdse.cost.result import BlockCost, Cost
from hwdse.primitives import Technology, load_technology, path_delay
from hwdse.primitives.primitive import Primitive
from hwdse.primitives.structure import Structure, UnitStructure
from hwdse.spec import Design

Activity = Callable[[str, Primitive], float]
"""Switching of a primitive in a named block relative to random operands (1.0)."""


def random_operands(_block: str, _primitive: Primitive) -> float:
    """Activity if every primitive sees fresh random bits in every cycle."""
    return 1.0


def typical_activity(technology: Technology) -> Activity:
    """Activity inside whole units on normally distributed operands, as the table has it."""

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
    """Delay in ns of each stage without the overhead of its registers."""
    declared = tuple(
        path_delay((step for name in stage for step in unit.blocks[name].path), technology)
        for stage in unit.stages
    )
    # The netlist says how inserted registers divide the delay, the declaration how long it is: one
    # calibration holds for both, and no register makes a unit slower.
    slowest = max(declared)
    return tuple(share * slowest for share in unit.shares) or declared


def estimate_structure(
    unit: UnitStructure,
    technology: str | Technology = "nangate45",
    *,
    activity: Activity | None = None,
) -> Cost:
    """Cost of a unit from its declared structure.

    Args:
        unit: the blocks of the unit and its pipeline stages.
        technology: a technology, its name, or the path of its table.
        activity: switching relative to random operands, by block and primitive; None takes that
            of the table, which stands for normally distributed operands.

    Raises:
        TechnologyError: unknown technology, damaged table, or a primitive without a law.
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
    """Cost of a design: area, energy per MAC on normal operands, and shortest clock period.

    Args:
        design: what to estimate.
        technology: a technology, its name, or the path of its table.

    Raises:
        TechnologyError: unknown technology, damaged table, or a primitive without a law.
    """
    return estimate_structure(hdl.structure_of(design), technology)
