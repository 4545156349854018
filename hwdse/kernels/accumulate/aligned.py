"""Fused groups as in tensor cores: terms as integers on the grid of the greatest exponent.

Exponents are kept as powers of two in the carrier: the product of two powers is the exponent of a
product, and zero has the power 0. Products and the running value are exact in the carrier. They are
scaled by a power of two, truncated to whole numbers, and added. The carrier is float32 if it holds
these whole numbers. Sums too long for float64 are 64-bit integers, which are converted to float64
with rounding to odd.
"""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numba import types
from numba.extending import overload

from hwdse.errors import SpecError
from hwdse.formats import BinaryFloat, Format, clog2
from hwdse.jit import compiled, inner
from hwdse.kernels.accumulate import Sums, Task, plan
from hwdse.kernels.arithmetic import (
    ODD_MARGIN,
    SUM_TOP,
    bits_of,
    integer_to_odd,
)
from hwdse.kernels.choice import CARRIERS, products_fit
from hwdse.kernels.multiply import Values
from hwdse.kernels.panels import WIDTH, run, store
from hwdse.kernels.powers import floor, inverse, power_of, set_powers, truncated
from hwdse.kernels.rounding import Rounding, can_round, round_sum, rounding_to
from hwdse.spec import Aligned

_WORD_BITS = 62
#: Lanes in one pass over the running sums.
_AT_ONCE = 4
_SINGLE = np.finfo(np.float32)


class Powers(NamedTuple):
    """Least exponents of the operands in rows and in panels, as powers: those of subnormals."""

    row: float
    panel: float


class Grid(NamedTuple):
    """Powers and sizes of one step.

    Attributes:
        term: 2^(fraction bits of the products); without a floor, also of the running value.
        total: 2^(fraction bits to which the sum of a group is floored).
        addend: 2^(fraction bits to which the running value is floored).
        group: products per fused step.
        parts: parts of a group; each part has a separate sum.
        least: 2^(least exponent of the running value).
        zero: 2^(exponent of zeros), where the search for the greatest exponent starts.
    """

    term: float
    total: float
    addend: float
    group: int
    parts: int
    least: float
    zero: float


@plan.register
def _(acc: Aligned, task: Task) -> Sums:
    design, lanes = task.design, task.design.unit.group
    if not task.mul.linear:
        raise SpecError(
            f"accumulator {acc} of products of multiplier {design.mul} has no fast kernel: it "
            "takes exact products"
        )
    total, addend = acc.floor or (acc.fraction_bits, acc.fraction_bits)
    group = min(acc.group or lanes, lanes)
    width = max(total, addend, acc.fraction_bits) + 3 + clog2(group + 1)
    if width > _WORD_BITS or not can_round(acc.format, acc.rounding, SUM_TOP):
        raise SpecError(
            f"accumulator {acc} with groups of {group} has no fast kernel: its sums take {width} "
            f"bits, {_WORD_BITS} are carried"
        )
    a, b = (_least_exponent(f, acc) for f in (design.a, design.b))
    scales = max(total, addend, acc.fraction_bits)
    # Products that are not zero, and sums of their truncated parts, are not below this exponent. A
    # lower exponent of zeros is never the greatest one, or all terms are zero.
    least = a + b - scales - 2
    zero = max(acc.zero_exponent, least)
    single = width <= _SINGLE.nmant + 1 and _fits_single(acc, task, zero, scales)
    carrier = CARRIERS[0] if single else CARRIERS[1]
    info = np.finfo(carrier)
    number: Any = carrier
    grid = Grid(
        term=number(2.0**acc.fraction_bits),
        total=number(2.0**total),
        addend=number(2.0**addend),
        group=group,
        parts=min(acc.parts, group),
        least=number(2.0 ** (acc.format.lsb_exponent + acc.format.fraction_bits)),
        zero=number(2.0**zero),
    )
    row, panel = number(2.0**a), number(2.0**b)
    mul = replace(
        task.mul,
        source=lambda carrier: Powers(row=row, panel=panel),
        swapped=lambda carrier: Powers(row=panel, panel=row),
    )
    kernel: Any = _fused if acc.floor is None else _floored
    rounding = rounding_to(
        acc.format,
        acc.rounding,
        carrier,
        to_infinity=acc.overflow == "inf",
        least=zero - scales if single else None,
    )
    words = np.empty(0, carrier if width <= info.nmant + 1 else np.int64)

    def sums(left: Values, right: Values) -> Values:
        special = not (np.isfinite(left).all() and np.isfinite(right).all())
        arguments = (rounding, grid, lanes, special, words)
        return run(kernel, mul, left, right, arguments=arguments, lanes=lanes, carrier=carrier)

    if acc.signed_zero and acc.format.has_negative_zero:
        return sums
    # Later steps do not depend on the sign of a zero: clear the sign once, at the end.
    return lambda left, right: sums(left, right) + 0.0


