"""Tensor-core style fused groups: aligned, truncated, added exactly, converted once."""

from dataclasses import replace

import numpy as np

from hwdse.formats import Unpacked
from hwdse.formats.unpacked import Array
from hwdse.golden.accumulate import add, exact_sum, load, with_state
from hwdse.spec import Aligned, Design
from hwdse.spec.accumulate.aligned import ZERO_EXPONENT, product_point


@load.register
def _(acc: Aligned, design: Design, value: Unpacked) -> Unpacked:
    codes = acc.format.pack(value, acc.rounding, acc.format.overflow)
    return acc.format.unpack(acc.format.check_codes(codes)).exact()


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
    """Products and c truncated to one grid and added: the number and its grid."""
    point = acc.format.fraction_bits
    greatest = np.maximum(_greatest(design, products), _exponent(c, point))
    lsb = greatest - acc.fraction_bits
    terms = with_state(c, products)
    return _truncated(terms, lsb[..., None]).sum(axis=-1), lsb


def _floored_step(
    acc: Aligned, design: Design, c: Unpacked, products: Unpacked
) -> tuple[Array, Array]:
    """Products truncated to a grid of their own; their sums and c floored to common grids."""
    assert acc.floor is not None
    sums = []
    for part in range(min(acc.parts, products.shape[-1])):
        own = products[..., part :: acc.parts]
        greatest = _greatest(design, own)
        lsb = greatest - acc.fraction_bits
        sums.append((_truncated(own, lsb[..., None]).sum(axis=-1), lsb, greatest))
    sums.append((c.signed_significand, c.exponent, _exponent(c, acc.format.fraction_bits)))
    greatest = np.max([exponent for _, _, exponent in sums], axis=0)
    sum_bits, c_bits = acc.floor
    finest = greatest - max(acc.floor)
    total = 0
    for index, (number, lsb, _) in enumerate(sums):
        grid = greatest - (sum_bits if index < len(sums) - 1 else c_bits)
        total = total + (_floored(number, lsb - grid) << (grid - finest))
    return np.asarray(total, object), finest


def _exponent(value: Unpacked, point: Array | int) -> Array:
    """Exponents of significands with `point` fraction bits, as fields of a code have them."""
    return np.where(value.zero, ZERO_EXPONENT, value.exponent + point)


def _greatest(design: Design, products: Unpacked) -> Array:
    """The greatest exponent of products over the last axis; zeros count as one, too."""
    point = product_point(design.mul, design.a, design.b)
    return np.asarray(np.max(_exponent(products, point), axis=-1, initial=ZERO_EXPONENT))


def _truncated(terms: Unpacked, lsb: Array) -> Array:
    """Terms in units of 2**lsb, truncated toward zero."""
    magnitude = _floored(terms.significand, terms.exponent - lsb)
    return np.where(terms.sign, -magnitude, magnitude)


def _floored(number: Array, shift: Array) -> Array:
    """The number times 2**shift, rounded down."""
    number = np.asarray(number, object)
    return np.asarray((number << np.maximum(shift, 0)) >> np.maximum(-shift, 0), object)


def _record(number: Array, lsb: Array, terms: Unpacked) -> Unpacked:
    """The number times 2**lsb, a zero positive; special values among the terms overrule it."""
    special = exact_sum(replace(terms, significand=np.zeros(terms.shape, np.int64)))
    unusual = special.nan | special.inf
    return Unpacked(
        sign=np.where(special.inf, special.sign, number < 0).astype(bool),
        significand=np.where(unusual, 0, np.abs(number)),
        exponent=lsb,
        nan=special.nan,
        inf=special.inf,
    )
