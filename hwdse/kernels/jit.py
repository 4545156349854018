"""Compilation of the inner loops by Numba, with a disk cache that depends on their source.

Numba's own cache checks one file per function. After a change in a helper of another file, it would
return stale machine code. Here, a digest of the whole package is part of the cache folder's name. A
change in any line of the package therefore compiles everything again.
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
    """`function` for use inside compiled loops; Numba compiles it together with its caller."""
    usable: Function = register_jitable(function)
    return usable


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function`, compiled on first use for each combination of argument types.

    The compiled code releases the interpreter lock, so that threads can run it at the same time. If
    no cache folder is writable, each process compiles the code again.
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
