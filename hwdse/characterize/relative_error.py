"""Relative error of rounding a number into a format, binade by binade."""

from dataclasses import dataclass

import numpy as np

from hwdse.characterize.values import Floats, binade, log2, quantized
from hwdse.formats import Format

_MOST_SAMPLES, _FEWEST_SAMPLES = 1024, 16
_BUDGET = 1 << 18
#: Range of the binades of normal float64 numbers; the samples are such numbers.
_FLOAT64_BINADES = (-1021, 1021)


@dataclass(frozen=True, kw_only=True)
class RelativeError:
    """|Q(x) - x| / |x| for positive x, sampled at equal steps of log2(x).

    Attributes:
        name: name of the format.
        binades: (B,) int, the k of each binade [2^k, 2^(k+1)). They reach from one binade below the
            smallest positive value to one above the largest, as far as float64 can hold them.
        worst: (B,) largest error in each binade, for x from the smallest positive to the largest
            value; NaN if a binade has no such x. If no sample at all lies in this range, all
            samples count.
        rms: (B,) root mean square of the same errors.
        log2_x: (B, S) positions of the samples.
        error: (B, S) errors of all samples. Samples below the range may become zero, and samples
            above it saturate.
    """

    name: str
    binades: np.ndarray[tuple[int], np.dtype[np.int64]]
    worst: Floats
    rms: Floats
    log2_x: Floats
    error: Floats


def relative_error(number_format: Format) -> RelativeError:
    """Relative error of positive numbers, with the format's own rounding and saturation."""
    smallest, largest = number_format.min_subnormal, number_format.max
    low, high = (int(np.clip(binade(end), *_FLOAT64_BINADES)) for end in (smallest, largest))
    binades = np.arange(low - 1, high + 2)
    samples = int(np.clip(_BUDGET // binades.size, _FEWEST_SAMPLES, _MOST_SAMPLES))
    # Sample between the powers of two, because powers of two are often values of the format.
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
