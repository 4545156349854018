"""Estimates LUTs, flip-flops, multipliers and clock frequency of a design from a fabric table.

The estimate works like that of a technology (`hwdse.cost.analytic`): laws of primitives, factors of
whole designs, effects of traits. No tool runs, so a sweep can compare designs by FPGA cost.
"""

from dataclasses import asdict, dataclass
from typing import Any

from hwdse import hdl
from hwdse.cost.analytic import adjusted, stage_parts
from hwdse.cost.as_table import as_built
from hwdse.cost.block_figures import PATH
from hwdse.cost.families import traits_of
from hwdse.cost.fpga.families import FAMILIES, check_family
from hwdse.primitives import Fabric, load_fabric
from hwdse.spec import Design

_COUNTED = ("luts", "flip_flops", "multipliers")


@dataclass(frozen=True, kw_only=True)
class FabricBlock:
    """What one block of a unit takes.

    Attributes:
        name: name of the block.
        luts: number of LUTs.
        flip_flops: number of flip-flops.
        multipliers: number of hard multipliers.
    """

    name: str
    luts: float
    flip_flops: float
    multipliers: float


@dataclass(frozen=True, kw_only=True)
class FabricCost:
    """What a design takes on an FPGA, by estimate.

    Attributes:
        luts: number of LUTs, the sum over `breakdown`.
        flip_flops: number of flip-flops, the sum over `breakdown`.
        multipliers: number of hard multipliers, the sum over `breakdown`.
        fmax_mhz: highest clock frequency after routing.
        macs_per_cycle: number of products accumulated per cycle.
        breakdown: what the blocks take.
        fabric: name of the fabric table.
        device: name of the part.
        dsp: whether hard multipliers are used.
        luts_error: relative half width of the interval around the LUTs that holds for 90 % of the
            designs of this family. None if the table has no interval.
        flip_flops_error: the same for the flip-flops.
        multipliers_error: the same for the hard multipliers.
        fmax_error: the same for the clock frequency.
    """

    luts: float
    flip_flops: float
    multipliers: float
    fmax_mhz: float
    macs_per_cycle: float
    breakdown: tuple[FabricBlock, ...]
    fabric: str
    device: str
    dsp: bool
    luts_error: float | None = None
    flip_flops_error: float | None = None
    multipliers_error: float | None = None
    fmax_error: float | None = None

    @property
    def delay_ns(self) -> float:
        """Shortest clock period."""
        return 1000 / self.fmax_mhz

    @property
    def luts_per_mac(self) -> float:
        """LUTs per product and cycle."""
        return self.luts / self.macs_per_cycle

    def to_json(self) -> dict[str, Any]:
        """Return plain data for `json.dumps`."""
        plain = asdict(self)
        plain["luts_per_mac"] = self.luts_per_mac
        plain["breakdown"] = [asdict(block) for block in self.breakdown]
        return plain


def estimate_fabric(design: Design, fabric: str | Fabric) -> FabricCost:
    """Estimate LUTs, flip-flops, hard multipliers and clock frequency of a design.

    Args:
        design: the design.
        fabric: a fabric, the name of a fabric, or the path of a fabric table.

    Raises:
        ToolError: the family of the fabric is unknown.
        TechnologyError: the fabric is unknown, the table is damaged, or the table has no law for a
            primitive.
    """
    table = fabric if isinstance(fabric, Fabric) else load_fabric(fabric)
    check_family(table.family)
    target = FAMILIES[table.family].target
    unit = as_built(design, hdl.structure_of(design, target), table)
    traits = traits_of(design)
    delay = table.adjustment("delay_ns")
    period = delay.correction(traits) * max(
        sum(ns * delay.factor(PATH, kind) for (_, kind), ns in parts.items())
        for parts in stage_parts(unit, table)
    )
    breakdown = tuple(
        FabricBlock(
            name=name,
            **{
                quantity: sum(
                    adjusted(name, block, table, quantity=quantity, traits=traits).values()
                )
                for quantity in _COUNTED
            },
        )
        for name, block in unit.blocks.items()
    )
    return FabricCost(
        luts=sum(block.luts for block in breakdown),
        flip_flops=sum(block.flip_flops for block in breakdown),
        multipliers=sum(block.multipliers for block in breakdown),
        fmax_mhz=1000 / period,
        macs_per_cycle=unit.macs_per_cycle,
        breakdown=breakdown,
        fabric=table.name,
        device=table.device,
        dsp=table.dsp,
        **{f"{name}_error": table.adjustment(name).half_width(traits) for name in _COUNTED},
        fmax_error=delay.half_width(traits),
    )
