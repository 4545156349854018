"""`hwdse orders` and `hwdse bit-errors`: what a design's results owe to chance."""

from pathlib import Path

import click

from hwdse.cli.counts import Count
from hwdse.cli.network_options import (
    GivenNetworks,
    network_options,
    shown_interval,
    shown_value,
    value_name,
)
from hwdse.cli.output import Steps, json_option, percent, print_json, print_table
from hwdse.cli.scales import scales_option
from hwdse.explore.progress import ConsoleReporter
from hwdse.explore.record import short_spec
from hwdse.networks.bit_errors import (
    DEFAULT_DRAWS,
    DEFAULT_RATE,
    MAX_DRAWS,
    PLACES,
    SCALE,
    BitErrors,
    bit_error_accuracy,
)
from hwdse.networks.summation_order import (
    DEFAULT_ORDERS,
    DEFAULT_TERMS,
    MAX_ORDERS,
    MAX_TERMS,
    OrderSpread,
    order_spread_of_network,
    order_spread_of_normal,
)
from hwdse.spec import Design

_plot_option = click.option(
    "--plot",
    type=click.Path(path_type=Path),
    help="Draw the results, as PNG and SVG; the suffix is left out.",
)


@click.command()
@click.argument("spec", nargs=-1, required=True)
@network_options(metric=False, default="; by default normal data")
@click.option(
    "--terms",
    type=Count(2, MAX_TERMS),
    help=f"Terms of each sum of normal data.  [default: {DEFAULT_TERMS}]",
)
@click.option(
    "--orders",
    "count",
    type=Count(2, MAX_ORDERS),
    default=DEFAULT_ORDERS,
    show_default=True,
    help="Orders of the terms, the network's own included.",
)
@scales_option()
@_plot_option
@json_option
def orders(
    *,
    spec: tuple[str, ...],
    given: GivenNetworks,
    terms: int | None,
    count: int,
    scales: str,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Measure how much results depend on the order of the terms of a sum.

    Each sum of products is computed in several orders of its terms: of normally distributed
    numbers, or of the operands that the matrix products of a network see. The spread of the results
    is 0 where sums are exact. Blocks of block formats change places as a whole.
    """
    source = given.maybe
    if source is not None and terms is not None:
        raise click.UsageError("--terms is for normal data: leave out the network or --terms")
    designs = [Design.parse(text) for text in spec]
    opened = None if source is None else source.open()
    found: list[OrderSpread] = []
    for design in designs:
        if opened is None:
            each = order_spread_of_normal(
                design, terms or DEFAULT_TERMS, orders=count, policy=scales
            )
            found.append(each)
        else:
            found += order_spread_of_network(
                design, opened.network, data=opened.data, orders=count, policy=scales
            )
    drawn: tuple[Path, ...] = ()
    if plot:
        from hwdse.explore.order_picture import plot_orders  # noqa: PLC0415 - loads Matplotlib

        data = f"normal data, {found[0].terms} terms" if opened is None else opened.network.name
        drawn = plot_orders(found, plot.with_suffix(""), data)
    if as_json:
        plots = {"plots": [str(path) for path in drawn]} if drawn else {}
        print_json({"orders": [each.to_json() for each in found], **plots})
        return
    print_table(
        [*("design", "site", "terms", "sums", "change"), *("spread", "largest", "error")],
        [
            [
                short_spec(each.design),
                each.site,
                each.terms,
                each.sums,
                percent(each.changing),
                *(f"{x:.2g}" for x in (each.spread, each.largest, each.error)),
            ]
            for each in found
        ],
    )
    click.echo(
        f"\n{count} orders, scales by {scales}. change: share of sums that have more than one "
        "result. spread: largest less smallest result, root mean square over the sums. error: of "
        "the result in the given order, against the exact sum of the same rounded operands. All "
        "relative to the root mean square of the exact sums."
    )
    for path in drawn:
        click.echo(f"  {path}")


@click.command("bit-errors")
@click.argument("spec", nargs=-1, required=True)
@network_options()
@click.option(
    "--place",
    type=click.Choice(PLACES),
    default=PLACES[0],
    show_default=True,
    help="Whose codes have the errors.",
)
@click.option(
    "--rate",
    type=click.FloatRange(0, 1, min_open=True),
    default=DEFAULT_RATE,
    show_default=True,
    help="Probability that the bit of a code is flipped.",
)
@click.option(
    "--draws",
    type=Count(2, MAX_DRAWS),
    default=DEFAULT_DRAWS,
    show_default=True,
    help="Independent draws of the errors.",
)
@click.option("--seed", type=Count(0), default=0, show_default=True, help="Seed of the errors.")
@click.option(
    "--samples",
    type=Count(1),
    help="Test samples, from the first; by default as many as the network says.",
)
@scales_option()
@_plot_option
@json_option
def bit_errors(
    *,
    spec: tuple[str, ...],
    given: GivenNetworks,
    place: str,
    rate: float,
    draws: int,
    seed: int,
    samples: int | None,
    scales: str,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Measure the accuracy with random errors in each bit of the stored codes.

    Bit by bit, the codes of weights or activations are flipped at random, and the network is scored
    in the design's arithmetic. So one sees which bits need protection, and what a format costs in a
    memory that makes errors.
    """
    designs = [Design.parse(text) for text in spec]
    opened = given.open()
    loaded, metric, count = opened.network, opened.metric, opened.count(samples)
    found: list[BitErrors] = []
    with ConsoleReporter() as reporter:
        for design in designs:
            steps = _Evaluations(reporter, design)
            found += bit_error_accuracy(
                design,
                loaded,
                place=place,
                rate=rate,
                draws=draws,
                data=opened.data,
                metric=metric,
                samples=count,
                policy=scales,
                seed=seed,
                progress=steps,
            )
    drawn: tuple[Path, ...] = ()
    if plot:
        from hwdse.explore.bit_error_picture import (  # noqa: PLC0415 - loads Matplotlib
            plot_bit_errors,
        )

        drawn = plot_bit_errors(found, plot.with_suffix(""), loaded.name, metric)
    if as_json:
        plots = {"plots": [str(path) for path in drawn]} if drawn else {}
        print_json({"bit_errors": [each.to_json() for each in found], **plots})
        return
    lost = "points lost" if metric.is_percentage else "lost"
    print_table(
        ["design", "bit", "without errors", value_name(metric), "interval", lost],
        [
            [
                short_spec(each.design),
                f"{each.field} {each.bit}" if each.field == SCALE else each.bit,
                shown_value(each.clean, metric),
                shown_value(each.value, metric),
                shown_interval(each.low, each.high, metric),
                f"{100 * each.loss:.2f}" if metric.is_percentage else f"{each.loss:.4g}",
            ]
            for each in found
        ],
    )
    first = found[0]
    click.echo(
        f"\n{loaded.name}, {first.metric}, {first.samples} test samples. Bits of {place}, the "
        f"least significant one is 0, flipped with probability {rate:g}; {draws} draws, 95 % "
        "intervals over draws."
    )
    for path in drawn:
        click.echo(f"  {path}")


class _Evaluations:
    """A progress function that announces the evaluations of a design when it knows their number."""

    def __init__(self, reporter: ConsoleReporter, design: Design) -> None:
        self._reporter, self._text = reporter, short_spec(design)
        self._steps: Steps | None = None

    def __call__(self, done: int, total: int) -> None:
        """Report that `done` of `total` evaluations are finished."""
        if self._steps is None:
            self._reporter.start("evaluations", total)
            self._steps = Steps(self._reporter, self._text)
        self._steps(done, total)
