"""`hwdse ladder`: how well cheap measurements of designs foretell dear ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import click

from hwdse.cli.counts import MAX_JOBS, Count
from hwdse.cli.network_options import (
    GivenNetworks,
    network_options,
    shown_value,
    value_name,
)
from hwdse.cli.output import json_option, print_json, print_table
from hwdse.errors import FailedDesignsError
from hwdse.explore.progress import ConsoleReporter
from hwdse.explore.record import short_spec
from hwdse.explore.space import Space
from hwdse.networks.ladder import Climb, climb, rank_correlations
from hwdse.networks.metrics import Metric
from hwdse.networks.rung_names import FEW_SAMPLES, RUNGS
from hwdse.networks.source import NetworkSource, OpenNetwork
from hwdse.spec import Design
from hwdse.workers import Failure, run_tasks


@click.command()
@click.argument("space", type=click.Path(path_type=Path))
@network_options(several=True, default="; by default those of the space")
@click.option(
    "--few",
    type=Count(1),
    default=FEW_SAMPLES,
    show_default=True,
    help="Samples of the rung `logits`.",
)
@click.option("--samples", type=Count(1), help="Samples of the rung `network`; by default all.")
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
    given: GivenNetworks,
    few: int,
    samples: int | None,
    jobs: int | None,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Measure the designs of a space on four rungs, and how well each rung orders them.

    The rungs are signal-to-noise ratios: of the operands of matrix products (tensors), of each
    matrix product alone (layers), of the network's outputs on a few samples (logits), and on all
    samples (network). Rank correlations say how far a cheap rung can stand for a dear one.
    """
    loaded = given.over(Space.load(space))
    names = map(str, loaded.axes.get("network", (loaded.network,)))
    sources = [
        NetworkSource(network=name, settings=loaded.settings, folder=given.folder) for name in names
    ]
    samples = loaded.samples if samples is None else samples
    found: dict[str, list[Climb]] = {}
    judged_by: dict[str, Metric] = {}
    failures: dict[str, str] = {}
    with ConsoleReporter() as reporter:
        for source in sources:
            opened = source.open()
            name = opened.network.name
            judged_by[name] = opened.metric
            work = _Climbing(
                source=source, few=few, samples=opened.count(samples), scales=loaded.scales
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
    if as_json:
        _print_json(found, drawn)
    else:
        _print(found, judged_by, drawn)
    if failures:
        for what, reason in failures.items():
            click.echo(f"{what}: {reason}", err=True)
        plural = "s" * (len(failures) > 1)
        raise FailedDesignsError(f"{len(failures)} measurement{plural} failed", found)


@dataclass(frozen=True, kw_only=True)
class _Climbing:
    """The task of a process: all rungs of a design."""

    source: NetworkSource
    few: int
    samples: int
    scales: str

    def __call__(self, design: Design) -> Climb:
        opened = _opened(self.source)
        return climb(
            design,
            opened.network,
            few=self.few,
            samples=self.samples,
            data=opened.data,
            metric=opened.metric,
            policy=self.scales,
        )


@lru_cache(maxsize=1)
def _opened(source: NetworkSource) -> OpenNetwork:
    """The network of a process, which all its designs share."""
    return source.open()


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


def _print(
    found: Mapping[str, Sequence[Climb]], judged_by: Mapping[str, Metric], drawn: Sequence[Path]
) -> None:
    for name, climbs in found.items():
        metric = judged_by[name]
        print_table(
            [f"design on {name}", *(f"{rung} dB" for rung in RUNGS), value_name(metric)],
            [
                [
                    short_spec(each.design),
                    *(f"{each.decibels[rung]:.1f}" for rung in RUNGS),
                    shown_value(each.accuracy.value, metric),
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
