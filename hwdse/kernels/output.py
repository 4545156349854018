"""Codes of sums: the rounding to the output format.

Sums that are not exact are rounded to odd. This is enough for every format with short thresholds:
see `hwdse.kernels.thresholds`. If float32 also distinguishes the thresholds, sums are rounded to
odd in float32, and then use the loops of the codec.
"""

from functools import lru_cache, singledispatch
from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.errors import SpecError
from hwdse.formats import Format, Integer, Minifloat, Posit
from hwdse.jit import compiled
from hwdse.kernels.arithmetic import (
    FLOAT64_FRACTION_BITS,
    FLOAT64_PRECISION,
    MAGNITUDE_MASK,
    SUM_TOP,
    bits_of,
    sign_bits,
)
from hwdse.kernels.codec import encode as encode_array
from hwdse.kernels.codec import lanes
from hwdse.kernels.codec.posit import posit_kernel
from hwdse.kernels.codec.wide import BINARY32
from hwdse.kernels.multiply import Values
from hwdse.kernels.rounding import (
    Rounding,
    can_round,
    round_sum,
    rounding_to,
    rounding_to_integer,
)
from hwdse.kernels.thresholds import threshold_bits

_FLOAT64_BIAS = 1023
_FLOAT64_INFINITY = np.int64(0x7FF) << FLOAT64_FRACTION_BITS
#: Up to this many bits, the codec builds the table of a format in very little time.
_QUICK_TABLE_BITS = 10
#: Limit of log2 of the values, and of minus log2 of their LSBs: float32 then also holds thresholds.
_SINGLE_TOP = 120
_DROPPED = FLOAT64_FRACTION_BITS - lanes.FRACTION_BITS
_REBIAS = np.int64(_FLOAT64_BIAS - lanes.BIAS) << lanes.FRACTION_BITS
Codes = npt.NDArray[Any]


@singledispatch
def encode(target: Format, sums: Values, rounding: str, exact: bool) -> Codes:
    """Codes of float64 sums, which are exact or rounded to odd.

    Args:
        target: output format.
        sums: any shape.
        rounding: one of `ROUNDINGS`.
        exact: whether the sums are known to be exact.

    Raises:
        SpecError: the sums may be rounded to odd, and the thresholds of the format are too long.
    """
    longest = threshold_bits(target)
    if not exact and (longest is None or longest >= FLOAT64_PRECISION):
        raise SpecError(f"out={target} has no fast kernel for sums beyond float64's precision")
    if _by_single_precision(target, rounding):
        single = np.empty(sums.shape, np.int32)
        _to_single(np.ascontiguousarray(sums).reshape(-1), single.reshape(-1))
        return encode_array(target, single.view(np.float32), rounding, target.overflow)
    return target.encode(sums, rounding, target.overflow)


@lru_cache(maxsize=64)
def _by_single_precision(target: Format, rounding: str) -> bool:
    """Whether float32 sums, rounded to odd, give the same codes, and are fast."""
    longest, shape = threshold_bits(target), target.unpacked
    if longest is None or longest >= lanes.PRECISION:
        return False
    if max(-shape.exponent_min, shape.top) > _SINGLE_TOP:
        return False
    quick = isinstance(target, Posit) and rounding == "rne" and posit_kernel(target) is not None
    return quick or target.bits <= _QUICK_TABLE_BITS


@encode.register
def _(target: Minifloat, sums: Values, rounding: str, exact: bool) -> Codes:
    if not can_round(target, rounding, SUM_TOP):
        generic = encode.dispatch(Format)
        codes: Codes = generic(target, sums, rounding, exact)
        return codes
    if rounding == "rne" and target == BINARY32:
        return _encode_binary32(sums, target.nan_code or 0)
    out = np.empty(sums.shape, np.int64)
    _encode_floats(
        rounding_to(target, rounding),
        np.ascontiguousarray(sums).reshape(-1),
        target.fraction_bits,
        target.lsb_exponent,
        target.has_negative_zero,
        target.sign_code,
        -1 if target.inf_code is None else target.inf_code,
        target.nan_code or 0,
        out.reshape(-1),
    )
    return out.astype(target.code_dtype)


def _encode_binary32(sums: Values, nan_code: int) -> Codes:
    """Codes of IEEE binary32, to which the processor itself rounds to nearest even."""
    with np.errstate(over="ignore"):
        single = sums.astype(np.float32)
    codes = single.view(np.uint32)
    no_number = np.isnan(single)
    if no_number.any():
        codes[no_number] = nan_code
    return codes


@encode.register
def _(target: Integer, sums: Values, rounding: str, exact: bool) -> Codes:
    out = np.empty(sums.shape, np.int64)
    _encode_integers(
        rounding_to_integer(target, rounding),
        np.ascontiguousarray(sums).reshape(-1),
        target.width,
        out.reshape(-1),
    )
    return out.astype(target.code_dtype)


@compiled
def _to_single(sums: Values, out: Codes) -> None:
    """Patterns of sums as float32, rounded to odd: on the same side of every threshold.

    Sums that are too large become the largest finite float32. Nonzero sums below the normal float32
    range become the smallest float32 above zero. Both keep their sign.
    """
    for i in range(sums.shape[0]):
        magnitude = bits_of(sums[i]) & MAGNITUDE_MASK
        pattern = (magnitude >> _DROPPED) - _REBIAS
        if magnitude > _FLOAT64_INFINITY:
            pattern = np.int64(lanes.INFINITY) + 1
        elif magnitude == _FLOAT64_INFINITY:
            pattern = np.int64(lanes.INFINITY)
        elif pattern >= lanes.INFINITY:
            pattern = np.int64(lanes.INFINITY) - 1
        elif pattern < 1 << lanes.FRACTION_BITS:
            pattern = np.int64(magnitude != 0)
        elif magnitude & ((np.int64(1) << _DROPPED) - 1) != 0:
            pattern |= 1
        if sign_bits(sums[i]) != 0:
            pattern -= np.int64(1) << 31
        out[i] = pattern


@compiled
def _encode_floats(  # noqa: PLR0917 - compiled code takes positional arguments
    rounding: Rounding,
    sums: Values,
    fraction_bits: int,
    lsb_exponent: int,
    negative_zero: bool,
    sign_code: int,
    inf_code: int,
    nan_code: int,
    out: Codes,
) -> None:
    drop = FLOAT64_FRACTION_BITS - fraction_bits
    # The lowest normal binade has the exponent field one.
    bias = (_FLOAT64_BIAS + lsb_exponent + fraction_bits - 1) << fraction_bits
    smallest_normal = np.ldexp(1.0, lsb_exponent + fraction_bits)
    for i in range(sums.shape[0]):
        rounded = round_sum(rounding, sums[i], 0)
        magnitude = abs(rounded)
        if np.isnan(rounded):
            code = nan_code
        else:
            if np.isinf(rounded):
                code = inf_code
            elif magnitude >= smallest_normal:
                code = (bits_of(magnitude) >> drop) - bias
            else:
                code = int(np.ldexp(magnitude, -lsb_exponent))
            if sign_bits(rounded) != 0 and (code != 0 or negative_zero):
                code |= sign_code
        out[i] = code


@compiled
def _encode_integers(rounding: Rounding, sums: Values, width: int, out: Codes) -> None:
    largest = np.int64(1) << (width - 1)
    mask = (np.int64(1) << width) - 1
    for i in range(sums.shape[0]):
        rounded = round_sum(rounding, sums[i], 0)
        if np.isnan(rounded):
            number = np.int64(0)
        else:
            number = min(max(np.int64(rounded), -largest), largest - 1)
        out[i] = number & mask
