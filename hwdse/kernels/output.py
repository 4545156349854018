"""Codes of sums: the rounding into the output format."""

from functools import singledispatch
from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.errors import SpecError
from hwdse.formats import Format, Integer, Minifloat
from hwdse.kernels.arithmetic import FLOAT64_FRACTION_BITS, SUM_TOP, bits_of, sign_bits
from hwdse.kernels.jit import compiled
from hwdse.kernels.multiply import Values
from hwdse.kernels.rounding import (
    Rounding,
    can_round,
    round_sum,
    rounding_to,
    rounding_to_integer,
)

_FLOAT64_BIAS = 1023
Codes = npt.NDArray[Any]


@singledispatch
def encode(target: Format, sums: Values, rounding: str, exact: bool) -> Codes:
    """Codes of float64 sums, which are exact or rounded to odd.

    Args:
        target: output format.
        sums: any shape.
        rounding: direction.
        exact: whether the sums are known to be exact.

    Raises:
        SpecError: sums rounded to odd and a format of too many bits for that.
    """
    if not exact:
        raise SpecError(f"out={target} has no fast kernel for sums beyond float64's precision")
    return target.encode(sums, rounding, target.overflow)


@encode.register
def _(target: Minifloat, sums: Values, rounding: str, exact: bool) -> Codes:
    if not can_round(target, rounding, SUM_TOP):
        generic = encode.dispatch(Format)
        codes: Codes = generic(target, sums, rounding, exact)
        return codes
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
    # The exponent field counts from the lowest normal binade, whose field is one.
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
