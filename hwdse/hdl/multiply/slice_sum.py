"""The sum of a slice as a term of the accumulator."""

from amaranth.lib.wiring import Signature

from hwdse.formats import Format
from hwdse.hdl.group_sum import GroupSum, carry_group_sum, carry_signature, group_sum
from hwdse.hdl.multiply import product_signature
from hwdse.hdl.unpacked import unpacked_signature
from hwdse.spec import Design
from hwdse.spec.slices import SliceSum


@product_signature.register
def _(mul: SliceSum, a: Format, b: Format) -> Signature:
    """The record, with a carry that is left to the accumulator if there is no adder before it."""
    shape = mul.product(a, b)
    return (
        carry_signature(shape, shape.significand_bits) if mul.carried else unpacked_signature(shape)
    )


@group_sum.register
def _(mul: SliceSum, design: Design) -> GroupSum:
    return carry_group_sum(mul, design) if mul.carried else GroupSum(design)
