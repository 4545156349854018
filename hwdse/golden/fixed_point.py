"""Two's-complement words of any width, as Python integers."""

import numpy as np

from hwdse.formats import Unpacked
from hwdse.formats.unpacked import Array


def wrap(number: Array, bits: int) -> Array:
    """`number` modulo 2**bits, as a signed two's-complement value."""
    half = 1 << (bits - 1)
    return np.asarray(((number.astype(object) + half) & ((1 << bits) - 1)) - half, object)


def from_integers(number: Array, lsb_exponent: int) -> Unpacked:
    """Records of number * 2**lsb_exponent; zero is positive."""
    flag = np.zeros(number.shape, bool)
    return Unpacked(
        sign=np.asarray(number < 0, bool),
        significand=np.abs(number),
        exponent=np.full(number.shape, lsb_exponent, np.int64),
        nan=flag,
        inf=flag,
    )
