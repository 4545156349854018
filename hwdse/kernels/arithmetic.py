"""Error-free sums in binary floating point, and rounding to odd.

Round a value to odd at p bits, then round the result to a format of at most p - 2 significand bits.
The final result is the same as from the exact value, in every direction. The reason: an inexact
value ends in a one bit, so that it never looks like a grid point or a midpoint (Boldo and
Melquiond, "Emulation of a FMA and correctly rounded sums", IEEE Trans. Computers 57(4), 2008).

The carrier is the type of the sums: float64 or float32. One vector instruction adds twice as many
float32 sums.
"""

from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

from hwdse.jit import inner

FLOAT64_FRACTION_BITS = 52
FLOAT64_PRECISION = 53
#: Kernels accept products between 2^-PRODUCT_TOP and 2^PRODUCT_TOP. Sums of MAX_TERMS such products
#: stay below 2^SUM_TOP, so that float64 neither overflows nor underflows.
PRODUCT_TOP, SUM_TOP, MAX_TERMS = 900, 940, 1 << 29
#: Least difference between the carrier's precision and the target's precision, in bits.
ODD_MARGIN = 2

MAGNITUDE_MASK = np.int64(2**63 - 1)
_SIGN_64, _SIGN_32 = np.int64(-(2**63)), np.int32(-(2**31))
_EXPONENT_64, _EXPONENT_32 = np.int64(0x7FF << 52), np.int32(0xFF << 23)


def _is_single(numba_type: Any) -> bool:
    return bool(numba_type == types.float32)


def _float(x: Any) -> Any:
    """A float32 unchanged, anything else as float64; for the Python versions of the functions."""
    return x if isinstance(x, np.float32) else np.float64(x)


def _integer_type(x: Any) -> Any:
    """The integer type with the width of `x`."""
    return np.int32 if isinstance(x, np.float32) else np.int64


def bits_of(x: Any) -> Any:
    """Bit pattern as a signed integer with the width of the float."""
    return _float(x).view(_integer_type(x))


def float_like(x: Any, pattern: Any) -> Any:
    """The float with this bit pattern, in the type of `x`."""
    return _integer_type(x)(pattern).view(type(_float(x)))


def sign_bits(x: Any) -> Any:
    """Bit pattern of `x` with all bits cleared except the sign."""
    return bits_of(x) & (_SIGN_32 if isinstance(x, np.float32) else _SIGN_64)


def exponent_bits(x: Any) -> Any:
    """Bit pattern of `x` with all bits cleared except the exponent field."""
    return bits_of(x) & (_EXPONENT_32 if isinstance(x, np.float32) else _EXPONENT_64)


def sign_fill(pattern: Any, x: Any) -> Any:
    """-1 if the pattern, in the width of `x`, is negative, else 0."""
    integer = _integer_type(x)
    return integer(pattern) >> integer(np.iinfo(integer).bits - 1)


@overload(bits_of)
def _(x):  # type: ignore[no-untyped-def]
    if _is_single(x):
        return lambda x: np.float32(x).view(np.int32)
    return lambda x: np.float64(x).view(np.int64)


@overload(float_like)
def _(x, pattern):  # type: ignore[no-untyped-def]
    # Numba widens integers to 64 bits in every operation. The casts make them narrow again.
    if _is_single(x):
        return lambda x, pattern: np.int32(pattern).view(np.float32)
    return lambda x, pattern: np.int64(pattern).view(np.float64)


@overload(sign_bits)
def _(x):  # type: ignore[no-untyped-def]
    if _is_single(x):
        return lambda x: np.int32(np.float32(x).view(np.int32) & _SIGN_32)
    return lambda x: np.float64(x).view(np.int64) & _SIGN_64


@overload(exponent_bits)
def _(x):  # type: ignore[no-untyped-def]
    if _is_single(x):
        return lambda x: np.int32(np.float32(x).view(np.int32) & _EXPONENT_32)
    return lambda x: np.float64(x).view(np.int64) & _EXPONENT_64


@overload(sign_fill)
def _(pattern, x):  # type: ignore[no-untyped-def]
    if _is_single(x):
        return lambda pattern, x: np.int32(np.int32(pattern) >> 31)
    return lambda pattern, x: np.int64(pattern) >> 63


@inner
def with_sign_of(magnitude: Any, x: Any) -> Any:
    """`magnitude`, which has no sign, with the sign of `x`."""
    return float_like(magnitude, bits_of(magnitude) | sign_bits(x))


@inner
def two_sum(x: Any, y: Any) -> Any:
    """The rounded sum and its exact error (Knuth); the error is NaN if the sum is not finite."""
    total = x + y
    y_part = total - x
    return total, (x - (total - y_part)) + (y - y_part)


@inner
def to_odd(total: Any, error: Any) -> Any:
    """Round total + error to odd; `total` is this sum rounded to nearest.

    If the sum is not finite, the error is NaN and `total` does not change.
    """
    pattern = bits_of(total)
    # If the error points toward zero, go one pattern back. Then set the last bit. If the pattern of
    # `total` is odd, it is already the result: setting the last bit keeps it or returns to it.
    back = sign_fill(bits_of(error) ^ pattern, total)
    nudged = float_like(total, (pattern + back) | 1)
    return nudged if abs(error) > 0 else total


@inner
def integer_to_odd(number: Any) -> Any:
    """An int64 as float64, rounded to odd."""
    total = np.float64(number)
    if total >= 2.0**63:
        # 2^63 does not convert back to int64, and it is never exact here: take the float below.
        return float_like(total, bits_of(total) - 1)
    return to_odd(total, np.float64(number - np.int64(total)))
