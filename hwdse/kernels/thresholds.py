"""Where the rounding into a format changes its mind, and how many bits tell these places apart.

A sum rounded to odd at p bits lies on the same side of every number of at most p - 1 bits as the
exact sum does, and equals it only where the exact sum does (see `hwdse.kernels.arithmetic`).
Rounded to a format whose thresholds are such numbers, it gives the exact sum's code, however
unevenly the format's values lie.
"""

from fractions import Fraction
from functools import lru_cache, singledispatch
from itertools import pairwise

from hwdse.formats import BinaryFloat, FixedPoint, Format, LevelFormat, Posit, PowerExponent


@singledispatch
def threshold_bits(target: Format) -> int | None:
    """Significant bits of the longest threshold: a value, or a place half-way between two.

    None where thresholds are irrational, as those of logarithmic numbers are.
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
    # Half-way between two codes is the code of one bit more that ends in a one, a posit itself:
    # where no fraction bit is left it is their geometric mean, a power of two.
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
    """Bits from the first to the last one of a multiple of a power of two."""
    number = abs(x.numerator)
    return (number // (number & -number)).bit_length() if number else 0
