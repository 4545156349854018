"""Rows of a sweep, as a store's tables have them."""

from collections.abc import Iterable, Iterator, Sequence
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

_MEASURED = """
    SELECT measurement.key, document
    FROM selection JOIN measurement ON measurement.key = selection.key
    WHERE sweep = :sweep"""

_STATES = """
    SELECT position, selection.key, combination, evaluation.key IS NOT NULL, certificate, stage,
        reason, (SELECT count(*) FROM measurement WHERE measurement.key = selection.key)
    FROM selection
        LEFT JOIN evaluation ON evaluation.key = selection.key
        LEFT JOIN certificate ON certificate.key = selection.key
        LEFT JOIN failure ON failure.key = selection.key
    WHERE sweep = :sweep AND (evaluation.key IS NOT NULL OR failure.key IS NOT NULL)
    ORDER BY position"""

_STAMP = """
    SELECT (SELECT coalesce(max(number), 0) FROM sweep), (SELECT count(*) FROM selection),
        (SELECT count(*) FROM evaluation), (SELECT count(*) FROM certificate),
        (SELECT count(*) FROM failure), (SELECT count(*) FROM measurement)"""


def rows_of(
    database: Database,
    tables: Tables,
    sweep: str,
    places: Iterable[int] | None,
    measured: Sequence[str],
) -> list[Row]:
    """See `Store.rows`. `measured` has the columns of the sweep's measures."""
    if places is None:
        found = tables.query(_ROWS + _IN_ORDER, sweep=sweep)
        also = tables.query(_MEASURED, sweep=sweep) if measured else []
    else:
        between = " AND position BETWEEN :first AND :last"
        runs = [{"first": first, "last": last} for first, last in _runs(places)]
        found, also = (
            [row for run in runs for row in tables.query(query, sweep=sweep, **run)]
            for query in (_ROWS + between + _IN_ORDER, _MEASURED + between)
        )
    documents_of: dict[str, list[Any]] = {}
    for key, document in also:
        documents_of.setdefault(key, []).append(document)
    return [_row(database, values, documents_of.get(values[0], []), measured) for values in found]


def states_of(tables: Tables, sweep: str) -> dict[int, int]:
    """See `Store.states`."""
    found = tables.query(_STATES, sweep=sweep)
    return {place: hash(tuple(state)) for place, *state in found}


def stamp_of(tables: Tables) -> tuple[int, ...]:
    """See `Store.stamp`."""
    (found,) = tables.query(_STAMP)
    return tuple(found)


def _row(
    database: Database, values: tuple[Any, ...], measurements: list[Any], measured: Sequence[str]
) -> Row:
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
            row["accuracy"] = documents.read_accuracy(accuracy)
            row["errors"] = documents.read_errors(errors, row["accuracy"]["samples"])
            if outcomes is not None:
                samples = row["accuracy"]["samples"]
                row["outcomes"] = documents.read_outcomes(outcomes, samples)
            row["version"] = documents.text("version", version)
            table = "measurement"
            known = {}
            for one in measurements:
                known |= documents.read("measurement", one, documents.MEASURED)["values"]
            row["measured"] = {name: known.get(name) for name in measured}
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
