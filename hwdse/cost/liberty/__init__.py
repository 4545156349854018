"""Reads standard-cell libraries in the Liberty format.

`load` reads one file or several files of one library. All figures have fixed units, whatever the
units of the files: ps, fF, fJ, nW and um2.
"""

from hwdse.cost.liberty.library import (
    FALL,
    NO_WIRES,
    RISE,
    Arc,
    Cell,
    FlipFlop,
    Library,
    LookupTable,
    Pin,
    Power,
    WireLoad,
)
from hwdse.cost.liberty.reader import load, read
from hwdse.cost.liberty.writer import mapping_text

__all__ = [
    "FALL",
    "NO_WIRES",
    "RISE",
    "Arc",
    "Cell",
    "FlipFlop",
    "Library",
    "LookupTable",
    "Pin",
    "Power",
    "WireLoad",
    "load",
    "mapping_text",
    "read",
]
