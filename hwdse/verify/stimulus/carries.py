"""Groups of products whose sum reaches a power of two only if the unit keeps every digit."""

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
    """Return sums at both ends of the range of an accumulator. By default there are none."""
    return []


@carries.register
def _(acc: Aligned, design: Design, sums: int, rng: np.random.Generator) -> list[Block]:
    """Return groups at both ends of the running format, in which the last kept digit decides.

    The products of a group are runs of ones that together fill the places 2^g to 2^(t-1). Most
    groups have one more product, 2^g or -2^g. So the sum of a group is 2^t or just below 2^t.

    * At the lower end, 2^t is near the last place that the format keeps. 2^g is near the lowest
      possible alignment LSB, which `zero_exponent` limits. If the unit loses a digit there, the
      result changes, and may be truncated to a zero of either sign.
    * At the upper end, 2^t lies just beyond the largest value. The result is an infinity or the
      largest value.

    An end that the products cannot reach has no groups.
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
    """Facts about an operand format.

    Attributes:
        least: log2 of the smallest positive value, rounded down.
        most: log2 of the largest value, rounded down.
        digits: number of significand bits.
        signed: True if the format has negative values.
    """

    least: int
    most: int
    digits: int
    signed: bool

    @classmethod
    def of(cls, number_format: Format) -> "_Operand":
        digits = number_format.unpacked.magnitude_bits
        return cls(*end_exponents(number_format), digits, number_format.signed)


def _group(a: _Operand, b: _Operand, lanes: int, places: range, rng: np.random.Generator) -> Array:
    """Return operands of one group, whose products together have ones in all `places`.

    With several lanes, the last lane mostly adds or subtracts one more 1 in the last place. In some
    groups only the first place and the last place are ones, and the last place may decide a tie.
    """
    operands = np.zeros((2, lanes))
    order = rng.permutation(lanes)
    # One lane is reserved for the last digit, unless there is only one lane.
    busy = order[: max(lanes - 1, 1)]
    tie = lanes > 1 and rng.random() < 0.25
    high = places.stop
    for left, lane in zip(range(len(busy), 0, -1), busy, strict=True):
        if high == places.start:
            break
        # The run is long enough that the remaining lanes can fill the remaining places.
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
    """Return the length of the longest run of ones that a product can have, at most `wanted`."""
    even = 2 * min(wanted // 2, a.digits, b.digits - 1)
    return max(min(wanted, a.digits), even)


def _run(
    a: _Operand, b: _Operand, length: int, lowest: int, rng: np.random.Generator
) -> tuple[float, float]:
    """Return two operands whose product has ones in `length` places, starting at 2^lowest."""
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
