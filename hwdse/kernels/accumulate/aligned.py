"""Fused groups as in tensor cores: terms as integers on the grid of the greatest exponent.

Products and the running value are exact in float64. They are scaled by a power of two, truncated to
64-bit integers, and added. The sum is converted to float64 with rounding to odd, then rounded once.
"""

from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from hwdse.errors import SpecError
from hwdse.formats import BinaryFloat, Format, clog2
from hwdse.jit import compiled, inner
from hwdse.kernels.accumulate import Sums, Task, plan
from hwdse.kernels.arithmetic import SUM_TOP, bits_of, float_like, integer_to_odd
from hwdse.kernels.multiply import Values
from hwdse.kernels.panels import WIDTH, run
from hwdse.kernels.rounding import Rounding, can_round, round_sum, rounding_to
from hwdse.spec import Aligned

_BIAS, _FRACTION_BITS, _FIELD = np.int64(1023), np.int64(52), np.int64(0x7FF)
_WORD_BITS = 62


class Exponents(NamedTuple):
    """Least exponents of the operands in rows and in panels: the exponents of subnormals."""

    row: int
    panel: int


class Grid(NamedTuple):
    """Fraction bits and sizes of one step.

    Attributes:
        term: fraction bits of the products; without a floor, also of the running value.
        total: fraction bits to which the sum of a group is floored.
        addend: fraction bits to which the running value is floored.
        group: products per fused step.
        parts: parts of a group; each part has a separate sum.
        least: least exponent of the running value.
        zero: exponent of zeros, and the start value of the search for the greatest exponent.
    """

    term: int
    total: int
    addend: int
    group: int
    parts: int
    least: int
    zero: int


@plan.register
def _(acc: Aligned, task: Task) -> Sums:
    design, lanes = task.design, task.design.unit.group
    if not task.mul.linear:
        raise SpecError(
            f"accumulator {acc} of products of multiplier {design.mul} has no fast kernel: it "
            "takes exact products"
        )
    a, b = (_least_exponent(f, acc) for f in (design.a, design.b))
    total, addend = acc.floor or (acc.fraction_bits, acc.fraction_bits)
    group = min(acc.group or lanes, lanes)
    width = max(total, addend, acc.fraction_bits) + 3 + clog2(group + 1)
    if width > _WORD_BITS or not can_round(acc.format, acc.rounding, SUM_TOP):
        raise SpecError(
            f"accumulator {acc} with groups of {group} has no fast kernel: its sums take {width} "
            f"bits, {_WORD_BITS} are carried"
        )
    grid = Grid(
        term=acc.fraction_bits,
        total=total,
        addend=addend,
        group=group,
        parts=min(acc.parts, group),
        least=acc.format.lsb_exponent + acc.format.fraction_bits,
        zero=acc.zero_exponent,
    )
    mul = replace(
        task.mul,
        source=lambda carrier: Exponents(row=a, panel=b),
        swapped=lambda carrier: Exponents(row=b, panel=a),
    )
    kernel: Any = _fused if acc.floor is None else _floored
    rounding = rounding_to(acc.format, acc.rounding, to_infinity=acc.overflow == "inf")
    arguments = (rounding, grid, lanes)
    sums = partial(run, kernel, mul, arguments=arguments, lanes=lanes)
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


@inner
def _exponent(x: Any, least: Any) -> Any:
    """The exponent of the binade of x; subnormals have the exponent `least`."""
    return max(((bits_of(x) >> _FRACTION_BITS) & _FIELD) - _BIAS, least)


@inner
def _exponent_or_zero(x: Any, grid: Any) -> Any:
    """The exponent of a running value, at least the exponent of zeros."""
    return max(_exponent(x, grid.least), grid.zero) if x != 0 else np.int64(grid.zero)


@inner
def _power(exponent: Any) -> Any:
    """2.0**exponent."""
    return float_like(1.0, (exponent + _BIAS) << _FRACTION_BITS)


@inner
def _shifted(number: Any, by: Any) -> Any:
    """`number` times 2**by, rounded down."""
    return number << by if by >= 0 else number >> min(-by, 63)


@inner
def _search(source: Any, row: Any, panel: Any, lanes: Any, greatest: Any) -> None:
    """Raise `greatest` to the greatest exponent of the products that are not zero."""
    for lane in lanes:
        a = row[lane]
        if a == 0:
            continue
        exponent = _exponent(a, source.row)
        terms = panel[lane]
        for j in range(WIDTH):
            mine = exponent + _exponent(terms[j], source.panel)
            greatest[j] = max(greatest[j], mine if terms[j] != 0 else greatest[j])


