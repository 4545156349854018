"""Decoders: a code in, an Unpacked record out.

All decoders are combinational. Each family of formats has one module.
"""

from functools import singledispatch

from hwdse.errors import SpecError
from hwdse.formats import Format
from hwdse.hdl.component import Component
from hwdse.plugins import load_modules


@singledispatch
def decoder(number_format: Format) -> Component:
    """Component with ports `i` (code) and `o` (record of `number_format.unpacked`)."""
    raise SpecError(f"format {number_format} has no hardware decoder")


load_modules(__name__, __path__)
