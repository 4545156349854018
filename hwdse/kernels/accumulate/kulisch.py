"""Exact fixed-point sums: by float64 matrix products if they are exact, else by wide words."""

from functools import partial
from itertools import product as pairs
from typing import Any

import numpy as np

from hwdse.formats import clog2
from hwdse.jit import compiled
from hwdse.kernels.accumulate import (
    MatrixProducts,
    SinglePrecision,
    Sums,
    Task,
    plan,
    terms_in_pieces,
    wide_terms,
)
from hwdse.kernels.arithmetic import FLOAT64_PRECISION, to_odd, two_sum
from hwdse.kernels.choice import top_of_sums
from hwdse.kernels.extent import Extent
from hwdse.kernels.limbs import LIMBS, LSB_EXPONENT, WORD_BITS, add_value, take_odd
from hwdse.kernels.multiply import Multiplication, Values, product
from hwdse.kernels.panels import WIDTH, run
from hwdse.spec import Kulisch

#: Most matrix products that are still faster than one pass of `_pair_sums`.
_MAX_MATRIX_PRODUCTS = 9

#: Where both operands are cut: LSB exponents of the pieces, the highest first.
Bands = tuple[list[int], list[int]]

wide_terms.register(Kulisch, terms_in_pieces)


@plan.register
def _(acc: Kulisch, task: Task) -> Sums:
    mul, state, growth = task.mul, task.design.state, clog2(max(task.terms, 1))
    cut = task.pieces.cut
    if not task.products_below(state.top - 1 - growth):
        # The register may wrap. The register may also be wider than the word of all possible sums.
        width = min(state.exponent_min + state.significand_bits - LSB_EXPONENT, WORD_BITS)
        return lambda left, right: run(_word_sums, mul, *cut(left, right), arguments=(width,))
    if mul.parts is not None and task.format_products.width + growth <= FLOAT64_PRECISION:
        return partial(_by_parts, mul.parts)
    if not mul.linear:
        return lambda left, right: run(_pair_sums, mul, left, right)
    bands = _static_bands(task, growth)
    if bands and SinglePrecision.holds(task.format_products.lsb, task.format_products.top + growth):
        return SinglePrecision(MatrixProducts(partial(_by_matrix_products, mul, bands)))
    if bands:
        return MatrixProducts(partial(_by_matrix_products, mul, bands))
    return partial(_by_actual_values, task, growth)


def _by_parts(parts: Any, left: Values, right: Values) -> Values:
    total: Values = sum(a @ b for a, b in parts(left, right))
    return _unsigned_zeros(total)


def _unsigned_zeros(total: Values) -> Values:
    """The totals themselves: a fixed-point zero has no sign."""
    return np.add(total, 0.0, out=total)


def _by_actual_values(task: Task, growth: int, left: Values, right: Values) -> Values:
    mul, extents = task.mul, task.extents
    if top_of_sums(task, left, right) - task.products.lsb <= FLOAT64_PRECISION:
        bands: Bands | None = ([extents[0].lsb], [extents[1].lsb])
    else:
        bands = _bands(task, growth)
    if bands:
        return _by_matrix_products(mul, bands, left, right)
    return run(_pair_sums, mul, *task.pieces.cut(left, right))


def _static_bands(task: Task, growth: int) -> "Bands | None":
    """One piece for each operand, if this is enough for all values of the formats."""
    shapes = (task.design.a.unpacked, task.design.b.unpacked)
    if sum(shape.top - shape.exponent_min for shape in shapes) + growth > FLOAT64_PRECISION:
        return None
    return [shapes[0].exponent_min], [shapes[1].exponent_min]


