"""Latency and energy of a network on a machine, as columns of a sweep."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from hwdse.cost import Cost, Technology
from hwdse.cost.side_by_side import error_of_largest
from hwdse.cost.system import Machine, estimate_arrays
from hwdse.errors import MachineError, SpecError
from hwdse.spec import Design, Workload

ON_MACHINE = (
    *("latency_us", "inference_nj", "array_area_um2", "utilization", "offchip_bytes"),
    *("latency_error", "inference_error"),
)
"""What a row says about one sample of the network on a machine."""

_KILO = 1e3


def on_machine(
    layers: Mapping[str, Design],
    workloads: Sequence[Workload],
    machine: Machine,
    *,
    costs: Mapping[Design, Cost],
    technology: Technology,
    clock_ns: float | None,
) -> dict[str, Any]:
    """One sample of a network on a machine with an array for each design.

    Args:
        layers: the design of each layer, by name of the layer.
        workloads: the matrix products of the network.
        machine: the machine.
        costs: cost of one unit of each design.
        technology: technology of the units.
        clock_ns: clock period of the sweep, instead of the machine's. None: the machine's, or else
            the shortest of the slowest design.

    Returns:
        `ON_MACHINE` by name, `machine`, and `reason`: why a design is on no machine, such as that
        it is too slow for the clock, else empty. The figures are then None.
    """
    period = clock_ns or machine.clock_ns
    try:
        found = estimate_arrays(
            layers,
            workloads,
            replace(machine, clock_ns=period),
            technology=technology,
            costs=costs,
        )
    except (MachineError, SpecError) as error:
        return {"machine": machine.name, "reason": str(error), **dict.fromkeys(ON_MACHINE)}
    delays = [(each.unit.delay_ns, each.unit.delay_error) for each in found.arrays]
    return {
        "machine": machine.name,
        "reason": "",
        "latency_us": found.time_ns / _KILO,
        "inference_nj": found.total_pj / _KILO,
        "array_area_um2": found.array_area_um2,
        "utilization": found.utilization,
        "offchip_bytes": found.dram_bytes,
        # At a given clock the cycles decide, and these are exact.
        "latency_error": error_of_largest(delays) if period is None else 0.0,
        "inference_error": found.energy_error,
    }


def columns_of(found: Mapping[str, Any]) -> dict[str, float | str | None]:
    """The columns of a row; None without a machine."""
    return {
        "machine": found.get("machine"),
        **{name: found.get(name) for name in ON_MACHINE},
        "machine_failure": found.get("reason"),
    }
