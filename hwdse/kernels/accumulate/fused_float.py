"""Fused multiply-add into a float: each group is added exactly and rounded once.

There are four kernels, from the fastest and narrowest to the most general:

* `_steps`: one term at a time, added as one number of the carrier, float32 or float64.
* `_doubting_steps`: the same in float32, where the carrier's own rounding could change a result.
  The rows where it might have are added again, in a way that is always right.
* `_group_steps`: the sum of a group fits one number of the carrier.
* `_wide_steps`: the group is summed as a pair of float64 numbers. If two numbers are not enough,
  the sum is a word over the whole range of float64.
"""

from functools import partial
from typing import Any

import numpy as np

from hwdse.errors import SpecError
from hwdse.formats import clog2
from hwdse.jit import compiled, compiled_with_fma
from hwdse.kernels.accumulate import Sums, Task, plan, terms_in_pieces, wide_terms
from hwdse.kernels.adding import (
    Adder,
    Doubting,
    UnlessInexact,
    UnlessTied,
    at_step,
    enter,
    leave,
    note_signs,
    noted_signs,
    rounded_sum,
    surety,
)
from hwdse.kernels.arithmetic import FLOAT64_PRECISION, SUM_TOP, sign_bits, to_odd, two_sum
from hwdse.kernels.choice import CARRIERS, UNBOUNDED, check_kind, group_adder, top_of_sums
from hwdse.kernels.codec.lanes import both
from hwdse.kernels.limbs import LIMBS, WORD_BITS, add_value, take_odd
from hwdse.kernels.multiply import Values, product
from hwdse.kernels.panels import ROWS, WIDTH, run, store
from hwdse.kernels.rounding import Rounding, can_round, round_sum, rounding_to
from hwdse.spec import FloatSum, FusedFloat

wide_terms.register(FusedFloat, terms_in_pieces)


@plan.register
def _(acc: FusedFloat, task: Task) -> Sums:
    check_kind(acc)
    return without_negative_zero(acc, partial(_sums, acc, task))


def _sums(acc: FusedFloat, task: Task, left: Values, right: Values) -> Values:
    design = task.design
    total = top_of_sums(task, left, right)
    if total < UNBOUNDED and task.narrowed is not None:
        task = task.narrowed
        total = top_of_sums(task, left, right)
    for carrier in CARRIERS:
        for products in task.product_extents():
            adder = group_adder(acc, task, products, total, carrier)
            if adder is not None:
                return added(task, left, right, adder, carrier)
    if not can_round(acc.format, design.rounding, SUM_TOP):
        raise SpecError(
            f"accumulator {acc} with rounding={design.rounding} and {design.unit.group} lanes has "
            "no fast kernel: its range or precision is beyond what float64 can carry"
        )
    # A product with too many bits becomes several terms of its group.
    lanes = design.unit.group * task.pieces.terms
    arguments = (rounding_to(acc.format, design.rounding), lanes)
    left, right = task.pieces.cut(left, right)
    return run(_wide_steps, task.mul, left, right, arguments=arguments, lanes=lanes)


def added(task: Task, left: Values, right: Values, adder: Adder | Doubting, carrier: Any) -> Values:
    """Sums whose groups the carrier holds exactly, by an adder."""
    lanes = task.design.unit.group
    if lanes > 1:
        kernel: Any = _group_steps
        arguments: tuple[Any, ...] = (adder, lanes)
    else:
        kernel = _doubting_steps if isinstance(adder, UnlessInexact | UnlessTied) else _steps
        arguments = (adder,)
    return run(kernel, task.mul, left, right, arguments=arguments, lanes=lanes, carrier=carrier)


def without_negative_zero(acc: FloatSum, sums: Sums) -> Sums:
    """`sums` with positive zeros if the format has no negative zero."""
    if acc.format.has_negative_zero:
        return sums
    return lambda left, right: sums(left, right) + 0.0


def check_group(acc: FloatSum, task: Task) -> None:
    """Refuse groups whose exact sum does not fit float64.

    Raises:
        SpecError: there are several lanes, and their products span too many bits.
    """
    lanes = task.design.unit.group
    if lanes > 1 and not any(
        products.width + clog2(lanes) <= FLOAT64_PRECISION for products in task.product_extents()
    ):
        raise SpecError(
            f"accumulator {acc} with {lanes} lanes has no fast kernel: the sum of a group takes "
            f"more than float64's {FLOAT64_PRECISION} bits"
        )


@compiled_with_fma
def _steps(source: Any, rows: Values, panels: Values, adder: Adder, out: Values) -> None:
    enter(adder)
    sums = np.empty((ROWS, WIDTH), rows.dtype)
    for p in range(panels.shape[0]):
        for first in range(0, rows.shape[0], ROWS):
            sums[:] = 0
            for k in range(rows.shape[1]):
                terms, given = panels[p, k], at_step(adder, k)
                for i in range(ROWS):
                    a, row = rows[first + i, k], sums[i]
                    for j in range(WIDTH):
                        term = product(source, a, terms[j])
                        row[j] = rounded_sum(adder, row[j], term, 0, given)
            for i in range(ROWS):
                store(sums[i], out, first + i, p)
    leave(adder)


