"""A store in an SQLite file. Atomic writes with full synchronisation survive kill -9."""

import sqlite3
from contextlib import AbstractContextManager
from pathlib import Path

import sqlalchemy as sa

from hwdse.errors import StoreError, why
from hwdse.explore.database import sqlite_errors, versions
from hwdse.explore.database.base import Database
from hwdse.explore.database.schema import REVISION
from hwdse.explore.database.sqlite_errors import unusable
from hwdse.text import printable

# "hwDS" in ASCII. This number distinguishes a store from other SQLite files.
APPLICATION_ID = 0x68774453

_HEADER = b"SQLite format 3\0"
_APPLICATION_ID_AT = 68
_FOREIGN = "is an SQLite file of another program, not an hwdse store: give another folder"


class SqliteFile(Database):
    """The file at `path`.

    The class refuses a damaged file or a file of another kind, and never changes such a file. The
    number of the schema is also the file's `user_version`, which the first stores had alone.
    """

    # A transaction that first reads and then writes could find another writer in between.
    begin = "BEGIN IMMEDIATE"

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def path(self) -> Path:
        """See `Database`."""
        return self._path

    @property
    def shown(self) -> str:
        """See `Database`."""
        return printable(str(self.path))

    def translated(self) -> AbstractContextManager[None]:
        """See `Database`."""
        return sqlite_errors.translated(self.path)

    def statement(self, text: str) -> str:
        """See `Database`."""
        return f'sqlite3 {self.shown} "{text}"'

    def size_bytes(self, connection: sa.Connection) -> int:
        """See `Database`."""
        return self.path.stat().st_size

    def roll_back(self, connection: sa.Connection) -> None:
        """See `Database`. On a full disk SQLite has already rolled back the transaction."""
        if connection.invalidated:
            return
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        if driver.in_transaction:
            super().roll_back(connection)

    def _connected(self, create: bool) -> sa.Connection:
        self._check_header()
        uri = f"{self.path.resolve().as_uri()}?mode={'rwc' if create else 'rw'}"

        def driver() -> sqlite3.Connection:
            made = sqlite3.connect(
                uri, uri=True, isolation_level=None, timeout=sqlite_errors.LOCK_SECONDS
            )
            made.text_factory = _text
            return made

        engine = sa.create_engine("sqlite://", creator=driver, poolclass=sa.NullPool)
        return engine.connect().execution_options(isolation_level="AUTOCOMMIT")

    def _check_header(self) -> None:
        """Check that a file is a store before SQLite opens the file.

        SQLite treats a file of a few bytes like an empty file and overwrites it. An empty file is
        allowed: SQLite leaves such a file if a process is killed during the first change.
        """
        path = self.path
        try:
            if not path.exists():
                return
            if not path.is_file():
                raise StoreError(f"{self.shown} is no regular file: give another folder")
            with path.open("rb") as stream:
                head = stream.read(_APPLICATION_ID_AT + 4)
        except OSError as error:
            raise StoreError(f"{self.shown} cannot be opened: {why(error)}") from error
        # If a journal exists, a change of the file was interrupted, and SQLite will roll it back.
        if not head or path.with_name(f"{path.name}-journal").exists():
            return
        if not head.startswith(_HEADER):
            raise StoreError(f"{self.shown} {unusable('file is not a database')}")
        if int.from_bytes(head[_APPLICATION_ID_AT:], "big") != APPLICATION_ID:
            raise StoreError(f"{self.shown} {_FOREIGN}")

    def _check(self, connection: sa.Connection, create: bool) -> None:
        """Create the tables in a new file, or check and upgrade a complete store."""
        names = ("application_id", "user_version", "page_count", "quick_check")
        # Read all in one transaction, because another process may be creating the tables.
        connection.exec_driver_sql("BEGIN")
        try:
            pragma = {name: _pragma(connection, name) for name in names}
        finally:
            connection.exec_driver_sql("ROLLBACK")
        if pragma["page_count"] == 0 and create:
            self._make(connection)
            return
        if pragma["quick_check"] != "ok":
            said = printable(" ".join(str(pragma["quick_check"]).split()))
            raise StoreError(
                f"{self.shown} is damaged ({said}): move it away, or give another folder"
            )
        if pragma["page_count"] == 0:
            raise StoreError(f"{self.shown} is an empty file, no store yet: run hwdse explore")
        if pragma["application_id"] != APPLICATION_ID:
            raise StoreError(f"{self.shown} {_FOREIGN}")
        if not versions.is_current(_revision(pragma["user_version"]), self.shown):
            self._upgrade(connection)

    def _make(self, connection: sa.Connection) -> None:
        # Create all in one transaction. A process that is killed here leaves an empty file, and the
        # next process creates the tables.
        with self.transaction(connection):
            # Another process may have created the tables since the check.
            if _pragma(connection, "schema_version") == 0:
                versions.make(connection)
                connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.exec_driver_sql(f"PRAGMA user_version = {int(REVISION)}")

    def _upgrade(self, connection: sa.Connection) -> None:
        with self.transaction(connection):
            # Another process may have been first.
            revision = _revision(_pragma(connection, "user_version"))
            if revision != REVISION:
                versions.upgrade(connection, revision)
                connection.exec_driver_sql(f"PRAGMA user_version = {int(REVISION)}")


def _pragma(connection: sa.Connection, name: str) -> int | str:
    # A check of a damaged file has a row for each damage.
    value: int | str = connection.exec_driver_sql(f"PRAGMA {name}").scalars().all()[0]
    return value


def _revision(user_version: int | str) -> str:
    return f"{int(user_version):04d}"


def _text(content: bytes) -> str:
    """Decode text from SQLite. The file may contain bytes that are not UTF-8."""
    return content.decode("utf-8", "surrogateescape")
