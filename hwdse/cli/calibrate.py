"""`hwdse calibrate` makes technology tables, `hwdse validate` compares them with synthesis."""

from pathlib import Path
from typing import Any

import click

from hwdse.cli.counts import MAX_JOBS, Count
from hwdse.cli.output import json_option, print_json, print_table
from hwdse.cost.calibration.circuits import CALIBRATIONS
from hwdse.cost.calibration.fabric import measured_fabric
from hwdse.cost.calibration.kinds import kind_of, named_table, read_table, shipped
from hwdse.cost.calibration.table import measured_table, write_table
from hwdse.cost.calibration.validation import Agreement, agreements, compare_all
from hwdse.cost.fpga.families import routed
from hwdse.errors import TechnologyError
from hwdse.explore.progress import ConsoleReporter
from hwdse.explore.scatter import plot_comparisons


@click.command()
@click.option(
    "--liberty",
    "files",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Liberty file of the cell library; several files with one option each.",
)
@click.option("--fpga", type=click.Choice(routed()), help="Family of FPGAs, instead of a library.")
@click.option("--dsp", is_flag=True, help="With --fpga: use hard multipliers.")
@click.option("--refit", type=click.Path(path_type=Path), help="Table to fit again, unmeasured.")
@click.option("--node-nm", type=click.FloatRange(min=0, min_open=True), help="Feature size in nm.")
@click.option(
    "--designs", type=Count(0, 4000), default=200, show_default=True, help="Designs to measure."
)
@click.option("--jobs", type=Count(1, MAX_JOBS), help="Processes; by default one per core.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), required=True, help="Table to write."
)
@json_option
def calibrate(
    *,
    files: tuple[Path, ...],
    fpga: str | None,
    dsp: bool,
    refit: Path | None,
    node_nm: float | None,
    designs: int,
    jobs: int | None,
    output: Path,
    as_json: bool,
) -> None:
    """Fit the cost model to a cell library or an FPGA.

    With --liberty, synthesizes, times and simulates primitives and whole designs with the cells of
    the library, and writes a technology table for --technology. With --fpga, maps, places and
    routes them, without hard multipliers unless --dsp is given, and writes a fabric table for
    --fabric. What is measured is kept in the cache: an interrupted run goes on where it stopped.
    Shows the errors for designs that took no part in the fit.
    """
    if dsp and fpga is None:
        raise click.UsageError("--dsp needs --fpga FAMILY.")
    if [bool(files), fpga is not None, refit is not None].count(True) != 1:
        raise click.UsageError("Give one of --liberty FILE, --fpga FAMILY and --refit TABLE.")
    table = (
        _measured(files, fpga, node_nm, dsp=dsp, name=output.stem, designs=designs, jobs=jobs)
        if refit is None
        else read_table(refit)
    )
    kind = kind_of(table)
    fitted = kind.fit(table)
    write_table(fitted, output)
    try:
        found = agreements(compare_all(fitted, kind.parse(fitted)))
    except TechnologyError:
        found = []  # too few designs to validate with
    if as_json:
        print_json({"table": str(output), "held_out": [item.to_json() for item in found]})
        return
    if found:
        show_agreements(found)
    click.echo(f"\n{output} written.")


def _measured(
    files: tuple[Path, ...],
    fpga: str | None,
    node_nm: float | None,
    *,
    dsp: bool,
    **rest: Any,
) -> dict[str, Any]:
    """Measure a library or a family of FPGAs, and show the progress.

    Args:
        files: Liberty files.
        fpga: family of FPGAs, instead of a library.
        node_nm: feature size.
        dsp: use the hard multipliers of the FPGA.
        rest: name of the table, number of designs and processes.
    """
    steps = rest["designs"] + sum(len(calibration.grid) for calibration in CALIBRATIONS.values())
    with ConsoleReporter() as reporter:
        if fpga is not None:
            reporter.start("placing", steps)
            return measured_fabric(fpga, dsp=dsp, progress=reporter.advance, **rest)
        if node_nm is None:
            raise click.UsageError("--liberty FILE needs --node-nm, the feature size in nm.")
        reporter.start("measuring", steps)
        return measured_table(files, node_nm=node_nm, progress=reporter.advance, **rest)


@click.command()
@click.argument("technology", nargs=-1)
@click.option(
    "--plot",
    type=click.Path(path_type=Path),
    help="Draw estimates over measurements as PNG and SVG; the name of each technology is added.",
)
@json_option
def validate(*, technology: tuple[str, ...], plot: Path | None, as_json: bool) -> None:
    """Compare cost estimates with measurements.

    The designs that are shown took no part in the fit. TECHNOLOGY is the name or the path of a
    technology or fabric table; by default, all shipped tables. A table holds its measurements, so
    this needs no library and no tool.
    For each group of designs, the command shows the mean, worst and signed error, the rank
    correlation, how many pairs that differ by more than 5 % have the right order, how many
    designs lie in their interval, and how many pairs the estimates order for sure.
    """
    documents = []
    for name in technology or shipped():
        table = named_table(name)
        kind = kind_of(table)
        comparisons = compare_all(table, kind.parse(table))
        found = agreements(comparisons)
        drawn: tuple[Path, ...] = ()
        if plot is not None:
            stem = plot.with_suffix("")
            stem = stem.with_name(f"{stem.name}-{table['name']}")
            drawn = plot_comparisons(comparisons, kind.heading(table), stem)
        documents.append(
            {
                "technology": table["name"],
                "held_out": [item.to_json() for item in found],
                "plots": [str(path) for path in drawn],
            }
        )
        if not as_json:
            click.echo(kind.heading(table))
            show_agreements(found)
            for path in drawn:
                click.echo(f"  {path}")
            click.echo()
    if as_json:
        print_json({"technologies": documents})


def show_agreements(found: list[Agreement]) -> None:
    """Print a table of errors."""
    print_table(
        [
            "quantity",
            "designs",
            "MAPE",
            "worst",
            "bias",
            "Spearman",
            "ordered",
            "in interval",
            "surely ordered",
            "of these right",
            "group",
        ],
        [
            [
                item.quantity,
                str(item.designs),
                f"{item.mape:.1%}",
                f"{item.worst:.0%}",
                f"{item.bias:+.1%}",
                f"{item.spearman:.3f}",
                f"{item.ordered:.1%}",
                f"{item.covered:.0%}",
                f"{item.sure:.0%}",
                f"{item.sure_right:.1%}",
                item.group,
            ]
            for item in found
        ],
    )
