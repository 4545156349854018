"""Values of a format as float64 numbers, and the decision points where rounding changes level."""

import math
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from hwdse.formats import Format

Floats = npt.NDArray[np.float64]
_Integers = npt.NDArray[np.int64]


def log2(value: float | Fraction) -> float:
    """Binary logarithm of a positive number of any size."""
    if isinstance(value, Fraction):
        return math.log2(value.numerator) - math.log2(value.denominator)
    return math.log2(value)


def binade(value: float | Fraction) -> int:
    """floor(log2(value)) of a positive number, computed exactly."""
    number = Fraction(value)
    exponent = number.numerator.bit_length() - number.denominator.bit_length()
    return exponent - (Fraction(2) ** exponent > number)


def number_text(value: float | Fraction, digits: int = 8) -> str:
    """Text of a number; beyond float64, as a multiple of a power of two."""
    if not isinstance(value, Fraction):
        return f"{value:.{digits}g}"
    if value == 0:
        return "0"
    exponent = binade(abs(value))
    significand = float(abs(value) / Fraction(2) ** exponent)
    factor = "" if significand == 1 else f"{significand:.{digits}g}*"
    return f"{'-' if value < 0 else ''}{factor}2^{exponent}"


def decoded(number_format: Format, codes: npt.NDArray[np.unsignedinteger]) -> Floats:
    """Values of codes; beyond float64, infinity or zero."""
    with np.errstate(over="ignore", under="ignore"):
        return number_format.unpack(number_format.check_codes(codes)).to_float64()


def quantized(number_format: Format, x: Floats) -> Floats:
    """`x` rounded to the format, with the format's own rounding and saturation."""
    return decoded(number_format, number_format.encode(x))


@lru_cache(maxsize=4)
def quantizer_by_table(number_format: Format) -> Callable[[Floats], Floats]:
    """`quantized` for finite numbers within the range of a format of at most 16 bits, many times.

    A table of all levels and decision points replaces the encoding and decoding of each number. It
    pays off for about a million numbers or more.
    """
    values = levels(number_format, 0.0, math.inf)
    points = decision_points(number_format, values)

    def quantize(x: Floats) -> Floats:
        return np.asarray(values[np.searchsorted(points, x, side="right")])

    return quantize


def levels(number_format: Format, lowest: float, highest: float) -> Floats:
    """Finite values that encoding produces, ascending: 0, and magnitudes in `lowest`..`highest`.

    Values that decode but are never produced (-128 of a symmetric 8-bit integer) are excluded.
    """
    values = decoded(number_format, np.arange(1 << number_format.bits).astype(np.uint64))
    values = np.unique(values[np.isfinite(values)])
    values = np.unique(quantized(number_format, values))
    seen = (np.abs(values) >= lowest) & (np.abs(values) <= highest)
    return np.asarray(values[seen | (values == 0)] + 0.0)


def decision_points(number_format: Format, ascending: Floats) -> Floats:
    """For each pair of neighbouring levels, the least float64 that rounds to the upper level.

    A bisection over the float64 numbers finds these points. They are therefore exact for every
    kind of rounding to nearest: half-way between values, between bit strings (posits) or between
    logarithms.

    Args:
        number_format: the format; rounding is the default of the format.
        ascending: N levels, as `levels` returns them.

    Returns:
        N - 1 points.
    """
    lower, upper = ascending[:-1], ascending[1:]
    middle = _ordinals(lower / 2 + upper / 2)

    def above(candidate: _Integers, chosen: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        return quantized(number_format, _floats(candidate)) >= upper[chosen]

    # Most formats round half-way between values. Two probes there then end the search.
    return _floats(_bisect(_ordinals(lower), _ordinals(upper), (middle - 1, middle + 1), above))


def _bisect(
    low: _Integers,
    high: _Integers,
    guesses: tuple[_Integers, ...],
    above: Callable[[_Integers, npt.NDArray[np.bool_]], npt.NDArray[np.bool_]],
) -> _Integers:
    for guess in guesses:
        inside = (guess > low) & (guess < high)
        low, high = _narrowed(low, high, guess, inside, above)
    while np.any(searching := high > low + 1):
        # The mean of two integers without their sum, which may not fit int64.
        low, high = _narrowed(low, high, (low & high) + ((low ^ high) >> 1), searching, above)
    return high


def _narrowed(
    low: _Integers,
    high: _Integers,
    candidate: _Integers,
    chosen: npt.NDArray[np.bool_],
    above: Callable[[_Integers, npt.NDArray[np.bool_]], npt.NDArray[np.bool_]],
) -> tuple[_Integers, _Integers]:
    is_above = np.zeros(chosen.shape, bool)
    is_above[chosen] = above(candidate[chosen], chosen)
    return (
        np.where(chosen & ~is_above, candidate, low),
        np.where(is_above, candidate, high),
    )


def _ordinals(x: Floats) -> _Integers:
    """Integers in the order of finite float64 numbers; neighbours differ by one."""
    codes = np.ascontiguousarray(x).view(np.int64)
    return np.where(codes < 0, -(codes & np.int64(2**63 - 1)), codes)


def _floats(ordinals: _Integers) -> Floats:
    magnitude = np.ascontiguousarray(np.abs(ordinals)).view(np.float64)
    return np.where(ordinals < 0, -magnitude, magnitude)
