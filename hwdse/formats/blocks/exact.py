"""Exact arithmetic on unpacked values, as far as scales need it."""

from fractions import Fraction

import numpy as np
import numpy.typing as npt

from hwdse.errors import FormatError
from hwdse.formats.base import Format
from hwdse.formats.unpacked import INT64_SIGNIFICAND_BITS, Array, Unpacked, bit_length

# Least bits of a quotient that is not exact, without its sticky bit. No element is this precise.
_QUOTIENT_BITS = 60


def real_numbers(x: npt.ArrayLike) -> Array:
    """`x` as native float64, or as int64 or uint64 if it holds integers.

    Raises:
        FormatError: the values have another type.
    """
    values = np.asarray(x)
    if values.dtype.kind == "f" and values.dtype.itemsize <= 8:
        with np.errstate(invalid="ignore"):  # a signalling NaN becomes a quiet NaN
            return values.astype(np.float64)
    if values.dtype.kind not in "iub":
        raise FormatError(
            f"cannot quantize values of type {values.dtype}: floats up to 64 bits or integers"
        )
    kind = np.int64 if values.dtype.kind == "i" else np.uint64
    return values.astype(kind)


def magnitudes(values: Array) -> Array:
    """Absolute values of `real_numbers`; 0 for NaN and infinities."""
    if values.dtype.kind == "f":
        return np.where(np.isfinite(values), np.abs(values), 0.0)
    bits = values.astype(np.uint64)  # the magnitude of -2^63 does not fit int64
    return np.where(values < 0, ~bits + np.uint64(1), bits)


def floor_log2(value: Unpacked) -> npt.NDArray[np.int64]:
    """floor(log2) of the magnitudes; meaningless for zeros."""
    return np.asarray(value.exponent + bit_length(value.significand) - 1)


def floor_log2_of(number: float) -> int:
    """floor(log2) of a positive float, or of a Fraction whose denominator is a power of two."""
    exact = Fraction(number)
    return exact.numerator.bit_length() - exact.denominator.bit_length()


def power_of_two(exponent: Array) -> Unpacked:
    """Records of the values 2^exponent."""
    flag = np.zeros(exponent.shape, bool)
    one = np.ones(exponent.shape, np.int64)
    return Unpacked(sign=flag, significand=one, exponent=exponent, nan=flag, inf=flag)


def largest(number_format: Format) -> Unpacked:
    """Largest value of a format, as a record of shape (1,).

    Raises:
        FormatError: the format has no positive values.
    """
    positive = np.array([False])
    code = number_format.code_of(number_format.top(positive), positive)
    value = number_format.unpack(np.asarray(code).astype(np.int64))
    if value.zero[0] or value.sign[0]:
        raise FormatError(f"{number_format.name} has no positive values")
    return value


def times(a: Unpacked, b: Unpacked) -> Unpacked:
    """Exact products of finite values; NaN if either factor is NaN. Shapes broadcast."""
    significand = a.exact().significand * b.exact().significand
    nan = a.nan | b.nan
    return Unpacked(
        sign=(a.sign ^ b.sign) & ~nan,
        significand=_compact(np.where(nan, 0, significand)),
        exponent=a.exponent + b.exponent,
        nan=nan,
        inf=np.zeros(nan.shape, bool),
    )


def divide(value: Unpacked, divisor: Unpacked) -> Unpacked:
    """Quotients: exact, or truncated to more than 60 bits with a sticky last bit.

    Rounding a truncated quotient to fewer bits gives the same result as rounding the exact
    quotient. A NaN divisor gives zero. A zero divisor gives zero for a finite value. In all other
    cases, NaN and infinities of `value` stay. Both records have at least one axis. `divisor` is
    positive and broadcasts.
    """
    value, divisor = _broadcast(value, divisor)
    n, d = value.significand, divisor.significand
    empty = divisor.nan | (d == 0)
    if np.all((d & (d - 1) == 0) | empty):
        # Division by powers of two is exact.
        significand, shift = n, bit_length(d) - 1
        exponent = value.exponent - divisor.exponent - shift
    else:
        shift = np.maximum(_QUOTIENT_BITS + 1 + bit_length(d) - bit_length(n), 0)
        numerator = n.astype(object) << shift.astype(object)
        denominator = np.where(empty, 1, d.astype(object))
        quotient = numerator // denominator
        sticky = np.asarray(quotient * denominator != numerator, bool)
        significand = quotient | sticky.astype(int).astype(object)
        exponent = value.exponent - divisor.exponent - shift
    return Unpacked(
        sign=value.sign,
        significand=_compact(np.where(empty, 0, significand)),
        exponent=np.where(empty, 0, exponent),
        nan=value.nan & ~divisor.nan,
        inf=value.inf & ~divisor.nan,
    )


def total(value: Unpacked) -> Unpacked:
    """Exact sums of finite values over the last axis."""
    lowest = value.exponent.min(axis=-1, keepdims=True, initial=0)
    shift = (value.exponent - lowest).astype(object)
    signed = np.sum(value.signed_significand << shift, axis=-1)
    flag = np.zeros(signed.shape, bool)
    return Unpacked(
        sign=np.asarray(signed < 0, bool),
        significand=_compact(np.abs(signed)),
        exponent=np.asarray(lowest[..., 0]),
        nan=flag,
        inf=flag,
    )


def _broadcast(value: Unpacked, divisor: Unpacked) -> tuple[Unpacked, Unpacked]:
    shape = np.broadcast_shapes(value.shape, divisor.shape)

    def spread(record: Unpacked) -> Unpacked:
        arrays = {name: np.broadcast_to(array, shape) for name, array in vars(record).items()}
        return Unpacked(**arrays)

    return spread(value), spread(divisor)


def _compact(significand: Array) -> Array:
    """Significands as int64 if all of them fit."""
    if significand.dtype == object and np.all(bit_length(significand) <= INT64_SIGNIFICAND_BITS):
        return significand.astype(np.int64)
    return significand
