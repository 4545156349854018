"""Fronts of sweeps in words and tables, for commands."""

from collections.abc import Mapping
from typing import Any

import click
import pandas as pd

from hwdse.cli.output import percent, print_table
from hwdse.explore.aims import Aims, misses_clock
from hwdse.explore.combinations import parts
from hwdse.explore.front import pareto as pareto_front
from hwdse.explore.hypervolume import Hypervolume
from hwdse.explore.ranking import LEVEL
from hwdse.explore.record import chance, four_digits
from hwdse.explore.standing import SURE
from hwdse.explore.tried_methods import TriedMethods, method_name

_SHOWN = ("sqnr_db", "accuracy", "energy_pj", "area_um2", "delay_ns")
"""Columns that tables of fronts always have."""


def print_front(done: pd.DataFrame, aims: Aims, volumes: Mapping[str, Hypervolume]) -> None:
    """Print the front of each combination of finished designs, and what is not sure of it."""
    for name, places in parts(done):
        if name:
            click.echo(f"{name}\n{'-' * len(name)}")
        _print_table(done.iloc[places], aims, volumes.get(name))
        if name:
            click.echo()
    if done.empty:
        return
    unsure = done["standing"] == "undecided"
    if unsure.any():
        click.echo(
            "\nundecided: errors of cost estimates, or other samples, could put another design in "
            f"its place:\nits probability is below {SURE:.0%}. {(unsure & ~done['front']).sum()} "
            f"designs off the front belong to it with more than {1 - SURE:.0%}\n(results.csv, "
            "columns front_probability and standing)."
        )
    _print_methods(done[done["front"]])
    if done["front"].any():
        click.echo(
            "\nrank: 1 + the designs that are better for sure, by paired tests of the logits' "
            "error; equal\nranks are not told apart. A small error means answers as float gives "
            "them, not right ones."
        )


def _print_table(done: pd.DataFrame, aims: Aims, volume: Hypervolume | None) -> None:
    front = pareto_front(done, aims)
    click.echo(f"Pareto front of {aims.in_text}: {len(front)} of {len(done)} designs\n")
    if front.empty:
        return
    limited = (limit.column for limit in aims.where)
    more = [c for c in dict.fromkeys((*aims.columns, *limited)) if c.name not in _SHOWN]
    rows = []
    for record in front.to_dict("records"):
        rows.append(
            [
                "-" if pd.isna(record["rank"]) else record["rank"],
                record["design"],
                f"{record['sqnr_db']:.1f}",
                *_score({str(name): value for name, value in record.items()}),
                four_digits(record["energy_pj"]),
                four_digits(record["area_um2"]),
                four_digits(record["delay_ns"]),
                *(four_digits(record[c.name]) for c in more),
                record["standing"],
                chance(record["front_probability"]),
                "verified" if record["verified"] else "FAILED" if record["failure"] else "-",
            ]
        )
    print_table(
        [
            *("rank", "design", "SQNR dB", _score_name(front), "interval"),
            *("pJ/MAC", "area um2", "delay ns", *(c.label for c in more), "on front"),
            *("probability", "Verilog"),
        ],
        rows,
    )
    if volume is not None:
        click.echo(f"\n{volume.in_text(aims)}")


def _score_name(front: pd.DataFrame) -> str:
    """Head of the column of values."""
    return "accuracy" if front["accuracy"].notna().any() else str(front["metric"].iloc[0])


def _score(record: Mapping[str, Any]) -> tuple[str, str]:
    """Value and interval of the metric."""
    if not pd.isna(record["accuracy"]):
        interval = f"{100 * record['accuracy_low']:.1f}-{100 * record['accuracy_high']:.1f}"
        return percent(record["accuracy"]), interval
    low, high = (four_digits(record[name]) for name in ("metric_low", "metric_high"))
    return four_digits(record["metric_value"]), f"{low} to {high}"


def _print_methods(front: pd.DataFrame) -> None:
    """Print which methods the designs took and what the others gave, if they had a choice."""
    found = [
        (record["design"], tried)
        for record in front.to_dict("records")
        if (tried := TriedMethods.read(record["methods_tried"], record["methods"]))
    ]
    if not found:
        return
    names = list(dict.fromkeys(name for _, tried in found for name, _, _ in tried.cells))
    click.echo("\nMethods, by the error on calibration samples: dB of signal to noise.\n")
    rows = []
    for design, tried in found:
        shown = {name: text for name, text, _ in tried.cells}
        rows.append([design, method_name(tried.taken), *(shown.get(each, "-") for each in names)])
    print_table(["design", "taken", *names], rows)


def print_failures(failures: pd.DataFrame) -> None:
    """Print failed designs with their reasons, if there are any."""
    if failures.empty:
        return
    click.echo(f"\nFailed: {len(failures)} design{'s' * (len(failures) > 1)}\n")
    print_table(["design", "reason"], failures[["design", "failure"]].to_numpy().tolist())


def print_advice(done: pd.DataFrame) -> None:
    """Print the design with the least energy whose accuracy is not surely below float's.

    Designs that miss their clock are counted, and are not that design.
    """
    for name, places in parts(done):
        _print_part_advice(done.iloc[places], name)


def _print_part_advice(done: pd.DataFrame, name: str) -> None:
    """The advice for one combination."""
    of = f"{name}: " if name else ""
    late = misses_clock(done)
    if late.any():
        clock = done["clock_ns"].iloc[late.argmax()]
        click.echo(f"\n{of}{late.sum()} of {len(done)} designs miss the clock of {clock:g} ns.")
    done = done[~late]
    as_good = done[(done["mcnemar_p"] >= LEVEL) | (done["accuracy"] >= done["float_accuracy"])]
    if as_good.empty:
        return
    best = as_good.sort_values("energy_pj").iloc[0]
    click.echo(
        f"\n{of}Float reaches {percent(best['float_accuracy'])}. The cheapest design that is not "
        f"surely worse (McNemar's test, p >= {LEVEL:g}): {best['design']}, "
        f"{percent(best['accuracy'])}, {four_digits(best['energy_pj'])} pJ/MAC"
    )
