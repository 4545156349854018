"""Groups whose products add up to a power of two only if every digit of them is kept."""

from functools import singledispatch
from typing import NamedTuple

import numpy as np

from hwdse.formats import Format
from hwdse.formats.unpacked import Array
from hwdse.spec import Accumulator, Aligned, Design
from hwdse.verify.stimulus import Block
from hwdse.verify.stimulus.alignment import end_exponents

_GROUPS = 2
_NEAR = 3


@singledispatch
def carries(acc: Accumulator, design: Design, sums: int, rng: np.random.Generator) -> list[Block]:
    """Sums at the ends of what an accumulator holds; none unless it says more of itself."""
    return []


@carries.register
def _(acc: Aligned, design: Design, sums: int, rng: np.random.Generator) -> list[Block]:
    """Groups at both ends of the running format, in which the last digit kept decides.

    A group's products are runs of ones that follow one another, and mostly 2^g besides: the sum is
    2^t, or just below. With 2^t about the last place that is kept and g about the last place of the
    grid that zeros decide, what is lost there shows in the result, which may be truncated to a zero
    of either sign. With 2^t just beyond the largest value, an infinity or the largest value shows.
    An end that products do not reach is left out.
    """
    f = acc.format
    a, b = _Operand.of(design.a), _Operand.of(design.b)
    grid = acc.zero_exponent - acc.fraction_bits
    place, top = max(f.lsb_exponent, grid), f.max_exponent + 1
    ends = []
    if a.least + b.least <= place - _NEAR:
        ends.append((range(place - _NEAR + 1, place + _NEAR), grid))
    if a.most + b.most >= top:
        ends.append((range(top, top + 1), top - 1 - acc.fraction_bits))
    if not ends:
        return []
    shape = (sums, _GROUPS, design.unit.group)
    values = np.zeros((2, *shape))
    for index in np.ndindex(shape[:2]):
        tops, last = ends[int(rng.integers(len(ends)))]
        t = int(rng.choice(tops))
        g = min(last - int(rng.integers(2)), t - 1)
        if rng.random() < 0.25:
            g = int(rng.integers(min(last - _NEAR, t - 1), t))
        values[(slice(None), *index)] = _group(a, b, shape[-1], range(g, t), rng)
    codes = [
        number_format.encode(part).astype(np.int64)
        for number_format, part in zip((design.a, design.b), values, strict=True)
    ]
    return [Block(purpose="accumulation_steps", a=codes[0], b=codes[1])]


class _Operand(NamedTuple):
    """log2 of the smallest and the largest value, digits of a value, whether there is a sign."""

    least: int
    most: int
    digits: int
    signed: bool

    @classmethod
    def of(cls, number_format: Format) -> "_Operand":
        digits = number_format.unpacked.magnitude_bits
        return cls(*end_exponents(number_format), digits, number_format.signed)


def _group(a: _Operand, b: _Operand, lanes: int, places: range, rng: np.random.Generator) -> Array:
    """Operands of products that are ones in all places, and perhaps one more in the last place.

    In some groups only the first place and the last are ones: the last one may decide a tie.
    """
    operands = np.zeros((2, lanes))
    order = rng.permutation(lanes)
    # One lane is left for the last digit, unless it is the only one.
    busy = order[: max(lanes - 1, 1)]
    tie = lanes > 1 and rng.random() < 0.25
    high = places.stop
    for left, lane in zip(range(len(busy), 0, -1), busy, strict=True):
        if high == places.start:
            break
        # No shorter than it takes to get to the end.
        rest = high - places.start
        wanted = 1 if tie else int(rng.integers(-(-rest // left), rest + 1))
        length = _run_length(a, b, wanted)
        high -= length
        operands[:, lane] = _run(a, b, length, high, rng)
        if tie:
            break
    if lanes > 1:
        operands[:, order[-1]] = _run(a, b, 1, places.start, rng)
        operands[0, order[-1]] *= rng.choice([1.0, 1.0, 0.0, -1.0]) if a.signed else 1.0
    signs = rng.choice([-1.0, 1.0], lanes) if a.signed and b.signed else np.ones(lanes)
    sign = rng.choice([-1.0, 1.0]) if a.signed else 1.0
    return np.asarray(operands * np.stack([sign * signs, signs]))


def _run_length(a: _Operand, b: _Operand, wanted: int) -> int:
    """The longest run of ones up to `wanted` that a product can have."""
    even = 2 * min(wanted // 2, a.digits, b.digits - 1)
    return max(min(wanted, a.digits), even)


def _run(
    a: _Operand, b: _Operand, length: int, lowest: int, rng: np.random.Generator
) -> tuple[float, float]:
    """Operands whose product has ones in `length` places from 2^lowest up."""
    half, odd = divmod(length, 2)
    if not odd and half <= min(a.digits, b.digits - 1):
        # (2^k - 1)(2^k + 1) is a run of 2k ones.
        ones, other, a_top, b_top = 2.0**half - 1.0, 2.0**half + 1.0, half - 1, half
    else:
        ones, other, a_top, b_top = 2.0**length - 1.0, 1.0, length - 1, 0
    low = max(a.least, lowest - (b.most - b_top))
    high = min(a.most - a_top, lowest - b.least)
    of_a = int(rng.integers(low, max(high, low) + 1))
    return float(np.ldexp(ones, of_a)), float(np.ldexp(other, lowest - of_a))