def _bands(task: Task, growth: int) -> Bands | None:
    """Where to cut the operands so that products of pieces sum exactly; None if too many pieces."""
    left, right = task.extents
    choices = sorted(pairs(range(1, _MAX_MATRIX_PRODUCTS + 1), repeat=2), key=lambda n: n[0] * n[1])
    for parts in choices:
        widths = [-(-extent.width // n) for extent, n in zip((left, right), parts, strict=True)]
        if parts[0] * parts[1] > _MAX_MATRIX_PRODUCTS:
            return None
        if sum(widths) + growth <= FLOAT64_PRECISION:
            return _cuts(left, parts[0], widths[0]), _cuts(right, parts[1], widths[1])
    return None


def _cuts(extent: Extent, parts: int, width: int) -> list[int]:
    return [extent.lsb + width * part for part in reversed(range(parts))]


def _by_matrix_products(mul: Multiplication, bands: Bands, left: Values, right: Values) -> Values:
    left_cuts, right_cuts = bands
    if len(left_cuts) == len(right_cuts) == 1:
        with np.errstate(invalid="ignore"):
            total = left @ right
        # A number that is not finite, in whichever operand, makes results that are not.
        if np.isfinite(total).all():
            return _unsigned_zeros(total)
    finite = bool(np.isfinite(left).all() and np.isfinite(right).all())
    if finite:
        specials, finite_left, finite_right = None, left, right
    else:
        with np.errstate(invalid="ignore"):
            specials = left @ right
        finite_left, finite_right = _finite(left), _finite(right)
    left_pieces, right_pieces = _pieces(finite_left, left_cuts), _pieces(finite_right, right_cuts)
    products = [a @ b for a, b in pairs(left_pieces, right_pieces)]
    if len(products) == 1:
        total = products[0]
    else:
        # Each product is exact: add them exactly, as terms of one more sum.
        stacked = np.stack(products).reshape(len(products), -1)
        total = np.empty(stacked.shape[1])
        _add_partial(stacked, total)
        total = total.reshape(products[0].shape)
    if specials is not None:
        total = np.where(np.isfinite(specials), total, specials)
    return total + 0.0  # a fixed-point zero has no sign


def _finite(values: Values) -> Values:
    return np.where(np.isfinite(values), values, 0.0)


def _pieces(values: Values, cuts: list[int]) -> list[Values]:
    pieces = []
    for cut in cuts[:-1]:
        piece = np.ldexp(np.trunc(np.ldexp(values, -cut)), cut)
        pieces.append(piece)
        values = values - piece
    return [*pieces, values]


@compiled
def _add_partial(partial: Values, out: Values) -> None:
    limbs = np.zeros(LIMBS, np.int64)
    for i in range(out.shape[0]):
        high, low, lost = 0.0, 0.0, 0.0
        for part in range(partial.shape[0]):
            high, error = two_sum(high, partial[part, i])
            low, rest = two_sum(low, error)
            lost += abs(rest)
        if lost > 0.0:
            for part in range(partial.shape[0]):
                add_value(limbs, partial[part, i])
            out[i] = take_odd(limbs, WORD_BITS)
        else:
            nearest, error = two_sum(high, low)
            out[i] = to_odd(nearest, error)


@compiled
def _pair_sums(source: Any, rows: Values, panels: Values, out: Values) -> None:
    high = np.empty(WIDTH, np.float64)
    low = np.empty(WIDTH, np.float64)
    lost = np.empty(WIDTH, np.float64)
    limbs = np.zeros(LIMBS, np.int64)
    for p in range(panels.shape[0]):
        for i in range(rows.shape[0]):
            high[:] = 0.0
            low[:] = 0.0
            lost[:] = 0.0
            for k in range(rows.shape[1]):
                a, terms = rows[i, k], panels[p, k]
                for j in range(WIDTH):
                    high[j], error = two_sum(high[j], product(source, a, terms[j]))
                    low[j], rest = two_sum(low[j], error)
                    lost[j] += abs(rest)
            for j in range(WIDTH):
                if not np.isfinite(high[j]):
                    total = high[j]
                elif lost[j] > 0.0:
                    for k in range(rows.shape[1]):
                        add_value(limbs, product(source, rows[i, k], panels[p, k, j]))
                    total = take_odd(limbs, WORD_BITS)
                else:
                    nearest, error = two_sum(high[j], low[j])
                    total = to_odd(nearest, error)
                out[i, p * WIDTH + j] = total + 0.0


@compiled
def _word_sums(source: Any, rows: Values, panels: Values, width: int, out: Values) -> None:
    limbs = np.zeros(LIMBS, np.int64)
    for p in range(panels.shape[0]):
        for i in range(rows.shape[0]):
            for j in range(WIDTH):
                special = 0.0
                for k in range(rows.shape[1]):
                    term = product(source, rows[i, k], panels[p, k, j])
                    if np.isfinite(term):
                        add_value(limbs, term)
                    else:
                        special += term
                total = take_odd(limbs, width)
                out[i, p * WIDTH + j] = total if special == 0.0 else special
