"""Decoding of formats that are too wide for a table: compiled loops shift the fields."""

from collections.abc import Callable
from functools import singledispatch
from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.formats import FixedPoint, Format, Minifloat, parse
from hwdse.jit import compiled
from hwdse.kernels.arithmetic import FLOAT64_FRACTION_BITS, float_like

Array = npt.NDArray[Any]
#: Fills its second argument from the codes in the first; the codes are in range.
Decode = Callable[[Array, Array], None]

#: The format of the processor's own float32.
BINARY32 = parse("fp32")

_FLOAT64_BIAS = 1023
_FLOAT64_LEAST_NORMAL = -1022
_CODE_BITS = 62


@singledispatch
def wide_decoder(number_format: Format) -> Decode | None:
    """The decoding loop of a family; None if the family has none."""
    del number_format
    return None


@wide_decoder.register
def _(number_format: FixedPoint) -> Decode | None:
    if number_format.bits > _CODE_BITS or not number_format.fits_float64:
        return None
    lsb = float(np.ldexp(1.0, -number_format.fraction_bits))
    shift = 64 - number_format.bits

    def decode(codes: Array, out: Array) -> None:
        _decode_fixed(codes, shift, number_format.signed, lsb, out)

    return decode


@wide_decoder.register
def _(number_format: Minifloat) -> Decode | None:
    f = number_format
    if f == BINARY32:
        return _as_binary32
    plain = f.signed and f.has_negative_zero and f.subnormals
    if not plain or f.bits > _CODE_BITS or not f.fits_float64:
        return None
    if f.lsb_exponent + f.fraction_bits < _FLOAT64_LEAST_NORMAL:
        return None
    infinity = -1 if f.inf_code is None else f.inf_code

    def decode(codes: Array, out: Array) -> None:
        _decode_floats(
            codes, f.fraction_bits, f.bias, f.lsb_exponent, f.max_code, infinity, f.sign_code, out
        )

    return decode


def _as_binary32(codes: Array, out: Array) -> None:
    """Codes of IEEE binary32 are the patterns of the processor's float32."""
    values = codes.view(np.float32)
    no_number = np.isnan(values)
    # The only NaN has no sign.
    out[...] = np.where(no_number, np.float32(np.nan), values) if no_number.any() else values


@compiled
def _decode_fixed(codes: Array, shift: int, signed: bool, lsb: float, out: Array) -> None:
    for i in range(codes.shape[0]):
        code = np.int64(codes[i])
        if signed:
            code = (code << shift) >> shift
        out[i] = code * lsb


@compiled
def _decode_floats(  # noqa: PLR0917 - compiled code takes positional arguments
    codes: Array,
    fraction_bits: int,
    bias: int,
    lsb_exponent: int,
    max_code: int,
    inf_code: int,
    sign_code: int,
    out: Array,
) -> None:
    lsb = np.ldexp(1.0, lsb_exponent)
    up = FLOAT64_FRACTION_BITS - fraction_bits
    rebias = np.int64(_FLOAT64_BIAS - bias) << FLOAT64_FRACTION_BITS
    for i in range(codes.shape[0]):
        code = np.int64(codes[i])
        magnitude = code & (sign_code - 1)
        if magnitude > max_code:
            value = np.inf if magnitude == inf_code else np.nan
        elif magnitude >> fraction_bits:
            value = float_like(1.0, (magnitude << up) + rebias)
        else:
            value = magnitude * lsb
        # The only NaN has no sign.
        out[i] = -value if code & sign_code and not np.isnan(value) else value
