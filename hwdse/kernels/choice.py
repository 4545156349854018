"""Which carrier and which adder give the sums of a floating-point accumulator.

The formats alone allow nearly any sum. The actual operands allow much less: no sum of any of their
products is beyond the product of the norms of a row and of a column (Cauchy and Schwarz). With this
bound, most sums need no check for overflow, and fit float32.
"""

from collections.abc import Iterator
from math import ceil, log2
from typing import Any

import numpy as np

from hwdse import formats
from hwdse.errors import SpecError
from hwdse.formats import BinaryFloat, FlushedFloat, Format, clog2
from hwdse.kernels.accumulate import Task
from hwdse.kernels.adding import (
    Adder,
    Doubting,
    InDirection,
    Native,
    Odd,
    UnlessInexact,
    UnlessTied,
)
from hwdse.kernels.direction import direction_of
from hwdse.kernels.extent import Extent
from hwdse.kernels.multiply import Values
from hwdse.kernels.rounding import (
    Rounding,
    can_round,
    rounding_bounded,
    rounding_to,
)
from hwdse.spec import FloatSum

Carrier = type[np.float32] | type[np.float64]

CARRIERS: tuple[Carrier, ...] = (np.float32, np.float64)
_NATIVE = {np.float32: formats.parse("fp32"), np.float64: formats.parse("e11m52")}
#: More than log2 of every bound.
UNBOUNDED = 1 << 20
_LOST_TO_UNDERFLOW = 2.0**-1000
#: log2(e), rounded up.
_BITS_PER_E = 1.45


def check_kind(acc: FloatSum) -> None:
    """Refuse formats that do not round as in IEEE 754.

    Raises:
        SpecError: the format flushes subnormals, or decides ties by the exponent field.
    """
    f = acc.format
    if isinstance(f, FlushedFloat) or (f.tie_on_exponent and f.fraction_bits == 0):
        raise SpecError(f"accumulator {acc} has no fast kernel: {f} rounds in its own way")


def top_of_sums(task: Task, left: Values, right: Values) -> int:
    """log2 of a bound on sums of magnitudes of products, of any of the terms of a result."""
    if not task.mul.linear:
        finite = np.isfinite(left).all() and np.isfinite(right).all()
        top = task.format_products.top + clog2(max(task.terms, 1))
        return top if finite else UNBOUNDED
    with np.errstate(over="ignore", invalid="ignore"):
        rows = np.einsum("mk,mk->m", left, left, dtype=np.float64).max(initial=0.0)
        columns = np.einsum("kn,kn->n", right, right, dtype=np.float64).max(initial=0.0)
        lost = task.terms * _LOST_TO_UNDERFLOW
        bound = float((rows + lost) * (columns + lost))
    # One more bit for the roundings of the bound itself.
    return ceil(log2(bound) / 2) + 1 if 0 < bound < np.inf else UNBOUNDED


def products_fit(task: Task, products: Extent, carrier: Carrier) -> bool:
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


def group_adder(
    acc: FloatSum, task: Task, products: Extent, total: int, carrier: Carrier
) -> Adder | Doubting | None:
    """The adder of a running sum and the exact sum of a group; None if the carrier has none.

    Args:
        acc: the accumulator.
        task: the product.
        products: extent of the products.
        total: see `top_of_sums`.
        carrier: type of all numbers.
    """
    group = _group_top(task, products, total, carrier, task.design.unit.group)
    if group is None:
        return None
    drift = 0 if task.design.rounding in ("rne", "rna", "rtz") else _drift(acc, task, 1)
    # Rounding to nearest changes a sum by no more than the group does. Rounding toward zero only
    # shrinks it. In the other directions, every sum may grow.
    reach = max(total, acc.format.lsb_exponent + clog2(max(task.terms, 1))) + 1 + drift
    top = max(min(acc.format.max_exponent + 1, reach), group) + 1
    once = _rounds_twice_as_once(acc.format, task, carrier)
    found = _adder(acc, task, carrier, top, reach, once=once)
    single = task.design.unit.group == 1 and carrier is np.float32
    return _doubting(acc, task, found) if single and isinstance(found, Odd) else found


def pair_adder(
    acc: FloatSum, task: Task, left: Values, right: Values, *, groups: bool = True
) -> tuple[Adder, Carrier]:
    """The adder of two values of the format, and the carrier.

    Args:
        acc: the accumulator.
        task: the product.
        left: (M, K) values.
        right: (K, N) values.
        groups: whether the carrier also adds the products of a group, exactly.

    Raises:
        SpecError: no carrier can round to the format.
    """
    lanes, target = task.design.unit.group, acc.format
    total = top_of_sums(task, left, right)
    # A step rounds a few times; what a compensated sum has lost is a few roundings of the sum.
    reach = max(total, target.lsb_exponent + clog2(max(task.terms, 1)))
    reach += 2 + clog2(lanes) + _drift(acc, task, 8 + 2 * clog2(lanes))
    for carrier in CARRIERS:
        once = np.finfo(carrier).nmant + 1 >= 2 * target.precision + 2
        for products in task.product_extents():
            exact = lanes if groups else 1
            group = _group_top(task, products, total, carrier, exact)
            if group is None:
                continue
            top = max(min(target.max_exponent + 2, reach), group) + 1
            found = _adder(acc, task, carrier, top, reach, once=once)
            if found is not None:
                return found, carrier
    raise SpecError(
        f"accumulator {acc} with rounding={task.design.rounding} and {lanes} lanes has no fast "
        "kernel: its range or precision, or the sum of a group, is beyond what float64 can carry"
    )


