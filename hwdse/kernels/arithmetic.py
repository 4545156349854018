"""Error-free sums in float64, and rounding to odd, which keeps what a later rounding must see.

A value rounded to odd at 53 bits rounds to any format of at most 51 significand bits as the exact
value would, in every direction: an inexact result ends in a one bit, so it is never taken for a
grid point or a midpoint (Boldo and Melquiond, "Emulation of a FMA and correctly rounded sums", IEEE
Trans. Computers 57(4), 2008).
"""

from typing import Any

import numpy as np
from numba.extending import register_jitable

#: Significand bits of formats that a float64 rounded to odd can stand for.
ODD_PRECISION = 51

SIGN_MASK = np.int64(-(2**63))
MAGNITUDE_MASK = np.int64(2**63 - 1)
EXPONENT_MASK = np.int64(0x7FF << 52)
FLOAT64_FRACTION_BITS = 52


@register_jitable
def bits_of(x: Any) -> Any:
    """The float64's bit pattern as int64."""
    return np.float64(x).view(np.int64)


@register_jitable
def float_of(bits: Any) -> Any:
    """The float64 of a bit pattern."""
    return np.int64(bits).view(np.float64)


@register_jitable
def two_sum(x: Any, y: Any) -> Any:
    """The rounded sum and its exact error (Knuth); the error is NaN where the sum is not finite."""
    total = x + y
    y_part = total - x
    return total, (x - (total - y_part)) + (y - y_part)


@register_jitable
def to_odd(total: Any, error: Any) -> Any:
    """total + error rounded to odd, where `total` is that sum rounded to nearest.

    A NaN error, which comes with a sum that is not finite, changes nothing.
    """
    pattern = bits_of(total)
    # One step back where the error points toward zero; an odd pattern is already the answer, and
    # setting the last bit leaves it or returns to it.
    back = (bits_of(error) ^ pattern) >> 63
    nudged = (pattern + back) | 1
    return float_of(nudged if abs(error) > 0.0 else pattern)


@register_jitable
def integer_to_odd(number: Any) -> Any:
    """An int64 as float64, rounded to odd."""
    total = np.float64(number)
    if total >= 2.0**63:
        # Not convertible back; every int64 below rounds up to 2^63 from an inexact value.
        return float_of(bits_of(total) - 1)
    return to_odd(total, np.float64(number - np.int64(total)))
