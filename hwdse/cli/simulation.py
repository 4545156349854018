"""`hwdse run-layer` and `hwdse run-network`: real layers and networks in RTL simulation."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import click
import numpy as np

from hwdse.cli.chosen import chosen, short
from hwdse.cli.counts import Count
from hwdse.cli.network_options import GivenNetworks, network_options, shown_value
from hwdse.cli.output import Steps, json_option, percent, print_json, print_table
from hwdse.errors import SpecError, VerificationError
from hwdse.explore.candidates import Compared, candidate_of
from hwdse.explore.progress import ConsoleReporter
from hwdse.explore.record import four_digits
from hwdse.networks import metrics
from hwdse.networks.by_layer import Layers, designs_in, layers_of
from hwdse.networks.evaluate import check_targets
from hwdse.networks.layers import Answers, answers, check_layers, layer_operands, simulated_samples
from hwdse.networks.metrics import Metric
from hwdse.networks.metrics.classes import predicted_classes
from hwdse.temporary import temporary_folder
from hwdse.verify.comparison import ComparedProducts, Tally
from hwdse.verify.simulated import SimulatedProducts, check_unit

_MEGA = 1e6


def _shared(*, metric: bool) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add the options that both commands have."""
    options = (
        network_options(metric=metric),
        click.option(
            "--design",
            "spec",
            required=True,
            metavar="SPEC",
            help="The design, or a file *.toml that gives each layer one.",
        ),
        click.option(
            "--samples",
            type=Count(1),
            help="Test samples, from the first; by default 20, or more of a small network.",
        ),
        json_option,
    )

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        for option in reversed(options):
            command = option(command)
        return command

    return decorated


@click.command(name="run-layer")
@click.option(
    "--layer",
    "layers",
    required=True,
    multiple=True,
    help="Name of a matrix product of the network. May be repeated.",
)
@_shared(metric=False)
def run_layer(
    *,
    layers: tuple[str, ...],
    given: GivenNetworks,
    spec: str,
    samples: int | None,
    as_json: bool,
) -> None:
    """Run layers of a network in RTL simulation of a design.

    A file of designs for layers runs each layer in the design that it names.

    A layer's codes of real test samples go through the generated Verilog, tile by tile, without
    stalls. Every result is compared with the network evaluator, bit for bit, and the cycle of every
    transfer with the golden schedule.

    Exit status 0: all are equal. 1: something differs; the first differences are shown, decoded.
    """
    design, opened = chosen(spec), given.open()
    loaded = opened.network
    check_layers(loaded, layers)
    by_site = {site: one for site, one in layers_of(design, loaded).items() if site in layers}
    _check(by_site)
    usual = simulated_samples(loaded, opened.usual_samples)
    count = opened.count(usual if samples is None else samples)
    products = layer_operands(design, loaded, layers, count, data=opened.data)
    with _compared(by_site) as (compared, build_s), ConsoleReporter() as reporter:
        reporter.start("products simulated", len(products))
        for layer, *operands in products:
            compared(layer, *operands)
            reporter.advance(layer)
    _report(design, by_site, loaded.name, count, compared, build_s, {}, as_json=as_json)


@click.command(name="run-network")
@_shared(metric=True)
def run_network(
    *,
    given: GivenNetworks,
    spec: str,
    samples: int | None,
    as_json: bool,
) -> None:
    """Run a network with all its matrix products in RTL simulation of a design.

    A file of designs for layers runs each layer in the design that it names. Layers that it leaves
    in float32 are not simulated.

    Each layer gets what the simulated layers before it gave. Bias and all other operators are
    float32, as in `hwdse accuracy`. Every result of every layer, the logits and the predictions are
    compared with the network evaluator, bit for bit, and the cycle of every transfer with the
    golden schedule.

    Exit status 0: all are equal. 1: something differs; the first differences are shown, decoded.
    """
    design, opened = chosen(spec), given.open()
    loaded = opened.network
    by_site = layers_of(design, loaded)
    _check(by_site)
    usual = simulated_samples(loaded, opened.usual_samples)
    count = opened.count(usual if samples is None else samples)
    metric = metrics.for_network(opened.metric, loaded)
    expected = answers(design, loaded, count, data=opened.data)
    check_targets(metric, opened.data, expected.targets)
    with _compared(by_site) as (compared, build_s), ConsoleReporter() as reporter:
        reporter.start("samples simulated", count)
        found = answers(
            design,
            loaded,
            count,
            product=compared,
            data=opened.data,
            progress=Steps(reporter, loaded.name),
        )
    judged = _judged(expected, found, metric)
    _report(design, by_site, loaded.name, count, compared, build_s, judged, as_json=as_json)


def _check(layers: Layers) -> None:
    """Check that units can be simulated.

    Raises:
        SpecError: a unit cannot be, or every layer is float32.
    """
    if not designs_in(layers):
        raise SpecError(f"nothing to simulate: {', '.join(layers)} stays float32")
    for one in designs_in(layers):
        check_unit(one)