def drifting_tops(
    acc: FloatSum, task: Task, left: Values, right: Values
) -> Iterator[tuple[Carrier, Extent, int]]:
    """Carriers that hold groups exactly, with the products' extent and a bound on sums (log2).

    Every step may round in any direction.
    """
    lanes, target = task.design.unit.group, acc.format
    total = top_of_sums(task, left, right)
    reach = max(total, target.lsb_exponent + clog2(max(task.terms, 1))) + 1 + _drift(acc, task, 1)
    for carrier in CARRIERS:
        for products in task.product_extents():
            group = _group_top(task, products, total, carrier, lanes)
            if group is not None:
                yield carrier, products, max(min(target.max_exponent + 1, reach), group) + 1


def _group_top(
    task: Task, products: Extent, total: int, carrier: Carrier, lanes: int
) -> int | None:
    """log2 of a bound on sums of groups, if the carrier holds them exactly."""
    group = min(products.top + clog2(lanes), max(total, products.lsb))
    if lanes > 1 and group - products.lsb > np.finfo(carrier).nmant + 1:
        return None
    return group if products_fit(task, products, carrier) else None


def _drift(acc: FloatSum, task: Task, roundings: int) -> int:
    """log2 of a bound on the growth of sums by so many roundings in every step."""
    steps = -(-task.terms // task.design.unit.group)
    ulp = 2.0**-acc.format.fraction_bits
    return ceil(_BITS_PER_E * roundings * ulp * steps)


def _adder(
    acc: FloatSum, task: Task, carrier: Carrier, top: int, reach: int, *, once: bool
) -> Adder | None:
    """The fastest adder for sums of at most 2^top, if the carrier has one.

    Args:
        acc: the accumulator.
        task: the product.
        carrier: type of all numbers.
        top: log2 of a bound on what is rounded.
        reach: log2 of a bound on running sums, also without a limit by the format.
        once: whether rounding to the carrier first never changes a later rounding to nearest even.
    """
    target, rounding = acc.format, task.design.rounding
    direction = direction_of(rounding)
    if rounding == "down" and (not task.mul.linear or task.design.product.twos_complement):
        # Some products add +0 to have no negative zero, which needs rounding to nearest.
        direction = None
    if direction is not None:
        if _same_values(target, _NATIVE[carrier]):
            return Native(direction)
        if rounding != "rne" and can_round(target, rounding, top, carrier, by_machine=True):
            return _machine(target, rounding, carrier, direction)
    if not can_round(target, rounding, top, carrier):
        return None
    if rounding != "rne":
        return Odd(rounding_to(target, rounding, carrier))
    fast: Rounding = rounding_to(target, rounding, carrier)
    if reach <= target.max_exponent:
        inside = _products_lsb(task, target.lsb_exponent) >= target.lsb_exponent
        fast = rounding_bounded(target, carrier, inside=inside)
    return fast if once else Odd(fast)


def _products_lsb(task: Task, wanted: int) -> int:
    """LSB of the products; by the actual values if this is worth a pass over many codes."""
    lsb = task.format_products.lsb
    return task.products.lsb if lsb < wanted and task.large else lsb


def _machine(target: BinaryFloat, rounding: str, carrier: Carrier, direction: int) -> InDirection:
    nearest: Any = rounding_to(target, "rne", carrier)
    directed: Any = rounding_to(target, rounding, carrier)
    return InDirection(
        direction=direction,
        lowest_exponent=nearest.lowest_exponent,
        to_fixed=nearest.to_fixed,
        largest=directed.largest,
        beyond_positive=directed.beyond_positive,
        beyond_negative=directed.beyond_negative,
        infinite=directed.infinite,
    )


def _doubting(acc: FloatSum, task: Task, sure: Odd) -> Adder | Doubting:
    """The float32 adder that is nearly always right, with the one that is always right."""
    if task.design.rounding != "rne":
        return sure
    product, kept = task.design.product.magnitude_bits, acc.format.precision
    if np.finfo(np.float32).nmant + 1 >= max(product, kept) + kept + 3:
        # Only a product that is far larger than the running sum can be half-way between values.
        return UnlessInexact(sure.rounding, sure)
    return UnlessTied(sure.rounding, sure)


def _same_values(a: Format, b: Format) -> bool:
    return a.unpacked == b.unpacked and a.max == b.max


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
