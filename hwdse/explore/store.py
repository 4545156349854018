"""Stores results of sweeps in one SQLite file. Atomic writes of rows survive kill -9."""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Self

import pandas as pd

from hwdse.errors import HwdseError, StoreError
from hwdse.explore import documents, store_errors
from hwdse.explore.aims import DEFAULT_AIMS, Aims
from hwdse.explore.record import Evaluation, Measured, Row, facts_of
from hwdse.explore.schema import check, check_header, transaction
from hwdse.explore.store_errors import translated
from hwdse.explore.tables import frame_of
from hwdse.spec import Design
from hwdse.text import printable

STORE_NAME = "store.sqlite"
RTL_FOLDER = "rtl"

_ROWS = """
    SELECT key, design.rowid, facts, evaluation.rowid, cost, accuracy, errors, outcomes,
        version,
        certificate.rowid, certificate, failure.rowid, stage, reason, combination
    FROM selection JOIN design USING (key)
        LEFT JOIN evaluation USING (key)
        LEFT JOIN certificate USING (key)
        LEFT JOIN failure USING (key)
    WHERE evaluation.rowid IS NOT NULL OR failure.rowid IS NOT NULL
    ORDER BY position"""

_COPIED = ("design", "evaluation", "certificate", "failure")
"""Tables of designs: what a merged store takes over."""


