"""Posits rounded to nearest even, without tables, in 32-bit registers.

The exponent and fraction fields of a float32, read as one integer A less the bias, are the posit's
scale and fraction; the posit writes the scale's upper part as a run of bits. With '10' (scale >= 0)
or '01' before the lower part of A, a right shift by the length of the run that repeats the sign
bit makes that run, so that the posit's code is the top of the shifted word and everything to be
rounded is below. The same rounding at the same place of A gives the value.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hwdse.formats import Posit
from hwdse.kernels.codec import lanes
from hwdse.kernels.codec.kernel import Kernel, value_dtype
from hwdse.kernels.codec.lanes import Lane, add, shift_left, shift_right, subtract
from hwdse.kernels.jit import compiled, inner

Array = npt.NDArray[Any]

_MIN_BITS = 3
_ONE_BIASED = np.int32(lanes.BIAS << lanes.FRACTION_BITS)
_TEN, _ZERO_ONE = np.int32(-(1 << 31)), np.int32(1 << 30)
_NAN = np.int32(0x7FC00000)


class Shape(NamedTuple):
    """A posit's parameters as a loop wants them.

    Attributes:
        es: exponent bits.
        left: left shift that puts A's regime part at the two leading bits.
        drop: bits below a code whose run is the shortest.
        least: pattern of the smallest positive value, whose code is 1.
        largest: pattern of the largest value.
        largest_code: its code.
        mask: bits of a code.
        nar: code of NaR.
    """

    es: Lane
    left: Lane
    drop: Lane
    least: Lane
    largest: Lane
    largest_code: Lane
    mask: Lane
    nar: Lane


def posit_kernel(number_format: Posit) -> Kernel | None:
    """The kernel of rounding `rne`, for every overflow; None where float32 has subnormals in range.

    Infinities are NaR, and nothing else overflows.
    """
    top = number_format.max_exponent
    if top >= lanes.BIAS or number_format.width < _MIN_BITS:
        return None
    shape = Shape(
        es=np.int32(lanes.FRACTION_BITS + number_format.es),
        left=np.int32(30 - lanes.FRACTION_BITS - number_format.es),
        drop=np.int32(33 - number_format.width),
        least=np.int32((lanes.BIAS - top) << lanes.FRACTION_BITS),
        largest=np.int32((lanes.BIAS + top) << lanes.FRACTION_BITS),
        largest_code=np.int32((1 << (number_format.width - 1)) - 1),
        mask=np.uint32((1 << number_format.width) - 1).view(np.int32),
        nar=np.uint32(number_format.nan_code).view(np.int32),
    )

    def encode(x: Array, out: Array) -> None:
        _encode(shape, x.view(np.int32), out)

    if value_dtype(number_format) != np.float32:
        return Kernel(encode=encode)

    def quantize(x: Array, out: Array) -> None:
        _quantize(shape, x.view(np.int32), out.view(np.int32))

    return Kernel(encode=encode, quantize=quantize)


@inner
def _cut(to: Shape, magnitude: Lane) -> tuple[Lane, ...]:
    """A, the code cut off below `place` bits, that place, and whether to round up (0 or 1)."""
    number = subtract(magnitude, _ONE_BIASED)
    regime = shift_right(number, to.es)
    negative = shift_right(number, 31)
    run = np.int32(regime ^ negative)
    place = add(run, to.drop)
    seed = _ZERO_ONE if negative != 0 else _TEN
    word = np.int32((shift_left(number, to.left) & np.int32(0x3FFFFFFF)) | seed)
    code = shift_right(word, place)
    half = np.int32(shift_right(word, subtract(place, 1)) & 1)
    # Shift counts end at 31: the place may be 1.
    below = shift_left(shift_left(word, 1), subtract(32, place))
    sticky = np.int32(below != 0)
    return number, code, place, np.int32(half & (code | sticky))


@compiled
def _encode(to: Shape, x: Array, out: Array) -> None:
    for i in range(x.shape[0]):
        pattern = x[i]
        magnitude = np.int32(pattern & lanes.MAGNITUDE)
        clamped = min(max(magnitude, to.least), to.largest)
        _, code, _, up = _cut(to, clamped)
        code = add(np.int32(code & to.largest_code), up)
        sign = shift_right(pattern, 31)
        code = np.int32(subtract(code ^ sign, sign) & to.mask)
        code = np.int32(0) if magnitude == 0 else code
        out[i] = to.nar if magnitude >= lanes.INFINITY else code


@compiled
def _quantize(to: Shape, x: Array, out: Array) -> None:
    for i in range(x.shape[0]):
        pattern = x[i]
        magnitude = np.int32(pattern & lanes.MAGNITUDE)
        clamped = min(max(magnitude, to.least), to.largest)
        number, _, place, up = _cut(to, clamped)
        # The largest value's run leaves no room for its end, yet its scale is a whole regime.
        unit = min(subtract(place, to.left), to.es)
        kept = shift_left(add(shift_right(number, unit), up), unit)
        value = add(kept, _ONE_BIASED)
        value = np.int32(value | (pattern & lanes.SIGN))
        value = np.int32(0) if magnitude == 0 else value
        out[i] = _NAN if magnitude >= lanes.INFINITY else value
