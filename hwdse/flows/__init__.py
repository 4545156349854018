"""What other tools need beside the Verilog of a design, one module for each flow.

A module registers a function that gives the texts of its files. It writes nothing and runs nothing:
`hwdse.verify.generation` puts the files into the folder of a verified design.
"""

from collections.abc import Callable, Iterable

from hwdse.errors import SpecError
from hwdse.flows.package import Package
from hwdse.plugins import load_modules
from hwdse.text import printable

__all__ = ["Flow", "Package", "check", "files", "flow", "names"]

#: Texts of a flow's files by their paths in the folder.
Flow = Callable[[Package], dict[str, str]]

_FLOWS: dict[str, Flow] = {}


def flow(name: str) -> Callable[[Flow], Flow]:
    """Registers a function as the flow of this name."""

    def register(function: Flow) -> Flow:
        _FLOWS[name] = function
        return function

    return register


def names() -> tuple[str, ...]:
    """All flows, in alphabetical order."""
    return tuple(sorted(_FLOWS))


def check(wanted: Iterable[str]) -> None:
    """Refuse what is no flow.

    Raises:
        SpecError: a name that is not known.
    """
    for name in wanted:
        if name not in _FLOWS:
            raise SpecError(f"unknown flow {printable(name)!r}: known are {', '.join(names())}")


def files(wanted: Iterable[str], package: Package) -> dict[str, str]:
    """Texts of the files of some flows by their paths in the folder.

    Raises:
        SpecError: a name that is not known.
    """
    wanted = tuple(dict.fromkeys(wanted))
    check(wanted)
    texts: dict[str, str] = {}
    for name in wanted:
        texts.update(_FLOWS[name](package))
    return texts


load_modules(__name__, __path__)
