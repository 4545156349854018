"""The command `hwdse formats`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from hwdse import characterize
from hwdse import formats as catalogue
from hwdse.characterize.values import log2
from hwdse.cli import format_facts as facts
from hwdse.cli import format_tables as tables
from hwdse.cli.output import json_option, print_json, print_table
from hwdse.errors import FormatError
from hwdse.formats import Format, Quantizer
from hwdse.writing import write_file


@click.command()
@click.argument("name", nargs=-1)
@click.option(
    "--plot",
    "picture",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Draw relative error by magnitude into this .png or .svg file.",
)
@json_option
def formats(*, name: tuple[str, ...], picture: Path | None, as_json: bool) -> None:
    """List number formats, show one, or compare several.

    NAME is a format of the list, a parametric format such as e5m7fn, posit10_1 or int12, or a block
    format such as mxfp4 or block:e2m1fn:16:ue4m3:amax. SQNR is measured on random data at the best
    scale.
    """
    chosen = [catalogue.get(text) for text in name]
    if picture is not None:
        _plot(chosen, picture)
    if not chosen:
        _list(as_json)
    elif len(chosen) == 1:
        _show(chosen[0], as_json)
    else:
        _compare(chosen, as_json)


def _plot(chosen: Sequence[Format | Quantizer], path: Path) -> None:
    kind = characterize.picture_kind(path)
    elements = [one for one in chosen if isinstance(one, Format)]
    for one in chosen:
        if isinstance(one, Quantizer):
            raise FormatError(
                f"--plot of {one.name}: the error of a block format depends on the whole block; "
                f"element formats can be drawn, such as its own, {one.element.name}"
            )
    if not elements:
        raise FormatError("--plot needs the name of at least one format")
    write_file(path, characterize.picture(elements, kind))
    click.echo(f"Wrote {path}", err=True)


def _list(as_json: bool) -> None:
    elements = [catalogue.parse(name) for name in catalogue.names()]
    blocks = [
        one for name in catalogue.block_names() if isinstance(one := catalogue.get(name), Quantizer)
    ]
    if as_json:
        print_json(
            {
                "formats": [facts.element_summary(one) for one in elements],
                "block_formats": [facts.block_summary(one) for one in blocks],
                "families": facts.families(),
            }
        )
        return
    by_family = sorted(elements, key=lambda one: _family_order(elements, one))
    print_table(
        ["name", "bits", "max", "min positive", "dB", "binades", "specials", "family"],
        [
            [
                one.name,
                one.bits,
                facts.number(one.max),
                facts.number(one.min_subnormal),
                f"{facts.decibels(one):.1f}",
                f"{log2(one.max) - log2(one.min_subnormal):.1f}",
                tables.special_names(one),
                one.family,
            ]
            for one in by_family
        ],
    )
    click.echo()
    ordered = sorted(blocks, key=lambda one: _family_order(blocks, one))
    print_table(
        ["block format", "bits/element", "element", "block", "scale", "family"],
        [
            [
                summary["name"],
                facts.short(summary["bits_per_element"]),
                *(summary[key] for key in ("element", "block", "scale", "family")),
            ]
            for summary in map(facts.block_summary, ordered)
        ],
    )
    click.echo("\nAny parameters, by family:")
    print_table(
        ["family", "names", "source"],
        [[entry["family"], entry["syntax"], entry["source"]] for entry in facts.families()],
    )


def _family_order(known: Sequence[Any], one: Any) -> int:
    """Return the sort key of a format: the place of the first known format of the same family."""
    return next(place for place, other in enumerate(known) if other.family == one.family)


def _show(one: Format | Quantizer, as_json: bool) -> None:
    document = facts.document(one)
    if as_json:
        print_json(document)
    elif isinstance(one, Format):
        tables.print_element(one, document)
    else:
        tables.print_block(document)


def _compare(chosen: Sequence[Format | Quantizer], as_json: bool) -> None:
    if as_json:
        print_json({"formats": [facts.document(one) for one in chosen]})
    else:
        tables.print_comparison(chosen)
