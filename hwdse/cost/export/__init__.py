"""Cost of a design as a component that another tool loads, in one module per tool.

Each module registers a function that returns the text of every file. The function writes no file
and runs no tool. All tools get the same component: hardware for one MAC per cycle. A unit with
several lanes is that many components side by side.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from hwdse.cost.export.priced import PricedDesign
from hwdse.errors import OutputError, SpecError, unknown
from hwdse.plugins import load_modules
from hwdse.text import printable
from hwdse.writing import writable_folder, write_file

__all__ = ["Exporter", "PricedDesign", "check", "exporter", "files", "names", "write"]

#: A function from a design with its cost to the tool's files: the text of each file by its name.
Exporter = Callable[[PricedDesign], dict[str, str]]

_EXPORTERS: dict[str, Exporter] = {}


def exporter(name: str) -> Callable[[Exporter], Exporter]:
    """Decorator that registers a function as the exporter for the tool called `name`.

    File names should begin with the name of the design (`PricedDesign.name`). Then the files of
    several designs fit into one folder.
    """

    def register(function: Exporter) -> Exporter:
        _EXPORTERS[name] = function
        return function

    return register


def names() -> tuple[str, ...]:
    """Names of all tools that components can be written for, in alphabetical order."""
    return tuple(sorted(_EXPORTERS))


def check(tools: Iterable[str]) -> None:
    """Check that every name is the name of a tool with an exporter.

    Raises:
        SpecError: a name is unknown.
    """
    for tool in tools:
        if tool not in _EXPORTERS:
            raise SpecError(unknown("tool to export for", tool, names()))


def files(tools: Iterable[str], designs: Iterable[PricedDesign]) -> dict[str, str]:
    """The components of all designs for all tools: the text of each file by its name.

    Raises:
        SpecError: the name of a tool is unknown.
    """
    tools = tuple(dict.fromkeys(tools))
    check(tools)
    texts: dict[str, str] = {}
    for design in designs:
        for tool in tools:
            texts.update(_EXPORTERS[tool](design))
    return texts


def write(texts: Mapping[str, str], path: Path) -> list[Path]:
    """Write files into the folder `path`, or a single file as `path`.

    Args:
        texts: the text of each file by its name.
        path: a file if it ends like one of the names, for example in `.yaml`, and is no folder;
            otherwise a folder. Missing folders are made.

    Returns:
        The paths of the written files.

    Raises:
        OutputError: a file or folder cannot be written, or `path` is a file and there are several
            texts.
    """
    if path.is_dir() or path.suffix not in {Path(name).suffix for name in texts}:
        folder = writable_folder(path)
        return [write_file(folder / name, text) for name, text in texts.items()]
    if len(texts) != 1:
        raise OutputError(
            f"{printable(str(path))} is one file, but there are {len(texts)} to write "
            f"({', '.join(texts)}): give a folder"
        )
    writable_folder(path.parent)
    return [write_file(path, text) for text in texts.values()]


load_modules(__name__, __path__)
