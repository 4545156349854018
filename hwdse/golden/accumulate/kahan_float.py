"""Compensated summation (Kahan 1965); every operation rounds."""

from dataclasses import dataclass, replace

import numpy as np

from hwdse.formats import Unpacked
from hwdse.golden.accumulate import add, exact_sum, load, read, with_state
from hwdse.golden.accumulate.fused_float import rounded
from hwdse.spec import Design, KahanFloat


@dataclass(frozen=True, kw_only=True)
class Compensated:
    """The running sum, and the excess that rounding has added to it."""

    total: Unpacked
    compensation: Unpacked


@load.register
def _(acc: KahanFloat, design: Design, value: Unpacked) -> Compensated:
    return Compensated(
        total=rounded(acc.format, value, design.rounding),
        compensation=Unpacked.zeros(value.shape),
    )


@add.register
def _(acc: KahanFloat, design: Design, state: Compensated, products: Unpacked) -> Compensated:
    def plus(left: Unpacked, right: Unpacked) -> Unpacked:
        total = exact_sum(with_state(left, right[..., None]), design.rounding)
        return rounded(acc.format, total, design.rounding)

    def minus(left: Unpacked, right: Unpacked) -> Unpacked:
        return plus(left, replace(right, sign=~right.sign))

    x = rounded(acc.format, exact_sum(products, design.rounding), design.rounding)
    y = minus(x, state.compensation)
    total = plus(state.total, y)
    compensation = minus(minus(total, state.total), y)
    finite = ~(compensation.nan | compensation.inf)
    return Compensated(total=total, compensation=_where(finite, compensation))


@read.register
def _(acc: KahanFloat, design: Design, state: Compensated) -> Unpacked:
    return state.total


def _where(kept: np.ndarray, value: Unpacked) -> Unpacked:
    """`value` where `kept` is set, +0 elsewhere."""
    return Unpacked(
        sign=value.sign & kept,
        significand=np.where(kept, value.significand, 0),
        exponent=value.exponent,
        nan=value.nan & kept,
        inf=value.inf & kept,
    )
