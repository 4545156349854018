"""Fused groups with stochastic rounding; a shift register gives the random bits.

Each group is added exactly and rounded once.
"""

from dataclasses import dataclass

import numpy as np

from hwdse.formats import Unpacked
from hwdse.formats.rounding import RandomBits
from hwdse.golden.accumulate import add, exact_sum, load, read, with_state
from hwdse.golden.accumulate.fused_float import rounded
from hwdse.spec import Design, StochasticFloat


@dataclass(frozen=True, kw_only=True)
class Dithered:
    """The running sum, and the state of the shift register, which all sums share."""

    total: Unpacked
    register: int


def lfsr_step(acc: StochasticFloat, register: int) -> int:
    """The next state of the shift register."""
    feedback = sum(register >> tap for tap in acc.taps) & 1
    return ((register << 1) | feedback) & ((1 << acc.lfsr) - 1)


@load.register
def _(acc: StochasticFloat, design: Design, value: Unpacked) -> Dithered:
    return Dithered(total=rounded(acc.format, value, design.rounding), register=acc.seed)


@add.register
def _(acc: StochasticFloat, design: Design, state: Dithered, products: Unpacked) -> Dithered:
    total = exact_sum(with_state(state.total, products))
    draw = np.array(state.register & ((1 << acc.bits) - 1))
    random = RandomBits(values=draw, bits=acc.bits)
    rounding = f"stochastic_{acc.variant}"
    codes = acc.format.pack(total, rounding, acc.format.overflow, random)
    register = state.register
    for _ in range(acc.bits):
        register = lfsr_step(acc, register)
    number = acc.format.unpack(acc.format.check_codes(codes)).exact()
    return Dithered(total=number, register=register)


@read.register
def _(acc: StochasticFloat, design: Design, state: Dithered) -> Unpacked:
    return state.total
