"""Multiply-add with approximate normalisation: the running sum may have leading zeros."""

from dataclasses import replace

import numpy as np

from hwdse.formats import Unpacked, round_to_grid
from hwdse.formats.rounding import overflow_goes_away
from hwdse.formats.unpacked import Array, bit_length
from hwdse.golden.accumulate import add, load
from hwdse.spec import ApproximateFloat, Design


@load.register
def _(acc: ApproximateFloat, design: Design, value: Unpacked) -> Unpacked:
    top = value.exponent + bit_length(value.significand) - 1
    top = np.where(value.zero, acc.lowest, np.maximum(top, acc.lowest))
    significand = round_to_grid(value.exact(), top - acc.width, design.rounding)
    carry = np.asarray(significand >> (acc.width + 1) != 0, bool)
    significand = np.where(carry, significand >> 1, significand)
    return _bounded(acc, design, replace(value, significand=significand), top + carry)


@add.register
def _(acc: ApproximateFloat, design: Design, state: Unpacked, products: Unpacked) -> Unpacked:
    for lane in range(products.shape[-1]):
        state = _step(acc, design, state, products[..., lane])
    return state


def _step(acc: ApproximateFloat, design: Design, state: Unpacked, product: Unpacked) -> Unpacked:
    product_top = product.exponent + design.mul.top_bit(design.a, design.b)
    product_top = np.where(product.significand == 0, acc.lowest, product_top)
    top = np.maximum(product_top, state.exponent + acc.width)
    lsb = top - acc.width
    terms = [round_to_grid(term, lsb, "rtz") for term in (state, product)]
    signed = [
        np.where(term.sign, -magnitude, magnitude)
        for term, magnitude in zip((state, product), terms, strict=True)
    ]
    total = signed[0] + signed[1]
    magnitude = np.abs(total)
    carry = np.asarray(magnitude >> (acc.width + 1) != 0).astype(np.int64)
    magnitude = magnitude >> carry.astype(object)
    shift = np.where(carry, 0, normalising_shift(acc, magnitude, top))
    magnitude = magnitude << shift.astype(object)
    nan = state.nan | product.nan | (state.inf & product.inf & (state.sign != product.sign))
    zero_sign = (
        state.sign | product.sign if design.rounding == "down" else state.sign & product.sign
    )
    number = Unpacked(
        sign=np.where(total == 0, zero_sign, total < 0).astype(bool),
        significand=magnitude,
        exponent=top,
        nan=nan,
        inf=(state.inf | product.inf) & ~nan,
    )
    minus = (state.inf & state.sign) | (product.inf & product.sign)
    number = replace(number, sign=np.where(number.inf, minus, number.sign))
    return _bounded(acc, design, number, np.where(magnitude == 0, acc.lowest, top + carry - shift))


def normalising_shift(acc: ApproximateFloat, magnitude: Array, top: Array) -> Array:
    """Shift by 0, k or k + lambda: two groups of leading bits decide, limited by `acc.lowest`."""
    k, both = acc.k, acc.k + acc.lam
    first = np.asarray(magnitude >> (acc.width + 1 - k) != 0, bool)
    second = np.asarray(magnitude >> (acc.width + 1 - both) != 0, bool)
    shift = np.where(first, 0, np.where(second, k, both))
    room = top - acc.lowest
    return np.where(shift <= room, shift, np.where((shift >= k) & (room >= k), k, 0))


def _bounded(acc: ApproximateFloat, design: Design, number: Unpacked, top: Array) -> Unpacked:
    """The register for a significand whose top bit has the exponent `top`; handles overflow."""
    largest = (1 << (acc.width + 1)) - 1
    beyond = (top > acc.highest) & ~number.nan & ~number.inf
    inf = number.inf
    if acc.format.has_inf:
        inf = inf | (beyond & overflow_goes_away(design.rounding, number.sign))
    else:
        beyond, inf = beyond | inf, np.zeros_like(inf)
    top = np.where(beyond, acc.highest, top)
    significand = np.where(beyond, largest, number.significand)
    significand = np.where(number.nan | inf, 0, significand)
    zero = (significand == 0) & ~number.nan & ~inf
    return Unpacked(
        sign=number.sign & ~number.nan & (~zero | acc.format.has_negative_zero),
        significand=np.asarray(significand, object),
        exponent=np.asarray(top - acc.width, np.int64),
        nan=number.nan,
        inf=inf,
    )
