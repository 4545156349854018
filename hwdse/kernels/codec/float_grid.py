"""Rounding to nearest even on the grid of a binary float or fixed point, by one addition.

For |x| in [2^e, 2^(e+1)) and M fraction bits, (|x| + C) - C with C = 2^(e+23-M) rounds to the
quantum 2^(e-M). The exponent e is at least the exponent of the smallest normal. The same path then
serves subnormals, and fixed point, in which all values are subnormals. The bits of |x| + C minus
the bits of C are the significand of the code. For formats with float32's lowest binade (bfloat16),
C would overflow. For these, the low bits of the pattern are dropped instead.

Tuples of run-time numbers describe how a format treats signs, zeros, NaN and values out of range.
One compiled loop therefore serves all formats.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba.extending import overload

from hwdse.formats import BinaryFloat, FixedPoint, FlushedFloat, Format
from hwdse.jit import compiled, inner
from hwdse.kernels.codec import lanes
from hwdse.kernels.codec.kernel import Kernel, value_dtype
from hwdse.kernels.codec.lanes import (
    Lane,
    add,
    as_float,
    as_pattern,
    shift_left,
    shift_right,
    subtract,
)

Array = npt.NDArray[Any]

_MAX_BITS = 32


class Addition(NamedTuple):
    """Rounding by addition of the constant C.

    Attributes:
        lowest: exponent field (in place) below which the quantum stays the same.
        to_fixed: the exponent field (in place) plus `to_fixed` is the pattern of C.
        limit: larger magnitudes are replaced by `limit`, whose level is beyond the last level.
        shift: number of float32 fraction bits that the format lacks.
    """

    lowest: Lane
    to_fixed: Lane
    limit: Lane
    shift: Lane


class Truncation(NamedTuple):
    """Rounding by dropping the low bits of the pattern.

    Attributes:
        half: half of the dropped range, minus one.
        odd: 1, or 0 if no bits are dropped.
        shift: number of dropped bits.
    """

    half: Lane
    odd: Lane
    shift: Lane


class Finish(NamedTuple):
    """How a rounded magnitude becomes a code, or the float32 pattern of a value.

    Attributes:
        flush_below: smaller magnitudes become zero.
        largest_positive: largest magnitude of a positive value.
        largest_negative: largest magnitude of a negative value.
        beyond_positive: result for a larger positive value.
        beyond_negative: result for a larger negative value.
        sign: sign bits of a negative value.
        complement: -1 to negate negative values in two's complement, else 0.
        mask: bits of the code.
        negative_zero: result for a negative value that rounds to zero.
        nan: result for NaN.
    """

    flush_below: Lane
    largest_positive: Lane
    largest_negative: Lane
    beyond_positive: Lane
    beyond_negative: Lane
    sign: Lane
    complement: Lane
    mask: Lane
    negative_zero: Lane
    nan: Lane

    def simplest(self) -> "Finish | Symmetric":
        """The equivalent `Symmetric` if it exists (most signed floats), else this tuple."""
        alike = (
            self.largest_negative == self.largest_positive
            and self.beyond_negative == self.beyond_positive | self.sign
            and self.negative_zero == self.sign
        )
        if not alike or self.flush_below or self.complement:
            return self
        return Symmetric(
            largest=self.largest_positive,
            beyond=self.beyond_positive,
            sign=self.sign,
            nan=self.nan,
        )


class Symmetric(NamedTuple):
    """A `Finish` for formats that treat both signs alike; it takes half the time.

    Attributes:
        largest: largest magnitude.
        beyond: result for a larger magnitude.
        sign: see `Finish`.
        nan: see `Finish`.
    """

    largest: Lane
    beyond: Lane
    sign: Lane
    nan: Lane


class FloatGrid(NamedTuple):
    """The places of the levels of a format.

    Attributes:
        fraction_bits: M.
        lowest_exponent: exponent of the binade below which the quantum stays the same.
        top_exponent: exponent of the first power of two beyond all levels.
    """

    fraction_bits: int
    lowest_exponent: int
    top_exponent: int


def float_grid(number_format: Format) -> FloatGrid | None:
    """The grid of a format; None if it has no grid, no zero, or too many levels."""
    if isinstance(number_format, FixedPoint):
        # All values lie below the lowest "normal" binade.
        fraction_bits, lsb = lanes.FRACTION_BITS - 1, -number_format.fraction_bits
        if number_format.width > fraction_bits:
            return None
        return FloatGrid(
            fraction_bits=fraction_bits,
            lowest_exponent=lsb + fraction_bits,
            top_exponent=lsb + number_format.width,
        )
    if isinstance(number_format, BinaryFloat) and number_format.subnormals:
        return FloatGrid(
            fraction_bits=number_format.fraction_bits,
            lowest_exponent=number_format.lsb_exponent + number_format.fraction_bits,
            top_exponent=number_format.max_exponent + 1,
        )
    return None


@dataclass(frozen=True, kw_only=True)
class Ends:
    """The steps of rounding a float32 to nearest even in a format.

    Attributes:
        rounding: from a float32 pattern to a rounded magnitude.
        code: from the rounded magnitude to a code.
        value: from the rounded magnitude to a float32 pattern; None if some value is no float32.
    """

    rounding: Addition | Truncation
    code: Finish | Symmetric
    value: Finish | Symmetric | None


def rounding_ends(number_format: Format, overflow: str) -> Ends | None:
    """The steps for rounding `rne`; None for other overflows, or if the loops do not fit."""
    grid = float_grid(number_format)
    if grid is None or overflow not in ("saturate", "ieee") or _ties_on_exponent(number_format):
        return None
    rounding = _rounding(grid)
    if rounding is None or number_format.bits > _MAX_BITS:
        return None
    code = code_finish(number_format, "rne", overflow)
    in_float32 = value_dtype(number_format) == np.float32
    return Ends(
        rounding=rounding,
        code=code.simplest(),
        value=_value_finish(number_format, code).simplest() if in_float32 else None,
    )


def nearest_even_kernel(number_format: Format, overflow: str) -> Kernel | None:
    """The kernel for rounding `rne` and overflow `saturate` or `ieee`; None if there is none."""
    ends = rounding_ends(number_format, overflow)
    if ends is None:
        return None
    rounding, code, value = ends.rounding, ends.code, ends.value
    by_addition = isinstance(rounding, Addition)
    encode_all = _encode_by_addition if by_addition else _encode_by_truncation
    quantize_all = _quantize_by_addition if by_addition else _quantize_by_truncation

    def encode(x: Array, out: Array) -> None:
        encode_all(rounding, code, x.view(np.int32), out)

    def quantize(x: Array, out: Array) -> None:
        quantize_all(rounding, value, x.view(np.int32), out.view(np.int32))

    return Kernel(encode=encode, quantize=None if value is None else quantize)


def code_finish(number_format: Format, rounding: str, overflow: str) -> Finish:
    """How rounded magnitudes become codes; `number_format.encode` gives the special codes.

    Finite values beyond the last level get the code of an infinity.
    """
    specials = np.array([np.inf, -np.inf, -0.0, np.nan])
    beyond_positive, beyond_negative, negative_zero, nan = (
        _integer(code) for code in number_format.encode(specials, rounding, overflow)
    )
    fixed_point = isinstance(number_format, FixedPoint)
    largest_positive, largest_negative = number_format.top(np.array([False, True]))
    return Finish(
        flush_below=np.int32(
            1 << number_format.fraction_bits if isinstance(number_format, FlushedFloat) else 0
        ),
        largest_positive=_integer(largest_positive),
        largest_negative=_integer(largest_negative),
        beyond_positive=beyond_positive,
        beyond_negative=beyond_negative,
        sign=_integer(getattr(number_format, "sign_code", 0)),
        complement=np.int32(-1 if fixed_point and number_format.signed else 0),
        mask=_integer((1 << number_format.bits) - 1),
        negative_zero=negative_zero,
        nan=nan,
    )


def _value_finish(number_format: Format, code: Finish) -> Finish:
    """Like `code_finish`, but for the patterns of float32 values."""

    def pattern(of_code: Lane) -> Lane:
        mask = (1 << number_format.bits) - 1
        value = number_format.decode(np.array([int(of_code) & mask]))
        return np.int32(value.astype(np.float32).view(np.int32)[0])

    negative = np.array([False, True])
    tops = number_format.code_of(number_format.top(negative), negative)
    return Finish(
        flush_below=pattern(code.flush_below),
        largest_positive=pattern(tops[0]),
        largest_negative=pattern(tops[1]) & lanes.MAGNITUDE,
        beyond_positive=pattern(code.beyond_positive),
        beyond_negative=pattern(code.beyond_negative),
        sign=lanes.SIGN,
        complement=np.int32(0),
        mask=np.int32(-1),
        negative_zero=pattern(code.negative_zero),
        nan=pattern(code.nan),
    )


def _integer(pattern: Any) -> Lane:
    """32 bits as a signed integer."""
    return np.uint32(pattern).view(np.int32)


def _ties_on_exponent(number_format: Format) -> bool:
    return (
        isinstance(number_format, BinaryFloat)
        and number_format.tie_on_exponent
        and number_format.fraction_bits == 0
    )


def _rounding(grid: FloatGrid) -> Addition | Truncation | None:
    shift = lanes.FRACTION_BITS - grid.fraction_bits
    if shift < 0:
        return None
    if grid.lowest_exponent == 1 - lanes.BIAS:
        if grid.top_exponent > lanes.BIAS + 1:
            return None
        return Truncation(
            half=np.int32((1 << shift >> 1) - 1 if shift else 0),
            odd=np.int32(shift > 0),
            shift=np.int32(shift),
        )
    highest = max(grid.top_exponent, grid.lowest_exponent) + shift
    if shift == 0 or grid.lowest_exponent <= -lanes.BIAS or highest > lanes.BIAS:
        return None
    return Addition(
        lowest=np.int32(grid.lowest_exponent + lanes.BIAS << lanes.FRACTION_BITS),
        to_fixed=np.int32(shift << lanes.FRACTION_BITS),
        limit=np.float32(2.0**grid.top_exponent).view(np.int32),
        shift=np.int32(shift),
    )


def finish(to: Finish | Symmetric, magnitude: Lane, x: Lane) -> Lane:
    """Code or pattern of a rounded magnitude, with the sign and the specials of the pattern `x`.

    Only compiled code can call this function.
    """
    raise TypeError("finish runs in compiled code only")


@overload(finish)
def _(to, magnitude, x):  # type: ignore[no-untyped-def]
    if to.instance_class is Symmetric:

        def symmetric(to, magnitude, x):  # type: ignore[no-untyped-def]
            result = to.beyond if magnitude > to.largest else magnitude
            result = np.int32(result | (shift_right(x, 31) & to.sign))
            return to.nan if np.int32(x & lanes.MAGNITUDE) > lanes.INFINITY else result

        return symmetric

    def general(to, magnitude, x):  # type: ignore[no-untyped-def]
        sign = shift_right(x, 31)
        kept = np.int32(0) if magnitude < to.flush_below else magnitude
        complement = np.int32(sign & to.complement)
        result = np.int32(subtract(kept ^ complement, complement) & to.mask)
        result = np.int32(result | (sign & to.sign))
        result = to.negative_zero if (kept == 0) & (sign != 0) else result
        largest = to.largest_negative if sign != 0 else to.largest_positive
        beyond = to.beyond_negative if sign != 0 else to.beyond_positive
        result = beyond if kept > largest else result
        return to.nan if np.int32(x & lanes.MAGNITUDE) > lanes.INFINITY else result

    return general


@inner
def _place(to: Addition, x: Lane) -> tuple[Lane, ...]:
    """Magnitude of a pattern, at most the limit, and the exponent field of its binade."""
    magnitude = min(np.int32(x & lanes.MAGNITUDE), to.limit)
    return magnitude, max(np.int32(magnitude & lanes.EXPONENT), to.lowest)


@inner
def code_by_addition(to: Addition, end: Finish | Symmetric, x: Lane) -> Lane:
    """Code for a float32 pattern."""
    magnitude, exponent = _place(to, x)
    fixed = add(exponent, to.to_fixed)
    significand = subtract(as_pattern(as_float(magnitude) + as_float(fixed)), fixed)
    field = shift_right(subtract(exponent, to.lowest), to.shift)
    return finish(end, add(significand, field), x)


@inner
def value_by_addition(to: Addition, end: Finish | Symmetric, x: Lane) -> Lane:
    """float32 pattern of the format's value that is nearest to the pattern `x`."""
    magnitude, exponent = _place(to, x)
    fixed = as_float(add(exponent, to.to_fixed))
    return finish(end, as_pattern((as_float(magnitude) + fixed) - fixed), x)


@compiled
def _encode_by_addition(to: Addition, end: Finish | Symmetric, x: Array, out: Array) -> None:
    for i in range(x.shape[0]):
        out[i] = code_by_addition(to, end, x[i])


@compiled
def _quantize_by_addition(to: Addition, end: Finish | Symmetric, x: Array, out: Array) -> None:
    for i in range(x.shape[0]):
        out[i] = value_by_addition(to, end, x[i])


@inner
def _truncated(to: Truncation, x: Lane) -> Lane:
    magnitude = np.int32(x & lanes.MAGNITUDE)
    odd = np.int32(shift_right(magnitude, to.shift) & to.odd)
    return shift_right(add(add(magnitude, to.half), odd), to.shift)


@compiled
def _encode_by_truncation(to: Truncation, end: Finish | Symmetric, x: Array, out: Array) -> None:
    for i in range(x.shape[0]):
        out[i] = finish(end, _truncated(to, x[i]), x[i])


@compiled
def _quantize_by_truncation(to: Truncation, end: Finish | Symmetric, x: Array, out: Array) -> None:
    for i in range(x.shape[0]):
        out[i] = finish(end, shift_left(_truncated(to, x[i]), to.shift), x[i])
