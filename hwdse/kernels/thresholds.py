"""Thresholds, at which the rounding to a format changes its result, and their number of bits.

Let a sum be rounded to odd at p bits. The rounded sum lies on the same side of every number of at
most p - 1 bits as the exact sum. It equals such a number only if the exact sum does (see
`hwdse.kernels.arithmetic`). If all thresholds of a format are such numbers, the rounded sum and the
exact sum get the same code. This also holds if the values of the format are unevenly spaced.
"""

from fractions import Fraction
from functools import lru_cache, singledispatch
from itertools import pairwise

from hwdse.formats import BinaryFloat, FixedPoint, Format, LevelFormat, Posit, PowerExponent


@singledispatch
def threshold_bits(target: Format) -> int | None:
    """Significant bits of the longest threshold: a value, or a half-way point of two values.

    None if thresholds are irrational, for example in logarithmic formats.
    """
    del target
    return None


@threshold_bits.register
def _(target: BinaryFloat) -> int | None:
    return target.precision + 1


@threshold_bits.register
def _(target: FixedPoint) -> int | None:
    return target.width + 1


@threshold_bits.register
def _(target: Posit) -> int | None:
    # Half-way between two codes is a posit with one bit more, whose last bit is one. If no fraction
    # bit is left, this posit is the geometric mean of the two values, a power of two.
    return target.width


@threshold_bits.register
@lru_cache(maxsize=64)
def _(target: LevelFormat) -> int | None:
    values = {
        value
        for code in range(1 << target.bits)
        if isinstance(value := target.value_of(code), Fraction) and target.is_produced(code)
    }
    if target.beyond is not None:
        values |= {target.beyond, -target.beyond}
    levels = sorted(values)
    halfway = [(low + high) / 2 for low, high in pairwise(levels)]
    return max(_significant_bits(x) for x in (*levels, *halfway))


@threshold_bits.register
def _(target: PowerExponent) -> int | None:
    del target
    return None


def _significant_bits(x: Fraction) -> int:
    """Bits from the highest to the lowest one of a multiple of a power of two."""
    number = abs(x.numerator)
    return (number // (number & -number)).bit_length() if number else 0
