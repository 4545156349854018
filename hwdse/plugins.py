"""Loads every module of a package, so that a new rule plugs in by being a file in its folder."""

from collections.abc import Iterable
from importlib import import_module
from pkgutil import iter_modules


def load_modules(package: str, path: Iterable[str]) -> None:
    """Import all modules directly in `package`, in alphabetical order."""
    for name in sorted(module.name for module in iter_modules(path)):
        import_module(f"{package}.{name}")
