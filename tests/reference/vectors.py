"""Expected codes of whole arrays, by lookup in a sorted table of values.

Written independently of both `hwdse` and the codec for one value in `number_formats`. The tests
compare the results of both codecs. The functions take formats of up to 19 bits and float64 values:
for these, every comparison below is exact.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from reference.number_formats import Float, Int


@dataclass(frozen=True, eq=False)
class Grid:
    """All magnitudes in the order of their codes, and the half-way points.

    There is one more magnitude above the largest value. All numbers are exact, because significands
    have few bits. The step above the largest value is the step of its binade.
    """

    values: np.ndarray
    halves: np.ndarray


@lru_cache(maxsize=32)
def grid(number_format: Float) -> Grid:
    codes = np.arange(number_format.max_code + 2)
    e, m = np.divmod(codes, 1 << number_format.M)
    lowest = (e == 0) & number_format.zero
    count = np.where(lowest, m, m + (1 << number_format.M)).astype(np.float64)
    with np.errstate(over="ignore"):  # above the largest value may be 2^1024
        values = np.ldexp(count, np.where(lowest, 1, e) - number_format.bias - number_format.M)
    last_step = np.ldexp(1.0, max(e[-2], number_format.zero) - number_format.bias - number_format.M)
    step = np.append(np.diff(values[:-1]), last_step)
    return Grid(values=values, halves=values[:-1] + step / 2)


def interesting(number_format: Float | Int, stride: int = 1) -> np.ndarray:
    """Values, half-way points, their float64 neighbours, extremes and specials, both signs."""
    if isinstance(number_format, Int):
        top = 2 ** (number_format.width - number_format.signed)
        near = min(top + 2, 1024)
        every = np.concatenate([np.arange(near), np.arange(top + 2 - near, top + 2)])
        every = np.unique(every.astype(np.float64))
        points = np.concatenate([every, every + 0.5]) / 2.0**number_format.fraction
    else:
        table = grid(number_format)
        keep = np.unique(np.r_[0:64, 0 : table.values.size : stride, -64:0] % table.values.size)
        keep = keep[keep < table.halves.size]
        points = np.concatenate([table.values[keep], table.values[-1:], table.halves[keep]])
    points = np.concatenate([points, np.nextafter(points, np.inf), np.nextafter(points, -np.inf)])
    extremes = [5e-324, 1e-310, 2.0**-1022, 1e-30, 1e30, 1.7976931348623157e308, np.inf, np.nan]
    points = np.concatenate([points, extremes])
    return np.concatenate([points, -points])


def encode(number_format: Float, x: np.ndarray, rounding: str, overflow: str) -> np.ndarray:
    """Expected codes of float64 values."""
    table = grid(number_format)
    magnitude, negative = np.abs(x), np.signbit(x)
    finite = np.where(np.isfinite(magnitude), magnitude, 0.0)
    below = np.searchsorted(table.values, finite, side="right") - 1
    beyond = below >= table.halves.size
    below = np.clip(below, 0, table.halves.size - 1)
    inexact = (finite != table.values[below]) & ~beyond
    half = table.halves[below]
    even = below % 2 == 0
    if number_format.M == 0 and not number_format.is_p3109:
        # A one-digit significand is odd except at zero. Then a tie goes to the larger value (IEEE
        # 754-2019, 4.3.1).
        even = (below == 0) & number_format.zero
    directions = {
        "rne": (finite > half) | ((finite == half) & ~even),
        "rna": finite >= half,
        "rhu": (finite > half) | ((finite == half) & ~negative),
        "odd": even,
        "rtz": np.zeros(x.shape, bool),
        "up": ~negative,
        "down": negative,
    }
    up = inexact & directions[rounding]
    if not number_format.zero:
        up &= finite >= table.values[0]  # underflow ends at the smallest value
    code = below + up
    if number_format.flush:
        code = np.where(code < 1 << number_format.M, 0, code)
    too_large = beyond | (code > number_format.max_code) | np.isinf(x)
    special = np.isinf(x) if overflow != "saturate" else np.zeros(x.shape, bool)
    if overflow == "ieee":
        away = {"rtz": False, "odd": False, "up": ~negative, "down": negative}.get(rounding, True)
        special |= too_large & away
    code = np.where(too_large, number_format.max_code, code)
    nan = np.isnan(x)
    if number_format.has_inf:
        code = np.where(special, number_format.max_code + 1, code)
    elif number_format.variant not in ("finite", "p3109"):
        nan |= special
    if number_format.signed:
        negative_zero = number_format.variant not in ("fnuz", "p3109", "extended")
        code += (negative & ((code > 0) | negative_zero)) << (number_format.bits - 1)
    else:
        if overflow == "ieee":
            nan |= negative & (code > 0) & (number_format.variant != "finite")
        nan |= special & negative & (number_format.variant != "finite")
        code = np.where(negative, 0, code)
    if not number_format.zero:
        nan |= negative | (x == 0)
    return np.where(nan, number_format.canonical_nan, code)


def encode_integers(number_format: Int, x: np.ndarray, rounding: str) -> np.ndarray:
    """Expected codes of float64 values, with saturation."""
    largest = 2.0**number_format.width  # beyond every value, and exact in float64
    scaled = np.clip(np.nan_to_num(x, nan=0.0), -largest, largest) * 2.0**number_format.fraction
    magnitude, negative = np.abs(scaled), scaled < 0
    low = np.floor(magnitude)
    fraction = magnitude - low  # exact, because it is smaller than both
    up = {
        "rne": (fraction > 0.5) | ((fraction == 0.5) & (low % 2 == 1)),
        "rna": fraction >= 0.5,
        "rhu": (fraction > 0.5) | ((fraction == 0.5) & ~negative),
        "rtz": np.zeros(x.shape, bool),
        "up": (fraction > 0) & ~negative,
        "down": (fraction > 0) & negative,
        "odd": (fraction > 0) & (low % 2 == 0),
    }[rounding]
    number = np.where(negative, -(low + up), low + up)
    clipped = np.clip(number, number_format.low, number_format.high).astype(np.int64)
    return clipped % 2**number_format.width
