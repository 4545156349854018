"""Finds the database of a store: a file, one in a folder, or one that a URL names."""

import os
from pathlib import Path

import sqlalchemy as sa

from hwdse.errors import StoreError
from hwdse.explore.database.base import Database
from hwdse.explore.database.postgresql import PostgresqlDatabase
from hwdse.explore.database.sqlite import SqliteFile
from hwdse.text import printable

#: A file or folder, or a URL such as postgresql://host/name.
Place = str | Path

STORE_NAME = "store.sqlite"
_SERVERS = ("postgresql", "postgres")


def database_at(place: Place, *, create: bool) -> Database:
    """Return the database of a store, which need not exist yet if it is to be created.

    Raises:
        StoreError: the URL is of another kind or not complete, or there is no such store.
    """
    text = str(place)
    scheme = text.partition("://")[0].partition("+")[0] if "://" in text else ""
    if scheme:
        return _server(text, scheme)
    path = Path(place)
    if create:
        return SqliteFile(path)
    # `Path.is_dir` raises for names that are too long.
    file = path / STORE_NAME if os.path.isdir(path) else path
    if not os.path.isfile(file):
        raise StoreError(
            f"{printable(text)} is not a store: give a {STORE_NAME}, a folder holding one, or "
            "postgresql://..."
        )
    return SqliteFile(file)


def _server(text: str, scheme: str) -> Database:
    if scheme not in _SERVERS:
        raise StoreError(
            f"{printable(text)}: a store is a file, a folder, or postgresql://[user@]host/database"
        )
    try:
        return PostgresqlDatabase(text)
    except (sa.exc.ArgumentError, ValueError) as error:
        raise StoreError(
            f"{printable(text)} is no URL like postgresql://[user@]host[:port]/database"
        ) from error
