"""Number formats: validated, immutable descriptions and their exact codecs."""

from hwdse.formats.base import Format
from hwdse.formats.binary_float import BinaryFloat, FlushedFloat
from hwdse.formats.bipolar import Binary, Bipolar
from hwdse.formats.blocks import BlockFormat, BlockSize, Quantized, Quantizer, ScaleRule
from hwdse.formats.catalogue import (
    block_names,
    block_syntaxes,
    forget_names,
    get,
    is_told_by_name,
    names,
    parse,
    register,
    syntaxes,
)
from hwdse.formats.codebook import Codebook
from hwdse.formats.dint import DInt
from hwdse.formats.fixed_point import FixedPoint, Integer
from hwdse.formats.hif8 import HiF8
from hwdse.formats.levels import LevelFormat
from hwdse.formats.logarithmic import Logarithmic
from hwdse.formats.minifloat import Minifloat
from hwdse.formats.p3109 import P3109
from hwdse.formats.posit import Posit
from hwdse.formats.power_exponent import PowerExponent
from hwdse.formats.powers_of_two import PowersOfTwo, signed_digits
from hwdse.formats.rounding import (
    OVERFLOWS,
    ROUNDINGS,
    STOCHASTIC_ROUNDINGS,
    Position,
    RandomBits,
    round_to_grid,
)
from hwdse.formats.ternary import Ternary, pack_trits, unpack_trits
from hwdse.formats.unpacked import Unpacked, UnpackedShape, clog2

__all__ = [
    "OVERFLOWS",
    "P3109",
    "ROUNDINGS",
    "STOCHASTIC_ROUNDINGS",
    "Binary",
    "BinaryFloat",
    "Bipolar",
    "BlockFormat",
    "BlockSize",
    "Codebook",
    "DInt",
    "FixedPoint",
    "FlushedFloat",
    "Format",
    "HiF8",
    "Integer",
    "LevelFormat",
    "Logarithmic",
    "Minifloat",
    "Posit",
    "Position",
    "PowerExponent",
    "PowersOfTwo",
    "Quantized",
    "Quantizer",
    "RandomBits",
    "ScaleRule",
    "Ternary",
    "Unpacked",
    "UnpackedShape",
    "block_names",
    "block_syntaxes",
    "clog2",
    "forget_names",
    "get",
    "is_told_by_name",
    "names",
    "pack_trits",
    "parse",
    "register",
    "round_to_grid",
    "signed_digits",
    "syntaxes",
    "unpack_trits",
]
