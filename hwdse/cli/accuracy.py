"""`hwdse accuracy`: networks in the arithmetic of designs."""

from collections.abc import Sequence
from typing import Any

import click

from hwdse import networks
from hwdse.cli.chosen import chosen, short
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
from hwdse.explore.candidates import Compared
from hwdse.explore.progress import ConsoleReporter
from hwdse.networks import Accuracy, Network
from hwdse.networks.assignment import FLOAT, Assignment
from hwdse.networks.by_layer import layers_of
from hwdse.networks.metrics import Metric
from hwdse.networks.source import OpenNetwork


@click.command()
@click.argument("spec", nargs=-1, required=True)
@network_options()
@click.option(
    "--samples",
    type=Count(1),
    help="Test samples, from the first; by default as many as the network says, or all.",
)
@scales_option()
@click.option(
    "--method",
    "methods",
    default="",
    metavar="NAME,...",
    help="Quantisation methods in their order, such as smoothquant,gptq.",
)
@click.option(
    "--requantize",
    is_flag=True,
    help="Round what one layer hands to the next to the output format.",
)
@json_option
def accuracy(
    *,
    spec: tuple[str, ...],
    given: GivenNetworks,
    samples: int | None,
    scales: str,
    methods: str,
    requantize: bool,
    as_json: bool,
) -> None:
    """Run a network in the arithmetic of designs.

    SPEC is a design, or a file *.toml that gives each layer a design.

    The network is one that hwdse networks lists (--network) or an ONNX file of yours (--onnx),
    scored on the data and by the metric of your choice.

    The command ranks designs by the error of their outputs compared with float32, in paired tests
    on the same samples. Designs can share a rank if the data cannot separate them.
    """
    designs = [chosen(text) for text in spec]
    opened = given.open()
    loaded, judge = opened.network, opened.metric
    results = _evaluated(
        designs,
        opened,
        samples=opened.count(samples),
        scales=scales,
        methods=methods,
        requantize=requantize,
    )
    ranks = _ranks(results)
    for design, result in zip(designs, results, strict=True):
        if result.nan_samples:
            click.echo(
                f"{short(design)}: {result.nan_samples} of {result.samples} samples have a "
                "NaN among their outputs: not ranked.",
                err=True,
            )
    if as_json:
        documents = [
            {**_named(design, loaded), **result.to_json(), "rank": rank}
            for design, result, rank in zip(designs, results, ranks, strict=True)
        ]
        print_json(
            {"designs": documents, **({"data": opened.data.name} if opened.tells_data else {})}
        )
        return
    if results[0].correct is None:
        _show(judge, designs, results, ranks)
    else:
        _show_classes(value_name(judge), designs, results, ranks)
    first = results[0]
    of_data = f" of {opened.data.name}" if opened.tells_data else ""
    click.echo(
        f"\n{first.network}, {first.metric}, {first.samples} test samples{of_data}, "
        f"{first.confidence:.0%} intervals, scales by {first.scales}. scales: how far the "
        f"{'accuracy' if first.correct is not None else 'value'} moves between "
        f"{', '.join(first.other_scales)}. rank: by paired tests of the "
        f"{'logits' if first.correct is not None else 'outputs'}' error; equal ranks are not told "
        "apart. A small error means answers as float gives them, not right ones."
    )


def _named(design: Compared, network: Network) -> dict[str, Any]:
    """What computed, as a JSON document."""
    if not isinstance(design, Assignment):
        return {"spec": str(design)}
    layers = layers_of(design, network)
    return {
        "spec": design.name,
        "layers": {site: FLOAT if one is None else str(one) for site, one in layers.items()},
    }


def _evaluated(
    designs: Sequence[Compared],
    opened: OpenNetwork,
    *,
    samples: int,
    scales: str,
    methods: str,
    requantize: bool,
) -> list[Accuracy]:
    with ConsoleReporter() as reporter:
        reporter.start("samples", samples * len(designs))
        return [
            networks.evaluate(
                design,
                opened.network,
                samples=samples,
                progress=Steps(reporter, short(design)),
                data=opened.data,
                metric=opened.metric,
                scales=scales,
                methods=methods,
                requantize=requantize,
            )
            for design in designs
        ]


def _ranks(results: Sequence[Accuracy]) -> list[int | None]:
    """Rank of each design; None for one whose outputs are no numbers."""
    from hwdse.explore.ranking import rank as rank_designs  # noqa: PLC0415 - loads SciPy

    ranked = [result for result in results if not result.nan_samples]
    found = iter(rank_designs([result.errors for result in ranked]).ranks)
    return [None if result.nan_samples else int(next(found)) for result in results]


def _show_classes(
    name: str, designs: Sequence[Compared], results: Sequence[Accuracy], ranks: Sequence[Any]
) -> None:
    """Print a table of answers that are classes."""
    print_table(
        [
            *("design", name, "interval", "float", "agreement"),
            *("p of McNemar", "logit SQNR dB", "KL nats", "scales", "rank"),
        ],
        [
            [
                short(design),
                percent(result.value),
                f"{percent(result.low)} to {percent(result.high)}",
                percent(result.float_value),
                percent(result.agreement or 0.0),
                f"{result.mcnemar_p:.2g}",
                f"{result.sqnr_db:.1f}",
                f"{result.kl_divergence:.2g}",
                f"+-{100 * result.scale_spread / 2:.2f} %",
                "-" if rank is None else rank,
            ]
            for design, result, rank in zip(designs, results, ranks, strict=True)
        ],
    )


def _show(
    metric: Metric, designs: Sequence[Compared], results: Sequence[Accuracy], ranks: Sequence[Any]
) -> None:
    """Print a table of another metric."""
    print_table(
        [
            *("design", metric.name, "interval", "float", "more than float", "interval"),
            *("output SQNR dB", "scales", "rank"),
        ],
        [
            [
                short(design),
                shown_value(result.value, metric),
                shown_interval(result.low, result.high, metric),
                shown_value(result.float_value, metric),
                shown_value(result.difference, metric),
                shown_interval(result.difference_low, result.difference_high, metric),
                f"{result.sqnr_db:.1f}",
                f"+-{shown_value(result.scale_spread / 2, metric)}",
                "-" if rank is None else rank,
            ]
            for design, result, rank in zip(designs, results, ranks, strict=True)
        ],
    )
