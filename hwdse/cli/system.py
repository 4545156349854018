"""`hwdse system`: a network on a machine, layer by layer."""

from pathlib import Path

import click

from hwdse import networks
from hwdse.cli.counts import Count
from hwdse.cli.memory_formats import store_option, stored_formats
from hwdse.cli.output import json_option, percent, print_json, print_table
from hwdse.cost import DEFAULT_TECHNOLOGY
from hwdse.cost.system import LayerCost, SystemCost, estimate_system, load_machine, machines
from hwdse.explore.record import four_digits, short_spec
from hwdse.explore.roofline import plot_roofline
from hwdse.spec import Design

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
@click.option("--network", required=True, help="Shipped network or ONNX file.")
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
    network: str,
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
    """
    designs = [Design.parse(text) for text in spec]
    described = load_machine(machine)
    stored = stored_formats(store)
    loaded = networks.load(network)
    workloads = [item.batched(batch) for item in networks.profile(loaded).workloads]
    costs = [
        estimate_system(design, workloads, described, technology=technology, stored=stored)
        for design in designs
    ]
    drawn = plot_roofline(costs[0], loaded.name, plot.with_suffix("")) if plot else ()
    if as_json:
        print_json(
            {
                "network": loaded.name,
                "batch": batch,
                "designs": [cost.to_json() for cost in costs],
                "plots": [str(path) for path in drawn],
            }
        )
        return
    for cost in costs:
        _show(cost, loaded.name, batch)
    for path in drawn:
        click.echo(f"{path}")


def _show(cost: SystemCost, network: str, batch: int) -> None:
    machine, roofline = cost.machine, cost.roofline
    samples = "1 sample" if batch == 1 else f"{batch} samples"
    click.echo(
        f"{short_spec(cost.design)}: {network}, {samples}, on {machine.name}, {cost.array.rows} x "
        f"{cost.array.columns} units, {cost.dataflow}, {four_digits(cost.clock_ns)} ns."
    )
    layers = [[layer.workload.site, layer.bound, *_figures(layer)] for layer in cost.layers]
    print_table(
        [
            *("layer", "limit", "MACs", "cycles", "utilization", "off-chip kB", "on-chip kB"),
            *(f"{name} nJ" for name in _PARTS.values()),
            "total nJ",
        ],
        [*layers, ["total", "", *_figures(cost)]],
    )
    total, (low, high) = cost.total_pj, cost.total_range_pj
    click.echo(
        f"{four_digits(cost.time_ns / _KILO)} us, {four_digits(total / _KILO)} nJ. Ridge of the "
        f"roofline: {four_digits(roofline.ridge_macs_per_byte)} MAC per off-chip byte; peak "
        f"{four_digits(roofline.peak_gmacs_per_s)} * 10^9 MAC/s."
    )
    if low < high:
        click.echo(
            f"With other published figures of {machine.dram.memory.name}: "
            f"{four_digits(low / _KILO)} to {four_digits(high / _KILO)} nJ."
        )
    click.echo(
        f"Units: {cost.unit.technology}, {cost.unit.method}. Memories and wires: "
        f"{machine.sram.memory.name}, {machine.dram.memory.name}, {machine.wire.name}; their "
        "sources are in --json.\n"
    )


def _figures(cost: LayerCost | SystemCost) -> list[object]:
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
