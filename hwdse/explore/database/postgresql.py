"""A store in a database of a PostgreSQL server, for sweeps of many machines."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

import sqlalchemy as sa

from hwdse.errors import StoreError
from hwdse.explore.database import versions
from hwdse.explore.database.base import KEPT, Database
from hwdse.explore.database.schema import METADATA
from hwdse.text import printable

# Any number that all processes share: only one at a time makes or upgrades the tables.
_LOCK = 0x68774453
_CONNECT_SECONDS = 10

# PostgreSQL's error codes by their beginnings, the longer ones first.
_WORDS = {
    "25006": "cannot be written: the server, or the user's access, is read-only",
    "42501": "cannot be used: the user may not do this ({said})",
    "53100": f"cannot grow: the disk of the server is full; {KEPT}: free some space and run again",
    "3D000": "cannot be opened: {said}: create it with createdb",
    "28": "cannot be opened: {said}",
    "40": f"is in use by another process ({{said}}): run again; {KEPT}",
    "53": f"has no room for this ({{said}}); {KEPT}",
    "55": f"is in use by another process ({{said}}): run again; {KEPT}",
}
_UNREACHABLE = f"cannot be reached: {{said}}; {KEPT}: run again when the server is up"
_LOST = ("08", "57P")
_MISSING = '" does not exist'


class PostgresqlDatabase(Database):
    """The database that a URL such as postgresql://user@host/name says. It must exist."""

    def __init__(self, url: str) -> None:
        address = sa.make_url(url)
        self._url = address.set(drivername="postgresql+psycopg")
        # The text as it was given, where it tells no password.
        self._shown = url if address.password is None else address.render_as_string()

    @property
    def shown(self) -> str:
        """See `Database`."""
        return printable(self._shown)

    def statement(self, text: str) -> str:
        """See `Database`."""
        return f'psql {self.shown} -c "{text}"'

    def size_bytes(self, connection: sa.Connection) -> int:
        """See `Database`."""
        sizes = " + ".join(f"pg_total_relation_size('{name}')" for name in METADATA.tables)
        return int(connection.execute(sa.text(f"SELECT {sizes}")).scalar_one())

    @contextmanager
    def translated(self) -> Iterator[None]:
        """See `Database`."""
        try:
            yield
        except sa.exc.DBAPIError as error:
            raise StoreError(f"{self.shown} {_said(error.orig)}") from error

    def _connected(self, create: bool) -> sa.Connection:
        if find_spec("psycopg") is None:
            raise StoreError(
                f"{self.shown} needs psycopg, which is missing: pip install 'hwdse[postgresql]'"
            )
        engine = sa.create_engine(
            self._url,
            isolation_level="AUTOCOMMIT",
            poolclass=sa.NullPool,
            connect_args={"connect_timeout": _CONNECT_SECONDS},
        )
        return engine.connect()

    def _check(self, connection: sa.Connection, create: bool) -> None:
        """Create the tables in an empty database, or check and upgrade a complete store."""
        revision = versions.revision_of(connection)
        if revision and versions.is_current(revision, self.shown):
            return
        if not revision and not create:
            raise StoreError(f"{self.shown} holds no store yet: run hwdse explore")
        with self.transaction(connection):
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            # Another process may have been first.
            revision = versions.revision_of(connection)
            if not revision:
                self._make(connection)
            elif not versions.is_current(revision, self.shown):
                versions.upgrade(connection, revision)

    def _make(self, connection: sa.Connection) -> None:
        taken = set(METADATA.tables) & set(sa.inspect(connection).get_table_names())
        if taken:
            raise StoreError(
                f"{self.shown} has tables of another program ({', '.join(sorted(taken))}): give "
                "another database"
            )
        versions.make(connection)


def _said(error: BaseException | None) -> str:
    said = printable(" ".join(str(error).split()))[:300]
    code = getattr(error, "sqlstate", None) or ""
    # The driver gives no code if the connection fails.
    if not code and _MISSING in said:
        code = "3D000"
    if not code or code.startswith(_LOST):
        return _UNREACHABLE.format(said=said)
    words = next((text for begin, text in _WORDS.items() if code.startswith(begin)), None)
    if words is None:
        return f"is not a usable hwdse store ({said}): give another database"
    return words.format(said=said)