@inner
def _add(  # noqa: PLR0917 - compiled code takes positional arguments
    row: Any, panel: Any, lanes: Any, scale: Any, totals: Any, plain: Any
) -> None:
    """Add products to `totals` as integers at `scale`, and to `plain` for special values."""
    for lane in lanes:
        a, terms = row[lane], panel[lane]
        for j in range(WIDTH):
            term = a * terms[j]
            plain[j] += term
            totals[j] += np.int64(term * scale[j])


@inner
def _converted(rounding: Any, total: Any, exponent: Any, plain: Any) -> Any:
    """The running value for total * 2**exponent; `plain` if that is infinite or NaN."""
    value = integer_to_odd(total) * _power(exponent)
    return round_sum(rounding, value if np.isfinite(plain) else plain, 0)


@compiled
def _fused(  # noqa: PLR0917 - compiled code takes positional arguments
    source: Any,
    rows: Values,
    panels: Values,
    rounding: Rounding,
    grid: Any,
    lanes: int,
    out: Values,
) -> None:
    greatest = np.empty(WIDTH, np.int64)
    totals = np.empty(WIDTH, np.int64)
    scale = np.empty(WIDTH, np.float64)
    plain = np.empty(WIDTH, np.float64)
    for p in range(panels.shape[0]):
        for i in range(rows.shape[0]):
            sums = out[i, p * WIDTH : (p + 1) * WIDTH]
            sums[:] = 0.0
            for start in range(0, rows.shape[1], lanes):
                row, panel = rows[i, start : start + lanes], panels[p, start : start + lanes]
                for first in range(0, lanes, grid.group):
                    group = range(first, min(first + grid.group, lanes))
                    for j in range(WIDTH):
                        greatest[j] = _exponent_or_zero(sums[j], grid)
                    _search(source, row, panel, group, greatest)
                    for j in range(WIDTH):
                        scale[j] = _power(grid.term - greatest[j])
                        totals[j] = np.int64(sums[j] * scale[j])
                        plain[j] = sums[j]
                    _add(row, panel, group, scale, totals, plain)
                    for j in range(WIDTH):
                        lsb = greatest[j] - grid.term
                        sums[j] = _converted(rounding, totals[j], lsb, plain[j])


@compiled
def _floored(  # noqa: PLR0917 - compiled code takes positional arguments
    source: Any,
    rows: Values,
    panels: Values,
    rounding: Rounding,
    grid: Any,
    lanes: int,
    out: Values,
) -> None:
    exponents = np.empty((grid.parts, WIDTH), np.int64)
    totals = np.empty((grid.parts, WIDTH), np.int64)
    scale = np.empty(WIDTH, np.float64)
    plain = np.empty(WIDTH, np.float64)
    finest = max(grid.total, grid.addend)
    for p in range(panels.shape[0]):
        for i in range(rows.shape[0]):
            sums = out[i, p * WIDTH : (p + 1) * WIDTH]
            sums[:] = 0.0
            for start in range(0, rows.shape[1], lanes):
                row, panel = rows[i, start : start + lanes], panels[p, start : start + lanes]
                for first in range(0, lanes, grid.group):
                    last = min(first + grid.group, lanes)
                    plain[:] = sums
                    exponents[:] = grid.zero
                    totals[:] = 0
                    for part in range(grid.parts):
                        own = range(first + part, last, grid.parts)
                        _search(source, row, panel, own, exponents[part])
                        for j in range(WIDTH):
                            scale[j] = _power(grid.term - exponents[part, j])
                        _add(row, panel, own, scale, totals[part], plain)
                    for j in range(WIDTH):
                        greatest = _exponent_or_zero(sums[j], grid)
                        for part in range(grid.parts):
                            greatest = max(greatest, exponents[part, j])
                        addend = np.int64(np.floor(sums[j] * _power(grid.addend - greatest)))
                        total = addend << (finest - grid.addend)
                        for part in range(grid.parts):
                            by = grid.total - grid.term + exponents[part, j] - greatest
                            floored = _shifted(totals[part, j], by)
                            total += floored << (finest - grid.total)
                        sums[j] = _converted(rounding, total, greatest - finest, plain[j])
