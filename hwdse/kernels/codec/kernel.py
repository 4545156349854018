"""What a fast path provides, and the golden answers it is built from."""

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
#: Fills its second argument from native float32 values; both contiguous, of one axis and length.
Loop = Callable[[Array, Array], None]


@dataclass(frozen=True, kw_only=True)
class Kernel:
    """Compiled loops of one format, rounding and overflow.

    Attributes:
        encode: from float32 to codes of `code_dtype`.
        quantize: from float32 to values of `value_dtype`; None where decoding the codes does it.
    """

    encode: Loop
    quantize: Loop | None = None


@lru_cache(maxsize=1024)
def value_dtype(number_format: Format) -> np.dtype[Any]:
    """float32 where it holds every value, else float64, or object where that does not either."""
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