@compiled_with_fma
def _doubting_steps(
    source: Any, rows: Values, panels: Values, adder: Doubting, out: Values
) -> None:
    sums = np.empty((ROWS, WIDTH), rows.dtype)
    before = np.empty(WIDTH, rows.dtype)
    for p in range(panels.shape[0]):
        for first in range(0, rows.shape[0], ROWS):
            sums[:] = 0
            for k in range(rows.shape[1]):
                terms = panels[p, k]
                for i in range(ROWS):
                    a, row = rows[first + i, k], sums[i]
                    sure = np.int32(-1)
                    for j in range(WIDTH):
                        term, before[j] = product(source, a, terms[j]), row[j]
                        total = before[j] + term
                        sure = both(sure, surety(adder, before[j], term, total))
                        row[j] = round_sum(adder.fast, total, 0)
                    if sure & 1 == 0:
                        for j in range(WIDTH):
                            term = product(source, a, terms[j])
                            row[j] = rounded_sum(adder.sure, before[j], term, 0, 0)
            for i in range(ROWS):
                store(sums[i], out, first + i, p)


@compiled_with_fma
def _group_steps(  # noqa: PLR0917 - compiled code takes positional arguments
    source: Any, rows: Values, panels: Values, adder: Adder, lanes: int, out: Values
) -> None:
    enter(adder)
    sums = np.empty((ROWS, WIDTH), rows.dtype)
    group = np.empty(WIDTH, rows.dtype)
    signs = np.empty(WIDTH, np.int64)
    for p in range(panels.shape[0]):
        for first in range(0, rows.shape[0], ROWS):
            sums[:] = 0
            for k in range(0, rows.shape[1], lanes):
                given = at_step(adder, k // lanes)
                for i in range(ROWS):
                    row, a, terms = sums[i], rows[first + i, k], panels[p, k]
                    for j in range(WIDTH):
                        group[j] = product(source, a, terms[j])
                        note_signs(adder, signs, j, group[j], True)
                    for lane in range(1, lanes):
                        a, terms = rows[first + i, k + lane], panels[p, k + lane]
                        for j in range(WIDTH):
                            term = product(source, a, terms[j])
                            group[j] += term
                            note_signs(adder, signs, j, term, False)
                    for j in range(WIDTH):
                        noted = noted_signs(adder, signs, j)
                        row[j] = rounded_sum(adder, row[j], group[j], noted, given)
            for i in range(ROWS):
                store(sums[i], out, first + i, p)
    leave(adder)


@compiled
def _wide_steps(  # noqa: PLR0917 - compiled code takes positional arguments
    source: Any, rows: Values, panels: Values, rounding: Rounding, lanes: int, out: Values
) -> None:
    high = np.empty(WIDTH, np.float64)
    low = np.empty(WIDTH, np.float64)
    lost = np.empty(WIDTH, np.float64)
    signs = np.empty(WIDTH, np.int64)
    limbs = np.zeros(LIMBS, np.int64)
    for p in range(panels.shape[0]):
        for i in range(rows.shape[0]):
            row = out[i, p * WIDTH : (p + 1) * WIDTH]
            row[:] = 0.0
            for k in range(0, rows.shape[1], lanes):
                for j in range(WIDTH):
                    high[j] = row[j]
                    low[j] = 0.0
                    lost[j] = 0.0
                    signs[j] = sign_bits(row[j])
                for lane in range(lanes):
                    a, terms = rows[i, k + lane], panels[p, k + lane]
                    for j in range(WIDTH):
                        term = product(source, a, terms[j])
                        signs[j] |= sign_bits(term)
                        high[j], error = two_sum(high[j], term)
                        low[j], rest = two_sum(low[j], error)
                        lost[j] += abs(rest)
                any_lost = False
                for j in range(WIDTH):
                    any_lost |= lost[j] > 0.0
                if any_lost:
                    for j in range(WIDTH):
                        if lost[j] > 0.0 and np.isfinite(high[j]):
                            add_value(limbs, row[j])
                            for lane in range(lanes):
                                term = product(source, rows[i, k + lane], panels[p, k + lane, j])
                                add_value(limbs, term)
                            high[j], low[j] = take_odd(limbs, WORD_BITS), 0.0
                for j in range(WIDTH):
                    # If the sum is infinite or NaN, the low part is NaN.
                    rest = low[j] if np.isfinite(high[j]) else 0.0
                    nearest, error = two_sum(high[j], rest)
                    row[j] = round_sum(rounding, to_odd(nearest, error), signs[j])
