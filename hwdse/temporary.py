"""Temporary folders that do not outlive their process for long, even after a kill with -9.

A process holds a lock on each of its folders (`flock` on the folder itself). When the process dies,
for whatever reason, the kernel releases the lock. A later process takes the lock of every
folder that it finds: if it gets the lock, the owner is dead, and it removes the folder. This also
works across containers on the same machine. Process numbers would not work: they are reused, and
containers do not share them.
"""

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hwdse.errors import OutputError, is_no_room, why
from hwdse.text import printable

# Every folder with this name comes from this module, and had its lock from the start.
_MARK = "hwdse-tmp-"

# Folders in which this process has already removed leftovers.
_cleaned: set[Path] = set()


@contextmanager
def temporary_folder(purpose: str, within: Path | None = None) -> Iterator[Path]:
    """A new temporary folder of this process, removed at the end.

    The first call for a base folder also removes what killed processes of the same user left there.

    Args:
        purpose: a word for the folder's name.
        within: base folder, in which the new folder gets a hidden name; by default the system's
            temporary folder.

    Raises:
        OSError: the folder cannot be made in `within`.
        OutputError: the folder cannot be made in the system's temporary folder, or that is full.
    """
    base = within or _system_folder()
    if base not in _cleaned:
        _cleaned.add(base)
        remove_stale(base)
    try:
        folder, lock = _locked_folder(base, f"{'.' if within else ''}{_MARK}{purpose}-")
    except OSError as error:
        if within is None:
            raise _unwritable(base, error) from error
        raise
    try:
        yield folder
    except OSError as error:
        if within is None and is_no_room(error):
            raise _unwritable(base, error) from error
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _system_folder() -> Path:
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError as error:
        raise OutputError(f"{why(error)}: free some space, or set TMPDIR to a folder") from error


def _unwritable(base: Path, error: OSError) -> OutputError:
    return OutputError(
        f"the temporary folder {printable(str(base))} cannot be written: {why(error)}; "
        "free some space, or set TMPDIR to another folder"
    )


def remove_stale(base: Path | None = None) -> None:
    """Remove folders in `base` that dead processes of this user left; keep folders in use."""
    base = base or _system_folder()
    with suppress(OSError), os.scandir(base) as entries:
        for entry in entries:
            if entry.name.removeprefix(".").startswith(_MARK):
                _remove_if_stale(entry.path)


def _remove_if_stale(path: str) -> None:
    try:
        # O_NOFOLLOW: a link never counts. The check below excludes folders of other users.
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if os.fstat(folder).st_uid == os.geteuid() and _lock(folder):
            shutil.rmtree(path, ignore_errors=True)
    finally:
        os.close(folder)


def _locked_folder(base: Path, prefix: str) -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=base))
        # Until this process has the lock, another process may remove the folder as a leftover.
        try:
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        taken = _lock(lock) or not _locks_work(lock)
        if taken and _is_at(lock, folder):
            return folder, lock
        os.close(lock)


def _lock(folder: int) -> bool:
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _locks_work(folder: int) -> bool:
    """Whether the file system supports locks; without locks, no folder counts as stale."""
    try:
        fcntl.flock(folder, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return True


def _is_at(opened: int, path: Path) -> bool:
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and os.path.samestat(found, os.fstat(opened))
