"""`hwdse system`: a network on a machine, layer by layer."""

from pathlib import Path
from typing import Any

import click

from hwdse import networks
from hwdse.cli.chosen import chosen, short
from hwdse.cli.counts import Count
from hwdse.cli.memory_formats import store_option, stored_formats
from hwdse.cli.network_options import GivenNetworks, network_options
from hwdse.cli.output import json_option, percent, print_json, print_table
from hwdse.cost import DEFAULT_TECHNOLOGY
from hwdse.cost.system import (
    ArraysCost,
    LayerCost,
    Machine,
    SystemCost,
    estimate_arrays,
    estimate_system,
    load_machine,
    machines,
)
from hwdse.explore.candidates import Compared
from hwdse.explore.record import four_digits, short_spec
from hwdse.explore.roofline import plot_roofline
from hwdse.networks import Network
from hwdse.networks.assignment import Assignment
from hwdse.networks.by_layer import hardware_of
from hwdse.spec import Workload

_DEFAULT_MACHINE = "edge"
_KILO = 1e3
_PARTS = {
    "compute": "compute",
    "registers": "registers",
    "wires": "wires",
    "sram": "on-chip",
    "dram": "off-chip",
}


@click.command()
@click.argument("spec", nargs=-1, required=True)
@network_options(data=False, metric=False)
@click.option(
    "--machine",
    default=_DEFAULT_MACHINE,
    show_default=True,
    help=f"Shipped machine ({', '.join(machines())}) or TOML file.",
)
@store_option("that of the design")
@click.option("--batch", type=Count(1), default=1, show_default=True, help="Samples at a time.")
@click.option("--technology", default=DEFAULT_TECHNOLOGY, show_default=True, help="Cost table.")
@click.option(
    "--plot",
    type=click.Path(path_type=Path),
    help="Draw the roofline of the first design as PNG and SVG; the suffix is left out.",
)
@json_option
def system(
    *,
    spec: tuple[str, ...],
    given: GivenNetworks,
    machine: str,
    store: tuple[str, ...],
    batch: int,
    technology: str,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Estimate traffic, cycles and energy of a network on a machine.

    The machine is an array of the design's units with an on-chip and an off-chip memory. An engine
    such as `systolic` or `tensor` is the array itself. Tiles are
    chosen for the least off-chip traffic. Each layer is limited by the array or by a memory.

    SPEC is a design, or a file *.toml that gives each layer a design. The machine then has an array
    for each design, and each layer runs on the array of its design.
    """
    designs = [chosen(text) for text in spec]
    described = load_machine(machine)
    stored = stored_formats(store)
    loaded = given.source.load()
    workloads = [item.batched(batch) for item in networks.profile(loaded).workloads]
    costs = [
        _estimated(design, loaded, workloads, described, technology=technology, stored=stored)
        for design in designs
    ]
    first = costs[0]
    if plot and isinstance(first, ArraysCost):
        raise click.UsageError("--plot draws the roofline of one array: give a design first")
    drawn: tuple[Path, ...] = ()
    if plot and isinstance(first, SystemCost):
        drawn = plot_roofline(first, loaded.name, plot.with_suffix(""))
    if as_json:
        print_json(
            {
                "network": loaded.name,
                "batch": batch,
                "designs": [_document(*pair) for pair in zip(designs, costs, strict=True)],
                "plots": [str(path) for path in drawn],
            }
        )
        return
    for design, cost in zip(designs, costs, strict=True):
        _show(design, cost, loaded.name, batch)
    for path in drawn:
        click.echo(f"{path}")


def _estimated(
    design: Compared,
    network: Network,
    workloads: list[Workload],
    machine: Machine,
    *,
    technology: str,
    stored: dict[str, str],
) -> SystemCost | ArraysCost:
    if isinstance(design, Assignment):
        layers = hardware_of(design, network)
        return estimate_arrays(layers, workloads, machine, technology=technology, stored=stored)
    return estimate_system(design, workloads, machine, technology=technology, stored=stored)


def _document(design: Compared, cost: SystemCost | ArraysCost) -> dict[str, Any]:
    """A design and its cost, for JSON."""
    return {"spec": str(design), **cost.to_json()}


def _show(design: Compared, cost: SystemCost | ArraysCost, network: str, batch: int) -> None:
    samples = "1 sample" if batch == 1 else f"{batch} samples"
    arrays = [cost] if isinstance(cost, SystemCost) else cost.arrays
    if isinstance(cost, ArraysCost):
        count = f"{len(arrays)} array{'s' * (len(arrays) > 1)}"
        click.echo(f"{short(design)}: {network}, {samples}, on {count}.")
    for each in arrays:
        where = f"{network}, {samples}, " if isinstance(cost, SystemCost) else ""
        click.echo(
            f"{short_spec(each.design)}: {where}on {each.machine.name}, {each.array.rows} x "
            f"{each.array.columns} units, {each.dataflow}, {four_digits(each.clock_ns)} ns."
        )
    _show_layers(cost)
    _show_totals(cost)


def _show_layers(cost: SystemCost | ArraysCost) -> None:
    designs = [short_spec(one) for one in cost.designs] if isinstance(cost, ArraysCost) else []
    own = [[one] for one in designs] or [[]] * len(cost.layers)
    layers = [
        [layer.workload.site, *design, layer.bound, *_figures(layer)]
        for layer, design in zip(cost.layers, own, strict=True)
    ]
    print_table(
        [
            *("layer", *["design"] * bool(designs), "limit"),
            *("MACs", "cycles", "utilization", "off-chip kB", "on-chip kB"),
            *(f"{name} nJ" for name in _PARTS.values()),
            "total nJ",
        ],
        [*layers, ["total", *[""] * bool(designs), "", *_figures(cost)]],
    )


def _show_totals(cost: SystemCost | ArraysCost) -> None:
    machine = cost.machine
    unit = cost.unit if isinstance(cost, SystemCost) else cost.arrays[0].unit
    total, (low, high) = cost.total_pj, cost.total_range_pj
    said = f"{four_digits(cost.time_ns / _KILO)} us, {four_digits(total / _KILO)} nJ."
    if isinstance(cost, SystemCost):
        roofline = cost.roofline
        said += (
            f" Ridge of the roofline: {four_digits(roofline.ridge_macs_per_byte)} MAC per off-chip "
            f"byte; peak {four_digits(roofline.peak_gmacs_per_s)} * 10^9 MAC/s."
        )
    click.echo(said)
    if low < high:
        click.echo(
            f"With other published figures of {machine.dram.memory.name}: "
            f"{four_digits(low / _KILO)} to {four_digits(high / _KILO)} nJ."
        )
    click.echo(
        f"Units: {unit.technology}, {unit.method}. Memories and wires: "
        f"{machine.sram.memory.name}, {machine.dram.memory.name}, {machine.wire.name}; their "
        "sources are in --json.\n"
    )


def _figures(cost: LayerCost | SystemCost | ArraysCost) -> list[object]:
    """The columns that layers and the whole network have."""
    return [
        cost.macs,
        cost.cycles,
        percent(cost.utilization),
        four_digits(cost.dram_bytes / _KILO),
        four_digits(cost.sram_bytes / _KILO),
        *(four_digits(cost.energy_pj[part] / _KILO) for part in _PARTS),
        four_digits(cost.total_pj / _KILO),
    ]
