"""Output files that appear complete or not at all."""

import os
import tempfile
from pathlib import Path

from hwdse.errors import OutputError


def writable_folder(folder: Path) -> Path:
    """Create `folder` (parents too) and prove that files can be written in it.

    Raises:
        OutputError: it cannot be created or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OutputError(
            f"output folder {folder} cannot be written: {error.strerror or error}"
        ) from error
    return folder


def write_file(path: Path, content: str | bytes) -> Path:
    """Write `content` (text as UTF-8) beside `path`, then move it there in one step.

    Raises:
        OutputError: the file cannot be written; an earlier file of that name is untouched.
    """
    data = content.encode() if isinstance(content, str) else content
    # The process number keeps two writers apart; what a killed one left is overwritten.
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        try:
            temporary.write_bytes(data)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}") from error
    return path
