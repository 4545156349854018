"""Fast codes of float32 values: the table twin of `Format.encode` for narrow formats."""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from hwdse.formats import Format

Codes = npt.NDArray[np.unsignedinteger]

_TABLE_BITS = 10
_BUCKETS = 1 << 16


def encode(number_format: Format, x: npt.NDArray[np.float32]) -> Codes:
    """Codes of float32 values of any shape: nearest even, saturating.

    The same codes as `number_format.encode(x)`. The top 16 bits of a float32 and whether the rest
    is zero select an entry of a table; where such a bucket holds two codes (formats of more
    significand bits than bfloat16 resolves) the format itself encodes.
    """
    x = np.asarray(x, np.float32, order="C")
    table = _bucket_codes(number_format) if number_format.bits <= _TABLE_BITS else None
    if table is None:
        return number_format.encode(x)
    bits = x.view(np.uint32)
    codes: Codes = table[2 * (bits >> 16) + ((bits & 0xFFFF) != 0)]
    return codes


@lru_cache(maxsize=32)
def _bucket_codes(number_format: Format) -> Codes | None:
    """Code of the start (even index) and of the inside (odd index) of each bucket.

    None if a bucket is cut by a rounding boundary. Rounding is monotonic, so equal codes at both
    ends of a bucket mean one code throughout.
    """
    start = np.arange(_BUCKETS, dtype=np.uint32) << 16
    first, last = start + 1, start + 0xFFFF
    with np.errstate(invalid="ignore"):  # some buckets hold signalling NaN
        codes = [number_format.encode(bits.view(np.float32)) for bits in (start, first, last)]
    if not np.array_equal(codes[1], codes[2]):
        return None
    table = np.stack(codes[:2], axis=1).reshape(-1)
    table.flags.writeable = False
    return table
