"""Stores results of sweeps in one SQLite file. Atomic writes of rows survive kill -9."""

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Self

import pandas as pd

from hwdse.errors import StoreError, why
from hwdse.explore import documents, store_errors
from hwdse.explore.on_machine import ON_MACHINE
from hwdse.explore.ranking import ranks_of
from hwdse.explore.record import FPGA, Evaluation, Row, describe, facts_of
from hwdse.explore.store_errors import translated, unusable
from hwdse.spec import Design
from hwdse.text import printable

STORE_NAME = "store.sqlite"
RTL_FOLDER = "rtl"

# "hwDS" in ASCII. This number distinguishes a store from other SQLite files.
APPLICATION_ID = 0x68774453
SCHEMA_VERSION = 3

_SCHEMA = (
    # Every design of any sweep. `facts` is the JSON document of `record.facts_of`.
    """CREATE TABLE design (
        key TEXT PRIMARY KEY NOT NULL,
        facts TEXT NOT NULL
    ) STRICT""",
    # Results of evaluations. `cost` and `accuracy` are the JSON documents of the estimators.
    # `errors` holds the float32 numbers of `Accuracy.errors` in little-endian order.
    """CREATE TABLE evaluation (
        key TEXT PRIMARY KEY NOT NULL REFERENCES design(key),
        cost TEXT NOT NULL,
        accuracy TEXT NOT NULL,
        errors BLOB NOT NULL,
        version TEXT NOT NULL
    ) STRICT""",
    # Certificates of the designs with verified Verilog.
    """CREATE TABLE certificate (
        key TEXT PRIMARY KEY NOT NULL REFERENCES design(key),
        certificate TEXT NOT NULL
    ) STRICT""",
    # Designs that failed at the last attempt: the failed stage, and the reason in one line.
    """CREATE TABLE failure (
        key TEXT PRIMARY KEY NOT NULL REFERENCES design(key),
        stage TEXT NOT NULL,
        reason TEXT NOT NULL
    ) STRICT""",
    # The designs of the latest sweep, finished or not, in the order of the space.
    """CREATE TABLE selection (
        position INTEGER PRIMARY KEY NOT NULL,
        key TEXT NOT NULL REFERENCES design(key)
    ) STRICT""",
)

_ROWS = """
    SELECT key, design.rowid, facts, evaluation.rowid, cost, accuracy, errors, version,
        certificate.rowid, certificate, failure.rowid, stage, reason
    FROM selection JOIN design USING (key)
        LEFT JOIN evaluation USING (key)
        LEFT JOIN certificate USING (key)
        LEFT JOIN failure USING (key)
    WHERE evaluation.rowid IS NOT NULL OR failure.rowid IS NOT NULL
    ORDER BY position"""

_HEADER = b"SQLite format 3\0"
_APPLICATION_ID_AT = 68
_COUNTS = ("correct", "samples", "rank")
_FLOATS = (
    *("bits_per_element", "area_um2", "area_per_mac_um2", "energy_pj", "delay_ns"),
    *("clock_ns", "tops_per_mm2", "tops_per_w"),
    *("area_error", "energy_error", "delay_error"),
    *FPGA,
    *ON_MACHINE,
    *("accuracy", "accuracy_low", "accuracy_high", "confidence", "float_accuracy", "agreement"),
    *("mcnemar_p", "sqnr_db", "kl_divergence", "scale_spread"),
)


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
        _check_header(path)
        with translated(path):
            mode = "rwc" if create else "rw"
            uri = f"{path.resolve().as_uri()}?mode={mode}"
            connection = sqlite3.connect(
                uri, uri=True, isolation_level=None, timeout=store_errors.LOCK_SECONDS
            )
            connection.text_factory = _text
            try:
                _check(connection, path, create=create)
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

    def select(self, designs: Mapping[str, Design]) -> None:
        """Set the designs of the latest sweep, by key, in this order, for `rows` and `frame`."""
        facts = [(key, documents.write(facts_of(design))) for key, design in designs.items()]
        with self._transaction() as execute:
            execute.executemany("INSERT OR REPLACE INTO design VALUES (?, ?)", facts)
            execute.execute("DELETE FROM selection")
            execute.executemany("INSERT INTO selection VALUES (?, ?)", enumerate(designs))

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
        row = (
            *(key, documents.write(cost), documents.write(accuracy), errors),
            printable(evaluation.version),
        )
        with self._transaction() as execute:
            execute.execute("INSERT OR IGNORE INTO evaluation VALUES (?, ?, ?, ?, ?)", row)
            execute.execute("DELETE FROM failure WHERE key = ?", (key,))

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
        key, design, facts, evaluation, cost, accuracy, errors, version = values[:8]
        certificate, proof, failure, stage, reason = values[8:]
        table, place, name = "design", design, ""
        try:
            known = documents.read("facts", facts, documents.FACTS)
            name = f" ({known['spec']})"
            row = {"key": key, "facts": known}
            if evaluation is not None:
                table, place = "evaluation", evaluation
                row["cost"] = documents.read("cost", cost, documents.COST)
                row["accuracy"] = documents.read("accuracy", accuracy, documents.ACCURACY)
                row["errors"] = documents.read_errors(errors, row["accuracy"]["samples"])
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

    def _one(self, query: str, *parameters: object) -> Any:
        with translated(self.path), closing(self._connection.execute(query, parameters)) as found:
            return found.fetchone()[0]

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with translated(self.path), _transaction(self._connection) as connection:
            yield connection


