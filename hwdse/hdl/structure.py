"""The terms in which generators describe their hardware, from `hwdse.primitives`."""

from hwdse.primitives.primitive import (
    Adder,
    Gates,
    Incrementer,
    LeadingZeroCounter,
    Memory,
    Multiplier,
    Mux,
    Primitive,
    Reduce,
    Register,
    Shifter,
    Table,
    Timing,
)
from hwdse.primitives.structure import Child, Structure, UnitStructure

__all__ = [
    "Adder",
    "Child",
    "Gates",
    "Incrementer",
    "LeadingZeroCounter",
    "Memory",
    "Multiplier",
    "Mux",
    "Primitive",
    "Reduce",
    "Register",
    "Shifter",
    "Structure",
    "Table",
    "Timing",
    "UnitStructure",
]
