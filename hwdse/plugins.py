"""What plugs in: modules of a folder of this package, and objects of other packages."""

from collections.abc import Iterable
from importlib import import_module
from importlib.metadata import entry_points
from pkgutil import iter_modules
from typing import Any

from hwdse.errors import HwdseError


def load_modules(package: str, path: Iterable[str]) -> None:
    """Import all modules that lie directly in `package`, in alphabetical order.

    A new rule is registered if its file is in the folder.
    """
    for name in sorted(module.name for module in iter_modules(path)):
        import_module(f"{package}.{name}")


def offered(group: str) -> set[str]:
    """Names of what installed packages offer by entry points of a group."""
    return {point.name for point in entry_points(group=group)}


def load_offered(
    group: str, name: str, what: str, raised: type[HwdseError] = HwdseError
) -> tuple[Any, str]:
    """Load what a package offers by an entry point.

    Args:
        group: group of the entry points.
        name: name of the entry point.
        what: kind of the object, for errors.
        raised: type of the error.

    Returns:
        The object, and the text of the entry point.

    Raises:
        HwdseError: of type `raised`, if no package offers it or if it cannot be imported.
    """
    for point in entry_points(group=group):
        if point.name == name:
            try:
                return point.load(), point.value
            except Exception as error:
                raise raised(f"{what} {name} cannot be loaded: {error}") from error
    raise raised(f"no installed package offers the {what} {name!r}")