class Store:
    """Results of sweeps. `Store.create` opens a store for writing, `Store.open` for reading.

    Every change is one SQLite transaction with full synchronisation. A row is therefore either
    complete or missing, even if the process is killed. The class refuses a damaged file or a file
    of another kind, and never changes such a file.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self.path = path

    @classmethod
    def create(cls, path: Path) -> Self:
        """Open the store at `path`. Creates a new store if the file is missing or empty.

        Raises:
            StoreError: the file cannot be created or opened, or is not a store of this version.
        """
        return cls._connect(path, create=True)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open an existing store. `path` is the store or an output folder with a store.

        Raises:
            StoreError: the store is missing, damaged, or not a store of this version.
        """
        # `Path.is_dir` raises for names that are too long.
        file = path / STORE_NAME if os.path.isdir(path) else path
        if not os.path.isfile(file):
            shown = printable(str(path))
            raise StoreError(f"{shown} is not a store: give a {STORE_NAME} or a folder holding one")
        return cls._connect(file, create=False)

    @classmethod
    def _connect(cls, path: Path, *, create: bool) -> Self:
        check_header(path)
        with translated(path):
            mode = "rwc" if create else "rw"
            uri = f"{path.resolve().as_uri()}?mode={mode}"
            connection = sqlite3.connect(
                uri, uri=True, isolation_level=None, timeout=store_errors.LOCK_SECONDS
            )
            connection.text_factory = _text
            try:
                check(connection, path, create=create)
            except BaseException:
                connection.close()
                raise
        return cls(connection, path)

    def close(self) -> None:
        """Close the file. The object cannot be used afterwards."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __len__(self) -> int:
        """Number of evaluated designs in the store, over all sweeps."""
        return int(self._one("SELECT count(*) FROM evaluation"))

    def __contains__(self, key: object) -> bool:
        """Whether the design with this key was evaluated."""
        return bool(self._one("SELECT count(*) FROM evaluation WHERE key = ?", key))

    def select(
        self,
        designs: Mapping[str, Design],
        aims: Aims = DEFAULT_AIMS,
        combinations: Mapping[str, str] | None = None,
    ) -> None:
        """Set the latest sweep, for `rows`, `frame` and `aims`.

        Args:
            designs: the designs by key, in this order.
            aims: objectives and limits of the sweep.
            combinations: name of the combination of settings by key; empty for a space with one.
        """
        names = combinations or {}
        facts = [(key, documents.write(facts_of(design))) for key, design in designs.items()]
        chosen = [(place, key, names.get(key, "")) for place, key in enumerate(designs)]
        with self._transaction() as execute:
            execute.executemany("INSERT OR REPLACE INTO design VALUES (?, ?)", facts)
            execute.execute("DELETE FROM selection")
            execute.executemany("INSERT INTO selection VALUES (?, ?, ?)", chosen)
            execute.execute("DELETE FROM aims")
            execute.execute("INSERT INTO aims VALUES (?)", (documents.write(aims.to_json()),))

    def aims(self) -> Aims:
        """Objectives and limits of the latest sweep; the usual ones before the first.

        Raises:
            StoreError: the aims are damaged.
        """
        with translated(self.path):
            found = self._connection.execute("SELECT aims FROM aims").fetchall()
        if not found:
            return DEFAULT_AIMS
        try:
            known = documents.read("aims", found[0][0], documents.AIMS)
            return Aims.of(*known["objectives"], where=known["where"])
        except (ValueError, HwdseError) as error:
            raise StoreError(
                f"{self._shown}: the objectives of the sweep are damaged: {error}; run hwdse "
                "explore again"
            ) from error

    def selected(self) -> int:
        """Number of designs in the latest sweep, finished or not."""
        return int(self._one("SELECT count(*) FROM selection"))

    def add(self, key: str, evaluation: Evaluation) -> None:
        """Store the evaluation of a selected design. An existing row with this key stays unchanged.

        Raises:
            ValueError: the evaluation is incomplete or has invalid values.
        """
        cost = documents.checked("cost", evaluation.cost, documents.COST)
        accuracy = documents.checked("accuracy", evaluation.accuracy, documents.ACCURACY)
        errors = documents.error_bytes(evaluation.errors, accuracy["samples"])
        outcomes = None
        if evaluation.outcomes is not None:
            outcomes = documents.outcome_bytes(evaluation.outcomes, accuracy["samples"])
        row = (
            *(key, documents.write(cost), documents.write(accuracy), errors, outcomes),
            *(evaluation.identity, printable(evaluation.version)),
        )
        with self._transaction() as execute:
            execute.execute("INSERT OR IGNORE INTO evaluation VALUES (?, ?, ?, ?, ?, ?, ?)", row)
            execute.execute("DELETE FROM failure WHERE key = ?", (key,))

    def measured(self, identity: str) -> Measured | None:
        """The accuracy of an earlier evaluation; None if there is none, or if it is damaged."""
        query = "SELECT accuracy, errors, outcomes FROM evaluation WHERE identity = ? LIMIT 1"
        with translated(self.path):
            found = self._connection.execute(query, (identity,)).fetchone()
        if found is None or not identity:
            return None
        accuracy, errors, outcomes = found
        try:
            known = documents.read("accuracy", accuracy, documents.ACCURACY)
            samples = known["samples"]
            return Measured(
                accuracy=known,
                errors=documents.read_errors(errors, samples),
                outcomes=None if outcomes is None else documents.read_outcomes(outcomes, samples),
            )
        except ValueError:
            return None

    def certify(self, key: str, certificate: Mapping[str, Any]) -> None:
        """Store the certificate of a verified design. Replaces an earlier certificate or failure.

        Raises:
            StoreError: no evaluated design has this key.
            ValueError: the certificate is not a JSON object.
        """
        if key not in self:
            raise StoreError(f"{self._shown}: no finished design with key {key}")
        document = documents.write(documents.checked("certificate", certificate, {}))
        with self._transaction() as execute:
            execute.execute("INSERT OR REPLACE INTO certificate VALUES (?, ?)", (key, document))
            execute.execute("DELETE FROM failure WHERE key = ?", (key,))

    def fail(self, key: str, stage: str, reason: str) -> None:
        """Store the failure of a selected design. Replaces an earlier failure.

        Args:
            key: key of the design.
            stage: `evaluation` or `verification`. A failed verification deletes an earlier
                certificate.
            reason: the reason in one line.
        """
        with self._transaction() as execute:
            execute.execute(
                "INSERT OR REPLACE INTO failure VALUES (?, ?, ?)", (key, stage, printable(reason))
            )
            if stage == "verification":
                execute.execute("DELETE FROM certificate WHERE key = ?", (key,))

    def forget_failures(self, stage: str) -> None:
        """Delete all failures of a stage before this stage runs again."""
        with self._transaction() as execute:
            execute.execute("DELETE FROM failure WHERE stage = ?", (stage,))

    def remove(self, keys: Iterable[str]) -> int:
        """Delete evaluations, certificates and failures of designs, and take them out of the sweep.

        Returns:
            How many of the designs the store had.
        """
        given = [(key,) for key in dict.fromkeys(keys)]
        before = self._one("SELECT count(*) FROM design")
        with self._transaction() as execute:
            for table in ("selection", "failure", "certificate", "evaluation", "design"):
                execute.executemany(f"DELETE FROM {table} WHERE key = ?", given)
        return int(before - self._one("SELECT count(*) FROM design"))

    def take(self, other: "Store") -> int:
        """Take over all designs of another store, and its latest sweep after the own one.

        Designs that this store has keep their results.

        Returns:
            How many evaluations both stores had.

        Raises:
            StoreError: a row of the latest sweep of the other store is damaged.
        """
        other.rows()
        held = {table: other._table(table) for table in _COPIED}
        chosen, aims = other._table("selection"), other._table("aims")
        own = {key for (key,) in self._query("SELECT key FROM evaluation")}
        asked = {key: place for place, key, _ in self._table("selection")}
        later = [(key, name) for _, key, name in sorted(chosen) if key not in asked]
        begin = max(asked.values(), default=-1) + 1
        with self._transaction() as execute:
            for table, rows in held.items():
                if not rows:
                    continue
                marks = ", ".join("?" * len(rows[0]))
                execute.executemany(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", rows)
            places = [(begin + place, *row) for place, row in enumerate(later)]
            execute.executemany("INSERT INTO selection VALUES (?, ?, ?)", places)
            if aims and not asked:
                execute.execute("DELETE FROM aims")
                execute.execute("INSERT INTO aims VALUES (?)", aims[0])
            # What failed in one store and is finished in the other is finished.
            for stage, table in (("evaluation", "evaluation"), ("verification", "certificate")):
                execute.execute(
                    f"DELETE FROM failure WHERE stage = ? AND key IN (SELECT key FROM {table})",
                    (stage,),
                )
        return sum(row[0] in own for row in held["evaluation"])

    def rows(self) -> list[Row]:
        """Finished and failed designs of the latest sweep, in the order of the space.

        Raises:
            StoreError: a row is damaged. The message names the row.
        """
        with translated(self.path):
            found = self._connection.execute(_ROWS).fetchall()
        return [self._row(values) for values in found]

    def frame(self) -> pd.DataFrame:
        """`rows` as a table with spec, costs, accuracy and `failure`; see `describe`."""
        return frame_of(self.rows())

    def _row(self, values: tuple[Any, ...]) -> Row:
        key, design, facts, evaluation, cost, accuracy, errors, outcomes, version = values[:9]
        certificate, proof, failure, stage, reason, combination = values[9:]
        table, place, name = "design", design, ""
        try:
            known = documents.read("facts", facts, documents.FACTS)
            name = f" ({known['spec']})"
            row = {"key": key, "facts": known}
            row["combination"] = documents.text("combination", combination)
            if evaluation is not None:
                table, place = "evaluation", evaluation
                row["cost"] = documents.read("cost", cost, documents.COST)
                row["accuracy"] = documents.read("accuracy", accuracy, documents.ACCURACY)
                row["errors"] = documents.read_errors(errors, row["accuracy"]["samples"])
                if outcomes is not None:
                    samples = row["accuracy"]["samples"]
                    row["outcomes"] = documents.read_outcomes(outcomes, samples)
                row["version"] = documents.text("version", version)
            if certificate is not None and evaluation is not None:
                table, place = "certificate", certificate
                row["certificate"] = documents.read("certificate", proof, {})
            if failure is not None:
                table, place = "failure", failure
                stage, reason = documents.text("stage", stage), documents.text("reason", reason)
                row["failure"] = f"{stage} failed: {reason}"
        except ValueError as error:
            raise StoreError(
                f"{self._shown}: row {place} of table {table}{name} is damaged: {error}; delete it "
                f'(sqlite3 {self._shown} "DELETE FROM {table} WHERE rowid = {place}") and run '
                "hwdse explore again, or give another folder"
            ) from error
        return Row(**row)

    @property
    def _shown(self) -> str:
        return printable(str(self.path))

    def _table(self, name: str) -> list[tuple[Any, ...]]:
        """All rows of a table as they are stored."""
        return self._query(f"SELECT * FROM {name}")

    def _query(self, query: str) -> list[tuple[Any, ...]]:
        with translated(self.path):
            return self._connection.execute(query).fetchall()

    def _one(self, query: str, *parameters: object) -> Any:
        with translated(self.path), closing(self._connection.execute(query, parameters)) as found:
            return found.fetchone()[0]

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with translated(self.path), transaction(self._connection) as connection:
            yield connection


def _text(content: bytes) -> str:
    """Decode text from SQLite. The file may contain bytes that are not UTF-8."""
    return content.decode("utf-8", "surrogateescape")
