"""`hwdse sensitivity` and `hwdse search-layers`: what each layer of a network needs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from hwdse.cli.counts import Count
from hwdse.cli.network_options import (
    GivenNetworks,
    network_options,
    shown_interval,
    shown_value,
    value_name,
)
from hwdse.cli.output import json_option, percent, print_json, print_table
from hwdse.cli.scales import scales_option
from hwdse.cost import DEFAULT_TECHNOLOGY
from hwdse.errors import SpecError
from hwdse.explore.layer_budget import LayerBudget
from hwdse.explore.layer_search import DEFAULT_TRIES, Found, find_layers
from hwdse.explore.progress import ConsoleReporter
from hwdse.explore.record import short_spec
from hwdse.networks import Accuracy
from hwdse.networks.assignment import Assignment
from hwdse.networks.layer_scores import LayerScores
from hwdse.networks.metrics import Metric
from hwdse.networks.sensitivity import LayerLoss, layer_losses
from hwdse.networks.statistics import bootstrap_interval
from hwdse.spec import Design
from hwdse.writing import write_file

_USUAL = tuple(
    f"{operands},acc=int:32"
    for operands in ("a=int8", "a=int6", "a=int8,b=int4", "a=int6,b=int4", "a=int4")
)
"""Designs between which `search-layers` chooses unless others are named."""


def _shared(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that both commands have."""
    options = (
        network_options(),
        click.option("--samples", type=Count(1), help="Test samples, from the first."),
        scales_option(),
        click.option(
            "--method", "methods", default="", metavar="NAME,...", help="Quantisation methods."
        ),
        json_option,
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command(name="sensitivity")
@click.option(
    "--plot",
    type=click.Path(path_type=Path),
    help="Draw the layers, as PNG and SVG; the suffix is left out.",
)
@click.argument("spec", nargs=-1, required=True)
@_shared
def sensitivity(
    *,
    spec: tuple[str, ...],
    given: GivenNetworks,
    samples: int | None,
    scales: str,
    methods: str,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Measure what each layer of a network loses when it alone runs in a design.

    All other layers stay float32. Layers with much noise need a better design; `hwdse
    search-layers` finds one for each.
    """
    designs, opened = _different(spec), given.open()
    scores = LayerScores(
        designs,
        opened.network,
        opened.count(samples),
        data=opened.data,
        metric=opened.metric,
        scales=scales,
        methods=methods,
    )
    with ConsoleReporter() as reporter:
        reporter.start("layers", len(designs) * len(scores.sites))
        found = layer_losses(scores, designs, reporter.advance)
    drawn: tuple[Path, ...] = ()
    if plot:
        from hwdse.explore.sensitivity_picture import (  # noqa: PLC0415 - loads Matplotlib
            plot_sensitivity,
        )

        drawn = plot_sensitivity(found, plot.with_suffix(""))
    if as_json:
        plots = {"plots": [str(path) for path in drawn]} if drawn else {}
        print_json({"layers": [each.to_json() for each in found], **plots})
        return
    _show(designs, found, opened.metric)
    first = found[0].accuracy
    click.echo(
        f"\n{first.network}, {first.metric}, {first.samples} test samples, float32 "
        f"{shown_value(first.float_value, opened.metric)}. "
        "One layer at a time in the design, the others in float32. dB: signal-to-noise ratio of "
        "the outputs."
    )
    for path in drawn:
        click.echo(f"  {path}")


@click.command(name="search-layers")
@click.option(
    "--budget",
    "limit",
    required=True,
    metavar="QUANTITY=SHARE",
    help="Limit of energy, area or bits, as a part of what the first SPEC takes in all layers.",
)
@click.option(
    "-o", "output", type=click.Path(path_type=Path), help="Write the assignment to this file."
)
@click.option(
    "--tries",
    type=Count(1),
    default=DEFAULT_TRIES,
    show_default=True,
    help="Assignments to measure after each layer alone.",
)
@click.option("--technology", default=DEFAULT_TECHNOLOGY, show_default=True, help="Cost table.")
@click.option("--clock-ns", type=float, help="Clock period; by default each design's shortest.")
@click.argument("spec", nargs=-1)
@_shared
def search_layers(
    *,
    spec: tuple[str, ...],
    given: GivenNetworks,
    limit: str,
    output: Path | None,
    tries: int,
    technology: str,
    clock_ns: float | None,
    samples: int | None,
    scales: str,
    methods: str,
    as_json: bool,
) -> None:
    """Search the design of each layer of a network under a budget.

    Without SPECs, it chooses between integers of 4 to 8 bits: a=int8, a=int6, a=int8,b=int4,
    a=int6,b=int4 and a=int4, all with acc=int:32.

    The search sees calibration samples only. What it finds is then scored on test samples, beside
    each design in all layers. The file that -o writes is taken by `accuracy`, `explore`,
    `run-network` and others in place of a design.
    """
    designs, budget = _different(spec or _USUAL), LayerBudget.parse(limit)
    if len(designs) < 2:
        raise SpecError("search-layers chooses between designs: give at least two")
    opened = given.open()
    count, metric = opened.count(samples), opened.metric
    how: dict[str, Any] = {"data": opened.data, "metric": metric}
    how |= {"scales": scales, "methods": methods}
    scores = LayerScores(designs, opened.network, count, on_calibration=True, **how)
    prices = budget.prices(designs, scores, technology, clock_ns)
    with ConsoleReporter() as reporter:
        reporter.start("scores", len(designs) * len(scores.sites) + tries)
        found = find_layers(designs, scores, budget, prices, tries=tries, progress=reporter.advance)
    test = LayerScores(designs, opened.network, count, **how)
    scored = [
        _Scored(short_spec(one), prices.of(everywhere) / found.whole, test.of(everywhere))
        for one in designs
        for everywhere in (dict.fromkeys(scores.sites, one),)
    ]
    mixed = _Scored("a design for each layer", found.cost, test.of(found.layers))
    if output:
        write_file(output, Assignment.of_layers(output.name, found.layers).to_toml())
    if as_json:
        print_json(_document(budget, found, [*scored, mixed], output))
        return
    _show_found(budget, found, scored, mixed, metric)
    if output:
        click.echo(f"  {output}")


@dataclass(frozen=True)
class _Scored:
    """What was scored on the test samples, and its part of the first design's cost."""

    name: str
    cost: float
    accuracy: Accuracy


def _different(specs: Sequence[str]) -> list[Design]:
    return list(dict.fromkeys(map(Design.parse, specs)))


def _show(designs: Sequence[Design], found: Sequence[LayerLoss], metric: Metric) -> None:
    """Print one row per layer, with two columns per design."""
    by_layer: dict[str, list[LayerLoss]] = {}
    for each in found:
        by_layer.setdefault(each.site, []).append(each)
    names = [short_spec(design) for design in designs]
    print_table(
        ["layer", "MACs", *(text for name in names for text in (f"dB {name}", value_name(metric)))],
        [
            [
                site,
                percent(losses[0].macs_share),
                *(
                    text
                    for each in losses
                    for text in (
                        f"{each.accuracy.sqnr_db:.1f}",
                        shown_value(each.accuracy.value, metric),
                    )
                ),
            ]
            for site, losses in by_layer.items()
        ],
    )


def _document(
    budget: LayerBudget, found: Found, scored: Sequence[_Scored], output: Path | None
) -> dict[str, Any]:
    return {
        "budget": {"quantity": budget.quantity, "share": budget.share},
        "layers": {site: str(design) for site, design in found.layers.items()},
        "tried": found.tried,
        "noise": found.noise,
        "foretold_noise": found.foretold,
        "scored": [
            {"name": each.name, "cost": each.cost, **each.accuracy.to_json()} for each in scored
        ],
        **({} if output is None else {"assignment": str(output)}),
    }


def _show_found(
    budget: LayerBudget,
    found: Found,
    scored: Sequence[_Scored],
    mixed: _Scored,
    metric: Metric,
) -> None:
    """Print the assignment, and its score beside those of single designs."""
    print_table(
        ["layer", "design"], [[site, short_spec(one)] for site, one in found.layers.items()]
    )
    click.echo()
    print_table(
        ["in all layers", budget.quantity, value_name(metric), "interval", "output SQNR dB"],
        [
            [
                each.name,
                f"{each.cost:.3f}",
                shown_value(each.accuracy.value, metric),
                shown_interval(each.accuracy.low, each.accuracy.high, metric),
                f"{each.accuracy.sqnr_db:.1f}",
            ]
            for each in (*scored, mixed)
        ],
    )
    inside = [each for each in scored if each.cost <= budget.share]
    click.echo(
        f"\n{mixed.accuracy.network}, {mixed.accuracy.metric}, {mixed.accuracy.samples} test "
        f"samples; {budget.quantity} as a part of the first design's, at most {budget.share:g}. "
        f"{found.tried} assignments were measured, on calibration samples."
    )
    if inside:
        best = max(inside, key=lambda each: each.accuracy.sqnr_db)
        of_pairs = bootstrap_interval(metric.value, mixed.accuracy.parts, best.accuracy.parts)
        numbers = (mixed.accuracy.value - best.accuracy.value, *of_pairs)
        if metric.is_percentage:
            difference, low, high = (f"{100 * number:+.2f}" for number in numbers)
            difference += " points"
        else:
            difference, low, high = (f"{number:+.4g}" for number in numbers)
        click.echo(
            f"Against {best.name}, the best single design within the budget: {difference} "
            f"({low} to {high}, paired), {mixed.accuracy.sqnr_db - best.accuracy.sqnr_db:+.1f} dB."
        )
