"""What a cost estimate says."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class BlockCost:
    """Share of one block of the unit.

    Attributes:
        name: of the block, such as `multiply`.
        area_um2: cell area.
        energy_pj: energy per MAC.
        delay_ns: its longest combinational path, without registers.
    """

    name: str
    area_um2: float
    energy_pj: float
    delay_ns: float


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Area, energy and delay of a unit.

    Attributes:
        area_um2: cell area; the sum over `breakdown`.
        energy_pj: energy per MAC; the sum over `breakdown`.
        delay_ns: shortest clock period: the slowest pipeline stage with its register overhead.
        stage_delays_ns: the same for every stage, in order.
        macs_per_cycle: products accumulated a cycle.
        breakdown: shares of the blocks.
        technology: name of the technology table.
        method: how it was found: `analytic`, later also `synthesis` and `gate-level`.
        area_error: relative error bar of the area, measured on designs that took no part in the
            fit; None where none was measured. `energy_error` and `delay_error` likewise.
    """

    area_um2: float
    energy_pj: float
    delay_ns: float
    stage_delays_ns: tuple[float, ...]
    macs_per_cycle: int
    breakdown: tuple[BlockCost, ...]
    technology: str
    method: str
    area_error: float | None = None
    energy_error: float | None = None
    delay_error: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain data that `json.dumps` takes: the attributes by name, tuples as lists."""
        plain = asdict(self)
        plain["stage_delays_ns"] = list(self.stage_delays_ns)
        plain["breakdown"] = [asdict(block) for block in self.breakdown]
        return plain
