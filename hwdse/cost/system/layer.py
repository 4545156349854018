"""Cost of one layer: bytes at each level, cycles, and energy by part."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from hwdse.cost.system.tile import Moves
from hwdse.cost.system.tiling import Tiling
from hwdse.spec import Workload

PARTS = ("compute", "registers", "wires", "sram", "dram")
"""The parts of the energy, from the units outwards."""


@dataclass(frozen=True, kw_only=True)
class LayerCost:
    """A layer of a network on a machine, all its matrix products together.

    Attributes:
        workload: the matrix products.
        tiling: tiles of the on-chip memory and their loop order.
        fetched: elements between off-chip and on-chip memory. Overlapping rows of first matrices
            count once per pass: a line buffer keeps the overlap.
        fed: elements between on-chip memory and array.
        dram_read: bytes read from the off-chip memory, by operand.
        dram_write: bytes written to the off-chip memory, by operand.
        sram_read: bytes read from the on-chip memory, by operand.
        sram_write: bytes written to the on-chip memory, by operand.
        compute_cycles: cycles that the array needs.
        sram_cycles: cycles that the on-chip memory needs for its accesses.
        dram_cycles: cycles that the off-chip memory needs at its full bandwidth.
        products_per_cycle: products that the array could compute per cycle.
        clock_ns: clock period in ns.
        energy_pj: energy in pJ by part, see `PARTS`.
    """

    workload: Workload
    tiling: Tiling
    fetched: Moves
    fed: Moves
    dram_read: Mapping[str, float]
    dram_write: Mapping[str, float]
    sram_read: Mapping[str, float]
    sram_write: Mapping[str, float]
    compute_cycles: int
    sram_cycles: int
    dram_cycles: int
    products_per_cycle: int
    clock_ns: float
    energy_pj: Mapping[str, float]

    @property
    def macs(self) -> int:
        """Multiply-accumulates of the layer."""
        return self.workload.macs

    @property
    def cycles(self) -> int:
        """Cycles of the layer: the slowest of array and memories, which work at the same time."""
        return max(self.compute_cycles, self.sram_cycles, self.dram_cycles)

    @property
    def bound(self) -> str:
        """What limits the speed: `compute`, `sram` or `dram`."""
        needs = {
            "compute": self.compute_cycles,
            "sram": self.sram_cycles,
            "dram": self.dram_cycles,
        }
        return max(needs, key=lambda part: needs[part])

    @property
    def time_ns(self) -> float:
        """Time of the layer in ns."""
        return self.cycles * self.clock_ns

    @property
    def utilization(self) -> float:
        """Fraction of the products that the array could compute in all cycles of the layer."""
        return self.macs / (self.cycles * self.products_per_cycle)

    @property
    def dram_bytes(self) -> float:
        """Bytes read from and written to the off-chip memory."""
        return sum(self.dram_read.values()) + sum(self.dram_write.values())

    @property
    def sram_bytes(self) -> float:
        """Bytes read from and written to the on-chip memory."""
        return sum(self.sram_read.values()) + sum(self.sram_write.values())

    @property
    def total_pj(self) -> float:
        """Energy of all parts in pJ."""
        return sum(self.energy_pj.values())

    def to_json(self) -> dict[str, Any]:
        """Plain data for `json.dumps`."""
        return {
            **asdict(self.workload),
            "macs": self.macs,
            "tile": {**asdict(self.tiling.tile), "order": self.tiling.order},
            "elements": {"fetched": asdict(self.fetched), "fed": asdict(self.fed)},
            "bytes": {
                "dram_read": dict(self.dram_read),
                "dram_write": dict(self.dram_write),
                "sram_read": dict(self.sram_read),
                "sram_write": dict(self.sram_write),
            },
            "dram_bytes": self.dram_bytes,
            "sram_bytes": self.sram_bytes,
            "cycles": self.cycles,
            "compute_cycles": self.compute_cycles,
            "sram_cycles": self.sram_cycles,
            "dram_cycles": self.dram_cycles,
            "bound": self.bound,
            "utilization": self.utilization,
            "time_ns": self.time_ns,
            "energy_pj": {**self.energy_pj, "total": self.total_pj},
        }
