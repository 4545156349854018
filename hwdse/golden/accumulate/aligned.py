"""Fused groups as in tensor cores: terms are aligned, truncated, added exactly, converted once."""

from dataclasses import replace

import numpy as np

from hwdse.formats import BinaryFloat, Unpacked
from hwdse.formats.unpacked import Array
from hwdse.golden.accumulate import add, exact_sum, load, with_state
from hwdse.spec import Aligned, Design
from hwdse.spec.accumulate.aligned import product_point


@load.register
def _(acc: Aligned, design: Design, value: Unpacked) -> Unpacked:
    f = acc.format
    if acc.overflow == "inf":
        value = replace(value, inf=value.inf | (_beyond(f, value) & ~value.nan))
    converted = f.unpack(f.check_codes(f.pack(value, acc.rounding, f.overflow))).exact()
    if acc.signed_zero:
        return converted
    return replace(converted, sign=converted.sign & ~converted.zero)


@add.register
def _(acc: Aligned, design: Design, state: Unpacked, products: Unpacked) -> Unpacked:
    step = _fused_step if acc.floor is None else _floored_step
    for lanes in acc.steps(products.shape[-1]):
        group = products[..., lanes.start : lanes.stop]
        number, lsb = step(acc, design, state, group)
        state = load(acc, design, _record(number, lsb, with_state(state, group)))
    return state


def _fused_step(
    acc: Aligned, design: Design, c: Unpacked, products: Unpacked
) -> tuple[Array, Array]:
    """Truncate products and c to one grid and add them: the sum in units of the grid, the grid."""
    point = acc.format.fraction_bits
    greatest = np.maximum(_greatest(acc, design, products), _exponent(acc, c, point))
    lsb = greatest - acc.fraction_bits
    terms = with_state(c, products)
    return _truncated(terms, lsb[..., None]).sum(axis=-1), lsb


def _floored_step(
    acc: Aligned, design: Design, c: Unpacked, products: Unpacked
) -> tuple[Array, Array]:
    """Truncate the products of each part to the part's grid; floor the sums and c to common grids.

    The result is the total in units of the finest grid, and the finest grid.
    """
    assert acc.floor is not None
    sums = []
    for part in range(min(acc.parts, products.shape[-1])):
        own = products[..., part :: acc.parts]
        greatest = _greatest(acc, design, own)
        lsb = greatest - acc.fraction_bits
        sums.append((_truncated(own, lsb[..., None]).sum(axis=-1), lsb, greatest))
    sums.append((c.signed_significand, c.exponent, _exponent(acc, c, acc.format.fraction_bits)))
    greatest = np.max([exponent for _, _, exponent in sums], axis=0)
    sum_bits, c_bits = acc.floor
    finest = greatest - max(acc.floor)
    total = 0
    for index, (number, lsb, _) in enumerate(sums):
        grid = greatest - (sum_bits if index < len(sums) - 1 else c_bits)
        total = total + (_floored(number, lsb - grid) << (grid - finest))
    return np.asarray(total, object), finest


def _exponent(acc: Aligned, value: Unpacked, point: Array | int) -> Array:
    """Exponents of significands with `point` fraction bits, as in the exponent field of a code."""
    return np.where(value.zero, acc.zero_exponent, value.exponent + point)


def _greatest(acc: Aligned, design: Design, products: Unpacked) -> Array:
    """The greatest exponent of products over the last axis, at least the exponent of zeros."""
    point = product_point(design.mul, design.a, design.b)
    exponents = _exponent(acc, products, point)
    return np.asarray(np.max(exponents, axis=-1, initial=acc.zero_exponent))


def _beyond(f: BinaryFloat, value: Unpacked) -> Array:
    """Whether the magnitude exceeds the largest value, after truncation to that value's LSB."""
    lsb = f.max_exponent - f.fraction_bits
    largest = int(f.max / 2.0**lsb)
    return np.asarray(_floored(value.significand, value.exponent - lsb) > largest, bool)


def _truncated(terms: Unpacked, lsb: Array) -> Array:
    """Terms in units of 2**lsb, truncated toward zero."""
    magnitude = _floored(terms.significand, terms.exponent - lsb)
    return np.where(terms.sign, -magnitude, magnitude)


def _floored(number: Array, shift: Array) -> Array:
    """The number times 2**shift, rounded down."""
    number = np.asarray(number, object)
    return np.asarray((number << np.maximum(shift, 0)) >> np.maximum(-shift, 0), object)


def _record(number: Array, lsb: Array, terms: Unpacked) -> Unpacked:
    """Values `number` * 2**lsb with positive zeros; special values of `terms` take precedence."""
    special = exact_sum(replace(terms, significand=np.zeros(terms.shape, np.int64)))
    unusual = special.nan | special.inf
    return Unpacked(
        sign=np.where(special.inf, special.sign, number < 0).astype(bool),
        significand=np.where(unusual, 0, np.abs(number)),
        exponent=lsb,
        nan=special.nan,
        inf=special.inf,
    )
