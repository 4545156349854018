"""Analytic cost: the declared structure of a unit, through the laws of a technology.

Area and energy add up over all primitives. The delay of a block is that of its declared longest
path; a pipeline stage is the paths of its blocks in series plus the overhead of one register rank,
and the slowest stage sets the clock. Along a path delays add up, except that consecutive carry
chains overlap: the second follows the first bit by bit.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from hwdse import hdl
from hwdse.cost.result import BlockCost, Cost
from hwdse.cost.technology import Technology, load_technology
from hwdse.hdl.structure import Primitive, Structure, Timing, UnitStructure
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


def path_delay(path: Iterable[Primitive], technology: Technology) -> float:
    """Delay in ns of primitives in series.

    Two times are carried along: when the lowest bit is ready, and how much later the highest is. A
    carry chain (`Timing.RIPPLE`) adds to the first only what its lowest bit takes, and the second
    is the longest chain since the last primitive that waits for the whole word.
    """
    lowest, spread = 0.0, 0.0
    for step in path:
        delay = technology.cost(step, "delay_ns")
        if step.empty:
            continue
        if step.timing is Timing.RIPPLE:
            first_bit = min(delay, technology.cost(_one_bit(step), "delay_ns"))
            lowest += first_bit
            spread = max(spread, delay - first_bit)
        elif step.timing is Timing.BITWISE:
            lowest += delay
        else:
            lowest, spread = lowest + spread + delay, 0.0
    return lowest + spread


def _one_bit(primitive: Primitive) -> Primitive:
    """The same primitive, one bit wide."""
    widths: dict[str, Any] = {"width": 1}
    return replace(primitive, **widths)


def _block_cost(
    name: str, block: Structure, technology: Technology, macs: int, activity: Activity
) -> BlockCost:
    parts = Counter(block.parts)
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
    stages = tuple(
        table.register_overhead_ns
        + path_delay((step for name in stage for step in unit.blocks[name].path), table)
        for stage in unit.stages
    )
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
