"""Exact sums of any float64 values: a fixed-point word over float64's whole range.

The word is an int64 array of 32-bit digits (limbs). The first limb has the weight 2^-1074. The
upper halves of the limbs collect carries, so that 2^29 values can be added between two
normalisations. The sums are slow (tens of nanoseconds per term), and right for all values.
"""

from typing import Any

import numpy as np

from hwdse.jit import inner
from hwdse.kernels.arithmetic import FLOAT64_FRACTION_BITS, MAGNITUDE_MASK, bits_of

#: log2 of the weight of the first limb.
LSB_EXPONENT = -1074
#: Limbs per word: float64's range, 64 bits for the number of terms, and one spare limb.
LIMBS = 70
#: Width of a word in bits.
WORD_BITS = 32 * LIMBS

_DIGIT_MASK = np.int64(0xFFFFFFFF)
_HIDDEN_BIT = np.int64(1) << FLOAT64_FRACTION_BITS
_PRECISION = FLOAT64_FRACTION_BITS + 1


@inner
def add_value(limbs: Any, value: Any) -> Any:
    """Add a finite float64 to the word."""
    pattern = bits_of(value)
    magnitude = pattern & MAGNITUDE_MASK
    field = magnitude >> FLOAT64_FRACTION_BITS
    significand = magnitude & (_HIDDEN_BIT - 1)
    if field > 0:
        significand |= _HIDDEN_BIT
        field -= 1
    first, shift = field >> 5, field & 31
    low = (significand & _DIGIT_MASK) << shift
    high = (significand >> 32) << shift
    sign = np.int64(-1) if pattern < 0 else np.int64(1)
    limbs[first] += sign * (low & _DIGIT_MASK)
    limbs[first + 1] += sign * ((low >> 32) + (high & _DIGIT_MASK))
    limbs[first + 2] += sign * (high >> 32)


@inner
def _sign_magnitude(limbs: Any, width: Any) -> Any:
    """Replace the word by its magnitude modulo 2^width, normalised; return whether it is < 0."""
    carry = np.int64(0)
    for i in range(LIMBS):
        digit = limbs[i] + carry
        limbs[i] = digit & _DIGIT_MASK
        carry = digit >> 32
    top, bit = (width - 1) >> 5, (width - 1) & 31
    negative = (limbs[top] >> bit) & 1 == 1
    above = _DIGIT_MASK << bit & _DIGIT_MASK
    limbs[top] = (limbs[top] | above) if negative else (limbs[top] & ~above)
    for i in range(top + 1, LIMBS):
        limbs[i] = _DIGIT_MASK if negative else np.int64(0)
    if negative:
        carry = np.int64(1)
        for i in range(LIMBS):
            digit = (limbs[i] ^ _DIGIT_MASK) + carry
            limbs[i] = digit & _DIGIT_MASK
            carry = digit >> 32
    return negative


@inner
def take_odd(limbs: Any, width: Any) -> Any:
    """The word modulo 2^width (two's complement) as float64, rounded to odd; clears the word."""
    negative = _sign_magnitude(limbs, width)
    last = LIMBS - 1
    while last > 0 and limbs[last] == 0:
        last -= 1
    length = 32 * last
    digit = limbs[last]
    while digit > 0:
        length += 1
        digit >>= 1
    position = max(length - _PRECISION, 0)
    first, shift = position >> 5, position & 31
    significand = limbs[first] >> shift
    if first + 1 < LIMBS:
        significand |= limbs[first + 1] << (32 - shift)
    if first + 2 < LIMBS and shift > 0:
        # At most 53 bits lie above `position`, so that no bit reaches the sign.
        significand |= limbs[first + 2] << (64 - shift)
    sticky = (limbs[first] & ((np.int64(1) << shift) - 1)) != 0
    for i in range(first):
        sticky = sticky or limbs[i] != 0
    if sticky:
        significand |= 1
    limbs[:] = 0
    magnitude = np.ldexp(np.float64(significand), position + LSB_EXPONENT)
    return -magnitude if negative else magnitude
