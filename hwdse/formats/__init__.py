"""Number formats: validated, frozen data and their exact codecs."""

from hwdse.formats.base import Format
from hwdse.formats.catalogue import get, names, parse, register
from hwdse.formats.integer import Integer
from hwdse.formats.minifloat import Minifloat
from hwdse.formats.rounding import OVERFLOWS, ROUNDINGS, RandomBits, round_to_grid
from hwdse.formats.unpacked import Unpacked, UnpackedShape, clog2

__all__ = [
    "OVERFLOWS",
    "ROUNDINGS",
    "Format",
    "Integer",
    "Minifloat",
    "RandomBits",
    "Unpacked",
    "UnpackedShape",
    "clog2",
    "get",
    "names",
    "parse",
    "register",
    "round_to_grid",
]
