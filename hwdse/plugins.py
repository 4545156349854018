"""Import of every module of a package: a new rule is registered if its file is in the folder."""

from collections.abc import Iterable
from importlib import import_module
from pkgutil import iter_modules


def load_modules(package: str, path: Iterable[str]) -> None:
    """Import all modules that lie directly in `package`, in alphabetical order."""
    for name in sorted(module.name for module in iter_modules(path)):
        import_module(f"{package}.{name}")
