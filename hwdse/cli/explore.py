"""`hwdse explore`, and `hwdse pareto` and `hwdse report` on its store."""

from pathlib import Path
from typing import Any

import click
import pandas as pd

from hwdse.cli.output import json_option, percent, print_json, print_table
from hwdse.errors import StoreError
from hwdse.explore.columns import COLUMNS, Column, column
from hwdse.explore.front import pareto as pareto_front
from hwdse.explore.progress import ConsoleReporter
from hwdse.explore.record import four_digits
from hwdse.explore.reporting import report as write_report
from hwdse.explore.run import sweep
from hwdse.explore.space import Space
from hwdse.explore.store import Store

_COLUMN = click.Choice([c.name for c in COLUMNS])


@click.command()
@click.argument("space", required=False, type=click.Path(path_type=Path))
@click.option(
    "-o",
    "folder",
    default="hwdse-out",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Output folder.",
)
@click.option("--jobs", type=click.IntRange(min=1), help="Worker processes; one per core.")
@click.option("--network", help="Shipped network or ONNX file, instead of the space's.")
@click.option("--samples", type=click.IntRange(min=1), help="Test samples, instead of the space's.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Folder of the dataset.")
@json_option
def explore(
    *,
    space: Path | None,
    folder: Path,
    jobs: int | None,
    network: str | None,
    samples: int | None,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Sweep a design space and write the results.

    SPACE is a TOML file; without it the built-in space is swept. Finished designs are kept: an
    interrupted sweep goes on where it stopped when the same command runs again.
    """
    designs = Space.builtin() if space is None else Space.load(space)
    try:
        with ConsoleReporter() as reporter:
            if designs.skipped:
                what = "combination" if designs.skipped == 1 else "combinations"
                verb = "is" if designs.skipped == 1 else "are"
                reporter.note(f"{designs.skipped} {what} without meaning {verb} left out")
            result = sweep(
                designs,
                folder,
                jobs=jobs,
                network=network,
                samples=samples,
                data_dir=data_dir,
                reporter=reporter,
            )
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            ": finished designs are kept, the same command goes on from there"
        ) from None
    if as_json:
        print_json(
            {
                "folder": result.folder,
                "files": result.files,
                "designs": len(result.frame),
                "computed": result.computed,
                "reused": result.reused,
                "skipped": result.skipped,
                "front": _records(result.front),
            }
        )
        return
    _print_front(result.front, len(result.frame))
    _print_advice(result.front)
    click.echo(f"\nResults in {result.folder}:")
    for kind, path in result.files.items():
        click.echo(f"  {kind.replace('_', ' '):10}{path}")


@click.command()
@click.argument("store", type=click.Path(path_type=Path))
@click.option("--x", default="energy_pj", show_default=True, type=_COLUMN, help="First quantity.")
@click.option("--y", default="accuracy", show_default=True, type=_COLUMN, help="Second quantity.")
@json_option
def pareto(*, store: Path, x: str, y: str, as_json: bool) -> None:
    """Show the Pareto front of a finished or interrupted sweep.

    STORE is an output folder of `hwdse explore`, or the store.sqlite in it.
    """
    with Store.open(store) as opened:
        frame, asked = opened.frame(), opened.selected()
        if frame.empty:
            raise StoreError(f"{opened.path} holds no finished design yet: run hwdse explore")
    front = pareto_front(frame, x, y)
    if as_json:
        print_json(
            {"x": x, "y": y, "designs": len(frame), "asked": asked, "front": _records(front)}
        )
        return
    _print_front(front, len(frame), column(x), column(y))
    if asked > len(frame):
        click.echo(f"\nUnfinished: {len(frame)} of {asked} designs.")


@click.command()
@click.argument("store", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "output",
    default="report.html",
    show_default=True,
    type=click.Path(path_type=Path),
    help="File to write.",
)
@json_option
def report(*, store: Path, output: Path, as_json: bool) -> None:
    """Write the HTML report of a finished or interrupted sweep.

    STORE is an output folder of `hwdse explore`, or the store.sqlite in it.
    """
    with Store.open(store) as opened:
        path = write_report(opened, output)
    if as_json:
        print_json({"report": path})
    else:
        click.echo(path)


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as JSON objects, a missing value being null."""
    return [
        {str(name): None if pd.isna(value) else value for name, value in record.items()}
        for record in frame.to_dict("records")
    ]


def _print_front(front: pd.DataFrame, designs: int, *compared: Column) -> None:
    by = " and ".join(c.title.lower() for c in compared) or "energy and accuracy"
    click.echo(f"Pareto front of {by}: {len(front)} of {designs} designs\n")
    rows = []
    for rank, record in enumerate(front.to_dict("records"), start=1):
        interval = f"{100 * record['accuracy_low']:.1f}-{100 * record['accuracy_high']:.1f}"
        rows.append(
            [
                rank,
                record["design"],
                percent(record["accuracy"]),
                interval,
                four_digits(record["energy_pj"]),
                four_digits(record["area_um2"]),
                four_digits(record["delay_ns"]),
                "verified" if record["verified"] else "-",
            ]
        )
    print_table(
        ["rank", "design", "accuracy", "interval", "pJ/MAC", "area um2", "delay ns", "Verilog"],
        rows,
    )


def _print_advice(front: pd.DataFrame) -> None:
    """Say which design is the cheapest that measurement cannot tell from float."""
    as_good = front[front["accuracy_high"] >= front["float_accuracy"]]
    if as_good.empty:
        return
    best = as_good.sort_values("energy_pj").iloc[0]
    click.echo(
        f"\nFloat reaches {percent(best['float_accuracy'])}. The cheapest design whose "
        f"{best['confidence']:.0%} interval reaches that: {best['design']}, "
        f"{four_digits(best['energy_pj'])} pJ/MAC"
    )
