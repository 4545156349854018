"""`hwdse calibrate` makes technology tables, `hwdse validate` compares them with synthesis."""

from pathlib import Path

import click

from hwdse.cli.counts import MAX_JOBS, Count
from hwdse.cli.output import json_option, print_json, print_table
from hwdse.cost import technologies
from hwdse.cost.calibration.circuits import CALIBRATIONS
from hwdse.cost.calibration.table import (
    fitted_table,
    measured_table,
    named_table,
    read_table,
    write_table,
)
from hwdse.cost.calibration.validation import Agreement, agreements, compare_all
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
    refit: Path | None,
    node_nm: float | None,
    designs: int,
    jobs: int | None,
    output: Path,
    as_json: bool,
) -> None:
    """Fit the cost model to a cell library.

    Synthesizes, times and simulates primitives and whole designs with the cells of the library, and
    writes a technology table for --technology. What is measured is kept in the cache: an
    interrupted run goes on where it stopped. Shows the errors for designs that took no part in the
    fit.
    """
    if bool(files) == (refit is not None):
        raise click.UsageError("Give either --liberty FILE or --refit TABLE.")
    if refit is not None:
        table = read_table(refit)
    else:
        if node_nm is None:
            raise click.UsageError("--liberty FILE needs --node-nm, the feature size in nm.")
        steps = designs + sum(len(calibration.grid) for calibration in CALIBRATIONS.values())
        with ConsoleReporter() as reporter:
            reporter.start("measuring", steps)
            table = measured_table(
                files,
                name=output.stem,
                node_nm=node_nm,
                designs=designs,
                jobs=jobs,
                progress=reporter.advance,
            )
    fitted = fitted_table(table)
    write_table(fitted, output)
    try:
        found = agreements(compare_all(fitted))
    except TechnologyError:
        found = []  # too few designs to validate with
    if as_json:
        print_json({"table": str(output), "held_out": [item.to_json() for item in found]})
        return
    if found:
        show_agreements(found)
    click.echo(f"\n{output} written.")


@click.command()
@click.argument("technology", nargs=-1)
@click.option(
    "--plot",
    type=click.Path(path_type=Path),
    help="Draw estimates over measurements as PNG and SVG; the name of each technology is added.",
)
@json_option
def validate(*, technology: tuple[str, ...], plot: Path | None, as_json: bool) -> None:
    """Compare cost estimates with synthesis.

    The designs that are shown took no part in the fit. TECHNOLOGY is the name or the path of a
    table; by default, all shipped tables. A table holds its measurements, so this needs no library.
    For each group of designs, the command shows the mean, worst and signed error, the rank
    correlation, how many pairs that differ by more than 5 % have the right order, how many
    designs lie in their interval, and how many pairs the estimates order for sure.
    """
    documents = []
    for name in technology or technologies():
        table = named_table(name)
        comparisons = compare_all(table)
        found = agreements(comparisons)
        drawn: tuple[Path, ...] = ()
        if plot is not None:
            stem = plot.with_suffix("")
            stem = stem.with_name(f"{stem.name}-{table['name']}")
            title = f"{table['name']}: {table['library']}, {table['corner']}"
            drawn = plot_comparisons(comparisons, title, stem)
        documents.append(
            {
                "technology": table["name"],
                "held_out": [item.to_json() for item in found],
                "plots": [str(path) for path in drawn],
            }
        )
        if not as_json:
            click.echo(f"{table['name']}: {table['library']}, {table['corner']}")
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