def _least_exponent(number_format: Format, acc: Aligned) -> int:
    if not isinstance(number_format, BinaryFloat):
        raise SpecError(
            f"accumulator {acc} of products of {number_format} has no fast kernel: it takes "
            "binary floats"
        )
    return number_format.lsb_exponent + number_format.fraction_bits


def _fits_single(acc: Aligned, task: Task, zero: int, scales: int) -> bool:
    """Whether float32 holds all products, powers and running values.

    Args:
        acc: the accumulator.
        task: the product.
        zero: exponent of zeros, the least of all exponents.
        scales: most fraction bits below an exponent.
    """
    # Flooring may move a sum by one unit of its last place in every step.
    finest = min(acc.fraction_bits, *(acc.floor or (acc.fraction_bits,)))
    top = task.format_products.top + clog2(max(task.terms, 1)) + 3 + (task.terms >> finest) * 3
    return (
        products_fit(task, task.format_products, np.float32)
        and zero - scales - acc.format.fraction_bits > _SINGLE.minexp
        and top + scales < _SINGLE.maxexp
        and acc.format.lsb_exponent + acc.format.fraction_bits >= _SINGLE.minexp
        and acc.format.precision + ODD_MARGIN <= _SINGLE.nmant + 1
        and top + _SINGLE.nmant - acc.format.fraction_bits < _SINGLE.maxexp
    )


def _are_floats(words: Any) -> bool:
    return isinstance(words.dtype, types.Float)


def _whole(words: Any, x: float) -> Any:
    """`x` without its fraction, in the type of `words`; for compiled code only."""
    raise TypeError("_whole runs in compiled code only")


def _as_float(number: Any) -> float:
    """A total as a float, rounded to odd; for compiled code only."""
    raise TypeError("_as_float runs in compiled code only")


def _scaled(words: Any, total: Any, scale: float) -> Any:
    """`total` times a power of two, rounded down; for compiled code only."""
    raise TypeError("_scaled runs in compiled code only")


@overload(_whole)
def _(words, x):  # type: ignore[no-untyped-def]
    if _are_floats(words):
        return lambda words, x: truncated(x)
    return lambda words, x: np.int64(x)


@overload(_as_float)
def _(number):  # type: ignore[no-untyped-def]
    if isinstance(number, types.Float):
        return lambda number: number
    # Numba wants the same parameters, without annotations.
    return lambda number: integer_to_odd(number)  # noqa: PLW0108


@inner
def _shifted(number: Any, by: Any) -> Any:
    """`number` times 2**by, rounded down."""
    return number << min(by, 63) if by >= 0 else number >> min(-by, 63)


@overload(_scaled)
def _(words, total, scale):  # type: ignore[no-untyped-def]
    if _are_floats(words):
        return lambda words, total, scale: floor(total * scale)
    return lambda words, total, scale: _shifted(total, (bits_of(scale) >> 52) - 1023)


@inner
def _greatest_of(x: Any, grid: Any) -> Any:
    """The power of a running value, at least the one of zeros."""
    return max(power_of(x, grid.least), grid.zero)


@inner
def _search(source: Any, row: Any, powers: Any, lanes: Any, greatest: Any) -> None:
    """Raise `greatest` to the greatest power of the products in lanes (first, last, step)."""
    # Four lanes at a time, so that `greatest` is read and written only once for all of them.
    begin, end, step = lanes
    rest = _rest(begin, end, step)
    for p in range(begin, rest, _AT_ONCE * step):
        q, r, s = p + step, p + 2 * step, p + 3 * step
        a, b = power_of(row[p], source.row), power_of(row[q], source.row)
        c, d = power_of(row[r], source.row), power_of(row[s], source.row)
        first, second, third, fourth = powers[p], powers[q], powers[r], powers[s]
        for j in range(WIDTH):
            low = _larger(a * first[j], b * second[j])
            high = _larger(c * third[j], d * fourth[j])
            greatest[j] = _larger(_larger(low, high), greatest[j])
    for p in range(rest, end, step):
        a, first = power_of(row[p], source.row), powers[p]
        for j in range(WIDTH):
            greatest[j] = _larger(a * first[j], greatest[j])


@inner
def _rest(begin: Any, end: Any, step: Any) -> Any:
    """The first lane that is not in a whole pass."""
    count = (end - begin + step - 1) // step
    return begin + (count - count % _AT_ONCE) * step


@inner
def _larger(x: Any, y: Any) -> Any:
    """One vector instruction, unlike `max`."""
    return x if x > y else y


@inner
def _add(  # noqa: PLR0917 - compiled code takes positional arguments
    row: Any, panel: Any, lanes: Any, scale: Any, totals: Any, words: Any
) -> None:
    """Add products to `totals` as whole numbers at `scale`."""
    begin, end, step = lanes
    rest = _rest(begin, end, step)
    for p in range(begin, rest, _AT_ONCE * step):
        q, r, s = p + step, p + 2 * step, p + 3 * step
        a, b, c, d = row[p], row[q], row[r], row[s]
        first, second, third, fourth = panel[p], panel[q], panel[r], panel[s]
        for j in range(WIDTH):
            low = _whole(words, a * first[j] * scale[j]) + _whole(words, b * second[j] * scale[j])
            high = _whole(words, c * third[j] * scale[j]) + _whole(words, d * fourth[j] * scale[j])
            totals[j] += low + high
    for p in range(rest, end, step):
        a, first = row[p], panel[p]
        for j in range(WIDTH):
            totals[j] += _whole(words, a * first[j] * scale[j])