@contextmanager
def _compared(layers: Layers) -> Iterator[tuple[ComparedProducts, float]]:
    """The simulations of the designs of layers, and the seconds that their build took."""
    begin = time.monotonic()
    with ExitStack() as stack:
        simulated = {
            one: SimulatedProducts(one, stack.enter_context(temporary_folder("simulated")))
            for one in designs_in(layers)
        }
        by_site = {site: simulated[one] for site, one in layers.items() if one is not None}
        yield ComparedProducts(by_site), time.monotonic() - begin


def _judged(expected: Answers, found: Answers, metric: Metric) -> dict[str, Any]:
    """Compare the outputs of a simulated network with the outputs of the evaluator."""
    differ = expected.outputs.view(np.uint32) != found.outputs.view(np.uint32)
    parts = metric.parts(found.outputs, found.float_outputs, found.targets)
    judged: dict[str, Any] = {
        "logits": int(differ.size),
        "logit_mismatches": int(np.count_nonzero(differ)),
        "metric": metric.name,
        "value": metric.value(parts),
    }
    if metric.name != metrics.DEFAULT:
        return judged
    wanted, guessed = predicted_classes(expected.outputs), predicted_classes(found.outputs)
    return judged | {
        "predictions": len(wanted),
        "prediction_mismatches": int(np.count_nonzero(wanted != guessed)),
        "accuracy": judged["value"],
    }


def _report(  # noqa: PLR0917 - what was run, and what came out
    design: Compared,
    layers: Layers,
    network: str,
    samples: int,
    compared: ComparedProducts,
    build_s: float,
    judged: dict[str, Any],
    *,
    as_json: bool,
) -> None:
    """Print what was compared, and fail if anything differed.

    Raises:
        VerificationError: something differed, or nothing was compared.
    """
    tallies = list(compared.tallies.values())
    total = Tally.summed(tallies)
    if as_json:
        print_json(
            {
                "spec": candidate_of(design).label,
                "network": network,
                "samples": samples,
                "equal": _is_right(compared, judged),
                "build_s": build_s,
                "layers": [
                    {**tally.to_json(), "spec": str(layers[tally.layer])} for tally in tallies
                ],
                "float_layers": _in_float(layers),
                "total": total.to_json(),
                **judged,
            }
        )
    else:
        _show(design, layers, network, samples, tallies, build_s, judged)
    if not _is_right(compared, judged):
        lines = [f"{tally.layer}: {line}" for tally in tallies for line in tally.told]
        logits = f", {judged['logit_mismatches']} of {judged['logits']} logits" if judged else ""
        raise VerificationError(
            "\n".join(
                [
                    f"{short(design)}: {total.mismatches} of {total.results} results{logits} "
                    f"differ from the network evaluator, {total.off_schedule} transfers from the "
                    "golden schedule",
                    *(f"  {line}" for line in lines),
                ]
            )
        )


def _is_right(compared: ComparedProducts, judged: dict[str, Any]) -> bool:
    wrong = judged.get("logit_mismatches", 0) + judged.get("prediction_mismatches", 0)
    return compared.is_right and not wrong


def _show(  # noqa: PLR0917 - what was run, and what came out
    design: Compared,
    layers: Layers,
    network: str,
    samples: int,
    tallies: list[Tally],
    build_s: float,
    judged: dict[str, Any],
) -> None:
    several = "1 test sample" if samples == 1 else f"{samples} test samples"
    click.echo(f"{short(design)}: {network}, {several}, in RTL simulation.")
    shown = [*tallies, Tally.summed(tallies)] if len(tallies) > 1 else tallies
    if candidate_of(design).design is None:
        for tally in tallies:
            click.echo(f"{tally.layer}: {short(layers[tally.layer])}")
        if _in_float(layers):
            click.echo(f"Not simulated, in float32: {', '.join(_in_float(layers))}.")
    print_table(
        [
            *("layer", "M x K x N", "tiles", "cycles", "utilization", "results", "mismatches"),
            *("seconds", "results/s", "10^6 MAC/s"),
        ],
        [_row(tally) for tally in shown],
    )
    if all(tally.is_right for tally in tallies):
        click.echo(
            "Every result equals the network evaluator's, bit for bit. Every transfer of every "
            "stream comes in the cycle of the golden schedule; nothing stalls."
        )
    if judged and "predictions" not in judged and not judged["logit_mismatches"]:
        metric = metrics.get(judged["metric"])
        click.echo(
            f"{judged['logits']} outputs equal the network evaluator's, bit for bit; "
            f"{metric.title}: {shown_value(judged['value'], metric)}."
        )
    elif judged and not judged["logit_mismatches"] and not judged["prediction_mismatches"]:
        click.echo(
            f"{judged['predictions']} predictions and {judged['logits']} logits equal the network "
            f"evaluator's, bit for bit; {percent(judged['accuracy'])} of the predictions are right."
        )
    click.echo(f"The simulation was built in {build_s:.1f} s.")


def _in_float(layers: Layers) -> list[str]:
    return [site for site, one in layers.items() if one is None]


def _row(tally: Tally) -> list[object]:
    seconds = max(tally.seconds, 1e-9)
    return [
        tally.layer,
        tally.shape,
        tally.tiles,
        tally.cycles,
        percent(tally.utilization),
        tally.results,
        tally.mismatches,
        f"{tally.seconds:.2f}",
        four_digits(tally.results / seconds),
        four_digits(tally.macs / seconds / _MEGA),
    ]
