"""`hwdse cost` and `hwdse accuracy`: measure designs without making hardware."""

from pathlib import Path
from typing import Any

import click

from hwdse import cost as costs
from hwdse import networks
from hwdse.cli.counts import Count
from hwdse.cli.output import json_option, percent, print_json, print_table
from hwdse.cost.fpga import FAMILIES, place_and_route
from hwdse.explore.progress import ConsoleReporter
from hwdse.explore.record import cost_margin, four_digits, short_spec
from hwdse.explore.space import DEFAULT_TECHNOLOGY
from hwdse.spec import Design


@click.command()
@click.argument("spec", nargs=-1, required=True)
@click.option("--technology", default=DEFAULT_TECHNOLOGY, show_default=True, help="Cost table.")
@click.option("--fpga", type=click.Choice(list(FAMILIES)), help="Place and route on an FPGA too.")
@json_option
def cost(*, spec: tuple[str, ...], technology: str, fpga: str | None, as_json: bool) -> None:
    """Estimate area, energy and delay of designs.

    Says where the accumulator's loop is slower than every pipeline stage. With --fpga the Verilog
    is also mapped, placed and routed by open tools.
    """
    designs = [Design.parse(text) for text in spec]
    estimates = [costs.estimate(design, technology) for design in designs]
    loops = [costs.loop_limit(design, technology) for design in designs]
    placed = [place_and_route(design, fpga) for design in designs] if fpga else []
    if as_json:
        documents: list[dict[str, Any]] = [
            {"spec": str(design), **estimate.to_json(), "loop": loop and loop.to_json()}
            for design, estimate, loop in zip(designs, estimates, loops, strict=True)
        ]
        for document, result in zip(documents, placed, strict=False):
            document["fpga"] = result.to_json()
        print_json({"designs": documents})
        return
    blocks = list(dict.fromkeys(block.name for e in estimates for block in e.breakdown))
    rows = []
    for design, estimate in zip(designs, estimates, strict=True):
        share = {block.name: block.area_um2 for block in estimate.breakdown}
        rows.append(
            [
                short_spec(design),
                four_digits(estimate.area_um2),
                four_digits(estimate.energy_pj),
                four_digits(estimate.delay_ns),
                *(four_digits(share.get(name, 0.0)) for name in blocks),
            ]
        )
    print_table(
        ["design", "area um2", "energy pJ/MAC", "delay ns", *(f"{b} um2" for b in blocks)], rows
    )
    first = estimates[0]
    click.echo(f"\n{first.technology}, {first.method}. {cost_margin(first.to_json())}")
    for design, loop in zip(designs, loops, strict=True):
        if loop is not None:
            click.echo(f"{short_spec(design)}: {loop}.")
    if placed:
        click.echo(f"\n{placed[0].device}, {placed[0].tool}, placed and routed.")
        print_table(
            ["design", "LUTs", "flip-flops", "multipliers", "Fmax MHz"],
            [
                [
                    short_spec(design),
                    str(result.luts),
                    str(result.flip_flops),
                    str(result.multipliers),
                    four_digits(result.fmax_mhz),
                ]
                for design, result in zip(designs, placed, strict=True)
            ],
        )


@click.command()
@click.argument("spec", nargs=-1, required=True)
@click.option("--network", required=True, help="Shipped network or ONNX file.")
@click.option("--samples", type=Count(1), help="Test samples; all by default.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Folder of the dataset.")
@json_option
def accuracy(
    *,
    spec: tuple[str, ...],
    network: str,
    samples: int | None,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Run a network in the arithmetic of designs."""
    designs = [Design.parse(text) for text in spec]
    loaded = networks.load(network)
    results = []
    with ConsoleReporter() as reporter:
        reporter.start("designs", len(designs))
        for design in designs:
            results.append(networks.evaluate(design, loaded, samples=samples, data_dir=data_dir))
            reporter.advance(short_spec(design))
    if as_json:
        print_json(
            {
                "designs": [
                    {"spec": str(design), **result.to_json()}
                    for design, result in zip(designs, results, strict=True)
                ]
            }
        )
        return
    print_table(
        ["design", "accuracy", "interval", "float", "agreement"],
        [
            [
                short_spec(design),
                percent(result.value),
                f"{percent(result.low)} to {percent(result.high)}",
                percent(result.float_value),
                percent(result.agreement),
            ]
            for design, result in zip(designs, results, strict=True)
        ],
    )
    first = results[0]
    click.echo(
        f"\n{first.network}, {first.metric}, {first.samples} test samples, "
        f"{first.confidence:.0%} intervals"
    )
