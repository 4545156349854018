"""Two's-complement sums in units of the products' LSB, wrapping or saturating."""

from functools import partial
from typing import Any

import numpy as np

from hwdse.errors import SpecError
from hwdse.formats import clog2
from hwdse.jit import compiled
from hwdse.kernels.accumulate import MatrixProducts, SinglePrecision, Sums, Task, plan, wide_terms
from hwdse.kernels.accumulate.fused_float import added
from hwdse.kernels.adding import Saturated
from hwdse.kernels.arithmetic import FLOAT64_PRECISION, integer_to_odd
from hwdse.kernels.choice import CARRIERS, Carrier
from hwdse.kernels.multiply import Multiplication, Values, product
from hwdse.kernels.panels import WIDTH, run
from hwdse.spec import Design, IntegerSum

_HALF_WORD = np.int64(0xFFFFFFFF)


@wide_terms.register
def _(acc: IntegerSum, design: Design, mul: Multiplication) -> int:
    """Integer operands need one term: their kernels multiply integers directly."""
    del acc, mul
    return int(design.a.unpacked.twos_complement and design.b.unpacked.twos_complement)


@plan.register
def _(acc: IntegerSum, task: Task) -> Sums:
    lsb = task.design.state.exponent_min
    if lsb == 0:
        return _integer_sums(acc, task, 0)
    if not task.mul.linear:
        raise SpecError(
            f"accumulator {acc} of products of multiplier {task.design.mul} in units of 2^{lsb} "
            "has no fast kernel: it takes products of integers"
        )
    # In units of its LSB, each operand is an integer. The product of both units is the sum's unit.
    left_lsb, right_lsb = task.left.least_bit, task.right.least_bit
    if left_lsb + right_lsb != lsb:
        raise SpecError(
            f"accumulator {acc} in units of 2^{lsb} has no fast kernel: products of the operands "
            f"have a least bit of 2^{left_lsb + right_lsb}"
        )
    sums = _integer_sums(acc, task, lsb)
    return lambda left, right: np.ldexp(
        sums(np.ldexp(left, -left_lsb), np.ldexp(right, -right_lsb)), lsb
    )


def _integer_sums(acc: IntegerSum, task: Task, lsb: int) -> Sums:
    """The sums in units of 2^lsb, for integer operands."""
    mul, growth = task.mul, clog2(max(task.terms, 1))
    if mul.linear:
        room = lsb - growth
        if SinglePrecision.holds(0, task.format_products.top - room) and (
            task.format_products.top - room < acc.width
        ):
            return SinglePrecision(MatrixProducts(lambda left, right: left @ right + 0.0))
        if task.products_below(min(FLOAT64_PRECISION, acc.width - 1) + room):
            return MatrixProducts(lambda left, right: left @ right + 0.0)
        if task.products_below(FLOAT64_PRECISION + room) and not acc.saturate:
            return MatrixProducts(lambda left, right: _wrapped(left @ right, acc.width))
    if acc.saturate:
        for number in CARRIERS:
            if _holds_saturated(acc, task, number, lsb):
                return partial(_saturated, acc, task, number)
    # Use integer operands: the products may have more bits than float64.
    carrier = np.int64 if mul.linear else np.float64
    kernel: Any = _saturating if acc.saturate else _wrapping
    lanes = task.design.unit.group
    arguments = (np.int64(acc.width), lanes) if acc.saturate else (np.int64(acc.width),)
    return lambda left, right: run(
        kernel, mul, left, right, arguments=arguments, lanes=lanes, carrier=carrier
    )


def _saturated(acc: IntegerSum, task: Task, carrier: Any, left: Values, right: Values) -> Values:
    limit = 2.0 ** (acc.width - 1)
    return added(task, left, right, Saturated(carrier(-limit), carrier(limit - 1)), carrier)


def _holds_saturated(acc: IntegerSum, task: Task, carrier: Carrier, lsb: int) -> bool:
    """Whether the carrier holds operands, and saturated sums plus one more group, exactly."""
    bits = np.finfo(carrier).nmant + 1
    operands = (task.design.a.unpacked, task.design.b.unpacked)
    group = clog2(task.design.unit.group)
    return (
        (carrier is np.float64 or task.mul.single)
        and max(shape.magnitude_bits for shape in operands) <= bits
        and acc.width <= bits
        and task.products_below(bits - 1 - group + lsb)
    )


def _wrapped(sums: Values, width: int) -> Values:
    shift = np.int64(64 - width)
    return ((sums.astype(np.int64) << shift) >> shift).astype(np.float64)


@compiled
def _wrapping(source: Any, rows: Any, panels: Any, width: int, out: Values) -> None:
    shift = 64 - width
    sums = np.empty(WIDTH, np.int64)
    for p in range(panels.shape[0]):
        for i in range(rows.shape[0]):
            sums[:] = 0
            for k in range(rows.shape[1]):
                a, terms = rows[i, k], panels[p, k]
                for j in range(WIDTH):
                    sums[j] += np.int64(product(source, a, terms[j]))
            for j in range(WIDTH):
                out[i, p * WIDTH + j] = integer_to_odd((sums[j] << shift) >> shift)


@compiled
def _saturating(  # noqa: PLR0917 - compiled code takes positional arguments
    source: Any, rows: Any, panels: Any, width: int, lanes: int, out: Values
) -> None:
    largest = np.int64((np.uint64(1) << np.uint64(width - 1)) - np.uint64(1))
    smallest = -largest - 1
    # The sum of a group may exceed 64 bits: keep the sum and the limits in two halves each.
    top_largest, low_largest = largest >> 32, largest & _HALF_WORD
    top_smallest, low_smallest = smallest >> 32, smallest & _HALF_WORD
    for p in range(panels.shape[0]):
        for i in range(rows.shape[0]):
            for j in range(WIDTH):
                total = np.int64(0)
                for k in range(0, rows.shape[1], lanes):
                    top, low = total >> 32, total & _HALF_WORD
                    for lane in range(lanes):
                        term = np.int64(product(source, rows[i, k + lane], panels[p, k + lane, j]))
                        top += term >> 32
                        low += term & _HALF_WORD
                    top += low >> 32
                    low &= _HALF_WORD
                    total = (top << 32) | low
                    if top > top_largest or (top == top_largest and low > low_largest):
                        total = largest
                    elif top < top_smallest or (top == top_smallest and low < low_smallest):
                        total = smallest
                out[i, p * WIDTH + j] = integer_to_odd(total)
