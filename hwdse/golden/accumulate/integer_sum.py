"""Two's-complement sum in units of the products' LSB, wrapping or saturating."""

import numpy as np

from hwdse.formats import Unpacked, round_to_grid
from hwdse.golden.accumulate import add, exact_sum, load, with_state
from hwdse.golden.fixed_point import from_integers, wrap
from hwdse.spec import Design, IntegerSum


@load.register
def _(acc: IntegerSum, design: Design, value: Unpacked) -> Unpacked:
    lsb = design.state.exponent_min
    magnitude = round_to_grid(value, lsb, design.rounding)
    limit = 1 << (acc.width - 1)
    # An addend may be infinite. It loads as the nearest integer, as if an encoder had saturated it.
    magnitude = np.where(value.inf, limit - (~value.sign).astype(object), magnitude)
    number = np.where(value.sign, -magnitude, magnitude)
    if acc.saturate:
        number = np.minimum(np.maximum(number, -limit), limit - 1)
    return from_integers(wrap(number, acc.width), lsb)


@add.register
def _(acc: IntegerSum, design: Design, state: Unpacked, products: Unpacked) -> Unpacked:
    total: Unpacked = load(acc, design, exact_sum(with_state(state, products)))
    return total
