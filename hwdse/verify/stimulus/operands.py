"""Operand codes for stimuli, chosen from the properties of a format."""

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache

import numpy as np

from hwdse.formats import Format
from hwdse.formats.base import TABLE_BITS
from hwdse.formats.unpacked import Array

_LISTED_BITS = 16

Source = Callable[[Format, np.random.Generator, tuple[int, ...]], Array]
"""A function that draws codes of a format: (format, random source, shape) -> codes."""


def every_pair(a: Format, b: Format) -> tuple[Array, Array]:
    """Return all operand pairs: an array of codes of `a` and an array of codes of `b`."""
    first, second = np.meshgrid(np.arange(1 << a.bits), np.arange(1 << b.bits), indexing="ij")
    return first.ravel(), second.ravel()


def any_codes(number_format: Format, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Return uniformly random codes, including codes of special values."""
    return rng.integers(0, 1 << number_format.bits, shape, dtype=np.uint64).astype(np.int64)


def finite_codes(number_format: Format, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Return uniformly random codes. The code of 1 replaces codes of infinities and NaN."""
    codes = any_codes(number_format, rng, shape)
    return np.where(_finite(number_format, codes), codes, one_code(number_format))


def normal_codes(number_format: Format, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Return codes of normally distributed data, scaled so that few values saturate."""
    largest, smallest = float(number_format.max), float(number_format.min_subnormal)
    unit_data_fits = smallest < 1.0 and largest >= 4.0
    deviation = 1.0 if unit_data_fits else largest / 4.0
    values = rng.normal(0.0, deviation, shape)
    # An unsigned format cannot represent negative values.
    return number_format.encode(values if number_format.signed else np.abs(values)).astype(np.int64)


def short_codes(number_format: Format, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Return random codes whose leading 1 can be at any bit, so that all subnormal binades occur.

    Half of the values are negated.
    """
    codes = finite_codes(number_format, rng, shape) >> rng.integers(0, number_format.bits, shape)
    return np.where(rng.random(shape) < 0.5, codes, negated(number_format, codes))


def one_code(number_format: Format) -> int:
    """Return the code to which the value 1 is rounded."""
    return int(number_format.encode(1.0))


def zero_code(number_format: Format) -> int | None:
    """Return the code of zero, or None if the format has no zero."""
    code = int(number_format.encode(0.0))
    return code if number_format.decode(np.array([code]))[0] == 0 else None


def corner_codes(number_format: Format) -> Array:
    """Return codes of corner cases, without duplicates.

    These are zeros, the smallest and largest subnormals and normals, ones, infinities, NaN, and the
    first and last codes.
    """
    f = number_format
    smallest_normal = float(f.min_normal)
    below_normal = np.nextafter(smallest_normal, 0.0)
    finite = [0.0, float(f.min_subnormal), below_normal, smallest_normal, 1.0, float(f.max)]
    magnitudes = np.array([*finite, np.inf])
    # Rounding towards zero keeps `below_normal` below the smallest normal value.
    values = np.concatenate([magnitudes, -magnitudes, [np.nan, float(f.min)]])
    last = (1 << f.bits) - 1
    ends = np.array([0, min(1, last), last, last ^ (last >> 1)], np.uint64)
    codes = f.encode(values, rounding="rtz", overflow=f.overflow).astype(np.uint64)
    return np.unique(np.concatenate([codes, ends])).astype(np.int64)


def negated(number_format: Format, codes: Array) -> Array:
    """Return codes of the negated values, rounded to the format."""
    values = np.asarray(number_format.decode(codes), np.float64)
    overflow = number_format.overflow
    return number_format.encode(-values, overflow=overflow).astype(np.int64)


def near_codes(number_format: Format, values: Array, steps: int) -> Array:
    """Return codes of the finite values nearest to `values`, moved by a number of steps.

    One step moves to the next value of the format. Codes never move beyond the ends of the range.
    """
    within = np.clip(values, float(number_format.min), float(number_format.max))
    codes = number_format.encode(within).astype(np.int64)
    if steps == 0:
        return codes
    if number_format.bits <= TABLE_BITS:
        order, place = _in_order(number_format)
        return np.asarray(order[np.clip(place[codes] + steps, 0, len(order) - 1)])
    # In every family except tables, the codes of one sign are in the order of their magnitudes.
    moved = np.clip(codes + steps, 0, (1 << number_format.bits) - 1)
    return np.where(_finite(number_format, moved), moved, codes)


def listable(a: Format, b: Format) -> bool:
    """Return True if all operand pairs are few enough to try them all."""
    return a.bits + b.bits <= _LISTED_BITS


def _finite(number_format: Format, codes: Array) -> Array:
    values = number_format.decode(codes)
    if values.dtype != object:
        return np.isfinite(values)
    # In an array of objects, finite values are fractions. Floats are infinities and NaN.
    is_fraction = np.frompyfunc(lambda value: isinstance(value, Fraction), 1, 1)
    return np.asarray(is_fraction(values), bool)


@lru_cache(maxsize=16)
def _in_order(number_format: Format) -> tuple[Array, Array]:
    """Return the codes of finite values in the order of values, and the place of each code."""
    codes = np.arange(1 << number_format.bits)
    values = np.asarray(number_format.decode(codes), np.float64)
    order = np.argsort(values, kind="stable")
    order = order[np.isfinite(values[order])]
    place = np.zeros(len(codes), np.int64)
    place[order] = np.arange(len(order))
    return order, place
