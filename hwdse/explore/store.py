"""Finished designs in one SQLite file: a row each, written in one step, safe against kill -9."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pandas as pd

from hwdse.errors import StoreError
from hwdse.explore.record import Evaluation, describe

STORE_NAME = "store.sqlite"
RTL_FOLDER = "rtl"

# "hwDS": tells a store from any other SQLite file.
APPLICATION_ID = 0x68774453
SCHEMA_VERSION = 1

_SCHEMA = (
    # What was measured. `cost` and `accuracy` are the JSON documents of the estimators.
    """CREATE TABLE design (
        key TEXT PRIMARY KEY NOT NULL,
        spec TEXT NOT NULL,
        cost TEXT NOT NULL,
        accuracy TEXT NOT NULL,
        version TEXT NOT NULL
    ) STRICT""",
    # What was proven, for the designs whose Verilog was generated.
    """CREATE TABLE certificate (
        key TEXT PRIMARY KEY NOT NULL REFERENCES design(key),
        certificate TEXT NOT NULL
    ) STRICT""",
    # The designs of the latest sweep in the order of its space, finished or not.
    """CREATE TABLE selection (
        position INTEGER PRIMARY KEY NOT NULL,
        key TEXT NOT NULL
    ) STRICT""",
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A finished design as stored."""

    key: str
    spec: str
    cost: Mapping[str, Any]
    accuracy: Mapping[str, Any]
    version: str
    certificate: Mapping[str, Any] | None = None


class Store:
    """Results of sweeps. Open with `Store.create` to write, `Store.open` to read.

    Every change is one SQLite transaction with full synchronisation, so a row is either there
    whole or not at all, whenever the process ends. A damaged file or one of another kind is
    refused and never changed.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self.path = path

    @classmethod
    def create(cls, path: Path) -> Self:
        """Open the store at `path`, making an empty one if there is none.

        Raises:
            StoreError: the file cannot be made or opened, or is not a store of this version.
        """
        return cls._connect(path, create=True)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the store at `path`, or in the output folder `path`.

        Raises:
            StoreError: missing, damaged, or not a store of this version.
        """
        file = path / STORE_NAME if path.is_dir() else path
        if not file.is_file():
            raise StoreError(f"{path} is not a store: give a {STORE_NAME} or a folder holding one")
        return cls._connect(file, create=False)

    @classmethod
    def _connect(cls, path: Path, *, create: bool) -> Self:
        with _translated(path):
            mode = "rwc" if create else "rw"
            uri = f"{path.resolve().as_uri()}?mode={mode}"
            connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=30)
            try:
                _check(connection, path, create=create)
            except BaseException:
                connection.close()
                raise
        return cls(connection, path)

    def close(self) -> None:
        """Close the file; the object cannot be used afterwards."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __len__(self) -> int:
        return int(self._one("SELECT count(*) FROM design"))

    def __contains__(self, key: object) -> bool:
        return bool(self._one("SELECT count(*) FROM design WHERE key = ?", key))

    def add(self, key: str, evaluation: Evaluation) -> None:
        """Store one finished design. A key already there keeps its row."""
        row = (
            key,
            evaluation.spec,
            _dump(evaluation.cost),
            _dump(evaluation.accuracy),
            evaluation.version,
        )
        with self._transaction():
            self._connection.execute("INSERT OR IGNORE INTO design VALUES (?, ?, ?, ?, ?)", row)

    def certify(self, key: str, certificate: Mapping[str, Any]) -> None:
        """Store the certificate of a verified design, in place of an earlier one.

        Raises:
            StoreError: no finished design has this key.
        """
        if key not in self:
            raise StoreError(f"{self.path}: no finished design with key {key}")
        with self._transaction():
            self._connection.execute(
                "INSERT OR REPLACE INTO certificate VALUES (?, ?)", (key, _dump(certificate))
            )

    def select(self, keys: Iterable[str]) -> None:
        """Make the designs with these keys, in this order, what `rows` and `frame` give."""
        with self._transaction():
            self._connection.execute("DELETE FROM selection")
            self._connection.executemany("INSERT INTO selection VALUES (?, ?)", enumerate(keys))

    def selected(self) -> int:
        """How many designs the latest sweep asked for, finished or not."""
        return int(self._one("SELECT count(*) FROM selection"))

    def rows(self) -> list[Row]:
        """Finished designs of the latest sweep, in the order of its space."""
        with _translated(self.path):
            found = self._connection.execute(
                "SELECT key, spec, cost, accuracy, version, certificate FROM selection"
                " JOIN design USING (key) LEFT JOIN certificate USING (key) ORDER BY position"
            ).fetchall()
            return [
                Row(
                    key=key,
                    spec=spec,
                    cost=json.loads(cost),
                    accuracy=json.loads(accuracy),
                    version=version,
                    certificate=None if certificate is None else json.loads(certificate),
                )
                for key, spec, cost, accuracy, version, certificate in found
            ]

    def frame(self) -> pd.DataFrame:
        """`rows` as a table: the parts of the spec, costs, accuracy, `verified`; see `describe`."""
        records = [
            describe(row.spec, row.cost, row.accuracy)
            | {"version": row.version, "verified": row.certificate is not None}
            for row in self.rows()
        ]
        return pd.DataFrame.from_records(records)

    def _one(self, query: str, *parameters: object) -> Any:
        with _translated(self.path), closing(self._connection.execute(query, parameters)) as found:
            return found.fetchone()[0]

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with _translated(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")


def _dump(document: Mapping[str, Any]) -> str:
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, json.JSONDecodeError) as error:
        raise StoreError(
            f"{path} is not a usable hwdse store ({error}): move it away, or give another folder"
        ) from error


def _check(connection: sqlite3.Connection, path: Path, *, create: bool) -> None:
    """Make the tables of a new file; refuse a file that is not a whole store of this version."""
    pragma = {
        name: connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("application_id", "user_version", "schema_version", "quick_check")
    }
    if pragma["quick_check"] != "ok":
        raise StoreError(
            f"{path} is damaged ({_one_line(pragma['quick_check'])}): "
            "move it away, or give another folder"
        )
    # schema_version 0 is a file nothing was ever written to.
    if create and pragma["schema_version"] == 0 and pragma["application_id"] == 0:
        _make(connection)
        return
    if pragma["application_id"] != APPLICATION_ID:
        raise StoreError(f"{path} is an SQLite file of another program, not an hwdse store")
    if pragma["user_version"] != SCHEMA_VERSION:
        raise StoreError(
            f"{path} is an hwdse store of schema {pragma['user_version']}, "
            f"this version reads schema {SCHEMA_VERSION}: give another folder"
        )


def _make(connection: sqlite3.Connection) -> None:
    # One transaction: a process killed here leaves an empty file, which the next one fills.
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have made the tables since the check.
        if connection.execute("PRAGMA schema_version").fetchone()[0] == 0:
            for statement in _SCHEMA:
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _one_line(text: str) -> str:
    return " ".join(str(text).split())
