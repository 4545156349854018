"""What generators declare of themselves: the primitives and structures of `hwdse.primitives`."""

from hwdse.primitives.structure import (
    Adder,
    Gates,
    Incrementer,
    LeadingZeroCounter,
    Multiplier,
    Mux,
    Primitive,
    Reduce,
    Register,
    Shifter,
    Structure,
    Table,
    Timing,
    UnitStructure,
)

__all__ = [
    "Adder",
    "Gates",
    "Incrementer",
    "LeadingZeroCounter",
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
