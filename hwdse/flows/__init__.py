"""Project files for other tools, such as FuseSoC and Vivado, in one module per flow.

A flow needs these files in addition to the Verilog of a design. Each module registers a function
that returns the text of every file. The function writes no file and runs no tool:
`hwdse.verify.generation` writes the files into the folder of a verified design.
"""

from collections.abc import Callable, Iterable

from hwdse.errors import SpecError
from hwdse.flows.package import Package
from hwdse.plugins import load_modules
from hwdse.text import printable

__all__ = ["Flow", "Package", "check", "files", "flow", "names"]

#: A function from a package to the flow's files: the text of each file, by path in the folder.
Flow = Callable[[Package], dict[str, str]]

_FLOWS: dict[str, Flow] = {}


def flow(name: str) -> Callable[[Flow], Flow]:
    """Decorator that registers a function as the flow called `name`."""

    def register(function: Flow) -> Flow:
        _FLOWS[name] = function
        return function

    return register


def names() -> tuple[str, ...]:
    """Names of all flows, in alphabetical order."""
    return tuple(sorted(_FLOWS))


def check(wanted: Iterable[str]) -> None:
    """Check that every name is the name of a flow.

    Raises:
        SpecError: a name is unknown.
    """
    for name in wanted:
        if name not in _FLOWS:
            raise SpecError(f"unknown flow {printable(name)!r}: known are {', '.join(names())}")


def files(wanted: Iterable[str], package: Package) -> dict[str, str]:
    """The files of the given flows: the text of each file, by path in the folder.

    Raises:
        SpecError: the name of a flow is unknown.
    """
    wanted = tuple(dict.fromkeys(wanted))
    check(wanted)
    texts: dict[str, str] = {}
    for name in wanted:
        texts.update(_FLOWS[name](package))
    return texts


load_modules(__name__, __path__)
