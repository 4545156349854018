"""`hwdse cost`: estimates designs without making hardware."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hwdse import cost as costs
from hwdse.cli.counts import MAX_JOBS, Count
from hwdse.cli.output import json_option, print_json, print_table
from hwdse.cost import DEFAULT_TECHNOLOGY, export
from hwdse.cost.fpga.estimate import FabricCost, estimate_fabric
from hwdse.cost.fpga.families import FAMILIES
from hwdse.cost.fpga.place import FpgaResult, place_and_route
from hwdse.cost.fpga.recommend import Recommendation, recommend
from hwdse.explore.record import cost_margin, four_digits, short_spec
from hwdse.spec import Design

if TYPE_CHECKING:
    from hwdse.cli.layer_costs import LayerHardware


@click.command()
@click.argument("spec", nargs=-1, required=True)
@click.option("--technology", default=DEFAULT_TECHNOLOGY, show_default=True, help="Cost table.")
@click.option("--fabric", help="FPGA cost table: estimate LUTs and clock frequency too.")
@click.option("--fpga", type=click.Choice(list(FAMILIES)), help="Map to an FPGA too.")
@click.option("--no-dsp", is_flag=True, help="With --fpga: leave hard multipliers out.")
@click.option("--synthesize", is_flag=True, help="Measure with a cell library, do not estimate.")
@click.option(
    "--liberty",
    "files",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Liberty file of the cell library; several files with one option each.",
)
@click.option(
    "--clock-ns",
    type=click.FloatRange(min=0, min_open=True),
    help="Clock period in ns. Estimates choose the registers that it needs.",
)
@click.option(
    "--network",
    help="With --synthesize: take operands from this network. With a file of designs: weigh them "
    "by the MACs of its layers.",
)
@click.option("--layer", help="With --synthesize and --network: only of this matrix product.")
@click.option("--jobs", type=Count(1, MAX_JOBS), help="Processes; by default one per core.")
@click.option("--explain", is_flag=True, help="Show which blocks make the difference.")
@click.option(
    "--plot",
    type=click.Path(path_type=Path),
    help="Draw the blocks as stacked bars, as PNG and SVG; the suffix is left out.",
)
@click.option(
    "--export",
    "tools",
    multiple=True,
    metavar="TOOL",
    help=f"Write a component for another tool: {', '.join(export.names())}. May be repeated.",
)
@click.option("-o", "output", type=click.Path(path_type=Path), help="File or folder for --export.")
@json_option
def cost(
    *,
    spec: tuple[str, ...],
    technology: str,
    fabric: str | None,
    fpga: str | None,
    no_dsp: bool,
    synthesize: bool,
    files: tuple[Path, ...],
    clock_ns: float | None,
    network: str | None,
    layer: str | None,
    jobs: int | None,
    explain: bool,
    plot: Path | None,
    tools: tuple[str, ...],
    output: Path | None,
    as_json: bool,
) -> None:
    """Estimate area, energy and delay of designs.

    SPEC is a design, or a file *.toml that gives each layer a design. Of a file, each of its
    designs is estimated, and what their units cost side by side; with --network, energy and speed
    count by the MACs of its layers, and designs without a layer are left out.

    With --synthesize they are measured: synthesis with the cells of a Liberty library, static
    timing, and gate-level simulation with glitches. What is measured is kept in the cache. With
    --network, the operands are activations and weights of a network: energies of its layers differ.

    With --clock-ns, the command chooses the cheapest `stages` and `interleave` with which each
    design meets the clock period, and shows designs that cannot meet it as such.

    The command reports designs whose accumulator loop is slower than every other pipeline stage.

    With --fabric, LUTs, flip-flops and clock frequency on an FPGA are estimated as well, without
    any tool and without hard multipliers.

    With --fpga, open tools also map each design to the FPGA, and for ecp5 and ice40 place and route
    it. There the same tools try other `stages` and `interleave` that are fast according to the
    delay model of the FPGA, and the command recommends the fastest configuration.

    With --explain, a table compares the designs block by block with the first design: area per
    product and cycle, and energy per MAC. --plot draws the same.

    With --export and -o, each design is also written as a component that AccelForge, ZigZag, or
    Accelergy and Timeloop load.
    """
    if bool(tools) != (output is not None):
        raise click.UsageError("--export names the tool and -o the file or folder: give both")
    export.check(tools)
    designs, hardware = _named(spec, None if synthesize else network)
    _check_measuring(synthesize, files, "--fpga" if fpga else "--export" if tools else "")
    _check_network(network, layer, synthesize, hardware)
    if synthesize:
        # Numba and Matplotlib each take a second to load, so only what needs them loads them.
        from hwdse.cli.synthesis import measured, show_measured  # noqa: PLC0415

        results = measured(designs, files, jobs, network, layer)
        show_measured(designs, results, clock_ns=clock_ns, as_json=as_json)
        return
    named = designs
    designs, estimates = _estimated(designs, technology, clock_ns)
    priced = (export.PricedDesign.estimate(design, technology) for design in designs)
    written = export.write(export.files(tools, priced), output) if output else []
    shares = costs.explain(estimates)
    names = [short_spec(design) for design in designs]
    errors = [(estimate.area_error, estimate.energy_error) for estimate in estimates]
    drawn: tuple[Path, ...] = ()
    if plot:
        from hwdse.explore.bars import plot_bars  # noqa: PLC0415 - see above

        drawn = plot_bars(shares, names, errors, plot.with_suffix(""))
    loops = [costs.loop_limit(design, technology) for design in designs]
    placed, best = _placed(designs, fpga, dsp=not no_dsp)
    on_fabric = [] if fabric is None else [estimate_fabric(design, fabric) for design in designs]
    by_design = dict(zip(named, estimates, strict=True))
    fabric_of = dict(zip(named, on_fabric, strict=False))
    if as_json:
        documents = _documents(designs, estimates, loops)
        _add(documents, "fabric", on_fabric)
        _add(documents, "fpga", placed)
        _add([document["fpga"] for document in documents if best], "recommended", best)
        _print_document(
            documents,
            blocks=[row.to_json() for row in shares] if explain else (),
            plots=[str(path) for path in drawn],
            assignments=[one.document(by_design, fabric_of) for one in hardware],
            files=written,
        )
        return
    _show_estimates(designs, estimates, clock_ns)
    if explain:
        _show_shares(shares, names)
    for design, loop in zip(designs, loops, strict=True):
        if loop is not None:
            click.echo(f"{short_spec(design)}: {loop}.")
    if on_fabric:
        _show_on_fabric(designs, on_fabric)
    if placed:
        _show_placed(designs, placed, best)
    if hardware:
        from hwdse.cli.layer_costs import show_sums  # noqa: PLC0415 - as in `_named`

        show_sums(hardware, by_design, fabric_of)
    for path in (*drawn, *written):
        click.echo(f"  {path}")


def _named(specs: Sequence[str], network: str | None) -> tuple[list[Design], list["LayerHardware"]]:
    """The designs that are named, each once if a file names them, and what each file makes of its.

    Files of designs need networks, which are slow to load.
    """
    if not any(text.endswith(".toml") for text in specs):
        return [Design.parse(text) for text in specs], []
    from hwdse.cli.chosen import chosen  # noqa: PLC0415
    from hwdse.cli.layer_costs import LayerHardware  # noqa: PLC0415

    designs: dict[Design, None] = {}
    hardware = []
    for one in dict.fromkeys(chosen(text) for text in specs):
        if isinstance(one, Design):
            designs[one] = None
        else:
            hardware.append(LayerHardware.of(one, network))
            designs |= dict.fromkeys(hardware[-1].macs)
    return list(designs), hardware


def _documents(
    designs: Sequence[Design],
    estimates: Sequence[costs.Cost],
    loops: Sequence[costs.LoopCost | None],
) -> list[dict[str, Any]]:
    """What is estimated of each design, for JSON."""
    return [
        {"spec": str(design), **estimate.to_json(), "loop": loop and loop.to_json()}
        for design, estimate, loop in zip(designs, estimates, loops, strict=True)
    ]


def _add(
    documents: Sequence[dict[str, Any]],
    key: str,
    found: Sequence[FabricCost | FpgaResult | Recommendation],
) -> None:
    """Add a result to the document of each design; no results, nothing to add."""
    for document, result in zip(documents, found, strict=False):
        document[key] = result.to_json()


def _check_measuring(synthesize: bool, files: Sequence[Path], other: str) -> None:
    """Refuse --synthesize without a library, a library without it, and `other` options with it."""
    if synthesize != bool(files):
        missing = "--liberty FILE" if synthesize else "--synthesize"
        raise click.UsageError(f"--synthesize and --liberty FILE go together: give {missing} too.")
    if synthesize and other:
        raise click.UsageError(f"--synthesize and {other} exclude each other.")


def _check_network(
    network: str | None,
    layer: str | None,
    synthesize: bool,
    hardware: Sequence["LayerHardware"],
) -> None:
    """Refuse a network or layer that nothing uses, and files of designs with --synthesize."""
    if synthesize and hardware:
        raise click.UsageError(
            f"--synthesize measures designs: {hardware[0].assignment.name} gives each layer one."
        )
    if (network and not synthesize and not hardware) or (layer and not (network and synthesize)):
        raise click.UsageError(
            "--layer needs --network and --synthesize, and --network needs --synthesize or a file "
            "*.toml."
        )


def _print_document(documents: Sequence[dict[str, Any]], **more: Sequence[Any]) -> None:
    """Print the designs as JSON, and what else there is."""
    print_json({"designs": documents, **{name: found for name, found in more.items() if found}})


def _estimated(
    designs: list[Design], technology: str, clock_ns: float | None
) -> tuple[list[Design], list[costs.Cost]]:
    """Estimate designs; at a clock, with the registers that it needs."""
    if clock_ns is None:
        return designs, [costs.estimate(design, technology) for design in designs]
    found = [costs.at_clock(design, clock_ns, technology) for design in designs]
    return [item.design for item in found], [item.cost for item in found]


def _placed(
    designs: Sequence[Design], family: str | None, *, dsp: bool
) -> tuple[list[FpgaResult], list[Recommendation]]:
    """Map designs to an FPGA, and find better configurations if they are placed and routed."""
    if family is None:
        return [], []
    placed = [place_and_route(design, family, dsp=dsp) for design in designs]
    if not FAMILIES[family].nextpnr:
        return placed, []
    return placed, [recommend(d, r, family) for d, r in zip(designs, placed, strict=True)]


def _show_estimates(
    designs: Sequence[Design], estimates: Sequence[costs.Cost], clock_ns: float | None
) -> None:
    """Print estimates as a table, with what their errors are and which designs are too slow."""
    # At one clock, figures per area and per watt compare. Otherwise the areas of the blocks help.
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
                *(
                    [four_digits(share.get(name, 0.0)) for name in blocks]
                    if clock_ns is None
                    else [four_digits(estimate.tops_per_mm2), four_digits(estimate.tops_per_w)]
                ),
            ]
        )
    more = [f"{b} um2" for b in blocks] if clock_ns is None else ["TOPS/mm2", "TOPS/W"]
    print_table(["design", "area um2", "energy pJ/MAC", "delay ns", *more], rows)
    first = estimates[0]
    at = f"at {clock_ns:g} ns" if clock_ns else "at the shortest clock period of each design"
    margin = cost_margin([estimate.to_json() for estimate in estimates])
    click.echo(
        f"\n{first.technology}, {first.method}. Energy {at}, glitches and leakage included, "
        f"operands normally distributed. {margin}"
    )
    for design, estimate in zip(designs, estimates, strict=True):
        if not estimate.meets_clock:
            click.echo(
                f"{short_spec(design)} does not meet {clock_ns:g} ns: it needs "
                f"{four_digits(estimate.delay_ns)} ns, with any stages and interleave."
            )


def _show_shares(shares: Sequence[costs.BlockShares], names: Sequence[str]) -> None:
    """Print area and energy block by block, with the differences to the first design."""
    for title, values in (
        ("area um2 per product and cycle", [row.area_um2 for row in shares]),
        ("energy pJ/MAC", [row.energy_pj for row in shares]),
    ):
        # The totals are last. Their largest one gets four digits, and all others as many decimals.
        decimals = max(3 - math.floor(math.log10(max(values[-1]))), 0)
        click.echo(f"\n{title}, and how much more than in the first design:")
        print_table(
            ["block", names[0], *(head for name in names[1:] for head in (name, "more"))],
            [
                [
                    row.name,
                    f"{each[0]:.{decimals}f}",
                    *(
                        text
                        for value in each[1:]
                        for text in (f"{value:.{decimals}f}", f"{value - each[0]:+.{decimals}f}")
                    ),
                ]
                for row, each in zip(shares, values, strict=True)
            ],
        )


def _show_on_fabric(designs: Sequence[Design], found: Sequence[FabricCost]) -> None:
    """Print what designs take on an FPGA by estimate."""
    first = found[0]
    multipliers = "" if first.dsp else ", without hard multipliers"
    click.echo(f"\n{first.device}{multipliers}, estimated from table {first.fabric}.")
    print_table(
        ["design", "LUTs", "LUTs/MAC", "flip-flops", "multipliers", "Fmax MHz"],
        [
            [
                short_spec(design),
                f"{cost.luts:.0f}{_plus_minus(cost.luts_error)}",
                four_digits(cost.luts_per_mac),
                f"{cost.flip_flops:.0f}{_plus_minus(cost.flip_flops_error)}",
                f"{cost.multipliers:.0f}{_plus_minus(cost.multipliers_error)}",
                f"{four_digits(cost.fmax_mhz)}{_plus_minus(cost.fmax_error)}",
            ]
            for design, cost in zip(designs, found, strict=True)
        ],
    )


def _plus_minus(error: float | None) -> str:
    """A relative error behind a figure."""
    return "" if error is None else f" +-{error:.0%}"


def _show_placed(
    designs: Sequence[Design], placed: Sequence[FpgaResult], best: Sequence[Recommendation]
) -> None:
    """Print what designs take on the FPGA, and which configuration is recommended."""
    first = placed[0]
    routed = "placed and routed" if best else "mapped, not placed and routed"
    multipliers = "" if first.dsp else ", without hard multipliers"
    click.echo(f"\n{first.device}{multipliers}, {first.tool}, {routed}.")
    given = list(zip(designs, placed, strict=True))
    better = [(found.design, found.result) for found in best] or given
    shown = (pair for pairs in zip(given, better, strict=True) for pair in dict.fromkeys(pairs))
    print_table(
        ["design", "stages", "interleave", "LUTs", "flip-flops", "multipliers", "Fmax MHz"],
        [
            [
                short_spec(design),
                str(design.unit.stages),
                str(getattr(design.unit, "interleave", 1)),
                str(result.luts),
                str(result.flip_flops),
                str(result.multipliers),
                "-" if result.fmax_mhz is None else four_digits(result.fmax_mhz),
            ]
            for design, result in shown
        ],
    )
    for design, found in zip(designs, best, strict=False):
        click.echo(_advice(design, found))


def _advice(design: Design, found: Recommendation) -> str:
    """The recommended configuration of a design as one line of text."""
    if found.design == design:
        return f"{short_spec(design)}: no other stages or interleave is faster."
    turns = f",interleave={found.interleave}" if found.interleave > 1 else ""
    return (
        f"{short_spec(design)}: stages={found.stages}{turns} is recommended, "
        f"{four_digits(found.fmax_mhz)} MHz."
    )
