"""Amaranth generators. Never imports the golden model: two views of one spec prove each other."""

from amaranth.hdl import Fragment

from hwdse.hdl import mac
from hwdse.hdl.emit import emit
from hwdse.hdl.structure import UnitStructure
from hwdse.hdl.unit import unit
from hwdse.spec import Design

__all__ = ["emit", "mac", "structure_of", "unit"]


def structure_of(design: Design) -> UnitStructure:
    """The primitive blocks that the design's hardware consists of."""
    component = unit(design.unit, design)
    # Also shows that what is described can be built (Amaranth warns of parts never built).
    Fragment.get(component, None)
    structure: UnitStructure = component.structure
    return structure
