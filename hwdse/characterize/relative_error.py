"""Relative error of rounding a number into a format, binade by binade."""

from dataclasses import dataclass

import numpy as np

from hwdse.characterize.values import Floats, binade, log2, quantized
from hwdse.formats import Format

_MOST_SAMPLES, _FEWEST_SAMPLES = 1024, 16
_BUDGET = 1 << 18
#: Binades of normal float64 numbers, which the samples are.
_FLOAT64_BINADES = (-1021, 1021)


@dataclass(frozen=True, kw_only=True)
class RelativeError:
    """|Q(x) - x| / |x| over positive x, in samples at equal steps of log2(x).

    Attributes:
        name: the format's.
        binades: (B,) int, k of [2^k, 2^(k+1)), from the one below the smallest positive value to
            the one above the largest; those that float64 holds.
        worst: (B,) largest error found in each binade, for x from the smallest positive value to
            the largest; NaN in a binade without any. For all x where both are the same.
        rms: (B,) root of the mean square of the same errors.
        log2_x: (B, S) positions of the samples.
        error: (B, S) errors there, of numbers too small (which become zero) or too large (which
            saturate) as well.
    """

    name: str
    binades: np.ndarray[tuple[int], np.dtype[np.int64]]
    worst: Floats
    rms: Floats
    log2_x: Floats
    error: Floats


def relative_error(number_format: Format) -> RelativeError:
    """Relative error of positive numbers, rounded by the format's own rounding and saturated."""
    smallest, largest = number_format.min_subnormal, number_format.max
    low, high = (int(np.clip(binade(end), *_FLOAT64_BINADES)) for end in (smallest, largest))
    binades = np.arange(low - 1, high + 2)
    samples = int(np.clip(_BUDGET // binades.size, _FEWEST_SAMPLES, _MOST_SAMPLES))
    # Between the powers of two, for these are values themselves.
    fractions = (np.arange(samples) + 0.5) / samples
    log2_x = binades[:, None] + fractions
    x = np.ldexp(np.exp2(fractions), binades[:, None])
    error = np.abs(quantized(number_format, x) - x) / x
    inside = (log2_x >= log2(smallest)) & (log2_x <= log2(largest))
    inside |= not inside.any()
    count = inside.sum(axis=1)
    empty = count == 0
    worst = np.max(np.where(inside, error, 0.0), axis=1)
    squares = np.sum(np.where(inside, error**2, 0.0), axis=1) / np.maximum(count, 1)
    return RelativeError(
        name=number_format.name,
        binades=binades,
        worst=np.where(empty, np.nan, worst),
        rms=np.where(empty, np.nan, np.sqrt(squares)),
        log2_x=log2_x,
        error=error,
    )
