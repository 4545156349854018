"""Encoders: an Unpacked record in, a code out, rounded once.

All encoders are combinational. Each family of formats has one module.
"""

from functools import singledispatch

from hwdse.errors import SpecError
from hwdse.formats import Format, UnpackedShape
from hwdse.hdl.component import Component
from hwdse.plugins import load_modules


@singledispatch
def encoder(number_format: Format, shape: UnpackedShape, rounding: str) -> Component:
    """Component with ports `i` (record of `shape`) and `o` (code of `number_format`)."""
    raise SpecError(f"format {number_format} has no hardware encoder")


load_modules(__name__, __path__)
