"""Logarithmic numbers have no encoder: it would need a logarithm of any sum."""

from amaranth.lib.wiring import Component

from hwdse.errors import SpecError
from hwdse.formats import Logarithmic, UnpackedShape
from hwdse.hdl.encode import encoder


@encoder.register(Logarithmic)
def _(number_format: Logarithmic, shape: UnpackedShape, rounding: str) -> Component:
    del shape, rounding
    raise SpecError(
        f"out={number_format} has no hardware encoder: it needs a logarithm of the sum; it is an "
        "operand format, use another out="
    )
