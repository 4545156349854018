"""Makes the tables of a store, and brings those of an earlier version to this one."""

from pathlib import Path

import sqlalchemy as sa

from hwdse.errors import StoreError
from hwdse.explore.database.schema import METADATA, OLDEST, REVISION, VERSION_TABLE
from hwdse.text import printable

_MIGRATIONS = Path(__file__).with_name("migrations")


def make(connection: sa.Connection) -> None:
    """Create the tables of this version in a new store, inside the caller's transaction."""
    METADATA.create_all(connection, checkfirst=False)
    # As Alembic makes it.
    columns = f"version_num VARCHAR(32) NOT NULL, CONSTRAINT {VERSION_TABLE}_pkc PRIMARY KEY"
    connection.execute(sa.text(f"CREATE TABLE {VERSION_TABLE} ({columns} (version_num))"))
    stored = sa.text(f"INSERT INTO {VERSION_TABLE} VALUES (:revision)")
    connection.execute(stored, {"revision": REVISION})


def revision_of(connection: sa.Connection) -> str:
    """The revision of a store; empty if it has none."""
    if not sa.inspect(connection).has_table(VERSION_TABLE):
        return ""
    found = connection.execute(sa.text(f"SELECT version_num FROM {VERSION_TABLE}")).scalars().all()
    return str(found[0]) if len(found) == 1 else ""


def is_current(revision: str, shown: str) -> bool:
    """Whether a store has this version's schema. An earlier one can be brought to it.

    Args:
        revision: the revision of the store.
        shown: the store in error messages.

    Raises:
        StoreError: the store is of a later version, or of one before the first migration.
    """
    if OLDEST <= revision <= REVISION:
        return revision == REVISION
    age = "an earlier" if revision < OLDEST else "a later"
    found, first, last = (_number(one) for one in (revision, OLDEST, REVISION))
    raise StoreError(
        f"{shown} is an hwdse store of schema {found}, of {age} version; this version reads schema "
        f"{first} to {last}: give another store"
    )


def _number(revision: str) -> str:
    return printable(revision.lstrip("0")) or "0"


def upgrade(connection: sa.Connection, revision: str) -> None:
    """Bring the tables to this version, inside the caller's transaction.

    Args:
        connection: connection to the store.
        revision: the revision of the store, which the store itself need not say; empty: it has no
            tables yet.
    """
    # Slow to load, and seldom needed.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    # The value is a template in which % begins a name.
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.attributes["connection"] = connection
    if revision and not revision_of(connection):
        command.stamp(config, revision)
    command.upgrade(config, "head")
