"""Exact binary logarithms, cut to a given number of fraction bits with integer arithmetic.

2^(j / 2^d) is irrational unless 2^d divides j. An integer therefore never equals such a number, and
bounds with enough digits always decide the comparison. A digit here is a binary digit.
"""

from functools import lru_cache
from itertools import count
from math import isqrt

import numpy as np
import numpy.typing as npt

from hwdse.formats.unpacked import INT64_SIGNIFICAND_BITS, Array, bit_length

#: Position of the leading one in the entries of `power_floors`.
POWER_BITS = INT64_SIGNIFICAND_BITS - 1

_TABLE_DIGITS = 16
_GUARD_BITS = 64

#: Lower and upper integer bound of an irrational number times a power of two.
_Bounds = tuple[int, int]


def floor_log2(number: Array, digits: int) -> npt.NDArray[np.int64]:
    """floor(2^digits * log2(number)) of positive integers, int64 or Python integers of any size.

    For up to 16 digits, a search in a table decides. Two cases are computed digit by digit: more
    than 16 digits, and a longer integer whose leading bits all agree with a table entry (rare).
    """
    shape, number = np.shape(number), np.atleast_1d(number)
    if digits <= _TABLE_DIGITS:
        table = power_floors(digits)
        leading, cut = aligned(number)
        place = np.searchsorted(table[1:], leading, side="left")
        result = ((bit_length(number) - 1) << digits) + place
        undecided = cut & (table[place + 1] == leading)
    else:
        result, undecided = np.zeros(number.shape, np.int64), np.ones(number.shape, bool)
    result[undecided] = [_floor_log2(int(n), digits) for n in number[undecided]]
    return result.reshape(shape)


def aligned(number: Array) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """The leading bits of positive integers, shifted so that the highest set bit is 2^POWER_BITS.

    Returns:
        (leading, cut): the shifted integers, and whether nonzero bits were cut off.
    """
    shape, number = np.shape(number), np.atleast_1d(number)
    drop = bit_length(number) - INT64_SIGNIFICAND_BITS
    grown = number << np.maximum(-drop, 0)
    leading = grown >> np.maximum(drop, 0)
    cut = (leading << np.maximum(drop, 0)) != grown
    return leading.astype(np.int64).reshape(shape), cut.astype(bool).reshape(shape)


@lru_cache(maxsize=32)
def power_floors(digits: int) -> npt.NDArray[np.int64]:
    """floor(2^(POWER_BITS + j / 2^digits)) for j = 0..2^digits; a read-only array."""
    for precision in count(POWER_BITS + _GUARD_BITS, _GUARD_BITS):
        powers: list[_Bounds] = [(1 << precision, 1 << precision)]
        for low, high in _roots_of_two(digits, precision):
            odd = [((a * low) >> precision, (b * high >> precision) + 1) for a, b in powers]
            powers = [bounds for pair in zip(powers, odd, strict=True) for bounds in pair]
        floors = [tuple(bound >> (precision - POWER_BITS) for bound in pair) for pair in powers]
        if all(low == high for low, high in floors):
            break
    table = np.array([low for low, _ in floors] + [2 << POWER_BITS], np.int64)
    table.flags.writeable = False
    return table


def _floor_log2(number: int, digits: int) -> int:
    whole = number.bit_length() - 1
    if number == 1 << whole:
        return whole << digits
    for precision in count(digits + _GUARD_BITS, _GUARD_BITS):
        fraction = _fraction_digits(number, digits, precision)
        if fraction is not None:
            return (whole << digits) + fraction
    raise AssertionError("unreachable: precision grows without end")


def _fraction_digits(number: int, digits: int, precision: int) -> int | None:
    """Fraction digits of log2(number); None if this precision is too low to decide them."""
    scaled = (number << precision) >> (number.bit_length() - 1)
    low, high, result = 1 << precision, 1 << precision, 0
    for root_low, root_high in _roots_of_two(digits, precision):
        next_low, next_high = low * root_low >> precision, (high * root_high >> precision) + 1
        result <<= 1
        if scaled >= next_high:
            low, high, result = next_low, next_high, result | 1
        elif scaled >= next_low:
            return None
    return result


@lru_cache(maxsize=64)
def _roots_of_two(digits: int, precision: int) -> list[_Bounds]:
    """Bounds of 2^precision times 2^(1/2), 2^(1/4), ... 2^(1/2^digits)."""
    roots, low, high = [], 2 << precision, 2 << precision
    for _ in range(digits):
        low, high = isqrt(low << precision), isqrt(high << precision) + 1
        roots.append((low, high))
    return roots
