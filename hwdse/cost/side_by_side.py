"""Cost of several units side by side, of which one works at a time.

This is the hardware of a network whose layers have designs of their own. With the cost of each
design d, and the MACs M_d that it does of M in all:

    area            = sum of area_d
    energy per MAC  = sum of energy_d * M_d / M
    MACs per cycle  = M / sum of (M_d / MACs per cycle of d)
    delay           = largest delay_d
    clock           = largest clock_d

Units that wait cost no energy: their clocks are gated, and their leakage is left out. Without a
given clock, the leakage of each unit counts at the shortest period of this unit, as it does of the
unit alone.

Errors of estimates count as fully correlated, because all estimates come from one table: the
relative error of a sum is the mean of the parts' errors, weighted by the parts.
"""

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction

from hwdse.cost.result import BlockCost, Cost


def side_by_side(units: Sequence[tuple[Cost, int]]) -> Cost:
    """The cost of units side by side.

    Args:
        units: cost of each unit, and how many MACs it does; at least one, all above 0.

    Returns:
        The cost as of one unit. Blocks of one name are added up. A single unit keeps its cost,
        exactly.
    """
    costs = [cost for cost, _ in units]
    shares = shares_of([macs for _, macs in units])
    slowest = max(costs, key=lambda cost: cost.delay_ns)
    return Cost(
        area_um2=sum(cost.area_um2 for cost in costs),
        energy_pj=_mean(costs, shares, lambda cost: cost.energy_pj),
        delay_ns=slowest.delay_ns,
        stage_delays_ns=slowest.stage_delays_ns,
        macs_per_cycle=mean_rate([(cost.macs_per_cycle, macs) for cost, macs in units]),
        breakdown=_blocks(costs, shares),
        technology=slowest.technology,
        method=slowest.method,
        clock_ns=max(cost.clock_ns for cost in costs),
        register_pj=_mean(costs, shares, lambda cost: cost.register_pj),
        leakage_pj=_mean(costs, shares, lambda cost: cost.leakage_pj),
        glitches=slowest.glitches,
        activity=slowest.activity,
        area_error=weighted_error([(cost.area_um2, cost.area_error) for cost in costs]),
        energy_error=weighted_error(
            [
                (share * cost.energy_pj, cost.energy_error)
                for cost, share in zip(costs, shares, strict=True)
            ]
        ),
        delay_error=error_of_largest([(cost.delay_ns, cost.delay_error) for cost in costs]),
    )


def shares_of(parts: Sequence[int]) -> list[float]:
    """Each part divided by the sum of all."""
    return [part / sum(parts) for part in parts]


def mean_rate(rates: Sequence[tuple[float, int]]) -> float:
    """MACs per cycle of units that work one after another, from those of each and its MACs."""
    cycles = sum(Fraction(macs) / Fraction(rate) for rate, macs in rates)
    # Fractions, so that units of one rate have this rate exactly.
    return float(sum(macs for _, macs in rates) / cycles)


def weighted_error(parts: Sequence[tuple[float, float | None]]) -> float | None:
    """Relative error of a sum, from each part and its error; None if one is not known."""
    known = [(part, error) for part, error in parts if error is not None]
    if len(known) < len(parts):
        return None
    whole = sum(part for part, _ in known)
    if not whole:
        return max(error for _, error in known)
    return sum(part / whole * error for part, error in known)


def error_of_largest(parts: Sequence[tuple[float, float | None]]) -> float | None:
    """Relative error of the largest part: how far above it any part may be; None if not known."""
    known = [(part, error) for part, error in parts if error is not None]
    if len(known) < len(parts):
        return None
    largest, own = max(known)
    others = [part * (1 + error) / largest - 1 for part, error in known if part < largest]
    return max(own, *others) if others else own


def _mean(
    costs: Iterable[Cost], shares: Iterable[float], quantity: Callable[[Cost], float]
) -> float:
    return sum(share * quantity(cost) for cost, share in zip(costs, shares, strict=True))


def _blocks(costs: Sequence[Cost], shares: Sequence[float]) -> tuple[BlockCost, ...]:
    """Blocks by name: areas are added, energies weighted, and the slowest counts."""
    found: dict[str, BlockCost] = {}
    for cost, share in zip(costs, shares, strict=True):
        for block in cost.breakdown:
            so_far = found.get(block.name)
            found[block.name] = BlockCost(
                name=block.name,
                area_um2=block.area_um2 + (so_far.area_um2 if so_far else 0.0),
                energy_pj=share * block.energy_pj + (so_far.energy_pj if so_far else 0.0),
                delay_ns=max(block.delay_ns, so_far.delay_ns if so_far else 0.0),
            )
    return tuple(found.values())
