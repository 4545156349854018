"""Numbers and parameters that the tests of several families share."""

from fractions import Fraction

import numpy as np
import pytest
from reference.number_formats import ROUNDINGS

from hwdse.formats import Unpacked

MILLION = 1_000_000
#: Two directions by default; the places where the others differ are all in the boundary tests.
LONG = [pytest.param(rounding, marks=pytest.mark.long) for rounding in ROUNDINGS[1:]
        if rounding != "down"]  # fmt: skip


def record(numbers: list[Fraction], dtype=object) -> Unpacked:
    """Dyadic numbers as Python-integer (or int64) significands."""
    flag = np.zeros(len(numbers), bool)
    significand = np.empty(len(numbers), dtype)
    significand[:] = [abs(number.numerator) for number in numbers]
    exponent = [1 - number.denominator.bit_length() for number in numbers]
    return Unpacked(
        sign=np.array([number < 0 for number in numbers]),
        significand=significand,
        exponent=np.array(exponent, np.int64),
        nan=flag,
        inf=flag,
    )


def posit_spread(max_exponent: float, size: int, seed: int) -> np.ndarray:
    """Half of them normal, half evenly over the binades of the range and some beyond."""
    random = np.random.default_rng(seed)
    exponent = random.uniform(-max_exponent - 4, max_exponent + 4, size - size // 2)
    binades = 2.0**exponent * random.choice([-1.0, 1.0], size - size // 2)
    return np.concatenate([random.normal(0, 1, size // 2), binades])