@inner
def _add_special(row: Any, panel: Any, lanes: Any, plain: Any) -> None:
    """Add products to `plain`, which counts only if it is infinite or NaN."""
    begin, end, step = lanes
    for lane in range(begin, end, step):
        a, terms = row[lane], panel[lane]
        for j in range(WIDTH):
            plain[j] += a * terms[j]


@inner
def _converted(rounding: Any, total: Any, unit: Any, plain: Any) -> Any:
    """The running value for total * unit; `plain` if that is infinite or NaN."""
    value = _as_float(total) * unit
    return round_sum(rounding, value if abs(plain) < np.inf else plain, 0)


@compiled
def _fused(  # noqa: PLR0917 - compiled code takes positional arguments
    source: Any,
    rows: Values,
    panels: Values,
    rounding: Rounding,
    grid: Any,
    lanes: int,
    special: bool,
    words: Any,
    out: Values,
) -> None:
    powers = np.empty_like(panels[0])
    totals = np.empty(WIDTH, words.dtype)
    sums = np.empty(WIDTH, rows.dtype)
    greatest = np.empty(WIDTH, rows.dtype)
    scale = np.empty(WIDTH, rows.dtype)
    plain = np.empty(WIDTH, rows.dtype)
    for p in range(panels.shape[0]):
        set_powers(panels[p], source.panel, powers)
        for i in range(rows.shape[0]):
            sums[:] = 0
            for start in range(0, rows.shape[1], lanes):
                stop = start + lanes
                row, panel, power = rows[i, start:stop], panels[p, start:stop], powers[start:stop]
                for first in range(0, lanes, grid.group):
                    group = (first, min(first + grid.group, lanes), 1)
                    for j in range(WIDTH):
                        greatest[j] = _greatest_of(sums[j], grid)
                    _search(source, row, power, group, greatest)
                    totals[:] = 0
                    for j in range(WIDTH):
                        scale[j] = inverse(greatest[j]) * grid.term
                        totals[j] += _whole(words, sums[j] * scale[j])
                        plain[j] = sums[j]
                    _add(row, panel, group, scale, totals, words)
                    if special:
                        _add_special(row, panel, group, plain)
                    for j in range(WIDTH):
                        unit = inverse(scale[j])
                        sums[j] = _converted(rounding, totals[j], unit, plain[j])
            store(sums, out, i, p)


@compiled
def _floored(  # noqa: PLR0917 - compiled code takes positional arguments
    source: Any,
    rows: Values,
    panels: Values,
    rounding: Rounding,
    grid: Any,
    lanes: int,
    special: bool,
    words: Any,
    out: Values,
) -> None:
    powers = np.empty_like(panels[0])
    exponents = np.empty((grid.parts, WIDTH), rows.dtype)
    totals = np.empty((grid.parts, WIDTH), words.dtype)
    sums = np.empty(WIDTH, rows.dtype)
    scale = np.empty(WIDTH, rows.dtype)
    plain = np.empty(WIDTH, rows.dtype)
    finest = max(grid.total, grid.addend)
    for p in range(panels.shape[0]):
        set_powers(panels[p], source.panel, powers)
        for i in range(rows.shape[0]):
            sums[:] = 0
            for start in range(0, rows.shape[1], lanes):
                stop = start + lanes
                row, panel, power = rows[i, start:stop], panels[p, start:stop], powers[start:stop]
                for first in range(0, lanes, grid.group):
                    last = min(first + grid.group, lanes)
                    for j in range(WIDTH):
                        plain[j] = sums[j]
                    exponents[:] = grid.zero
                    totals[:] = 0
                    for part in range(grid.parts):
                        own = (first + part, last, grid.parts)
                        _search(source, row, power, own, exponents[part])
                        for j in range(WIDTH):
                            scale[j] = inverse(exponents[part, j]) * grid.term
                        _add(row, panel, own, scale, totals[part], words)
                        if special:
                            _add_special(row, panel, own, plain)
                    for j in range(WIDTH):
                        greatest = _greatest_of(sums[j], grid)
                        for part in range(grid.parts):
                            greatest = max(greatest, exponents[part, j])
                        scaling = inverse(greatest)
                        addend = _whole(words, floor(sums[j] * (scaling * grid.addend)))
                        total = _scaled(words, addend, finest / grid.addend)
                        for part in range(grid.parts):
                            by = grid.total / grid.term * (exponents[part, j] * scaling)
                            floored = _scaled(words, totals[part, j], by)
                            total += _scaled(words, floored, finest / grid.total)
                        unit = greatest / finest
                        sums[j] = _converted(rounding, total, unit, plain[j])
            store(sums, out, i, p)
