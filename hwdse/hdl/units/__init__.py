"""Units: whole designs as hardware, found by the unit of their spec. One module each."""

from functools import singledispatch

from hwdse.errors import SpecError
from hwdse.hdl.component import Component
from hwdse.plugins import load_modules
from hwdse.spec import Design, Unit


@singledispatch
def unit(spec: Unit, design: Design) -> Component:
    """Component of a whole design, with a property `structure` of type UnitStructure."""
    raise SpecError(f"unit {spec} has no hardware generator")


load_modules(__name__, __path__)
