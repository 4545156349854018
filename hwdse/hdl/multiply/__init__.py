"""Multipliers: two Unpacked records in, the product out. Combinational, one module each."""

from functools import singledispatch

from amaranth.lib.wiring import Component

from hwdse.errors import SpecError
from hwdse.formats import Format
from hwdse.plugins import load_modules
from hwdse.spec import Multiplier


@singledispatch
def multiplier(mul: Multiplier, a: Format, b: Format) -> Component:
    """Component with ports `a`, `b` (operand records) and `o` (record of `mul.product(a, b)`)."""
    raise SpecError(f"multiplier {mul} has no hardware generator")


load_modules(__name__, __path__)