def frame_of(rows: list[Row]) -> pd.DataFrame:
    """A table with one line per row and the columns of `describe`. Unknown values are missing.

    The column `rank` compares the finished designs with each other (see `hwdse.explore.ranking`).
    The rank is missing if the designs were not all measured on the same samples.
    """
    # An empty table needs all columns too, so use a dummy row to get them.
    shown = rows or [Row(key="", facts=facts_of(Design.parse("a=int8,acc=int:32")))]
    frame = pd.DataFrame.from_records([describe(row) for row in shown]).iloc[: len(rows)]
    frame.insert(2, "rank", ranks_of([row.errors for row in shown], _measured(shown))[: len(rows)])
    kinds: dict[str, str] = dict.fromkeys(_FLOATS, "float64") | dict.fromkeys(_COUNTS, "Int64")
    return frame.astype(kinds)


def finished(frame: pd.DataFrame) -> pd.DataFrame:
    """The lines of `frame` with evaluated designs."""
    return frame.loc[frame["energy_pj"].notna()]


def _measured(rows: list[Row]) -> list[object]:
    """Network, metric and samples of each row; None for a row without evaluation.

    Errors are comparable only if all three are the same.
    """
    return [
        None
        if row.accuracy is None
        else tuple(row.accuracy[name] for name in ("network", "metric", "samples"))
        for row in rows
    ]


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        # On a full disk SQLite has already rolled back the transaction.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _text(content: bytes) -> str:
    """Decode text from SQLite. The file may contain bytes that are not UTF-8."""
    return content.decode("utf-8", "surrogateescape")


def _check_header(path: Path) -> None:
    """Check that a file is a store before SQLite opens the file.

    SQLite treats a file of a few bytes like an empty file and overwrites it. An empty file is
    allowed: SQLite leaves such a file if a process is killed during the first change.
    """
    shown = printable(str(path))
    try:
        if not path.exists():
            return
        if not path.is_file():
            raise StoreError(f"{shown} is no regular file: give another folder")
        with path.open("rb") as stream:
            head = stream.read(_APPLICATION_ID_AT + 4)
    except OSError as error:
        raise StoreError(f"{shown} cannot be opened: {why(error)}") from error
    # If a journal exists, a change of the file was interrupted, and SQLite will roll it back.
    if not head or path.with_name(f"{path.name}-journal").exists():
        return
    if not head.startswith(_HEADER):
        raise StoreError(f"{shown} {unusable('file is not a database')}")
    if int.from_bytes(head[_APPLICATION_ID_AT:], "big") != APPLICATION_ID:
        raise StoreError(f"{shown} {_FOREIGN}")


_FOREIGN = "is an SQLite file of another program, not an hwdse store: give another folder"


def _check(connection: sqlite3.Connection, path: Path, *, create: bool) -> None:
    """Create the tables in a new file, or check that a file is a complete store of this version."""
    names = ("application_id", "user_version", "page_count", "quick_check")
    # Read all in one transaction, because another process may be creating the tables.
    connection.execute("BEGIN")
    try:
        pragma = {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names}
    finally:
        connection.execute("ROLLBACK")
    shown = printable(str(path))
    if pragma["page_count"] == 0 and create:
        _make(connection)
        return
    if pragma["quick_check"] != "ok":
        raise StoreError(
            f"{shown} is damaged ({printable(' '.join(str(pragma['quick_check']).split()))}): "
            "move it away, or give another folder"
        )
    if pragma["page_count"] == 0:
        raise StoreError(f"{shown} is an empty file, no store yet: run hwdse explore")
    if pragma["application_id"] != APPLICATION_ID:
        raise StoreError(f"{shown} {_FOREIGN}")
    if pragma["user_version"] != SCHEMA_VERSION:
        age = "an earlier" if pragma["user_version"] < SCHEMA_VERSION else "a later"
        raise StoreError(
            f"{shown} is an hwdse store of schema {pragma['user_version']}, of {age} version; "
            f"this version reads schema {SCHEMA_VERSION}: give another folder"
        )


def _make(connection: sqlite3.Connection) -> None:
    # Create all in one transaction. A process that is killed here leaves an empty file, and the
    # next process creates the tables.
    with _transaction(connection):
        # Another process may have created the tables since the check.
        if connection.execute("PRAGMA schema_version").fetchone()[0] == 0:
            for statement in _SCHEMA:
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
