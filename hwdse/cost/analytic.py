"""Analytic cost: applies the cost laws of a technology to the declared structure of a unit.

Area and energy are sums over all primitives. A pipeline stage puts the paths of its blocks in
series and adds the overhead of one register rank. The slowest stage sets the clock period. If
registers were inserted into the netlist, their placement found the share of the delay that each
stage has. These shares then divide the declared slowest path. Delays along a path add up, with one
exception: consecutive carry chains overlap, because the second chain follows the first bit by bit.

Laws hold for a primitive alone. The adjustment of the technology says what whole designs make of
it: a factor per block and class of primitive, and a correction by the traits of the design.
Glitches grow with the depth of the logic: the factor of an energy grows with the delay of the logic
before the block. The energy of logic is in proportion to how often its numbers change
(`hwdse.cost.activity`).
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from hwdse import hdl
from hwdse.cost.activity import activity_of
from hwdse.cost.as_table import as_built
from hwdse.cost.block_figures import PATH
from hwdse.cost.families import traits_of
from hwdse.cost.result import BlockCost, Cost
from hwdse.errors import TechnologyError
from hwdse.primitives import DEFAULT_TECHNOLOGY, LawTable, Technology, load_technology, path_parts
from hwdse.primitives.primitive import Register
from hwdse.primitives.structure import Structure, UnitStructure
from hwdse.spec import Design

GLITCHES = " glitches"
"""Ends the name of a block in parts of energies that count per ns of depth."""

_NONE: Mapping[str, float] = MappingProxyType({})

Parts = Mapping[tuple[str, str], float]
"""Cost by block and class of primitive."""


def structure_parts(
    unit: UnitStructure,
    technology: LawTable,
    quantity: str,
    activity: Mapping[str, float] = _NONE,
) -> Parts:
    """What all primitives of a unit take by the laws alone, such as area or energy per cycle.

    Args:
        unit: the unit.
        technology: the laws.
        quantity: a quantity that adds up, such as `area_um2` or `energy_pj`. Energies of
            combinational logic come a second time, times the depth of their block in ns: what
            glitches are in proportion to.
        activity: by block, how often its numbers change relative to random ones, for energies.
    """
    parts: dict[tuple[str, str], float] = {}
    depths = depths_ns(unit, technology) if quantity == "energy_pj" else {}
    for name, block in unit.blocks.items():
        own = _block_parts(name, block, technology, quantity, activity.get(name, 1.0))
        parts |= own
        if depths.get(name):
            parts |= {
                (name + GLITCHES, kind): cost * depths[name]
                for (_, kind), cost in own.items()
                if kind != Register.__name__
            }
    return parts


def depths_ns(unit: UnitStructure, technology: LawTable) -> dict[str, float]:
    """Delay by the laws from the registers to the middle of each block.

    Inserted registers end the depth: it is then at most half of the slowest stage.
    """
    delays = {
        name: sum(path_parts(block.path, technology).values())
        for name, block in unit.blocks.items()
    }
    depths: dict[str, float] = {}
    for stage in unit.stages:
        before = 0.0
        for name in stage:
            depths[name] = before + delays[name] / 2
            before += delays[name]
    if unit.shares:
        longest = max(sum(delays[name] for name in stage) for stage in unit.stages)
        most = longest * max(unit.shares) / 2
        depths = {name: min(depth, most) for name, depth in depths.items()}
    return depths


def _block_parts(
    name: str, block: Structure, technology: LawTable, quantity: str, activity: float
) -> dict[tuple[str, str], float]:
    """Cost by class of primitive. Energies of logic are multiplied by the activity."""
    parts: defaultdict[tuple[str, str], float] = defaultdict(float)
    for primitive, count in block.counts.items():
        scaled = quantity == "energy_pj" and not isinstance(primitive, Register)
        cost = count * technology.cost(primitive, quantity)
        parts[name, type(primitive).__name__] += cost * activity if scaled else cost
    return parts


def stage_parts(unit: UnitStructure, technology: LawTable) -> list[Parts]:
    """Delay in ns of each stage by the laws alone, the overhead of its register rank included."""
    overhead = technology.register_overhead_ns
    declared = [
        path_parts((step for name in stage for step in unit.blocks[name].path), technology)
        for stage in unit.stages
    ]
    # The netlist says how inserted registers divide the delay. The declared structure says how long
    # the delay is. So one calibration serves units with and without inserted registers, and
    # inserted registers never make a unit slower.
    if unit.shares:
        slowest = max(declared, key=lambda path: sum(path.values()))
        declared = [
            {kind: share * delay for kind, delay in slowest.items()} for share in unit.shares
        ]
    stages: list[Parts] = []
    for path in declared:
        parts = {(PATH, kind): delay for kind, delay in path.items()}
        # No path runs through a register, so the key is new.
        stages.append({**parts, (PATH, Register.__name__): overhead})
    return stages


def estimate_structure(
    unit: UnitStructure,
    technology: str | Technology = DEFAULT_TECHNOLOGY,
    *,
    traits: Mapping[str, float] = _NONE,
    activity: Mapping[str, float] = _NONE,
    clock_ns: float | None = None,
) -> Cost:
    """Estimate the cost of a unit from its declared structure.

    Args:
        unit: the blocks and the pipeline stages of the unit.
        technology: a technology, the name of a technology, or the path of a technology table.
        traits: traits of the design, for corrections and intervals (`families.traits_of`).
        activity: by block, how often its numbers change (`NumberActivity.of_blocks`); 1 for others.
        clock_ns: clock period at which the leakage counts; by default the shortest.

    Raises:
        TechnologyError: the technology is unknown, the table is damaged, the table has no cost law
            for a primitive, or the clock period is not positive.
    """
    table = technology if isinstance(technology, Technology) else load_technology(technology)
    if clock_ns is not None and not clock_ns > 0:
        raise TechnologyError(f"clock_ns is {clock_ns}: allowed are numbers above 0")
    delay = table.adjustment("delay_ns")
    slower = delay.correction(traits)
    stages = tuple(
        slower * sum(ns * delay.factor(PATH, kind) for (_, kind), ns in parts.items())
        for parts in stage_parts(unit, table)
    )
    clock = clock_ns or max(stages)
    depths = depths_ns(unit, table)
    leakage = table.leakage_uw_per_um2 * clock / 1000
    macs = unit.macs_per_cycle
    breakdown, registers = [], 0.0
    for name, block in unit.blocks.items():
        area = sum(adjusted(name, block, table, quantity="area_um2", traits=traits).values())
        energy = adjusted(
            name,
            block,
            table,
            quantity="energy_pj",
            traits=traits,
            depth_ns=depths.get(name, 0.0),
            activity=activity.get(name, 1.0),
        )
        registers += energy.get(Register.__name__, 0.0)
        path = path_parts(block.path, table)
        breakdown.append(
            BlockCost(
                name=name,
                area_um2=area,
                energy_pj=(sum(energy.values()) + area * leakage) / macs,
                delay_ns=slower * sum(ns * delay.factor(PATH, kind) for kind, ns in path.items()),
            )
        )
    area = sum(block.area_um2 for block in breakdown)
    return Cost(
        area_um2=area,
        energy_pj=sum(block.energy_pj for block in breakdown),
        delay_ns=max(stages),
        stage_delays_ns=stages,
        macs_per_cycle=macs,
        breakdown=tuple(breakdown),
        technology=table.name,
        method="analytic",
        clock_ns=clock,
        register_pj=registers / macs,
        leakage_pj=area * leakage / macs,
        area_error=table.adjustment("area_um2").half_width(traits),
        energy_error=table.adjustment("energy_pj").half_width(traits),
        delay_error=delay.half_width(traits),
    )


def adjusted(
    name: str,
    block: Structure,
    table: LawTable,
    *,
    quantity: str,
    traits: Mapping[str, float],
    depth_ns: float = 0.0,
    activity: float = 1.0,
) -> dict[str, float]:
    """Cost of a block by class of primitive, adjusted."""
    adjustment = table.adjustment(quantity)
    correction = adjustment.correction(traits)
    return {
        kind: cost * correction * adjustment.factor(name, kind, depth_ns)
        for (_, kind), cost in _block_parts(name, block, table, quantity, activity).items()
    }


def estimate(
    design: Design,
    technology: str | Technology = DEFAULT_TECHNOLOGY,
    *,
    clock_ns: float | None = None,
) -> Cost:
    """Estimate area, energy per MAC and shortest clock period of a design.

    The energy holds for normally distributed operands. It includes glitches, and leakage at the
    clock period.

    Args:
        design: the design.
        technology: a technology, the name of a technology, or the path of a technology table.
        clock_ns: clock period at which the leakage counts; by default the shortest.

    Raises:
        TechnologyError: the technology is unknown, the table is damaged, the table has no cost law
            for a primitive, or the clock period is not positive.
    """
    table = technology if isinstance(technology, Technology) else load_technology(technology)
    structure = as_built(design, hdl.structure_of(design), table)
    traits = traits_of(design)
    activity = activity_of(design).of_blocks()
    return estimate_structure(structure, table, traits=traits, activity=activity, clock_ns=clock_ns)


def period_of_share(design: Design, technology: Technology) -> Callable[[float], float]:
    """Shortest clock period in ns as a function of how well registers divide the logic.

    Args:
        design: the design. Its own `stages` and `interleave` have no influence.
        technology: the cost laws.

    Returns:
        Function of the delay of the slowest stage, as a share of the delay without registers.
    """
    plain = replace(design, unit=design.unit.registered(0))
    structure = as_built(plain, hdl.structure_of(plain), technology)
    traits = traits_of(replace(design, unit=design.unit.registered(1)))

    def period_ns(share: float) -> float:
        divided: UnitStructure = replace(structure, shares=(share,))
        return estimate_structure(divided, technology, traits=traits).delay_ns

    return period_ns
