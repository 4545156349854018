"""Writing of files that appear complete or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hwdse.errors import OutputError, why
from hwdse.temporary import temporary_folder
from hwdse.text import printable


def writable_folder(folder: Path) -> Path:
    """Create `folder` and its parents, and check that files can be written in it.

    Raises:
        OutputError: the folder cannot be created or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OutputError(
            f"output folder {printable(str(folder))} cannot be written: {why(error)}"
        ) from error
    return folder


@contextmanager
def replaced_folder(place: Path) -> Iterator[Path]:
    """A new folder to fill, which becomes `place` at the end. An error leaves `place` unchanged.

    Raises:
        OSError: the folder cannot be written.
    """
    with temporary_folder("generate", place.parent) as work:
        complete = work / "new"
        complete.mkdir()
        yield complete
        if place.exists():
            place.rename(work / "old")
        complete.rename(place)


def write_file(path: Path, content: str | bytes) -> Path:
    """Write `content` (text as UTF-8) next to `path`, then move it to `path` in one step.

    Raises:
        OutputError: the file cannot be written; an earlier file at `path` stays unchanged.
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        with temporary_folder("write", path.parent) as folder:
            (folder / path.name).write_bytes(data)
            os.replace(folder / path.name, path)
    except OSError as error:
        raise OutputError(f"{printable(str(path))} cannot be written: {why(error)}") from error
    return path
