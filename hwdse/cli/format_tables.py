"""Prints facts about formats as text tables, for the output of `hwdse formats`."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

import click
import numpy as np

from hwdse import characterize
from hwdse.cli.format_facts import decibels, number, short
from hwdse.cli.output import print_table
from hwdse.formats import Format, Quantizer

_TABLE_COLUMNS = 8
_LABEL_WIDTH = 16
#: Most rows of the precision plot, and width of its bars in characters. If a format has more
#: binades than the plot has rows, neighbouring binades share a row.
_PLOT_ROWS, _BAR_WIDTH = 40, 32
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def special_names(one: Format) -> str:
    """Return the special values that a format has: `inf`, `nan`, `inf nan` or `none`."""
    names = ["inf"] * one.has_inf + ["nan"] * one.has_nan
    return " ".join(names) or "none"


def print_element(one: Format, document: dict[str, Any]) -> None:
    """Print facts, precision per binade and SQNR. For formats of few bits, print all values too."""
    extent = characterize.dynamic_range(one)
    _lines(
        {
            "name": one.name,
            "family": one.family,
            "source": one.source,
            "bits": one.bits,
            "signed": one.signed,
            "max": number(extent.max),
            "min": number(extent.min),
            "min normal": number(extent.min_normal),
            "min subnormal": number(extent.min_subnormal),
            "dynamic range": f"{extent.decibels:.1f} dB, {extent.binades:.1f} binades",
            "finite values": extent.finite_values,
            "specials": _specials(one, document["specials"]),
            "rounding": one.default_rounding,
        }
        | _parameters(document)
    )
    click.echo("\nPrecision and relative error by binade [2^k, 2^(k+1)):")
    _plot(extent.precision, document["relative_error"])
    click.echo("\nSQNR at the best scale:")
    if one.signed:
        _sqnr(document["sqnr"])
    else:
        click.echo("none: the format has no negative values")
    if "values" in document:
        click.echo("\nValue of every code (row + column, hexadecimal):")
        _grid(document["values"])


def print_block(document: dict[str, Any]) -> None:
    """Print facts and SQNR of a block format."""
    _lines(
        {
            "name": document["name"],
            "family": document["family"],
            "source": document["source"],
            "element": document["element"],
            "bits/element": short(document["bits_per_element"]),
        }
        | _parameters(document)
    )
    click.echo("\nSQNR on a matrix of random numbers, blocked along its rows:")
    _sqnr(document["sqnr"])


def print_comparison(chosen: Sequence[Format | Quantizer]) -> None:
    """Print a table with one row per format."""
    names = [distribution.name for distribution in characterize.DISTRIBUTIONS]
    rows = []
    for one in chosen:
        if isinstance(one, Format):
            facts = [
                str(one.bits),
                number(one.max),
                number(one.min_subnormal),
                f"{decibels(one):.1f}",
                str(characterize.dynamic_range(one).finite_values),
            ]
            ratios = [
                f"{characterize.sqnr(one, distribution).decibels:.2f}" if one.signed else "-"
                for distribution in characterize.DISTRIBUTIONS
            ]
        else:
            facts = [short(one.bits_per_element), "-", "-", "-", "-"]
            ratios = [
                f"{characterize.block_sqnr(one, distribution).decibels:.2f}"
                for distribution in characterize.DISTRIBUTIONS
            ]
        rows.append([one.name, *facts, *ratios])
    print_table(["name", "bits", "max", "min positive", "range dB", "values", *names], rows)
    click.echo("\nThe last columns are SQNR in dB on random data, at the best scale.")


def _lines(facts: dict[str, Any]) -> None:
    for label, value in facts.items():
        click.echo(f"{label:{_LABEL_WIDTH}}{_text(value)}")


def _parameters(document: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters that no other line shows. In the names, a space replaces `_`."""
    shown = {"name", "signed", "element"}
    return {
        name.replace("_", " "): value
        for name, value in document["parameters"].items()
        if name not in shown
    }


def _text(value: Any) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.17g}"
        case list():
            return ", ".join(
                f"{item:.9g}" if isinstance(item, float) else str(item) for item in value
            )
        case _:
            return str(value)


def _specials(one: Format, specials: dict[str, list[list[int]]]) -> str:
    digits = -(-one.bits // 4)

    def codes(pairs: list[list[int]]) -> str:
        return " ".join(
            f"{first:0{digits}X}" if first == last else f"{first:0{digits}X}-{last:0{digits}X}"
            for first, last in pairs
        )

    return "; ".join(f"{name} {codes(pairs)}" for name, pairs in specials.items()) or "none"


def _sqnr(found: list[dict[str, Any]]) -> None:
    scaled = found[0]["sigma"] is not None
    rows = []
    for entry in found:
        error = entry["standard_error_db"]
        row = [entry["distribution"], f"{entry['decibels']:.2f}"]
        if scaled:
            clip = entry["clip_sigma"]
            row += [short(entry["sigma"]), "-" if clip is None else short(clip)]
        method = entry["method"]
        rows.append([*row, method if not error else f"{method}, ±{error:.3f} dB"])
    columns = ["sigma (in units of 1.0)", "max (in sigma)"] if scaled else []
    print_table(["data", "dB", *columns, "method"], rows)


def _plot(precision: dict[int, float], errors: list[dict[str, Any]]) -> None:
    """Print a bar chart of precision and error per binade.

    Neighbouring binades with equal precision and similar worst error share a row. If more than
    `_PLOT_ROWS` rows remain, several neighbouring rows are merged into one.
    """
    rows: list[list[dict[str, Any]]] = []
    for error in errors:
        before = rows[-1][-1] if rows else None
        if before is not None and _alike(before, error, precision):
            rows[-1].append(error)
        else:
            rows.append([error])
    together = -(-len(rows) // _PLOT_ROWS)
    rows = [list(chain(*rows[i : i + together])) for i in range(0, len(rows), together)]
    accurate = [max(-float(np.log2(max(e["worst"] for e in row))), 0.0) for row in rows]
    most = max(accurate, default=0.0) or 1.0
    print_table(
        ["k", "significant bits", "worst error", "rms error", ""],
        [
            [
                _binades(row),
                f"{min(precision.get(e['binade'], 0.0) for e in row):.3g}",
                f"{max(e['worst'] for e in row):.3g}",
                f"{np.sqrt(np.mean([e['rms'] ** 2 for e in row])):.3g}",
                _bar(bits / most),
            ]
            for row, bits in zip(rows, accurate, strict=True)
        ],
    )


def _alike(a: dict[str, Any], b: dict[str, Any], precision: dict[int, float]) -> bool:
    return precision.get(a["binade"]) == precision.get(b["binade"]) and np.isclose(
        a["worst"], b["worst"], rtol=0.02
    )


def _binades(row: list[dict[str, Any]]) -> str:
    first, last = row[0]["binade"], row[-1]["binade"]
    return str(first) if first == last else f"{first}..{last}"


def _bar(share: float) -> str:
    eighths = round(share * _BAR_WIDTH * 8)
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def _grid(values: list[Any]) -> None:
    columns = min(_TABLE_COLUMNS, len(values))
    print_table(
        ["code", *(f"+{column:X}" for column in range(columns))],
        [
            [f"{start:02X}", *(f"{value:.9g}" for value in values[start : start + columns])]
            for start in range(0, len(values), columns)
        ],
    )
