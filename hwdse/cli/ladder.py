"""`hwdse ladder`: how well cheap measurements of designs foretell dear ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from hwdse import networks
from hwdse.cli.counts import MAX_JOBS, Count
from hwdse.cli.output import json_option, percent, print_json, print_table
from hwdse.errors import FailedDesignsError
from hwdse.explore.progress import ConsoleReporter
from hwdse.explore.record import short_spec
from hwdse.explore.space import Space
from hwdse.networks.ladder import Climb, climb, rank_correlations
from hwdse.networks.rung_names import FEW_SAMPLES, RUNGS
from hwdse.spec import Design
from hwdse.workers import Failure, run_tasks


@click.command()
@click.argument("space", type=click.Path(path_type=Path))
@click.option(
    "--network",
    "chosen",
    multiple=True,
    help="Shipped network or ONNX file, may be repeated; by default those of the space.",
)
@click.option(
    "--few",
    type=Count(1),
    default=FEW_SAMPLES,
    show_default=True,
    help="Samples of the rung `logits`.",
)
@click.option("--samples", type=Count(1), help="Samples of the rung `network`; by default all.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Folder of the dataset.")
@click.option("--jobs", type=Count(1, MAX_JOBS), help="Processes; by default one per core.")
@click.option(
    "--plot",
    type=click.Path(path_type=Path),
    help="Draw each rung against the last, as PNG and SVG; the suffix is left out.",
)
@json_option
def ladder(
    *,
    space: Path,
    chosen: tuple[str, ...],
    few: int,
    samples: int | None,
    data_dir: Path | None,
    jobs: int | None,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Measure the designs of a space on four rungs, and how well each rung orders them.

    The rungs are signal-to-noise ratios: of the operands of matrix products (tensors), of each
    matrix product alone (layers), of the network's outputs on a few samples (logits), and on all
    samples (network). Rank correlations say how far a cheap rung can stand for a dear one.
    """
    loaded = Space.load(space)
    sources = chosen or tuple(map(str, loaded.axes.get("network", (loaded.network,))))
    samples = loaded.samples if samples is None else samples
    found: dict[str, list[Climb]] = {}
    failures: dict[str, str] = {}
    with ConsoleReporter() as reporter:
        for source in sources:
            name = networks.load(source).name
            work = _Climbing(
                network=source,
                few=few,
                samples=samples,
                data_dir=data_dir,
                scales=loaded.scales,
            )
            reporter.start(f"designs on {name}", len(loaded.designs))
            results: dict[Design, Climb] = {}
            for design, result in run_tasks(work, loaded.designs, jobs):
                reporter.advance(short_spec(design))
                if isinstance(result, Failure):
                    failures[f"{short_spec(design)} on {name}"] = result.reason
                else:
                    results[design] = result
            found[name] = [results[design] for design in loaded.designs if design in results]
    drawn: tuple[Path, ...] = ()
    if plot:
        from hwdse.explore.ladder_picture import plot_ladder  # noqa: PLC0415 - loads Matplotlib

        drawn = plot_ladder(found, plot.with_suffix(""))
    (_print_json if as_json else _print)(found, drawn)
    if failures:
        for what, reason in failures.items():
            click.echo(f"{what}: {reason}", err=True)
        plural = "s" * (len(failures) > 1)
        raise FailedDesignsError(f"{len(failures)} measurement{plural} failed", found)


@dataclass(frozen=True, kw_only=True)
class _Climbing:
    """The task of a process: all rungs of a design."""

    network: str
    few: int
    samples: int | None
    data_dir: Path | None
    scales: str

    def __call__(self, design: Design) -> Climb:
        return climb(
            design,
            networks.load(self.network),
            few=self.few,
            samples=self.samples,
            data_dir=self.data_dir,
            policy=self.scales,
        )


def _print_json(found: Mapping[str, Sequence[Climb]], drawn: Sequence[Path]) -> None:
    plots = {"plots": [str(path) for path in drawn]} if drawn else {}
    print_json(
        {
            "networks": [
                {
                    "network": name,
                    "designs": [each.to_json() for each in climbs],
                    "rank_correlations": [
                        {"lower": lower, "upper": upper, "spearman": value}
                        for (lower, upper), value in rank_correlations(climbs).items()
                    ],
                }
                for name, climbs in found.items()
            ],
            **plots,
        }
    )


def _print(found: Mapping[str, Sequence[Climb]], drawn: Sequence[Path]) -> None:
    for name, climbs in found.items():
        print_table(
            [f"design on {name}", *(f"{rung} dB" for rung in RUNGS), "accuracy"],
            [
                [
                    short_spec(each.design),
                    *(f"{each.decibels[rung]:.1f}" for rung in RUNGS),
                    percent(each.accuracy.value),
                ]
                for each in climbs
            ],
        )
        click.echo()
    pairs = [(lower, upper) for n, lower in enumerate(RUNGS) for upper in RUNGS[n + 1 :]]
    click.echo("Spearman's rank correlation of a rung with dearer ones:")
    print_table(
        ["network", "designs", *(f"{lower} - {upper}" for lower, upper in pairs)],
        [
            [
                name,
                len(climbs),
                *(f"{value:.3f}" for value in rank_correlations(climbs).values()),
            ]
            for name, climbs in found.items()
        ],
    )
    for path in drawn:
        click.echo(f"  {path}")
