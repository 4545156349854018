"""Cost of a whole network on a machine: the sums over its layers."""

from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from hwdse.cost import Cost
from hwdse.cost.system.dataflow import Dataflow
from hwdse.cost.system.layer import LayerCost
from hwdse.cost.system.machine import Machine
from hwdse.cost.system.roofline import Roofline
from hwdse.cost.system.storage import StoredBits
from hwdse.cost.system.tile import ArrayShape
from hwdse.cost.system.totals import NetworkTotals
from hwdse.spec import Design


@dataclass(frozen=True, kw_only=True)
class SystemCost(NetworkTotals):
    """A network on a machine.

    Attributes:
        design: the unit of the array.
        machine: the machine.
        unit: cost of one unit.
        bits: bits per element in memory.
        clock_ns: clock period in ns.
        array: shape of the array.
        units: units of the design in the array: 1 of an engine that is the array.
        dataflow: how the array works through a tile.
        layers: cost of each layer, in the order of execution.
    """

    design: Design
    machine: Machine
    unit: Cost
    bits: StoredBits
    clock_ns: float
    array: ArrayShape
    units: int
    dataflow: Dataflow
    layers: tuple[LayerCost, ...]

    @property
    def utilization(self) -> float:
        """Fraction of the products that the array could compute in all cycles."""
        return self.macs / (self.cycles * self.array.products_per_cycle)

    @property
    def unit_share(self) -> float:
        """Share of the units in the energy, which is what an error of their estimate moves."""
        return (self.energy_pj["compute"] + self.energy_pj["registers"]) / self.total_pj

    @property
    def array_area_um2(self) -> float:
        """Cell area of all units in um^2; memories are not in it."""
        return self.unit.area_um2 * self.units

    @cached_property
    def roofline(self) -> Roofline:
        """The limits of the machine, and each layer between them."""
        return Roofline.of(
            self.layers,
            products_per_cycle=self.array.products_per_cycle,
            clock_ns=self.clock_ns,
            gb_per_s=self.machine.dram.gb_per_s,
        )

    def to_json(self) -> dict[str, Any]:
        """Plain data for `json.dumps`."""
        return {
            "spec": str(self.design),
            "machine": self.machine.to_json(),
            "technology": self.unit.technology,
            "method": self.unit.method,
            "clock_ns": self.clock_ns,
            "array": {**asdict(self.array), "dataflow": str(self.dataflow)},
            "array_area_um2": self.array_area_um2,
            "stored_bits": asdict(self.bits),
            "layers": [layer.to_json() for layer in self.layers],
            "roofline": self.roofline.to_json(),
            "total": self.totals(self.utilization),
        }
