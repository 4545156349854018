"""`hwdse formats`."""

from dataclasses import fields
from typing import Any

import click
import numpy as np

from hwdse import formats as catalogue
from hwdse.cli.output import json_option, print_json, print_table
from hwdse.formats import Format

_TABLE_BITS = 8
_TABLE_COLUMNS = 8


@click.command()
@click.argument("name", required=False)
@json_option
def formats(*, name: str | None, as_json: bool) -> None:
    """List number formats, or show one.

    NAME is a format of the list or parametric, such as e5m7fn or int12. Formats of up to 8 bits
    are shown with the value of every code.
    """
    if name is None:
        _list([catalogue.get(known) for known in catalogue.names()], as_json)
    else:
        _show(catalogue.parse(name), as_json)


def _summary(number_format: Format) -> dict[str, Any]:
    return {
        "name": number_format.name,
        "bits": number_format.bits,
        "signed": number_format.signed,
        "max": number_format.max,
        "min": number_format.min,
        "min_normal": number_format.min_normal,
        "min_subnormal": number_format.min_subnormal,
        "has_inf": number_format.has_inf,
        "has_nan": number_format.has_nan,
    }


def _specials(number_format: Format) -> str:
    names = ["inf"] * number_format.has_inf + ["nan"] * number_format.has_nan
    return " ".join(names) or "none"


def _list(known: list[Format], as_json: bool) -> None:
    if as_json:
        print_json({"formats": [_summary(f) for f in known]})
        return
    print_table(
        ["name", "bits", "max", "min normal", "min subnormal", "specials"],
        [
            [
                f.name,
                f.bits,
                f"{f.max:.8g}",
                f"{f.min_normal:.8g}",
                f"{f.min_subnormal:.8g}",
                _specials(f),
            ]
            for f in known
        ],
    )
    click.echo("\nParametric: " + ", ".join(family.syntax() for family in Format.families))


def _show(number_format: Format, as_json: bool) -> None:
    parameters = {f.name: getattr(number_format, f.name) for f in fields(number_format)}
    document = _summary(number_format) | {"parameters": parameters}
    if number_format.bits <= _TABLE_BITS:
        codes = np.arange(1 << number_format.bits)
        document["values"] = number_format.decode(codes).tolist()
    if as_json:
        print_json(document)
        return
    shown = {key: value for key, value in document.items() if key not in ("parameters", "values")}
    for key, value in (shown | parameters).items():
        click.echo(f"{key.replace('_', ' '):16}{_text(value)}")
    if "values" in document:
        click.echo("\nValue of every code (row + column, hexadecimal):")
        _grid(document["values"])


def _text(value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.17g}"
        case _:
            return str(value)


def _grid(values: list[float]) -> None:
    columns = min(_TABLE_COLUMNS, len(values))
    print_table(
        ["code", *(f"+{column:X}" for column in range(columns))],
        [
            [f"{start:02X}", *(f"{value:.9g}" for value in values[start : start + columns])]
            for start in range(0, len(values), columns)
        ],
    )
