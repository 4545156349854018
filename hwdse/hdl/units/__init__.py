"""Units: the hardware of whole designs, one module per unit.

`unit` finds the component of a design by the unit in the spec.
"""

from functools import singledispatch

from hwdse.errors import SpecError
from hwdse.hdl.component import Component
from hwdse.plugins import load_modules
from hwdse.spec import Design, Unit


@singledispatch
def unit(spec: Unit, design: Design) -> Component:
    """The component of a whole design. It has a property `structure` of type UnitStructure."""
    raise SpecError(f"unit {spec} has no hardware generator")


load_modules(__name__, __path__)
