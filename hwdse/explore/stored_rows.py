"""Rows of a sweep, as a store's tables have them."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from hwdse.errors import StoreError
from hwdse.explore import documents
from hwdse.explore.database import Database, Tables
from hwdse.explore.record import Row
from hwdse.text import printable

_ROWS = """
    SELECT selection.key, facts, evaluation.key, cost, accuracy, errors, outcomes, version,
        certificate.key, certificate, failure.key, stage, reason, combination
    FROM selection JOIN design ON design.key = selection.key
        LEFT JOIN evaluation ON evaluation.key = selection.key
        LEFT JOIN certificate ON certificate.key = selection.key
        LEFT JOIN failure ON failure.key = selection.key
    WHERE sweep = :sweep AND (evaluation.key IS NOT NULL OR failure.key IS NOT NULL)"""

_IN_ORDER = " ORDER BY position"

_STATES = """
    SELECT position, selection.key, combination, evaluation.key IS NOT NULL, certificate, stage,
        reason
    FROM selection
        LEFT JOIN evaluation ON evaluation.key = selection.key
        LEFT JOIN certificate ON certificate.key = selection.key
        LEFT JOIN failure ON failure.key = selection.key
    WHERE sweep = :sweep AND (evaluation.key IS NOT NULL OR failure.key IS NOT NULL)
    ORDER BY position"""

_STAMP = """
    SELECT (SELECT coalesce(max(number), 0) FROM sweep), (SELECT count(*) FROM selection),
        (SELECT count(*) FROM evaluation), (SELECT count(*) FROM certificate),
        (SELECT count(*) FROM failure)"""


def rows_of(
    database: Database, tables: Tables, sweep: str, places: Iterable[int] | None
) -> list[Row]:
    """See `Store.rows`."""
    if places is None:
        found = tables.query(_ROWS + _IN_ORDER, sweep=sweep)
    else:
        between = f"{_ROWS} AND position BETWEEN :first AND :last{_IN_ORDER}"
        found = [
            row
            for first, last in _runs(places)
            for row in tables.query(between, sweep=sweep, first=first, last=last)
        ]
    return [_row(database, values) for values in found]


def states_of(tables: Tables, sweep: str) -> dict[int, int]:
    """See `Store.states`."""
    found = tables.query(_STATES, sweep=sweep)
    return {place: hash(tuple(state)) for place, *state in found}


def stamp_of(tables: Tables) -> tuple[int, ...]:
    """See `Store.stamp`."""
    (found,) = tables.query(_STAMP)
    return tuple(found)


def _row(database: Database, values: tuple[Any, ...]) -> Row:
    key, facts, evaluation, cost, accuracy, errors, outcomes, version = values[:8]
    certificate, proof, failure, stage, reason, combination = values[8:]
    table, name = "design", ""
    try:
        known = documents.read("facts", facts, documents.FACTS)
        name = f" ({known['spec']})"
        row = {"key": key, "facts": known}
        row["combination"] = documents.text("combination", combination)
        if evaluation is not None:
            table = "evaluation"
            row["cost"] = documents.read("cost", cost, documents.COST)
            row["accuracy"] = documents.read("accuracy", accuracy, documents.ACCURACY)
            row["errors"] = documents.read_errors(errors, row["accuracy"]["samples"])
            if outcomes is not None:
                samples = row["accuracy"]["samples"]
                row["outcomes"] = documents.read_outcomes(outcomes, samples)
            row["version"] = documents.text("version", version)
        if certificate is not None and evaluation is not None:
            table = "certificate"
            row["certificate"] = documents.read("certificate", proof, {})
        if failure is not None:
            table = "failure"
            stage, reason = documents.text("stage", stage), documents.text("reason", reason)
            row["failure"] = f"{stage} failed: {reason}"
    except ValueError as error:
        shown = printable(str(key))
        delete = database.statement(f"DELETE FROM {table} WHERE key = '{shown}'")
        raise StoreError(
            f"{database.shown}: row {shown} of table {table}{name} is damaged: {error}; delete it "
            f"({delete}) and run hwdse explore again, or give another store"
        ) from error
    return Row(**row)


def _runs(places: Iterable[int]) -> Iterator[tuple[int, int]]:
    """First and last of each run of ascending numbers without a gap."""
    for _, run in groupby(enumerate(places), key=lambda item: item[1] - item[0]):
        numbers = [number for _, number in run]
        yield numbers[0], numbers[-1]
