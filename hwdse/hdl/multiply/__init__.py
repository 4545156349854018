"""Multipliers: two operands in, the product's Unpacked record out.

All multipliers are combinational, with one module per multiplier. The operands are Unpacked
records, unless the multiplier has a special decoder. A product may carry more than its record, for
accumulators that can use the additional signals (`hwdse.hdl.group_sum`).
"""

from functools import singledispatch

from amaranth.lib.wiring import Signature

from hwdse.errors import SpecError
from hwdse.formats import Format
from hwdse.hdl.component import Component
from hwdse.hdl.decode import decoder
from hwdse.hdl.unpacked import unpacked_signature
from hwdse.plugins import load_modules
from hwdse.spec import Multiplier


@singledispatch
def multiplier(mul: Multiplier, a: Format, b: Format) -> Component:
    """Component with ports `a`, `b` (operands) and `o` (product)."""
    raise SpecError(f"multiplier {mul} has no hardware generator")


@singledispatch
def operand_decoder(mul: Multiplier, number_format: Format) -> Component:
    """Component with ports `i` (code) and `o` (operand of the multiplier)."""
    del mul
    return decoder(number_format)


@singledispatch
def product_signature(mul: Multiplier, a: Format, b: Format) -> Signature:
    """Ports of the product: the record of `mul.product(a, b)`, and any additional signals."""
    return unpacked_signature(mul.product(a, b))


load_modules(__name__, __path__)
