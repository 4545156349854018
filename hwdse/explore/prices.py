"""What prices designs in a sweep: tables, a machine, a clock and the matrix products."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hwdse import cost
from hwdse.cost import Cost, Fabric, Technology
from hwdse.cost.fpga.estimate import FabricCost, estimate_fabric
from hwdse.cost.system import Machine
from hwdse.explore.on_machine import on_machine
from hwdse.networks import Network
from hwdse.spec import Design, Workload


@dataclass(frozen=True, kw_only=True)
class Prices:
    """What prices designs.

    Attributes:
        network: the network.
        workloads: its matrix products.
        technology: technology of the units.
        fabric: fabric for costs on an FPGA, if they are asked for.
        machine: machine for latency and energy of the network, if they are asked for.
        clock_ns: clock period in ns. None: the shortest one of each design.
    """

    network: Network
    workloads: tuple[Workload, ...]
    technology: Technology
    fabric: Fabric | None
    machine: Machine | None
    clock_ns: float | None

    def unit(self, design: Design) -> Cost:
        """Cost of one unit.

        Raises:
            HwdseError: as of `hwdse.cost.estimate`.
        """
        return cost.estimate(design, self.technology, clock_ns=self.clock_ns)

    def on_fabric(self, design: Design) -> FabricCost | None:
        """What a design takes on the FPGA; None without a fabric.

        Raises:
            HwdseError: as of `estimate_fabric`.
        """
        return estimate_fabric(design, self.fabric) if self.fabric else None

    def on_machine(
        self, layers: Mapping[str, Design], costs: Mapping[Design, Cost]
    ) -> dict[str, Any] | None:
        """One sample of the network on the machine; None without one.

        Args:
            layers: the design of each layer, by name of the layer.
            costs: cost of one unit of each design.
        """
        if self.machine is None:
            return None
        return on_machine(
            layers,
            self.workloads,
            self.machine,
            costs=costs,
            technology=self.technology,
            clock_ns=self.clock_ns,
        )
