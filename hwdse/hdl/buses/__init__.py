"""Buses around units, one module per bus."""

from functools import singledispatch

from hwdse.errors import SpecError
from hwdse.hdl.component import Component
from hwdse.plugins import load_modules
from hwdse.spec import Bus, Design


@singledispatch
def wrapped(bus: Bus, design: Design, unit: Component) -> Component:
    """A component with the ports of `bus.interface(design)` around the design's unit."""
    raise SpecError(f"interface {bus.keyword} has no hardware generator")


load_modules(__name__, __path__)
