"""Formats that are defined by a list of all their values."""

import math
from abc import abstractmethod
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache

import numpy as np

from hwdse.errors import FormatError
from hwdse.formats.base import Format
from hwdse.formats.rounding import Position, split
from hwdse.formats.unpacked import (
    INT64_SIGNIFICAND_BITS,
    Array,
    Unpacked,
    UnpackedShape,
    bit_length,
)

# If all magnitudes fit a fixed-point word of this many bits, the values are carried as fixed-point
# words. If not, they are carried as a significand and an exponent.
_FIXED_POINT_BITS = 16


@dataclass(frozen=True, kw_only=True)
class LevelFormat(Format):
    """A format of up to 16 bits that gives the value of each code.

    A family defines `value_of`. It may also override `is_produced`, `negative_zero_code`, `beyond`
    and `ties_away`. This class derives everything else from the sorted list of values.

    Each side (positive, negative) has a list of levels, seen outward. The list begins with zero or,
    in a format without zero, with the innermost level of the other sign. Rounding toward zero
    never takes the level of the other sign; it stops at the innermost level of the value's sign.
    If all values have one sign, a number between zero and the first level becomes the first level.
    """

    @abstractmethod
    def value_of(self, code: int) -> Fraction | float:
        """Exact value of a code: a dyadic Fraction, or infinity or NaN as a float."""

    def is_produced(self, code: int) -> bool:
        """Whether `encode` produces this finite code; the other codes only decode."""
        del code
        return True

    @property
    def negative_zero_code(self) -> int | None:
        """Code of -0 in a format with two zeros."""
        return None

    @property
    def has_negative_zero(self) -> bool:
        """Whether zero has two codes."""
        return self.negative_zero_code is not None

    @property
    def beyond(self) -> Fraction | None:
        """Magnitude after the largest level, on both sides, for rounding only; None if none.

        Without this magnitude, everything above the largest level is out of range.
        """
        return None

    def ties_away(self, lower: Array, upper: Array) -> Array:
        """Whether rne rounds the half-way point of two neighbouring codes to `upper`.

        `upper` is the code of the level farther from zero. By default the even code wins.
        """
        del upper
        return np.asarray(lower & 1 == 1)

    @property
    def signed(self) -> bool:
        """Whether negative values exist."""
        return _table(self).shape.signed

    @property
    def unpacked(self) -> UnpackedShape:
        """Bounds of the records that `unpack` returns."""
        return _table(self).shape

    def unpack(self, codes: Array) -> Unpacked:
        """Exact values of int64 codes. The caller has checked their range."""
        return _table(self).record[codes]

    def ordinal(self, codes: Array) -> Array:
        """Rank among the different values: 0 for the least value that is >= 0, and for NaN."""
        return np.asarray(_table(self).ordinals[codes])

    def top(self, negative: Array) -> Array:
        """Index of the last level on each side."""
        positive, mirrored = _table(self).sides
        return np.where(negative, mirrored.top, positive.top)

    def code_of(self, index: Array, negative: Array) -> Array:
        """Codes of levels."""
        positive, mirrored = _table(self).sides
        return np.where(
            negative,
            mirrored.codes[np.minimum(index, mirrored.top)],
            positive.codes[np.minimum(index, positive.top)],
        )

    def locate(self, value: Unpacked, fraction_bits: int) -> Position:
        """The last level that each value reaches, and the exact fraction of the next step."""
        value = value[None]  # an array without axes gets one axis
        index = np.zeros(value.shape, np.int64)
        fraction = np.zeros_like(index)
        odd, opposite = np.zeros(value.shape, bool), np.zeros(value.shape, bool)
        for negative, side in zip((False, True), _table(self).sides, strict=True):
            here = value.sign == negative
            position = side.locate(value[here], fraction_bits)
            index[here], fraction[here] = position.index, position.fraction
            odd[here], opposite[here] = position.odd, position.opposite
        return Position(
            index=index[0], fraction=fraction[0], odd=odd[0], opposite=np.asarray(opposite[0])
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class _Side:
    """The levels of one side, in outward order.

    Attributes:
        levels: in units of 2^lsb, ascending. The family's `beyond` comes last, if there is one.
        lsb: the common exponent of the levels.
        width: bits of the greatest magnitude.
        codes: one code per level, except for `beyond`.
        odd: bool, True if rne leaves this level at the half-way point to the next level.
    """

    levels: Array
    lsb: int
    width: int
    codes: Array
    odd: Array

    @property
    def top(self) -> int:
        """Index of the last level that has a code."""
        return len(self.codes) - 1

    @cached_property
    def _steps(self) -> Array:
        """Distance from each level to the next one, in units of 2^lsb; 1 after the last level."""
        return np.append(np.diff(self.levels), 1)

    def locate(self, value: Unpacked, fraction_bits: int) -> Position:
        """Exact positions of magnitudes.

        The magnitude is cut `fraction_bits` below the grid of the levels. The cut loses nothing
        but stickiness: floor((n + e) / d) = floor(n / d) for integers n and d and 0 <= e < 1.
        """
        wide = self.width + fraction_bits + 1 > INT64_SIGNIFICAND_BITS
        far = value.exponent + bit_length(value.significand) - self.lsb > self.width
        far = far & ~value.zero
        significand = np.where(far, 0, value.significand)
        if wide:
            significand = significand.astype(object)
        cut, rest = split(significand, self.lsb - fraction_bits - value.exponent, 1)
        cut = cut.astype(object if wide else np.int64)
        levels = self.levels.astype(cut.dtype) << fraction_bits

        last = len(levels) - 1
        reached = np.searchsorted(levels, cut, side="right") - 1
        index = np.clip(reached, 0, last)
        between = (reached >= 0) & (reached < last)
        step = self._steps[index].astype(cut.dtype)
        part = np.where(between, cut - levels[index], 0)
        fraction = part // step
        sticky = (fraction * step != part) | (between & (rest != 0))
        beyond = far | ((reached == last) & ((cut > levels[last]) | (rest != 0)))
        return Position(
            index=np.where(beyond, last + 1, index),
            fraction=fraction.astype(np.int64) | sticky,
            odd=self.odd[np.minimum(index, self.top)],
            opposite=(self.levels < 0).astype(bool)[index],
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class _Table:
    """Everything derived from a list of values; arrays have one element per code."""

    record: Unpacked
    shape: UnpackedShape
    ordinals: Array
    sides: tuple[_Side, _Side]


@lru_cache(maxsize=64)
def _table(number_format: LevelFormat) -> _Table:
    values = [number_format.value_of(code) for code in range(1 << number_format.bits)]
    finite = {code: value for code, value in enumerate(values) if isinstance(value, Fraction)}
    beyond = number_format.beyond
    lsb = min(_lsb(value) for value in [*finite.values(), *([beyond] if beyond else [])] if value)
    numbers = {code: _scaled(value, lsb) for code, value in finite.items()}
    shape = _shape(number_format, numbers, lsb)

    # Integers sort and hash quickly; Fractions do not.
    ordered = [numbers.get(code, value) for code, value in enumerate(values)]
    distinct = sorted({value for value in ordered if not _is_nan(value)})
    zero = bisect_left(distinct, 0)
    rank = {value: i - zero for i, value in enumerate(distinct)}

    both = (
        _side(number_format, numbers, lsb, negative=False),
        _side(number_format, numbers, lsb, negative=True),
    )
    return _Table(
        record=_record(number_format, values, numbers, lsb, shape),
        shape=shape,
        ordinals=np.array([rank.get(value, 0) for value in ordered]),
        sides=both,
    )


def _lsb(value: Fraction) -> int:
    """Exponent of the lowest bit that is set."""
    if value.denominator & (value.denominator - 1):
        raise FormatError(f"level {value}: only integers times powers of two are allowed")
    return _trailing_zeros(value.numerator) - _trailing_zeros(value.denominator)


def _trailing_zeros(number: int) -> int:
    return (number & -number).bit_length() - 1


def _scaled(value: Fraction, lsb: int) -> int:
    shift = 1 - value.denominator.bit_length() - lsb
    return value.numerator << shift if shift >= 0 else value.numerator >> -shift


def _is_nan(value: Fraction | float) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _shape(number_format: LevelFormat, numbers: Mapping[int, int], lsb: int) -> UnpackedShape:
    signed = any(number < 0 for number in numbers.values())
    flags = {"has_inf": number_format.has_inf, "has_nan": number_format.has_nan}
    width = max(abs(number).bit_length() for number in numbers.values())
    if width > _FIXED_POINT_BITS:
        nonzero = [abs(number) for number in numbers.values() if number]
        precision = max(number.bit_length() - _trailing_zeros(number) for number in nonzero)
        return UnpackedShape(
            significand_bits=precision,
            exponent_min=lsb + min(map(int.bit_length, nonzero)) - precision,
            exponent_max=lsb + width - precision,
            signed=signed,
            **flags,
        )
    # Two's complement has no negative zero.
    twos_complement = signed and number_format.negative_zero_code is None
    if twos_complement:
        width = max((n if n >= 0 else ~n).bit_length() for n in numbers.values()) + 1
    return UnpackedShape(
        significand_bits=width,
        exponent_min=lsb,
        exponent_max=lsb,
        signed=signed,
        twos_complement=twos_complement,
        **flags,
    )


def _record(
    number_format: LevelFormat,
    values: list[Fraction | float],
    numbers: Mapping[int, int],
    lsb: int,
    shape: UnpackedShape,
) -> Unpacked:
    def place(number: int) -> tuple[int, int]:
        if number == 0 or shape.exponent_min == shape.exponent_max:
            return number, shape.exponent_min
        up = shape.significand_bits - number.bit_length()
        return (number << up if up > 0 else number >> -up), lsb - up

    placed = np.array([place(abs(numbers.get(code, 0))) for code in range(len(values))], np.int64)
    minus_zero = number_format.negative_zero_code
    return Unpacked(
        sign=np.array([v < 0 or code == minus_zero for code, v in enumerate(values)]),
        significand=placed[:, 0],
        exponent=placed[:, 1],
        nan=np.array([_is_nan(v) for v in values]),
        inf=np.array([isinstance(v, float) and math.isinf(v) for v in values]),
    )


def _side(
    number_format: LevelFormat, numbers: Mapping[int, int], lsb: int, negative: bool
) -> _Side:
    minus_zero = number_format.negative_zero_code
    outward = sorted(
        (-number if negative else number, code)
        for code, number in numbers.items()
        if number_format.is_produced(code)
        and (number != 0 or minus_zero is None or (code == minus_zero) == negative)
    )
    first = max(sum(number <= 0 for number, _ in outward) - 1, 0)
    levels = [number for number, _ in outward[first:]]
    codes = np.array([code for _, code in outward[first:]])
    if number_format.beyond is not None:
        levels.append(_scaled(number_format.beyond, lsb))
    return _Side(
        levels=np.array(levels, object),
        lsb=lsb,
        width=max(abs(level).bit_length() for level in levels),
        codes=codes,
        odd=number_format.ties_away(codes, np.append(codes[1:], codes[-1])),
    )
