"""Number formats: validated, frozen data and their exact codecs."""

from hwdse.formats.base import Format
from hwdse.formats.binary_float import BinaryFloat, FlushedFloat
from hwdse.formats.catalogue import get, names, parse, register, syntaxes
from hwdse.formats.fixed_point import FixedPoint, Integer
from hwdse.formats.minifloat import Minifloat
from hwdse.formats.p3109 import P3109
from hwdse.formats.rounding import (
    OVERFLOWS,
    ROUNDINGS,
    STOCHASTIC_ROUNDINGS,
    Position,
    RandomBits,
    round_to_grid,
)
from hwdse.formats.unpacked import Unpacked, UnpackedShape, clog2

__all__ = [
    "OVERFLOWS",
    "P3109",
    "ROUNDINGS",
    "STOCHASTIC_ROUNDINGS",
    "BinaryFloat",
    "FixedPoint",
    "FlushedFloat",
    "Format",
    "Integer",
    "Minifloat",
    "Position",
    "RandomBits",
    "Unpacked",
    "UnpackedShape",
    "clog2",
    "get",
    "names",
    "parse",
    "register",
    "round_to_grid",
    "syntaxes",
]
