"""Posits rounded to nearest even, without tables, in 32-bit registers.

Let A be the exponent and fraction fields of a float32, read as one integer, minus the bias. A holds
the posit's scale and fraction. A posit writes the upper part of the scale (the regime) as a run of
equal bits. Put '10' (scale >= 0) or '01' in front of the lower part of A. A right shift repeats the
sign bit, so that a shift by the length of the run writes this run. The posit's code is then the top
of the shifted word, and the bits below it decide the rounding. Rounding A at the same place gives
the value.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hwdse.formats import Posit
from hwdse.jit import compiled, inner
from hwdse.kernels.codec import lanes
from hwdse.kernels.codec.kernel import Kernel, value_dtype
from hwdse.kernels.codec.lanes import Lane, add, shift_left, shift_right, subtract

Array = npt.NDArray[Any]

_MIN_BITS = 3
_ONE_BIASED = np.int32(lanes.BIAS << lanes.FRACTION_BITS)
_TEN, _ZERO_ONE = np.int32(-(1 << 31)), np.int32(1 << 30)
_NAN = np.int32(0x7FC00000)


class Shape(NamedTuple):
    """Parameters of a posit, in the form that the loops need.

    Attributes:
        es: position of the regime part in A: float32's fraction bits plus the exponent bits.
        left: left shift that moves A's regime part to the two leading bits.
        drop: bits below the code if its run has the shortest length.
        least: pattern of the smallest positive value, whose code is 1.
        largest: pattern of the largest value.
        largest_code: code of the largest value.
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
    """The kernel for rounding `rne` and every overflow; None if the range has float32 subnormals.

    Infinities become NaR, and nothing else overflows.
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
    """A, the code without the lowest `place` bits, `place`, and whether to round up (0 or 1)."""
    number = subtract(magnitude, _ONE_BIASED)
    regime = shift_right(number, to.es)
    negative = shift_right(number, 31)
    run = np.int32(regime ^ negative)
    place = add(run, to.drop)
    seed = _ZERO_ONE if negative != 0 else _TEN
    word = np.int32((shift_left(number, to.left) & np.int32(0x3FFFFFFF)) | seed)
    code = shift_right(word, place)
    half = np.int32(shift_right(word, subtract(place, 1)) & 1)
    # Shift amounts end at 31, and `place` may be 1: shift twice.
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
        # The largest value has a run without an end bit, but its scale is a whole regime.
        unit = min(subtract(place, to.left), to.es)
        kept = shift_left(add(shift_right(number, unit), up), unit)
        value = add(kept, _ONE_BIASED)
        value = np.int32(value | (pattern & lanes.SIGN))
        value = np.int32(0) if magnitude == 0 else value
        out[i] = _NAN if magnitude >= lanes.INFINITY else value
