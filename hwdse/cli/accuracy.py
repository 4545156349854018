"""`hwdse accuracy`: networks in the arithmetic of designs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np

from hwdse import networks
from hwdse.cli.chosen import chosen, short
from hwdse.cli.counts import Count
from hwdse.cli.output import Steps, json_option, percent, print_json, print_table
from hwdse.cli.scales import scales_option
from hwdse.errors import DatasetError, quoted
from hwdse.explore.candidates import Compared
from hwdse.explore.progress import ConsoleReporter
from hwdse.networks import Accuracy, Data, Network, Options, metrics
from hwdse.networks.assignment import FLOAT, Assignment
from hwdse.networks.by_layer import layers_of
from hwdse.networks.data import images_named, own_data
from hwdse.networks.evaluate import usual_metric
from hwdse.networks.metrics import Metric
from hwdse.networks.named import NamedImages
from hwdse.networks.shapes import parse_shapes

_DIGITS = frozenset("0123456789")


@click.command()
@click.argument("spec", nargs=-1, required=True)
@click.option(
    "--network", help="Network by name, of those that hwdse networks lists, or ONNX file."
)
@click.option("--onnx", type=click.Path(path_type=Path), help="ONNX file of yours.")
@click.option(
    "--data",
    help="Dataset by name, .npz file, folder of images, or text. By default the data that the "
    "network's file names.",
)
@click.option(
    "--metric",
    help=f"How to score: {', '.join(metrics.names())}. By default as the network's file says, or "
    f"{metrics.DEFAULT}.",
)
@click.option(
    "--shape",
    "shapes",
    multiple=True,
    metavar="NAME=1x128",
    help="Fix free dimensions of an input, or a named dimension (seq=128). May be repeated.",
)
@click.option("--output", metavar="NAME", help="Output to score; by default the first.")
@click.option(
    "--calibration",
    metavar="N|FILE",
    help="Samples that choose scales: how many of the data, or other data.",
)
@click.option(
    "--tokenizer", type=click.Path(path_type=Path), help="tokenizer.json, for data that is text."
)
@click.option(
    "--image",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="What is done to images: resize, crop, interpolation, mean, std, channels. May be "
    "repeated.",
)
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
@click.option("--data-dir", type=click.Path(path_type=Path), help="Folder of the dataset.")
@json_option
def accuracy(
    *,
    spec: tuple[str, ...],
    network: str | None,
    onnx: Path | None,
    data: str | None,
    metric: str | None,
    shapes: tuple[str, ...],
    output: str | None,
    calibration: str | None,
    tokenizer: Path | None,
    settings: tuple[str, ...],
    samples: int | None,
    scales: str,
    methods: str,
    requantize: bool,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Run a network in the arithmetic of designs.

    SPEC is a design, or a file *.toml that gives each layer a design.

    The network is one that hwdse networks lists (--network) or an ONNX file of yours (--onnx),
    scored on the data and by the metric of your choice.

    The command ranks designs by the error of their outputs compared with float32, in paired tests
    on the same samples. Designs can share a rank if the data cannot separate them.
    """
    given = network or onnx
    if given is None or (network and onnx):
        raise click.UsageError("Give a network: either --network NAME or --onnx FILE.")
    designs = [chosen(text) for text in spec]
    if metric is not None:
        metrics.get(metric)  # before a large network is loaded
    loaded = networks.load(
        given,
        data if data is not None and images_named(data) else None,
        shapes=parse_shapes(shapes),
        output=output,
    )
    options = Options(
        folder=data_dir,
        calibration=_calibration(calibration),
        tokenizer=tokenizer,
        image=_settings(settings),
    )
    if data is None:
        opened, usual = own_data(loaded, options)
    else:
        opened = networks.open_data(data, loaded, options)
        usual = loaded.default_samples if isinstance(opened, NamedImages) else opened.test_size
    judge = metrics.get(metric or usual_metric(loaded))
    results = _evaluated(
        designs,
        loaded,
        opened,
        judge,
        samples=usual if samples is None else samples,
        scales=scales,
        methods=methods,
        requantize=requantize,
    )
    ranks = _ranks(results)
    # A dataset that the network's file names goes without saying.
    tells_data = data is not None or not isinstance(opened, NamedImages)
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
        print_json({"designs": documents, **({"data": opened.name} if tells_data else {})})
        return
    if results[0].correct is None:
        _show(judge, designs, results, ranks)
    else:
        name = "accuracy" if judge.name == metrics.DEFAULT else judge.name
        _show_classes(name, designs, results, ranks)
    first = results[0]
    of_data = f" of {opened.name}" if tells_data else ""
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
    network: Network,
    data: Data,
    metric: Metric,
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
                network,
                samples=samples,
                progress=Steps(reporter, short(design)),
                data=data,
                metric=metric,
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


def _calibration(text: str | None) -> int | Path | None:
    """A number of samples, or a file."""
    if text is None:
        return None
    if text and set(text) <= _DIGITS and len(text) < 10:
        return int(text)
    return Path(text)


def _settings(texts: Sequence[str]) -> dict[str, str]:
    """Settings of images from texts of the form KEY=VALUE."""
    found: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals:
            raise DatasetError(f"--image {quoted(text)} is not of the form KEY=VALUE")
        if key in found:
            raise DatasetError(f"--image gives {key!r} twice")
        found[key] = value
    return found


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

    def shown(value: float | None) -> str:
        if value is None or np.isnan(value):
            return "-"
        return percent(value) if metric.is_percentage else f"{value:.4g}"

    def between(low: float | None, high: float | None) -> str:
        # Nothing tells the interval of a single sample.
        return "-" if "-" in {shown(low), shown(high)} else f"{shown(low)} to {shown(high)}"

    print_table(
        [
            *("design", metric.name, "interval", "float", "more than float", "interval"),
            *("output SQNR dB", "scales", "rank"),
        ],
        [
            [
                short(design),
                shown(result.value),
                between(result.low, result.high),
                shown(result.float_value),
                shown(result.difference),
                between(result.difference_low, result.difference_high),
                f"{result.sqnr_db:.1f}",
                f"+-{shown(result.scale_spread / 2)}",
                "-" if rank is None else rank,
            ]
            for design, result, rank in zip(designs, results, ranks, strict=True)
        ],
    )
