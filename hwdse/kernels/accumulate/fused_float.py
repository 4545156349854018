"""Fused multiply-add into a float: each group is added exactly and rounded once.

There are three kernels, from the fastest and narrowest to the most general:

* `_native`: fp32 (or float64 itself) to nearest even, one term at a time. The machine's own
  addition gives the result.
* `_steps`: the sum of a group fits one number of the carrier, float32 or float64. If the rounding
  of the carrier could change the result, the kernel rounds to odd instead.
* `_wide_steps`: the group is summed as a pair of float64 numbers. If two numbers are not enough,
  the sum is a word over the whole range of float64.
"""

from functools import partial
from typing import Any

import numpy as np

from hwdse import formats
from hwdse.errors import SpecError
from hwdse.formats import BinaryFloat, FlushedFloat, Format, clog2
from hwdse.jit import compiled
from hwdse.kernels.accumulate import Sums, Task, plan, terms_in_pieces, wide_terms
from hwdse.kernels.arithmetic import FLOAT64_PRECISION, SUM_TOP, sign_bits, to_odd, two_sum
from hwdse.kernels.limbs import LIMBS, WORD_BITS, add_value, take_odd
from hwdse.kernels.multiply import Values, product
from hwdse.kernels.operands import Extent
from hwdse.kernels.panels import ROWS, WIDTH, run
from hwdse.kernels.rounding import (
    Rounding,
    can_round,
    note_signs,
    round_sum,
    rounding_inside,
    rounding_to,
)
from hwdse.spec import FloatSum, FusedFloat

Carrier = type[np.float32] | type[np.float64]

_NATIVE = ((formats.parse("fp32"), np.float32), (formats.parse("e11m52"), np.float64))


wide_terms.register(FusedFloat, terms_in_pieces)


@plan.register
def _(acc: FusedFloat, task: Task) -> Sums:
    design, mul, lanes = task.design, task.mul, task.design.unit.group
    check_kind(acc)
    if lanes == 1 and design.rounding == "rne":
        for native, carrier in _NATIVE:
            if _same_values(acc.format, native) and any(
                _carries(carrier, task, extent) for extent in task.product_extents()
            ):
                return partial(run, _native, mul, carrier=carrier)
    for carrier in (np.float32, np.float64):
        for products in task.product_extents():
            if _group_fits(acc, task, products, carrier):
                rounding = _rounding(acc, task, products, carrier)
                exact = not _rounds_twice_as_once(acc.format, task, carrier)
                return _summed(acc, task, carrier, _steps, (rounding, exact))
    if not can_round(acc.format, design.rounding, SUM_TOP):
        raise SpecError(
            f"accumulator {acc} with rounding={design.rounding} and {lanes} lanes has no fast "
            "kernel: its range or precision is beyond what float64 can carry"
        )
    rounding = rounding_to(acc.format, design.rounding)
    return _summed(acc, task, np.float64, _wide_steps, (rounding,))


def _summed(
    acc: FusedFloat, task: Task, carrier: Carrier, kernel: Any, arguments: tuple[Any, ...]
) -> Sums:
    # A product with too many bits becomes several terms of its group.
    pieces = task.pieces
    lanes = task.design.unit.group * pieces.terms
    steps = partial(
        run, kernel, task.mul, arguments=(*arguments, lanes), lanes=lanes, carrier=carrier
    )
    return without_negative_zero(acc, lambda left, right: steps(*pieces.cut(left, right)))


def check_kind(acc: FloatSum) -> None:
    """Refuse formats that do not round as in IEEE 754.

    Raises:
        SpecError: the format flushes subnormals, or decides ties by the exponent field.
    """
    f = acc.format
    if isinstance(f, FlushedFloat) or (f.tie_on_exponent and f.fraction_bits == 0):
        raise SpecError(f"accumulator {acc} has no fast kernel: {f} rounds in its own way")


def without_negative_zero(acc: FloatSum, sums: Sums) -> Sums:
    """`sums` with positive zeros if the format has no negative zero."""
    if acc.format.has_negative_zero:
        return sums
    return lambda left, right: sums(left, right) + 0.0


def rounding_in_float64(acc: FloatSum, task: Task) -> Rounding:
    """Rounding of exact groups, and of sums of two values of the format, in float64.

    Raises:
        SpecError: float64 cannot carry the format.
    """
    check_kind(acc)
    rounding, top = task.design.rounding, acc.format.max_exponent + 2
    top = max(top, task.format_products.top + clog2(task.design.unit.group)) + 1
    if not can_round(acc.format, rounding, top):
        raise SpecError(
            f"accumulator {acc} with rounding={rounding} has no fast kernel: its range or "
            "precision is beyond what float64 can carry"
        )
    return rounding_to(acc.format, rounding)


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


def _same_values(a: Format, b: Format) -> bool:
    return a.unpacked == b.unpacked and a.max == b.max


def _carries(carrier: Carrier, task: Task, products: Extent) -> bool:
    """Whether the carrier holds all operands and products, so that no sum rounds to zero."""
    info = np.finfo(carrier)
    operands = (task.design.a.unpacked, task.design.b.unpacked)
    return (
        (carrier is np.float64 or task.mul.single)
        and min(shape.exponent_min for shape in operands) >= info.minexp - info.nmant
        and max(shape.top for shape in operands) <= info.maxexp
        and task.design.product.magnitude_bits <= info.nmant + 1
        and products.lsb >= info.minexp - info.nmant
        and products.top < info.maxexp
    )


