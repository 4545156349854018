"""Software for generated hardware: what a program needs to use a module behind a bus."""

from functools import singledispatch

from hwdse.plugins import load_modules
from hwdse.spec import Bus, Design


@singledispatch
def files(bus: Bus, design: Design, top: str) -> dict[str, str]:
    """The files of a module's software: the text of each, by name. Most buses have none.

    Args:
        bus: the bus of the module.
        design: the design.
        top: name of the module.
    """
    del bus, design, top
    return {}


load_modules(__name__, __path__)
