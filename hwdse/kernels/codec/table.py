"""Table search for formats of up to 16 bits, with any deterministic rounding.

An encoding is a function of the bit pattern of a float32. This function is constant on some
thousands of segments. A bisection with the format's own `encode` finds the start of each segment.
The segments are therefore right for every encoding that is monotone on each side of zero, and all
encodings that round to a nearest level are so. Powers of two may be exceptions: rounding away from
zero, a logarithmic format makes zero only of the level whose place zero takes. NaN, infinities and
both zeros are ordinary segments. The upper 16 bits of a pattern select a bucket and the first
segment to look at. A short bisection without branches then finds the right segment.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.formats import Format
from hwdse.formats.base import TABLE_BITS
from hwdse.jit import compiled
from hwdse.kernels.codec import lanes
from hwdse.kernels.codec.kernel import Kernel, value_dtype, value_table

Array = npt.NDArray[Any]

_BUCKET_BITS = 16
_BUCKETS = 1 << (32 - _BUCKET_BITS)
#: Distance of the patterns at which the search starts: two patterns per binade.
_STRIDE = 1 << 22
#: Patterns of the powers of two, subnormal and normal.
_POWERS_OF_TWO = (
    *(1 << place for place in range(23)),
    *range(1 << 23, int(lanes.INFINITY), 1 << 23),
)
_LAST = np.uint32(0xFFFFFFFF)


@dataclass(frozen=True, kw_only=True)
class Segments:
    """Segments: ranges of float32 patterns with the same code.

    Attributes:
        starts: (n,) uint32, the first pattern of each segment, increasing from 0.
        codes: (n,) code of each segment.
        first: (65536,) index of the segment that holds the first pattern of each bucket.
        steps: bisection steps that are enough to reach every segment of a bucket.
    """

    starts: Array
    codes: Array
    first: Array
    steps: int


def table_kernel(number_format: Format, rounding: str, overflow: str) -> Kernel | None:
    """The kernel of a format of up to 16 bits; None for wider formats and for overflow `wrap`."""
    if number_format.bits > TABLE_BITS or overflow == "wrap":
        return None
    segments = find_segments(number_format, rounding, overflow)
    # A step may probe beyond the last segment. The search for the last pattern may end there.
    probed = (0, 1 << segments.steps)
    starts = np.pad(segments.starts, probed, constant_values=_LAST)
    codes = np.pad(segments.codes, probed, mode="edge")

    def encode(x: Array, out: Array) -> None:
        _search(x.view(np.uint32), segments.first, starts, segments.steps, codes, out)

    if value_dtype(number_format) == np.dtype(object):
        return Kernel(encode=encode)
    values = value_table(number_format)[codes]

    def quantize(x: Array, out: Array) -> None:
        _search(x.view(np.uint32), segments.first, starts, segments.steps, values, out)

    return Kernel(encode=encode, quantize=quantize)


def find_segments(number_format: Format, rounding: str, overflow: str) -> Segments:
    """All places where the code of a format changes, over all float32 patterns."""

    def codes_of(patterns: Array) -> Array:
        with np.errstate(invalid="ignore"):  # signalling NaNs raise the invalid flag
            x = np.asarray(patterns, np.uint32).view(np.float32)
            return number_format.encode(x, rounding, overflow)

    # Zero, infinity and NaN each begin a segment: neighbouring codes need not be monotone.
    apart = np.array([0, lanes.INFINITY, int(lanes.INFINITY) + 1], np.int64)
    regular = np.arange(1, lanes.INFINITY, _STRIDE)
    points = np.union1d(np.append(regular, _POWERS_OF_TWO), [lanes.INFINITY - 1]).astype(np.int64)
    found = []
    for sign in (0, 1 << 31):
        found += [sign + apart, sign + points[:1], _changes(codes_of, sign + points)]
    starts = np.unique(np.concatenate(found))
    codes = codes_of(starts)
    kept = np.concatenate([[True], codes[1:] != codes[:-1]])
    starts, codes = starts[kept].astype(np.uint32), codes[kept]
    buckets = np.arange(_BUCKETS, dtype=np.int64) << _BUCKET_BITS
    first = np.searchsorted(starts, buckets, side="right") - 1
    last = np.searchsorted(starts, buckets + (1 << _BUCKET_BITS) - 1, side="right") - 1
    return Segments(
        starts=starts,
        codes=codes,
        first=first.astype(np.uint16 if len(starts) <= 1 << 16 else np.uint32),
        steps=int(np.max(last - first)).bit_length(),
    )


def _changes(codes_of: Any, points: Array) -> Array:
    """First patterns of new codes between points; equal codes at two points mean no change."""
    codes = codes_of(points)
    low, high, low_codes, high_codes = points[:-1], points[1:], codes[:-1], codes[1:]
    found = []
    while True:
        differ = low_codes != high_codes
        low, high = low[differ], high[differ]
        low_codes, high_codes = low_codes[differ], high_codes[differ]
        adjacent = high - low == 1
        found.append(high[adjacent])
        low, high = low[~adjacent], high[~adjacent]
        low_codes, high_codes = low_codes[~adjacent], high_codes[~adjacent]
        if not len(low):
            return np.concatenate(found)
        middle = (low + high) >> 1
        middle_codes = codes_of(middle)
        low, high = np.concatenate([low, middle]), np.concatenate([middle, high])
        low_codes = np.concatenate([low_codes, middle_codes])
        high_codes = np.concatenate([middle_codes, high_codes])


@compiled
def _search(  # noqa: PLR0917 - compiled code takes positional arguments
    x: Array, first: Array, starts: Array, steps: int, results: Array, out: Array
) -> None:
    if steps <= 1:
        for i in range(x.shape[0]):
            at = np.uint64(first[x[i] >> 16])
            out[i] = results[at + np.uint64(starts[at + np.uint64(1)] <= x[i])]
        return
    for i in range(x.shape[0]):
        # Unsigned integers: Numba adds a branch for signed indices. Shifting the result avoids one.
        at = np.uint64(first[x[i] >> 16])
        for down in range(1, steps + 1):
            step = np.uint64(steps - down)
            ahead = at + (np.uint64(1) << step)
            at += np.uint64(starts[ahead] <= x[i]) << step
        out[i] = results[at]
