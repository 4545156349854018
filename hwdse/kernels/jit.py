"""Compilation of the inner loops by Numba, cached on disk under the digest of their source.

Numba's own cache looks at one file a function: a change in a helper of another file would leave
stale machine code behind. Here the digest of the whole package names the folder, so that a changed
line anywhere in it compiles anew.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba.extending import register_jitable

from hwdse.errors import HwdseError
from hwdse.resources import cache_base

Function = TypeVar("Function", bound=Callable[..., Any])

_PACKAGE = Path(__file__).parent
_OPTIONS: dict[str, bool | str] = {"nogil": True, "error_model": "numpy"}


def inner(function: Function) -> Function:
    """`function` for use inside compiled loops, compiled there with its caller."""
    usable: Function = register_jitable(function)
    return usable


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` compiled on first use for each combination of argument types.

    It releases the interpreter lock, so that threads can run it side by side. Where no folder can
    be written the code is compiled again in each process.
    """
    user_choice = numba.config.CACHE_DIR
    for folder in _cache_folders(user_choice):
        numba.config.CACHE_DIR = str(folder / f"hwdse-{_source_digest()}")
        try:
            return _njit(_OPTIONS | {"cache": True})(function)
        except (OSError, RuntimeError):
            continue  # not writable: try the next folder
        finally:
            numba.config.CACHE_DIR = user_choice
    return _njit(_OPTIONS)(function)


def _njit(options: dict[str, bool | str]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    decorator: Callable[[Callable[..., Any]], Callable[..., Any]] = numba.njit(**options)
    return decorator


def _cache_folders(user_choice: str) -> list[Path]:
    if user_choice:
        return [Path(user_choice)]
    folders = [_PACKAGE / "__pycache__"]
    with suppress(HwdseError):
        folders.append(cache_base() / "hwdse")
    return folders


@lru_cache(maxsize=1)
def _source_digest() -> str:
    digest = sha256()
    for path in sorted(_PACKAGE.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
