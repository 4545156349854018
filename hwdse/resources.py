"""Places of files: models/ and sims/ (installed or in a checkout), and caches."""

import os
import stat
import tempfile
from functools import lru_cache
from pathlib import Path

from hwdse.errors import HwdseError

_PACKAGE = Path(__file__).resolve().parent


def resource(*parts: str) -> Path:
    """Path of a shipped data file or folder, e.g. `resource("models", "digits-mlp.onnx")`.

    Raises:
        HwdseError: neither the installed package nor the checkout has this file.
    """
    candidates = (_PACKAGE / "_data", _PACKAGE.parent)
    for base in candidates:
        path = base.joinpath(*parts)
        if path.exists():
            return path
    raise HwdseError(
        f"{'/'.join(parts)} is missing from {' and '.join(map(str, candidates))}: reinstall hwdse"
    )


@lru_cache(maxsize=1)
def cache_base() -> Path:
    """Folder for caches: XDG_CACHE_HOME, ~/.cache, or a folder in the temporary folder.

    The temporary folder is for accounts without a writable home, for example in containers. Only
    this user can write to it: the code in caches is executed.

    Raises:
        HwdseError: none of them can be written.
    """
    temporary = Path(tempfile.gettempdir()) / f"hwdse-cache-{os.getuid()}"
    folders = [folder for folder in (user_cache(), temporary) if folder is not None]
    for folder in folders:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if folder == temporary and not _is_own(folder):
                continue
            with tempfile.TemporaryFile(dir=folder):
                return folder
        except OSError:
            continue
    tried = " or ".join(map(str, folders))
    raise HwdseError(f"no folder for caches, {tried} cannot be written: set XDG_CACHE_HOME")


def user_cache() -> Path | None:
    """XDG_CACHE_HOME or ~/.cache; None if the account has neither the variable nor a home."""
    given = os.environ.get("XDG_CACHE_HOME")
    if given:
        return Path(given)
    try:
        return Path("~/.cache").expanduser()
    except RuntimeError:
        return None


def _is_own(folder: Path) -> bool:
    """Whether the folder belongs to this user and nobody else can write to it."""
    found = folder.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o022


def how_to_get(extra: str) -> str:
    """The command that installs an extra of this package, for messages.

    In a checkout, the command installs from the checkout, and imports still use the checkout.
    """
    if (_PACKAGE.parent / "pyproject.toml").is_file():
        return f"install it with: pip install -e '.[{extra}]' (in {_PACKAGE.parent})"
    return f"install it with: pip install 'hwdse[{extra}]'"
