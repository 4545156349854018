"""Analytic cost: the declared structure of a unit, through the laws of a technology.

Area and energy add up over all primitives. The delay of a block is the sum along its declared
longest path; a pipeline stage is its blocks in series plus the overhead of one register rank, and
the slowest stage sets the clock. Adding whole delays is pessimistic: in synthesis the carry chains
of consecutive blocks overlap.
"""

from collections import Counter
from collections.abc import Callable

from hwdse import hdl
from hwdse.cost.result import BlockCost, Cost
from hwdse.cost.technology import Technology, load_technology
from hwdse.hdl.structure import Primitive, Structure, UnitStructure
from hwdse.spec import Design

Activity = Callable[[str, Primitive], float]
"""Switching of a primitive in a named block relative to random operands (1.0)."""


def random_operands(_block: str, _primitive: Primitive) -> float:
    """The default activity: every primitive sees fresh random operands in every cycle."""
    return 1.0


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
        delay_ns=sum(technology.cost(step, "delay_ns") for step in block.path),
    )


def estimate_structure(
    unit: UnitStructure,
    technology: str | Technology = "nangate45",
    *,
    activity: Activity = random_operands,
) -> Cost:
    """Cost of a unit from its declared structure.

    Args:
        unit: the blocks of the unit and its pipeline stages.
        technology: a technology, its name, or the path of its table.
        activity: switching relative to random operands, by block and primitive.

    Raises:
        TechnologyError: unknown technology, damaged table, or a primitive without a law.
    """
    table = technology if isinstance(technology, Technology) else load_technology(technology)
    breakdown = tuple(
        _block_cost(name, block, table, unit.macs_per_cycle, activity)
        for name, block in unit.blocks.items()
    )
    delays = {block.name: block.delay_ns for block in breakdown}
    stages = tuple(
        table.register_overhead_ns + sum(delays[name] for name in stage) for stage in unit.stages
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
    """Cost of a design: energy per MAC at random operands, area, and shortest clock period.

    Args:
        design: what to estimate.
        technology: a technology, its name, or the path of its table.

    Raises:
        TechnologyError: unknown technology, damaged table, or a primitive without a law.
    """
    return estimate_structure(hdl.structure_of(design), technology)