def _group_fits(acc: FusedFloat, task: Task, products: Extent, carrier: Carrier) -> bool:
    """Whether the carrier holds the sum of every group, and can round every running sum."""
    lanes, rounding = task.design.unit.group, task.design.rounding
    group = products.top + clog2(lanes)
    if lanes > 1 and group - products.lsb > np.finfo(carrier).nmant + 1:
        return False
    # Rounding to nearest changes a sum by no more than the group does. Rounding toward zero only
    # shrinks it. In the other directions, a sum may grow up to the largest value of the format.
    top = acc.format.max_exponent + 1
    if rounding not in ("up", "down"):
        top = min(top, _sum_top(task, products))
    top = max(top, group) + 1
    return _carries(carrier, task, products) and can_round(acc.format, rounding, top, carrier)


def _sum_top(task: Task, products: Extent) -> int:
    """log2 of a bound on running sums, for rounding to nearest or toward zero."""
    return products.top + clog2(max(task.terms, 1)) + 1


def _rounding(acc: FusedFloat, task: Task, products: Extent, carrier: Carrier) -> Rounding:
    target, rounding = acc.format, task.design.rounding
    smallest_normal = target.lsb_exponent + target.fraction_bits
    inside = products.lsb >= smallest_normal and _sum_top(task, products) <= target.max_exponent
    if rounding == "rne" and inside:
        return rounding_inside(target, carrier)
    return rounding_to(target, rounding, carrier)


def _rounds_twice_as_once(target: BinaryFloat, task: Task, carrier: Carrier) -> bool:
    """Whether rounding to the carrier first never changes the later rounding to nearest even.

    The carrier rounds only if the running sum and the product are far apart. The larger of the two
    is then a value of the format, so that the sum is not near the middle between two values. Or the
    larger is a product with more bits than the format, so large that the sum overflows. (For
    products with no more bits than the format, this is Figueroa's theorem: "When is double rounding
    innocuous?", SIGNUM 30(3), 1995.)
    """
    design = task.design
    available = np.finfo(carrier).nmant + 1
    product, kept = design.product.magnitude_bits, target.precision
    return (
        design.rounding == "rne"
        and design.unit.group == 1
        and available >= max(product, kept) + kept + 3
        and (product <= kept or available + target.lsb_exponent >= target.max_exponent + 3)
    )


@compiled
def _native(source: Any, rows: Values, panels: Values, out: Values) -> None:
    sums = np.empty((ROWS, WIDTH), rows.dtype)
    for p in range(panels.shape[0]):
        for first in range(0, rows.shape[0], ROWS):
            sums[:] = 0
            for k in range(rows.shape[1]):
                terms = panels[p, k]
                for i in range(ROWS):
                    a, row = rows[first + i, k], sums[i]
                    for j in range(WIDTH):
                        row[j] += product(source, a, terms[j])
            out[first : first + ROWS, p * WIDTH : (p + 1) * WIDTH] = sums


@compiled
def _steps(  # noqa: PLR0917 - compiled code takes positional arguments
    source: Any,
    rows: Values,
    panels: Values,
    rounding: Rounding,
    exact: bool,
    lanes: int,
    out: Values,
) -> None:
    sums = np.empty((ROWS, WIDTH), rows.dtype)
    group = np.empty(WIDTH, rows.dtype)
    signs = np.empty(WIDTH, np.int64)
    for p in range(panels.shape[0]):
        for first in range(0, rows.shape[0], ROWS):
            sums[:] = 0
            for k in range(0, rows.shape[1], lanes):
                for i in range(ROWS):
                    row, a, terms = sums[i], rows[first + i, k], panels[p, k]
                    if not exact:
                        for j in range(WIDTH):
                            total = row[j] + product(source, a, terms[j])
                            row[j] = round_sum(rounding, total, 0)
                        continue
                    if lanes == 1:
                        for j in range(WIDTH):
                            term = product(source, a, terms[j])
                            sign = note_signs(rounding, sign_bits(row[j]), term)
                            nearest, error = two_sum(row[j], term)
                            row[j] = round_sum(rounding, to_odd(nearest, error), sign)
                        continue
                    for j in range(WIDTH):
                        group[j] = product(source, a, terms[j])
                        signs[j] = note_signs(rounding, sign_bits(row[j]), group[j])
                    for lane in range(1, lanes):
                        a, terms = rows[first + i, k + lane], panels[p, k + lane]
                        for j in range(WIDTH):
                            term = product(source, a, terms[j])
                            group[j] += term
                            signs[j] = note_signs(rounding, signs[j], term)
                    for j in range(WIDTH):
                        nearest, error = two_sum(row[j], group[j])
                        row[j] = round_sum(rounding, to_odd(nearest, error), signs[j])
            out[first : first + ROWS, p * WIDTH : (p + 1) * WIDTH] = sums


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
                        signs[j] = note_signs(rounding, signs[j], term)
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
