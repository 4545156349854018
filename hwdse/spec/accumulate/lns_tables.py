"""Tables of the Gaussian logarithms sb(d) = log2(1 + 2^d) and db(d) = log2(1 - 2^d), d <= 0.

Swartzlander and Alexopoulos, IEEE Trans. Computers 1975. Arguments and entries are in units of
2^-fraction_bits. Every entry is the exact value, rounded to nearest once.
"""

from functools import lru_cache

import numpy as np

from hwdse.formats.exact_log2 import POWER_BITS, floor_log2, power_floors

#: With this many fraction bits a table has 1.2 * 10^4 entries, too many for any practical hardware.
MAX_FRACTION_BITS = 10


@lru_cache(maxsize=16)
def sum_table(fraction_bits: int) -> tuple[int, ...]:
    """sb(-k) for k = 0, 1, ..., up to the last entry that does not round to zero."""
    return (1 << fraction_bits, *_entries(fraction_bits, 1))


@lru_cache(maxsize=16)
def difference_table(fraction_bits: int) -> tuple[int, ...]:
    """db(-k) for k = 1, 2, ..., up to the last entry that does not round to zero; all negative.

    The first entry is for k = 1. For k = 0 the difference is zero and has no logarithm.
    """
    return _entries(fraction_bits, -1)


def _entries(fraction_bits: int, sign: int) -> tuple[int, ...]:
    """Entries for k = 1, 2, ..., up to the last nonzero entry; `sign` is 1 for sb and -1 for db."""
    digits, gamma = fraction_bits + 1, 1 << fraction_bits
    # For larger k all entries are below a quarter of a unit and round to zero.
    k = np.arange(1, gamma * (fraction_bits + 4) + 1)
    powers, octave = power_floors(fraction_bits), -(-k // gamma)
    part = octave * gamma - k
    one = np.array([1 << (POWER_BITS + int(shift)) for shift in octave], object)
    number = one + sign * powers[part].astype(object)
    # `powers` is rounded down, so the exact value lies between the stored value and the stored
    # value plus 1. The entry is exact if both bounds give the same digits.
    low, high = (_doubled(n, octave, digits) for n in (number, number + sign * (part != 0)))
    if not np.array_equal(low, high):
        raise AssertionError(f"tables of {fraction_bits} fraction bits need more digits")
    entries = ((low + 1) >> 1).tolist()
    while entries[-1] == 0:
        entries.pop()
    return tuple(entries)


def _doubled(number: np.ndarray, octave: np.ndarray, digits: int) -> np.ndarray:
    """floor(2^digits log2(number / 2^(POWER_BITS + octave)))."""
    return floor_log2(number, digits) - ((POWER_BITS + octave) << digits)
