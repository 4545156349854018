"""Exact fixed-point sum (Kulisch accumulator, quire)."""

from dataclasses import replace

import numpy as np

from hwdse.formats import Unpacked, round_to_grid
from hwdse.golden.accumulate import add, exact_sum, load, with_state
from hwdse.golden.fixed_point import from_integers, wrap
from hwdse.spec import Design, Kulisch


@load.register
def _(acc: Kulisch, design: Design, value: Unpacked) -> Unpacked:
    lsb = design.state.exponent_min
    magnitude = round_to_grid(value, lsb, design.rounding)
    number = wrap(np.where(value.sign, -magnitude, magnitude), design.state.significand_bits)
    register = from_integers(number, lsb)
    return replace(
        register,
        sign=np.where(value.inf, value.sign, register.sign),
        significand=np.where(value.nan | value.inf, 0, register.significand),
        nan=value.nan,
        inf=value.inf,
    )


@add.register
def _(acc: Kulisch, design: Design, state: Unpacked, products: Unpacked) -> Unpacked:
    # No product has bits below the register's LSB: the sum is exact, and `load` only wraps it.
    total: Unpacked = load(acc, design, exact_sum(with_state(state, products)))
    return total
