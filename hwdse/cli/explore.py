"""`hwdse explore`, and the commands `hwdse pareto` and `hwdse report`, which read its store."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import pandas as pd

from hwdse.cli.counts import MAX_JOBS, Count
from hwdse.cli.fronts import print_advice, print_failures, print_front
from hwdse.cli.network_options import GivenNetworks, network_options
from hwdse.cli.output import json_option, print_json
from hwdse.cli.places import PlaceType, sweep_option
from hwdse.cli.scales import scales_option
from hwdse.errors import FailedDesignsError, StoreError
from hwdse.explore.aims import Aims
from hwdse.explore.asked import DEFAULT_SWEEP
from hwdse.explore.budget import SAMPLERS
from hwdse.explore.columns import COLUMNS, DEFAULT_COST, DEFAULT_QUALITY
from hwdse.explore.database import Place
from hwdse.explore.front import pareto as pareto_front
from hwdse.explore.hypervolume import Hypervolume, hypervolumes
from hwdse.explore.paired import Paired
from hwdse.explore.progress import ConsoleReporter
from hwdse.explore.run import Sweep
from hwdse.explore.run import sweep as run_sweep
from hwdse.explore.space import Space
from hwdse.explore.standing import with_standing
from hwdse.explore.store import Store
from hwdse.explore.tables import finished, frame_of
from hwdse.text import printable


class _Quantity(click.ParamType[str]):
    """A column of results. Which there are depends on the measures of the sweep."""

    name = "quantity"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """The columns that every sweep may have."""
        return f"[{'|'.join(c.name for c in COLUMNS)}|...]"


_COLUMN = _Quantity()


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
@click.option(
    "--jobs",
    type=Count(1, MAX_JOBS),
    help="Worker processes, one per core by default; 1 works in this process.",
)
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Dask scheduler, such as tcp://127.0.0.1:8786, whose workers do the work.",
)
@network_options(several=True, default=", instead of the space's")
@click.option("--samples", type=Count(1), help="Test samples, instead of the space's.")
@scales_option(None, ", instead of the space's")
@click.option(
    "--requantize/--no-requantize",
    default=None,
    help="Round what layers hand on to the output format, instead of what the space says.",
)
@click.option(
    "--clock-ns",
    type=click.FloatRange(min=0, min_open=True),
    help="Clock period in ns that all designs shall meet, instead of the space's.",
)
@click.option(
    "--budget",
    metavar="N|N%",
    help="Measure only so many designs, chosen by a search; instead of what the space says.",
)
@click.option(
    "--sampler",
    type=click.Choice(SAMPLERS),
    help="What chooses them: expected gain in hypervolume (ehvi), or an Optuna study.",
)
@click.option(
    "--store",
    metavar="FILE|URL",
    type=PlaceType(),
    help="Where finished designs are kept: a file, or postgresql://[user@]host/database.  "
    "[default: store.sqlite in the output folder]",
)
@click.option(
    "--sweep",
    "name",
    metavar="NAME",
    default=DEFAULT_SWEEP,
    show_default=True,
    help="Name of the sweep. Sweeps of other names stay in the store.",
)
@json_option
def explore(
    *,
    space: Path | None,
    folder: Path,
    store: Place | None,
    name: str,
    jobs: int | None,
    scheduler: str | None,
    given: GivenNetworks,
    samples: int | None,
    scales: str | None,
    requantize: bool | None,
    clock_ns: float | None,
    budget: str | None,
    sampler: str | None,
    as_json: bool,
) -> None:
    """Sweep a design space and write the results.

    SPACE is a TOML file. Without SPACE, the built-in space is swept. If the space has a clock
    period, each design gets the registers that it needs for it. Finished designs are kept: to
    continue an interrupted sweep, run the same command again. A failed design does not stop the
    sweep: the failed design is listed with the reason, and the exit status is 1. The same command
    tries failed designs again.
    """
    designs = Space.builtin() if space is None else Space.load(space)
    designs = given.over(designs)
    settings: dict[str, Any] = {"samples": samples, "scales": scales, "budget": budget}
    settings |= {"requantize": requantize, "clock_ns": clock_ns, "sampler": sampler}
    settings |= {"jobs": jobs, "scheduler": scheduler, "data_dir": given.folder}
    _swept(designs, folder, as_json, store=store, name=name, **settings)


@click.command()
@click.argument("store", type=PlaceType())
@sweep_option
@click.option(
    "-o",
    "folder",
    type=click.Path(path_type=Path),
    help="Output folder; by default that of the store.",
)
@click.option("--jobs", type=Count(1, MAX_JOBS), help="Worker processes, one per core by default.")
@click.option("--scheduler", metavar="ADDRESS", help="Dask scheduler whose workers do the work.")
@json_option
def resume(
    *,
    store: Place,
    sweep: str | None,
    folder: Path | None,
    jobs: int | None,
    scheduler: str | None,
    as_json: bool,
) -> None:
    """Go on with an interrupted sweep, without its space file.

    All settings are those that the sweep began with. Failed designs are tried again.

    STORE is an output folder of `hwdse explore`, the file store.sqlite in this folder, or
    postgresql://[user@]host/database.
    """
    with Store.open(store, sweep) as opened:
        asked, place = opened.asked(), opened.path or store
        shown = opened.shown
    if not asked.space:
        raise StoreError(
            f"{shown} does not say what sweep {printable(asked.sweep)!r} evaluates: run hwdse "
            "explore"
        )
    if folder is None and not isinstance(place, Path):
        raise click.UsageError("a store on a server has no output folder: give -o")
    space = Space.parse(asked.space, f"sweep {asked.sweep!r} of {shown}")
    _swept(
        space,
        folder or Path(place).parent,
        as_json,
        store=place,
        name=asked.sweep,
        jobs=jobs,
        scheduler=scheduler,
        data_dir=asked.data_dir or None,
    )


def _swept(space: Space, folder: Path, as_json: bool, **settings: Any) -> None:
    """Run a sweep, show its progress and then its results."""
    if settings["jobs"] is not None and settings["scheduler"] is not None:
        raise click.UsageError("--jobs is of this machine, and --scheduler of others: give one")
    result: Sweep
    failed: FailedDesignsError | None = None
    try:
        with ConsoleReporter() as reporter:
            if space.skipped:
                what = "combination" if space.skipped == 1 else "combinations"
                verb = "is" if space.skipped == 1 else "are"
                reporter.note(f"{space.skipped} {what} without meaning {verb} left out")
            result = run_sweep(space, folder, reporter=reporter, **settings)
    except FailedDesignsError as error:
        failed, result = error, error.result
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
                "unmeasured": result.unmeasured,
                "front": _records(result.front),
                "hypervolume": _volumes(result.hypervolumes),
                "failed": _records(result.failures[["spec", "failure"]]),
            }
        )
    else:
        done = finished(result.frame)
        print_front(done, space.aims, result.hypervolumes)
        if result.unmeasured:
            pool = len(result.frame) + result.unmeasured
            click.echo(f"\nA search measured {len(result.frame)} of {pool} designs.")
        print_advice(done)
        print_failures(result.failures)
        click.echo(f"\nResults in {printable(str(result.folder))}:")
        for kind, path in result.files.items():
            click.echo(f"  {kind.replace('_', ' '):10}{printable(str(path))}")
    if failed is not None:
        raise failed


@click.command()
@click.argument("store", type=PlaceType())
@sweep_option
@click.option("--x", type=_COLUMN, help=f"First quantity; with --y alone {DEFAULT_COST}.")
@click.option("--y", type=_COLUMN, help=f"Second quantity; with --x alone {DEFAULT_QUALITY}.")
@click.option("--objective", "objectives", multiple=True, type=_COLUMN, help="A further quantity.")
@click.option(
    "--where", "limits", multiple=True, metavar="LIMIT", help="Limit such as 'delay_ns <= 2'."
)
@click.option(
    "--export",
    type=click.Choice(["optuna"]),
    help="Also write all finished designs as an Optuna study.",
)
@click.option(
    "-o", "output", type=click.Path(path_type=Path), help="File of --export; default study.db."
)
@json_option
def pareto(
    *,
    store: Place,
    sweep: str | None,
    x: str | None,
    y: str | None,
    objectives: tuple[str, ...],
    limits: tuple[str, ...],
    export: str | None,
    output: Path | None,
    as_json: bool,
) -> None:
    """Show the Pareto front of a finished or interrupted sweep.

    Without options, the objectives and limits of the space count. --where alone replaces only its
    limits. The front has the designs that no other design beats in all objectives at
    once. --objective and --where may be repeated: with two objectives or more, --x and --y are not
    needed, and designs that break a limit are not on the front.

    STORE is an output folder of `hwdse explore`, the file store.sqlite in this folder, or
    postgresql://[user@]host/database.
    """
    with Store.open(store, sweep) as opened:
        rows, asked = opened.rows(), opened.selected()
        frame = frame_of(rows)
        aims = _aims(x, y, objectives, limits, opened.aims())
        if frame.empty:
            raise StoreError(f"{opened.shown} holds no finished design yet: run hwdse explore")
    for needed, quantity in aims.needs().items():
        if quantity not in frame or frame[quantity].isna().all():
            raise StoreError(f"{opened.shown} holds no {quantity}: the space must say {needed}")
    done = with_standing(finished(frame), aims, Paired.of(rows))
    failures = frame[frame["failure"] != ""]
    front = pareto_front(done, aims)
    volumes = hypervolumes(done, aims, Paired.of(rows))
    if output is not None and export is None:
        raise click.UsageError("-o names the file of --export: give --export optuna")
    written = _exported(done, aims, output or Path("study.db")) if export else {}
    if as_json:
        print_json(
            {
                "x": aims.objectives[0],
                "y": aims.objectives[1],
                "objectives": list(aims.objectives),
                "where": [str(limit) for limit in aims.where],
                "designs": len(done),
                "asked": asked,
                "front": _records(front),
                "hypervolume": _volumes(volumes),
                "failed": _records(failures[["spec", "failure"]]),
                **written,
            }
        )
        return
    print_front(done, aims, volumes)
    print_failures(failures)
    if written:
        studies = ", ".join(map(repr, written["studies"]))
        click.echo(f"\nOptuna studies in {printable(str(written['file']))}: {studies}")
    if asked > len(frame):
        click.echo(f"\nUnfinished: {len(frame)} of {asked} designs.")


@click.command()
@click.argument("store", type=PlaceType())
@sweep_option
@click.option(
    "-o",
    "output",
    default="report.html",
    show_default=True,
    type=click.Path(path_type=Path),
    help="File to write.",
)
@json_option
def report(*, store: Place, sweep: str | None, output: Path, as_json: bool) -> None:
    """Write the HTML report of a finished or interrupted sweep.

    It shows the objectives of the space first.

    STORE is an output folder of `hwdse explore`, the file store.sqlite in this folder, or
    postgresql://[user@]host/database.
    """
    from hwdse.explore.reporting import report as write_report  # noqa: PLC0415 - as in `steps`

    with Store.open(store, sweep) as opened:
        path = write_report(opened, output, opened.aims())
    if as_json:
        print_json({"report": path})
    else:
        click.echo(printable(str(path)))


def _exported(done: pd.DataFrame, aims: Aims, path: Path) -> dict[str, Any]:
    """Write the studies, and say where they are."""
    # The library is an extra, and slow to load.
    from hwdse.explore.optuna_study import write_study  # noqa: PLC0415

    return {"file": path, "studies": write_study(done, aims, path)}


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows as JSON objects. Missing values become null."""
    return [
        {str(name): None if pd.isna(value) else value for name, value in record.items()}
        for record in frame.to_dict("records")
    ]


def _aims(
    x: str | None,
    y: str | None,
    objectives: tuple[str, ...],
    limits: tuple[str, ...],
    swept: Aims,
) -> Aims:
    """The aims of `hwdse pareto`: what the command says, or else the aims of the sweep.

    x and y are needed only without two objectives.
    """
    if not (x or y or objectives):
        return Aims.of(*swept.objectives, where=limits) if limits else swept
    first = (x, y)
    if len(objectives) < 2:
        first = (x or DEFAULT_COST, y or DEFAULT_QUALITY)
    names = dict.fromkeys([*(name for name in first if name), *objectives])
    return Aims.of(*names, where=limits)


def _volumes(volumes: Mapping[str, Hypervolume]) -> list[dict[str, Any]]:
    return [{"combination": name, **volume.to_json()} for name, volume in volumes.items()]
