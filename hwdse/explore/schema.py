"""The tables of a store, and what makes a file a store of this version."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hwdse.errors import StoreError, why
from hwdse.explore.store_errors import unusable
from hwdse.text import printable

# "hwDS" in ASCII. This number distinguishes a store from other SQLite files.
APPLICATION_ID = 0x68774453
SCHEMA_VERSION = 4

_SCHEMA = (
    # Every design of any sweep. `facts` is the JSON document of `record.facts_of`.
    """CREATE TABLE design (
        key TEXT PRIMARY KEY NOT NULL,
        facts TEXT NOT NULL
    ) STRICT""",
    # Results of evaluations. `cost` and `accuracy` are the JSON documents of the estimators.
    # `errors` holds the float32 numbers of `Accuracy.errors` in little-endian order, `outcomes` the
    # bytes of `Accuracy.outcomes` if the evaluator gave them. Evaluations of one `identity` have
    # the same accuracy; it is empty if the evaluator gave none.
    """CREATE TABLE evaluation (
        key TEXT PRIMARY KEY NOT NULL REFERENCES design(key),
        cost TEXT NOT NULL,
        accuracy TEXT NOT NULL,
        errors BLOB NOT NULL,
        outcomes BLOB,
        identity TEXT NOT NULL,
        version TEXT NOT NULL
    ) STRICT""",
    "CREATE INDEX accuracies ON evaluation (identity)",
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
    # A design may be in several combinations of network, technology, clock and machine.
    """CREATE TABLE selection (
        position INTEGER PRIMARY KEY NOT NULL,
        key TEXT NOT NULL REFERENCES design(key),
        combination TEXT NOT NULL
    ) STRICT""",
    # What the latest sweep is for: one row with the JSON document of `Aims.to_json`.
    """CREATE TABLE aims (
        aims TEXT NOT NULL
    ) STRICT""",
)

_HEADER = b"SQLite format 3\0"
_APPLICATION_ID_AT = 68


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """All changes inside are made, or none."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        # On a full disk SQLite has already rolled back the transaction.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def check_header(path: Path) -> None:
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


def check(connection: sqlite3.Connection, path: Path, *, create: bool) -> None:
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
    with transaction(connection):
        # Another process may have created the tables since the check.
        if connection.execute("PRAGMA schema_version").fetchone()[0] == 0:
            for statement in _SCHEMA:
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
