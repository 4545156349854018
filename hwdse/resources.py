"""Where files are: models/ and sims/ (installed or in a checkout), and caches."""

import os
import tempfile
from functools import lru_cache
from pathlib import Path

from hwdse.errors import HwdseError

_PACKAGE = Path(__file__).resolve().parent


def resource(*parts: str) -> Path:
    """Path of a shipped data file or folder, e.g. `resource("models", "digits-mlp.onnx")`.

    Raises:
        HwdseError: neither the installed package nor the checkout holds it.
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
    """Folder for what can be made again: XDG_CACHE_HOME, ~/.cache, or a temporary one.

    The last is for accounts without a home they can write to, as containers have.
    """
    user = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    temporary = Path(tempfile.gettempdir()) / f"hwdse-cache-{os.getuid()}"
    for folder in (Path(user), temporary):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                return folder
        except OSError:
            continue
    raise HwdseError(f"neither {user} nor {temporary} can be written: set XDG_CACHE_HOME")
