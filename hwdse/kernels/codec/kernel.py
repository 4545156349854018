"""The interface of a compiled codec, and tables of exact values to build codecs from."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.formats import Format
from hwdse.formats.base import TABLE_BITS
from hwdse.kernels.codec import lanes

Array = npt.NDArray[Any]
#: Fills its second argument from native float32 values in the first; both are contiguous, have one
#: axis and the same length.
Loop = Callable[[Array, Array], None]


@dataclass(frozen=True, kw_only=True)
class Kernel:
    """Compiled loops of one format, rounding and overflow.

    Attributes:
        encode: from float32 values to codes of type `code_dtype`.
        quantize: from float32 values to values of type `value_dtype`; None if `quantize` must
            encode and then decode.
    """

    encode: Loop
    quantize: Loop | None = None


@lru_cache(maxsize=1024)
def value_dtype(number_format: Format) -> np.dtype[Any]:
    """float32 if it holds every value of the format, else float64 if it does, else object."""
    if not number_format.fits_float64:
        return np.dtype(object)
    if number_format.bits <= TABLE_BITS:
        values = all_values(number_format)
        with np.errstate(over="ignore"):
            exact = np.array_equal(values.astype(np.float32), values, equal_nan=True)
    else:
        shape = number_format.unpacked
        exact = (
            shape.magnitude_bits <= lanes.PRECISION
            and shape.exponent_min >= lanes.LSB_EXPONENT
            and shape.top <= lanes.BIAS + 1
        )
    return np.dtype(np.float32 if exact else np.float64)


def all_values(number_format: Format) -> Array:
    """Values of all codes of a format of up to `TABLE_BITS` bits."""
    return number_format.decode(np.arange(1 << number_format.bits))


@lru_cache(maxsize=64)
def value_table(number_format: Format) -> Array:
    """Values of all codes, of type `value_dtype`."""
    table = all_values(number_format).astype(value_dtype(number_format))
    table.flags.writeable = False
    return table
