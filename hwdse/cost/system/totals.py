"""Sums over the layers of a network on a machine."""

from functools import cached_property
from typing import Any

from hwdse.cost.system.layer import PARTS, LayerCost
from hwdse.cost.system.machine import Machine


class NetworkTotals:
    """What follows from the layers of a network, whatever computes each.

    Attributes:
        machine: the machine.
        clock_ns: clock period in ns.
        layers: cost of each layer, in the order of execution.
    """

    machine: Machine
    clock_ns: float
    layers: tuple[LayerCost, ...]

    @property
    def macs(self) -> int:
        """Multiply-accumulates of all layers."""
        return sum(layer.macs for layer in self.layers)

    @property
    def cycles(self) -> int:
        """Cycles of all layers, one after another."""
        return sum(layer.cycles for layer in self.layers)

    @property
    def time_ns(self) -> float:
        """Time of all layers in ns."""
        return self.cycles * self.clock_ns

    @property
    def dram_bytes(self) -> float:
        """Bytes read from and written to the off-chip memory."""
        return sum(layer.dram_bytes for layer in self.layers)

    @property
    def sram_bytes(self) -> float:
        """Bytes read from and written to the on-chip memory."""
        return sum(layer.sram_bytes for layer in self.layers)

    @cached_property
    def energy_pj(self) -> dict[str, float]:
        """Energy in pJ by part, see `PARTS`."""
        return {part: sum(layer.energy_pj[part] for layer in self.layers) for part in PARTS}

    @property
    def total_pj(self) -> float:
        """Energy of all parts in pJ."""
        return sum(self.energy_pj.values())

    @property
    def total_range_pj(self) -> tuple[float, float]:
        """Energy of all parts in pJ with the lowest and the highest published off-chip energy."""
        dram = self.energy_pj["dram"]
        low, high = self.machine.dram.memory.spread
        return (self.total_pj + dram * (low - 1), self.total_pj + dram * (high - 1))

    def totals(self, utilization: float) -> dict[str, Any]:
        """The sums as plain data for `json.dumps`."""
        return {
            "macs": self.macs,
            "cycles": self.cycles,
            "time_ns": self.time_ns,
            "utilization": utilization,
            "dram_bytes": self.dram_bytes,
            "sram_bytes": self.sram_bytes,
            "energy_pj": {**self.energy_pj, "total": self.total_pj},
            "energy_range_pj": list(self.total_range_pj),
        }
