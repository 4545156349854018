"""Range, precision and special values of element formats."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from hwdse.characterize.values import binade, levels, log2
from hwdse.formats import Format, Unpacked
from hwdse.formats.base import TABLE_BITS

_DB_PER_BINADE = 20 * float(np.log10(2))
#: Limit of the binades that are examined in a format that is too wide for a table.
_MAX_BINADES = 1 << 16

CodeRanges = tuple[tuple[int, int], ...]


@dataclass(frozen=True, kw_only=True)
class DynamicRange:
    """Range, precision and special values of a format.

    Attributes:
        max: largest finite value. Like the next three, a Fraction if float64 cannot hold it.
        min: most negative finite value; the smallest value of an unsigned format.
        min_normal: smallest positive value of full precision.
        min_subnormal: smallest positive value.
        finite_values: number of distinct finite values that encoding produces; zeros count once.
        specials: codes of `nan`, `inf`, `-inf`, `-0` and `non-canonical` (encoding gives the value
            another code), as (first, last) ranges in ascending order. Formats of more than 16 bits
            list their canonical special codes only.
        precision: significant bits in every binade [2^k, 2^(k+1)) from `min_subnormal` to `max`.
            This is 1 + log2 of the number of values in the binade, and 0 in an empty binade.
    """

    max: float | Fraction
    min: float | Fraction
    min_normal: float | Fraction
    min_subnormal: float | Fraction
    finite_values: int
    specials: dict[str, CodeRanges]
    precision: dict[int, float]

    @property
    def binades(self) -> float:
        """log2(max / min_subnormal)."""
        return log2(self.max) - log2(self.min_subnormal)

    @property
    def decibels(self) -> float:
        """20 log10(max / min_subnormal)."""
        return _DB_PER_BINADE * self.binades


def dynamic_range(number_format: Format) -> DynamicRange:
    """Range, precision and special values of a format.

    Formats of up to 16 bits are examined code by code, wider formats at the ends of each binade.
    """
    tabulated = number_format.bits <= TABLE_BITS
    return DynamicRange(
        max=number_format.max,
        min=number_format.min,
        min_normal=number_format.min_normal,
        min_subnormal=number_format.min_subnormal,
        finite_values=_finite_values(number_format),
        specials=_tabulated_specials(number_format) if tabulated else _specials(number_format),
        precision=(
            _tabulated_precision(number_format)
            if tabulated and number_format.fits_float64
            else _precision(number_format)
        ),
    )


def _finite_values(number_format: Format) -> int:
    if number_format.bits <= TABLE_BITS and number_format.fits_float64:
        return int(levels(number_format, 0.0, np.inf).size)
    # The `ordinal` of neighbouring values differs by one.
    sides = np.array([False, number_format.signed])
    ends = number_format.code_of(number_format.top(sides), sides)
    if not number_format.signed:
        ends[1:] = number_format.code_of(np.array([0]), np.array([False]))
    positive, negative = number_format.ordinal(number_format.check_codes(ends))
    return int(positive) - int(negative) + 1


def _tabulated_precision(number_format: Format) -> dict[int, float]:
    values = levels(number_format, 0.0, np.inf)
    binades, counts = np.unique(np.frexp(values[values > 0])[1] - 1, return_counts=True)
    found = dict(zip(binades.tolist(), (1 + np.log2(counts)).tolist(), strict=True))
    return {k: found.get(k, 0.0) for k in range(int(binades[0]), int(binades[-1]) + 1)}


def _precision(number_format: Format) -> dict[int, float]:
    first, last = binade(number_format.min_subnormal), binade(number_format.max)
    last = min(last, first + _MAX_BINADES)
    powers = np.arange(first, last + 2)
    flag = np.zeros(powers.shape, bool)
    value = Unpacked(
        sign=flag, significand=np.ones(powers.shape, np.int64), exponent=powers, nan=flag, inf=flag
    )
    codes = number_format.check_codes(number_format.pack(value, "rtz"))
    reached = number_format.unpack(codes)
    held = (reached.significand & (reached.significand - 1)) == 0
    log2_reached = reached.exponent + np.frexp(reached.significand.astype(np.float64))[1] - 1
    held &= (reached.significand > 0) & (log2_reached == powers)
    # Number of values strictly below each power of two, up to a constant.
    below = number_format.ordinal(codes) + (~held)
    counts = np.diff(below)
    return {
        int(k): float(1 + np.log2(n)) if n else 0.0
        for k, n in zip(powers, counts.tolist(), strict=False)
    }


def _tabulated_specials(number_format: Format) -> dict[str, CodeRanges]:
    codes = np.arange(1 << number_format.bits)
    value = number_format.unpack(codes)
    canonical = number_format.pack(value).astype(np.int64) == codes
    infinite = value.inf & ~value.nan
    # For "non-canonical": `pack` saturates, so that an infinity gets the code of the largest value.
    found = {
        "nan": value.nan,
        "inf": infinite & ~value.sign,
        "-inf": infinite & value.sign,
        "-0": value.zero & value.sign,
        "non-canonical": ~canonical & ~value.nan & ~infinite,
    }
    return {name: _ranges(codes[mask]) for name, mask in found.items() if mask.any()}


def _specials(number_format: Format) -> dict[str, CodeRanges]:
    zero = int(number_format.encode(0.0))
    negative_zero = int(number_format.encode(-0.0))
    found = {
        "nan": number_format.nan_code,
        "inf": number_format.inf_code,
        "-inf": number_format.negative_inf_code,
        "-0": None if negative_zero == zero else negative_zero,
    }
    return {name: ((code, code),) for name, code in found.items() if code is not None}


def _ranges(codes: npt.NDArray[np.int64]) -> CodeRanges:
    starts = np.flatnonzero(np.diff(codes, prepend=-2) != 1)
    ends = np.append(starts[1:], codes.size) - 1
    return tuple(
        (int(codes[start]), int(codes[end])) for start, end in zip(starts, ends, strict=True)
    )
