"""Fused multiply-add into a float: added exactly, rounded once a group."""

from hwdse.formats import Unpacked
from hwdse.golden.accumulate import add, exact_sum, load, with_state
from hwdse.spec import Design, FusedFloat


@load.register
def _(acc: FusedFloat, design: Design, value: Unpacked) -> Unpacked:
    codes = acc.format.pack(value, design.rounding, acc.format.overflow)
    return acc.format.unpack(acc.format.check_codes(codes)).exact()


@add.register
def _(acc: FusedFloat, design: Design, state: Unpacked, products: Unpacked) -> Unpacked:
    total: Unpacked = load(acc, design, exact_sum(with_state(state, products), design.rounding))
    return total
