"""Reads and changes the tables of a store, in the SQL that all its databases understand."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from hwdse.explore.database.base import Database
from hwdse.explore.database.schema import METADATA


class Tables:
    """The tables of an open store.

    Attributes:
        connection: connection to the database.
    """

    def __init__(self, database: Database, connection: sa.Connection) -> None:
        self._database = database
        self.connection = connection

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    @property
    def size_bytes(self) -> int:
        """Size of the whole store."""
        with self._database.translated():
            return self._database.size_bytes(self.connection)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Context in which all changes are made, or none."""
        with self._database.transaction(self.connection):
            yield

    def rows(self, name: str) -> list[dict[str, Any]]:
        """All rows of a table as they are stored, in the order of their keys."""
        columns = [column.name for column in METADATA.tables[name].columns]
        found = self.query(f"SELECT {', '.join(columns)} FROM {name} ORDER BY 1, 2")
        return [dict(zip(columns, values, strict=True)) for values in found]

    def put(self, name: str, rows: Sequence[Mapping[str, Any]], *, replace: bool = False) -> None:
        """Add rows to a table. Those whose key it has are left out, or replace the old ones."""
        table = METADATA.tables[name]
        columns = [column.name for column in table.columns]
        key = ", ".join(column.name for column in table.primary_key)
        kept = ", ".join(f"{column} = excluded.{column}" for column in columns)
        conflict = f"({key}) DO UPDATE SET {kept}" if replace else "DO NOTHING"
        marks = ", ".join(f":{column}" for column in columns)
        self.change(f"INSERT INTO {name} VALUES ({marks}) ON CONFLICT {conflict}", rows)

    def change(self, statement: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run a statement for each row, inside a transaction."""
        if rows:
            self.connection.execute(sa.text(statement), [dict(row) for row in rows])

    def query(self, query: str, **parameters: object) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with self._database.translated():
            return [tuple(row) for row in self.connection.execute(sa.text(query), parameters)]

    def one(self, query: str, **parameters: object) -> Any:
        """The only value of a query."""
        return self.query(query, **parameters)[0][0]
