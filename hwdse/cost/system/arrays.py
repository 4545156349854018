"""A network on arrays of several designs side by side: each layer runs on the array of its own.

The machine has an array for each design, and all share its memories. One array works at a time, so
cycles, bytes and energies are sums over the layers, each as on a machine with its array alone.
Arrays that wait cost no energy. All have one clock: that of the machine, or else the shortest that
the slowest design allows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hwdse.cost.analytic import estimate
from hwdse.cost.result import Cost
from hwdse.cost.system.estimate import estimate_system
from hwdse.cost.system.layer import LayerCost
from hwdse.cost.system.machine import Machine
from hwdse.cost.system.network import SystemCost
from hwdse.cost.system.totals import NetworkTotals
from hwdse.errors import MachineError
from hwdse.primitives import DEFAULT_TECHNOLOGY, Technology
from hwdse.spec import Design, Workload


@dataclass(frozen=True, kw_only=True)
class ArraysCost(NetworkTotals):
    """A network on arrays of several designs.

    Attributes:
        machine: the machine, with one of the arrays.
        clock_ns: clock period of all arrays in ns.
        arrays: each array with its layers.
        layers: cost of each layer, in the order of execution.
        designs: design of each layer.
    """

    machine: Machine
    clock_ns: float
    arrays: tuple[SystemCost, ...]
    layers: tuple[LayerCost, ...]
    designs: tuple[Design, ...]

    @property
    def utilization(self) -> float:
        """Fraction of the products that the arrays could compute in the cycles in which they work.

        An array that waits could compute none.
        """
        return self.macs / sum(each.cycles * each.array.products_per_cycle for each in self.arrays)

    @property
    def array_area_um2(self) -> float:
        """Cell area of the units of all arrays in um^2; memories are not in it."""
        return sum(each.array_area_um2 for each in self.arrays)

    @property
    def energy_error(self) -> float | None:
        """Relative error of the energy by that of the units, fully correlated; None: not known."""
        found = 0.0
        for each in self.arrays:
            if each.unit.energy_error is None:
                return None
            share = each.total_pj / sum(other.total_pj for other in self.arrays)
            found += each.unit_share * each.unit.energy_error * share
        return found

    def to_json(self) -> dict[str, Any]:
        """Plain data for `json.dumps`."""
        return {
            "machine": self.machine.to_json(),
            "clock_ns": self.clock_ns,
            "array_area_um2": self.array_area_um2,
            "arrays": [each.to_json() for each in self.arrays],
            "layers": [
                {**layer.to_json(), "spec": str(design)}
                for layer, design in zip(self.layers, self.designs, strict=True)
            ],
            "total": self.totals(self.utilization),
        }


def estimate_arrays(
    layers: Mapping[str, Design],
    workloads: Sequence[Workload],
    machine: Machine,
    *,
    technology: str | Technology = DEFAULT_TECHNOLOGY,
    stored: Mapping[str, str] | None = None,
    costs: Mapping[Design, Cost] | None = None,
) -> ArraysCost:
    """Estimate bytes, cycles and energy of every layer of a network on arrays side by side.

    Args:
        layers: the design of each layer, by name of the layer.
        workloads: the matrix products of the network by layer.
        machine: array, memories, wires and clock. Each array has its rows and columns.
        technology: technology of the units.
        stored: formats in memory that differ from the designs', as of `estimate_system`.
        costs: cost of one unit of each design. None: estimated.

    Raises:
        MachineError: there is no layer, or as of `estimate_system`.
        SpecError: as of `estimate_system`.
        FormatError: as of `estimate_system`.
        TechnologyError: as of `estimate_system`.
    """
    if not workloads:
        raise MachineError("a network without matrix products: at least one is needed")
    designs = tuple(layers[workload.site] for workload in workloads)
    different = tuple(dict.fromkeys(designs))
    units = costs or {design: estimate(design, technology) for design in different}
    period = machine.clock_ns or max(units[design].delay_ns for design in different)
    own = replace(machine, clock_ns=period)
    arrays = {
        design: estimate_system(
            design,
            [one for one, chosen in zip(workloads, designs, strict=True) if chosen == design],
            own,
            technology=technology,
            stored=stored,
            cost=units[design],
        )
        for design in different
    }
    waiting = {design: iter(each.layers) for design, each in arrays.items()}
    return ArraysCost(
        machine=own,
        clock_ns=period,
        arrays=tuple(arrays.values()),
        layers=tuple(next(waiting[design]) for design in designs),
        designs=designs,
    )
