"""Compilation of the inner loops by Numba, with a disk cache that depends on their source.

Numba's own cache checks one file per function. After a change in a helper of another file, it would
return stale machine code. Here, a digest of the function's package (such as `hwdse.kernels`) is
part of the cache folder's name. A change in any line of the package compiles its functions again.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba.extending import register_jitable

from hwdse.errors import HwdseError
from hwdse.resources import cache_base

Function = TypeVar("Function", bound=Callable[..., Any])

Options = dict[str, bool | str | set[str]]

_OPTIONS: Options = {"nogil": True, "error_model": "numpy"}


def inner(function: Function) -> Function:
    """`function` for use inside compiled loops; Numba compiles it together with its caller."""
    usable: Function = register_jitable(function)
    return usable


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function`, compiled on first use for each combination of argument types.

    The compiled code releases the interpreter lock, so that threads can run it at the same time. If
    no cache folder is writable, each process compiles the code again.
    """
    return _compiled(function, _OPTIONS)


def compiled_with_fma(function: Callable[..., Any]) -> Callable[..., Any]:
    """Like `compiled`; a product and an addition may become one instruction, which rounds once.

    This is for functions whose products are all exact, so that no result changes.
    """
    return _compiled(function, _OPTIONS | {"fastmath": {"contract"}})


def _compiled(function: Callable[..., Any], options: Options) -> Callable[..., Any]:
    user_choice = numba.config.CACHE_DIR
    package = _package(function)
    for folder in _cache_folders(user_choice, package):
        numba.config.CACHE_DIR = str(folder / f"hwdse-{_source_digest(package)}")
        try:
            return _njit(options | {"cache": True})(function)
        except (OSError, RuntimeError):
            continue  # not writable: try the next folder
        finally:
            numba.config.CACHE_DIR = user_choice
    return _njit(options)(function)


def _njit(options: Options) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    decorator: Callable[[Callable[..., Any]], Callable[..., Any]] = numba.njit(**options)
    return decorator


def _package(function: Callable[..., Any]) -> Path:
    """The folder of the package directly below hwdse that holds a function."""
    root = Path(__file__).parent
    source = Path(function.__code__.co_filename)
    return (
        root / source.relative_to(root).parts[0] if source.is_relative_to(root) else source.parent
    )


def _cache_folders(user_choice: str, package: Path) -> list[Path]:
    if user_choice:
        return [Path(user_choice)]
    folders = [package / "__pycache__"]
    with suppress(HwdseError):
        folders.append(cache_base() / "hwdse")
    return folders


@cache
def _source_digest(package: Path) -> str:
    digest = sha256()
    for path in sorted(package.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
