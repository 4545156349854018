"""Error messages for SQLite errors of a store. They separate a full disk from a damaged file."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from hwdse.errors import StoreError, why
from hwdse.explore.database.base import KEPT
from hwdse.text import printable

#: Time that a writer waits for another writer.
LOCK_SECONDS = 30.0

# The low byte of an SQLite error code is the kind of error. The other bytes give details.
_KIND = 0xFF


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Context that turns SQLite errors for the file at `path` into a StoreError with advice."""
    try:
        yield
    except (sqlite3.Error, sa.exc.DBAPIError) as raised:
        error = raised.orig if isinstance(raised, sa.exc.DBAPIError) else raised
        raise StoreError(f"{printable(str(path))} {_said(path, error)}") from raised
    except UnicodeDecodeError as error:  # an SQLite error that quotes a damaged schema
        raise StoreError(f"{printable(str(path))} {unusable('its schema is damaged')}") from error


def unusable(reason: str) -> str:
    """The message for a file that is not a complete store."""
    return f"is not a usable hwdse store ({reason}): move it away, or give another folder"


def _said(path: Path, error: BaseException | None) -> str:
    said = printable(" ".join(str(error).split()))[:200]
    kind = (getattr(error, "sqlite_errorcode", None) or 0) & _KIND
    if kind == sqlite3.SQLITE_FULL or (kind == sqlite3.SQLITE_IOERR and _is_full(path)):
        return f"cannot grow: the disk is full; {KEPT}: free some space and run again"
    if kind in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH):
        return f"cannot be opened: {_refusal(path) or said}: give another folder"
    return _WORDS[kind].format(said=said) if kind in _WORDS else unusable(said)


_WORDS = {
    sqlite3.SQLITE_IOERR: (
        "cannot be read or written ({said}): the disk fails, or a limit on the size of files is "
        f"reached (ulimit -f); {KEPT}"
    ),
    sqlite3.SQLITE_BUSY: (
        f"is in use by another process: wait for it or end it, and run again; {KEPT}"
    ),
    sqlite3.SQLITE_READONLY: (
        "cannot be written: the file, its folder or the file system is read-only: change that, or "
        "give another folder"
    ),
}


def _is_full(path: Path) -> bool:
    try:
        found = os.statvfs(path.parent)
    except OSError:
        return False
    return found.f_bavail == 0 or (found.f_files > 0 and found.f_favail == 0)


def _refusal(path: Path) -> str:
    """Reason why the file cannot be opened for writing; empty if it can be opened."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o666))
    except OSError as error:
        return why(error)
    if _is_full(path):
        return "the disk is full"
    return "" if os.access(path.parent, os.W_OK) else f"{path.parent} cannot be written"
