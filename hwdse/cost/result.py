"""The results of a cost estimate."""

from dataclasses import asdict, dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Number = TypeVar("Number", float, npt.NDArray[np.float64])

OPERATIONS_PER_MAC = 2
"""A multiplication and an addition, as data sheets count."""


def tops_per_mm2(macs_per_cycle: Number, clock_ns: Number, area_um2: Number) -> Number:
    """10^12 operations per second and mm2 of a unit that starts with each clock period."""
    return OPERATIONS_PER_MAC * macs_per_cycle / clock_ns * 1e3 / area_um2


def tops_per_w(energy_pj: Number) -> Number:
    """10^12 operations per second and watt, from the energy per MAC."""
    return OPERATIONS_PER_MAC / energy_pj


@dataclass(frozen=True, kw_only=True)
class BlockCost:
    """Cost of one block of a unit.

    Attributes:
        name: name of the block, such as `multiply`.
        area_um2: cell area.
        energy_pj: energy per MAC.
        delay_ns: delay of the longest combinational path in the block, without registers.
    """

    name: str
    area_um2: float
    energy_pj: float
    delay_ns: float


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Area, energy and delay of a unit.

    Attributes:
        area_um2: cell area, the sum over `breakdown`.
        energy_pj: energy per MAC, the sum over `breakdown`.
        delay_ns: shortest clock period, which is the delay of the slowest pipeline stage with
            register overhead.
        stage_delays_ns: delay of every stage with register overhead, in the order of the stages.
        macs_per_cycle: number of products accumulated per cycle.
        breakdown: costs of the blocks.
        technology: name of the technology table.
        method: method of the estimate, `analytic`.
        clock_ns: clock period at which the leakage counts, by default `delay_ns`.
        register_pj: share of the registers and their clock in `energy_pj`.
        leakage_pj: share of the leakage in `energy_pj`.
        glitches: True if the energy includes glitches.
        activity: source of the operands, `normal`: normally distributed values.
        area_error: relative half width of the interval around the area that holds for 90 % of the
            designs of this family. None if the table has no interval.
        energy_error: the same for the energy.
        delay_error: the same for the delay.
    """

    area_um2: float
    energy_pj: float
    delay_ns: float
    stage_delays_ns: tuple[float, ...]
    macs_per_cycle: float
    breakdown: tuple[BlockCost, ...]
    technology: str
    method: str
    clock_ns: float
    register_pj: float
    leakage_pj: float
    glitches: bool = True
    activity: str = "normal"
    area_error: float | None = None
    energy_error: float | None = None
    delay_error: float | None = None

    @property
    def meets_clock(self) -> bool:
        """True if the slowest stage is not slower than the clock period."""
        return self.delay_ns <= self.clock_ns

    @property
    def tops_per_mm2(self) -> float:
        """10^12 operations per second and mm2 of cell area at the clock."""
        return tops_per_mm2(self.macs_per_cycle, self.clock_ns, self.area_um2)

    @property
    def tops_per_w(self) -> float:
        """10^12 operations per second and watt at the clock."""
        return tops_per_w(self.energy_pj)

    def to_json(self) -> dict[str, Any]:
        """Return plain data for `json.dumps`: the attributes and properties by name."""
        plain = asdict(self)
        for name in ("meets_clock", "tops_per_mm2", "tops_per_w"):
            plain[name] = getattr(self, name)
        plain["stage_delays_ns"] = list(self.stage_delays_ns)
        plain["breakdown"] = [asdict(block) for block in self.breakdown]
        return plain
