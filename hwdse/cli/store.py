"""`hwdse store`: what stores hold, how they differ, and how to join and shorten them."""

from pathlib import Path
from typing import Any

import click
import pandas as pd

from hwdse.cli.output import json_option, print_json, print_table
from hwdse.cli.places import PlaceType, sweep_option
from hwdse.errors import StoreError
from hwdse.explore.candidates import row_test
from hwdse.explore.database import Place
from hwdse.explore.record import Row, four_digits
from hwdse.explore.store import Store
from hwdse.explore.stores import StoreContents, compared, merged
from hwdse.text import printable

_PLACE = PlaceType()
_SHOWN = 20
_KIBI = 1024


@click.group()
def store() -> None:
    """Look into stores of sweeps, compare and join them.

    A STORE is an output folder of `hwdse explore`, the file store.sqlite in this folder, or
    postgresql://[user@]host/database.
    """


@store.command()
@click.argument("stores", nargs=-1, required=True, metavar="STORE...", type=_PLACE)
@json_option
def ls(*, stores: tuple[Place, ...], as_json: bool) -> None:
    """Say what stores hold, one line for each sweep."""
    found = []
    for place in stores:
        with Store.open(place) as opened:
            found += StoreContents.of_sweeps(opened)
    if as_json:
        print_json({"stores": [contents.to_json() for contents in found]})
        return
    print_table(
        [
            *("store", "designs", "sweep", "asked", "failed", "verified", "network", "technology"),
            *("objectives", "hwdse", "KiB"),
        ],
        [
            [
                printable(one.store),
                *(one.evaluated, printable(one.sweep), one.asked, one.failed, one.verified),
                *(", ".join(names) or "-" for names in (one.networks, one.technologies)),
                *(", ".join(names) or "-" for names in (one.objectives, one.versions)),
                -(-one.size_bytes // _KIBI),
            ]
            for one in found
        ],
    )


@store.command()
@click.argument("place", metavar="STORE", type=_PLACE)
@click.argument("spec")
@sweep_option
@json_option
def show(*, place: Place, spec: str, sweep: str | None, as_json: bool) -> None:
    """Show everything that a store has of a design of a sweep.

    SPEC is a design spec, or the name of an assignment's file.
    """
    wanted, is_wanted = row_test(spec)
    with Store.open(place, sweep) as opened:
        rows = [row for row in opened.rows() if is_wanted(row)]
        if not rows:
            raise StoreError(f"{opened.shown} has no result of {wanted}")
    documents = [_document(row) for row in rows]
    if as_json:
        print_json({"rows": documents})
        return
    for document in documents:
        click.echo(f"{wanted}{', ' * bool(document['combination'])}{document['combination']}")
        print_table(["", "value"], [list(item) for item in _flat(document)])


@store.command()
@click.argument("first", type=_PLACE)
@click.argument("second", type=_PLACE)
@click.option("--sweep", "one", metavar="NAME", help="Sweep of FIRST; the latest by default.")
@click.option(
    "--with-sweep", "other", metavar="NAME", help="Sweep of SECOND; the latest by default."
)
@json_option
def diff(*, first: Place, second: Place, one: str | None, other: str | None, as_json: bool) -> None:
    """Compare a sweep of a store with another, design by design. FIRST and SECOND may be one store.

    Ranks depend on the other designs of a store and are not compared. Exit status
    0: equal. 1: something differs.
    """
    frames = []
    for place, sweep in ((first, one), (second, other)):
        with Store.open(place, sweep) as opened:
            frames.append(opened.frame())
    found = compared(*frames)
    if as_json:
        print_json(
            {
                "equal": found.is_equal,
                "both": found.both,
                "only_first": list(found.only_first),
                "only_second": list(found.only_second),
                "differences": [vars(one) for one in found.differences],
            }
        )
    else:
        for where, specs in ((first, found.only_first), (second, found.only_second)):
            if specs:
                click.echo(f"Only in {printable(str(where))}: {len(specs)}")
                for spec in specs[:_SHOWN]:
                    click.echo(f"  {spec}")
        if found.differences:
            click.echo(f"Values that differ: {len(found.differences)}")
            print_table(
                ["design", "column", "first", "second"],
                [
                    [one.spec, one.column, _short(one.first), _short(one.second)]
                    for one in found.differences[:_SHOWN]
                ],
            )
        if found.is_equal:
            click.echo(f"Equal: {found.both} designs.")
    if not found.is_equal:
        raise click.exceptions.Exit(1)


@store.command()
@click.argument("stores", nargs=-1, required=True, metavar="STORE...", type=_PLACE)
@click.option(
    "-o",
    "output",
    required=True,
    type=click.Path(path_type=Path),
    help="The new store, a file.",
)
@json_option
def merge(*, stores: tuple[Place, ...], output: Path, as_json: bool) -> None:
    """Write a new store with the designs of several.

    Evaluations with the same key are the same evaluation: the first counts. The new
    store has the sweeps of all stores. Those of one name become one, with the objectives of the
    first.
    """
    opened: list[Store] = []
    try:
        opened += [Store.open(place) for place in stores]
        made, repeated = merged(opened, output)
    finally:
        for one in opened:
            one.close()
    with made:
        contents = StoreContents.of(made)
    if as_json:
        print_json({**contents.to_json(), "repeated": repeated})
    else:
        click.echo(
            f"{printable(str(output))}: {contents.evaluated} designs of {len(stores)} stores, "
            f"{repeated} of them more than once."
        )


@store.command()
@click.argument("place", metavar="STORE", type=_PLACE)
@click.argument("specs", nargs=-1, metavar="[SPEC...]")
@sweep_option
@click.option("--failed", is_flag=True, help="Also remove all failed designs of the sweep.")
@json_option
def rm(
    *, place: Place, specs: tuple[str, ...], sweep: str | None, failed: bool, as_json: bool
) -> None:
    """Remove designs of a sweep from a store.

    SPEC is a design spec, or the name of an assignment's file. The same `hwdse explore` evaluates
    them again. They leave all sweeps of the store.
    """
    if not (specs or failed):
        raise click.UsageError("give a SPEC, or --failed")
    wanted = dict(map(row_test, specs))
    with Store.open(place, sweep) as opened:
        rows = opened.rows()
        missing = [name for name, test in wanted.items() if not any(map(test, rows))]
        if missing:
            raise StoreError(f"{opened.shown} has no result of {', '.join(sorted(missing))}")
        chosen = [row for row in rows if any(test(row) for test in wanted.values())]
        chosen += [row for row in rows if failed and row.failure]
        keys = dict.fromkeys(row.key for row in chosen)
        removed = opened.remove(keys)
    if as_json:
        print_json({"removed": removed})
    else:
        click.echo(f"{removed} removed.")


def _document(row: Row) -> dict[str, Any]:
    return {
        "key": row.key,
        "combination": row.combination,
        "facts": dict(row.facts),
        "cost": row.cost and dict(row.cost),
        "accuracy": row.accuracy and dict(row.accuracy),
        "measured": dict(row.measured),
        "version": row.version,
        "certificate": row.certificate and dict(row.certificate),
        "failure": row.failure,
    }


def _flat(document: Any, prefix: str = "") -> list[tuple[str, str]]:
    """Names and values of a document, with the names of what holds them before."""
    if isinstance(document, dict):
        return [
            item
            for name, value in document.items()
            for item in _flat(value, f"{prefix}.{name}" if prefix else str(name))
        ]
    if isinstance(document, list) and document and isinstance(document[0], dict):
        return _flat({one.pop("name", k): one for k, one in enumerate(map(dict, document))}, prefix)
    return [(prefix, _short(document))]


def _short(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_short, value)) or "-"
    if value is None or value == "" or pd.isna(value):
        return "-"
    return four_digits(value) if isinstance(value, float) else printable(str(value))
