"""Fused multiply-add into a float: a group is added exactly and rounded once."""

from hwdse.formats import BinaryFloat, Unpacked
from hwdse.golden.accumulate import add, exact_sum, load, with_state
from hwdse.spec import Design, FloatSum, FusedFloat


def rounded(number_format: BinaryFloat, value: Unpacked, rounding: str) -> Unpacked:
    """`value` rounded once to a value of the format, with the format's own overflow."""
    codes = number_format.pack(value, rounding, number_format.overflow)
    return number_format.unpack(number_format.check_codes(codes)).exact()


@load.register
def _(acc: FloatSum, design: Design, value: Unpacked) -> Unpacked:
    return rounded(acc.format, value, design.rounding)


@add.register
def _(acc: FusedFloat, design: Design, state: Unpacked, products: Unpacked) -> Unpacked:
    total = exact_sum(with_state(state, products), design.rounding)
    return rounded(acc.format, total, design.rounding)
