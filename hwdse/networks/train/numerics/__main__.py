"""Trains a small network in schemes of rounding, from several seeds, and writes the accuracies.

    python -m hwdse.networks.train.numerics --network digits --seeds 5 -o digits.csv
    python -m hwdse.networks.train.numerics --network digits --scheme bf16-nearest bf16-kahan

needs the extra `train`. Without --scheme, all schemes run. A scheme of one's own:

    python -m hwdse.networks.train.numerics --network digits --own 'forward=e3m4+amax * e3m4+amax'
"""

import argparse
import csv
import io
import sys
import time
from dataclasses import asdict, fields
from pathlib import Path

import torch

from hwdse.errors import HwdseError, SpecError, unknown
from hwdse.networks.datasets import Split
from hwdse.networks.train.numerics import published
from hwdse.networks.train.numerics.models import TASKS, TrainingTask, task
from hwdse.networks.train.numerics.scheme import Scheme
from hwdse.networks.train.numerics.table import COLUMNS
from hwdse.networks.train.numerics.training import TrainingOutcome, train
from hwdse.writing import write_file

_HELD_BACK = 10
"""`--holdout` keeps this part of the train samples to report on: 1 in 10."""


def own(settings: list[str]) -> Scheme:
    """The scheme of settings such as `update=stochastic:bf16`.

    Raises:
        SpecError: a setting is unknown or has no value.
    """
    allowed = [each.name for each in fields(Scheme) if each.name not in _DESCRIPTIONS]
    found: dict[str, str | bool] = {}
    for each in settings:
        key, equals, value = each.partition("=")
        if key not in allowed:
            raise SpecError(unknown("setting of a scheme", key, allowed))
        if not equals:
            raise SpecError(f"setting {each!r}: the form is {{setting}}={{value}}")
        found[key] = value == "yes" if key == "unit_scaled" else value
    return Scheme(name="own", **found)  # type: ignore[arg-type]


_DESCRIPTIONS = ("name", "source", "compare")


def chosen(options: argparse.Namespace) -> list[Scheme]:
    """The schemes that the options name.

    Raises:
        SpecError: a scheme or a setting is unknown.
    """
    if options.own:
        return [published.FP32, own(options.own)]
    return [Scheme.get(name) for name in options.scheme or Scheme.schemes]


def parts(found: TrainingTask, options: argparse.Namespace) -> tuple[Split, Split]:
    """The samples to train on, and those to score."""
    everything = found.dataset.train(options.data_dir)
    if not options.holdout:
        return everything, found.dataset.test(options.data_dir)
    kept = len(everything.y) - len(everything.y) // _HELD_BACK
    return (
        Split(x=everything.x[:kept], y=everything.y[:kept]),
        Split(x=everything.x[kept:], y=everything.y[kept:]),
    )


def written(outcomes: list[TrainingOutcome]) -> str:
    """The outcomes as CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for each in outcomes:
        writer.writerow({**asdict(each), "lost_updates": f"{each.lost_updates:.6f}"})
    return text.getvalue()


def run(options: argparse.Namespace) -> None:
    """Train in all schemes, and write the file after each."""
    found = task(options.network)
    part, test = parts(found, options)
    outcomes: list[TrainingOutcome] = []
    for scheme in chosen(options):
        began = time.monotonic()
        more = train(
            found,
            scheme,
            range(options.seeds),
            part,
            test,
            device=options.device,
            rate=options.rate,
            epochs=options.epochs,
        )
        outcomes += more
        accuracies = " ".join(f"{100 * each.accuracy:.2f}" for each in more)
        sys.stdout.write(
            f"{found.name} {scheme.name} {accuracies} % of {len(test.y)} samples, "
            f"{time.monotonic() - began:.0f} s\n"
        )
        sys.stdout.flush()
        if options.output:
            write_file(options.output, written(outcomes))


def main() -> None:
    """Train, report, and write the file if one is named."""
    parser = argparse.ArgumentParser(
        prog="python -m hwdse.networks.train.numerics",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--network", required=True, help=f"one of {', '.join(TASKS)}")
    parser.add_argument("--scheme", nargs="+", help="names of schemes; default: all")
    parser.add_argument("--own", nargs="+", metavar="SETTING=VALUE", help="a scheme of one's own")
    parser.add_argument("--seeds", type=int, default=5, help="trainings side by side")
    parser.add_argument("--rate", type=float, help="peak of the learning rate")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--holdout", action="store_true", help="score held-back train samples")
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("-o", "--output", type=Path)
    try:
        run(parser.parse_args())
    except HwdseError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
