"""What several units side by side take on an FPGA, of which one works at a time.

LUTs, flip-flops and multipliers are sums over the units. The slowest unit sets the clock frequency.
Errors are as in `hwdse.cost.side_by_side`.
"""

from collections.abc import Sequence

from hwdse.cost.fpga.estimate import FabricBlock, FabricCost
from hwdse.cost.side_by_side import error_of_largest, mean_rate, weighted_error


def fabric_side_by_side(units: Sequence[tuple[FabricCost, int]]) -> FabricCost:
    """What units take together.

    Args:
        units: cost of each unit, and how many MACs it does; at least one, all above 0.

    Returns:
        The cost as of one unit. A single unit keeps its cost, exactly.
    """
    costs = [cost for cost, _ in units]
    first = costs[0]
    return FabricCost(
        luts=sum(cost.luts for cost in costs),
        flip_flops=sum(cost.flip_flops for cost in costs),
        multipliers=sum(cost.multipliers for cost in costs),
        fmax_mhz=min(cost.fmax_mhz for cost in costs),
        macs_per_cycle=mean_rate([(cost.macs_per_cycle, macs) for cost, macs in units]),
        breakdown=_blocks(costs),
        fabric=first.fabric,
        device=first.device,
        dsp=first.dsp,
        luts_error=weighted_error([(cost.luts, cost.luts_error) for cost in costs]),
        flip_flops_error=weighted_error(
            [(cost.flip_flops, cost.flip_flops_error) for cost in costs]
        ),
        multipliers_error=weighted_error(
            [(cost.multipliers, cost.multipliers_error) for cost in costs]
        ),
        fmax_error=error_of_largest([(cost.delay_ns, cost.fmax_error) for cost in costs]),
    )


def _blocks(costs: Sequence[FabricCost]) -> tuple[FabricBlock, ...]:
    """Blocks of one name together."""
    every = [block for cost in costs for block in cost.breakdown]
    return tuple(
        FabricBlock(
            name=name,
            luts=sum(block.luts for block in every if block.name == name),
            flip_flops=sum(block.flip_flops for block in every if block.name == name),
            multipliers=sum(block.multipliers for block in every if block.name == name),
        )
        for name in dict.fromkeys(block.name for block in every)
    )
