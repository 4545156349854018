"""Exact quotients, sums and magnitudes, against fractions."""

from fractions import Fraction

import numpy as np
import pytest

from hwdse.formats import Unpacked, get
from hwdse.formats.blocks.exact import (
    divide,
    floor_log2,
    floor_log2_of,
    largest,
    magnitudes,
    real_numbers,
    total,
)

_DRAW = np.random.default_rng(31)
WIDE = [
    _DRAW.integers(-(2**62), 2**62, 3000),
    _DRAW.integers(2**63, 2**64 - 1, 3000, dtype=np.uint64),
    _DRAW.normal(size=3000) * 1e-300,
    np.zeros(10),
]


@pytest.mark.parametrize("x", WIDE)
@pytest.mark.parametrize("divisors", ["few", "wide", "powers"])
def test_quotients_are_exact_or_sticky(x, divisors):
    d = {
        "few": _DRAW.integers(1, 1 << 10, x.shape),
        "wide": _DRAW.integers(1, 1 << 53, x.shape),
        "powers": 2.0 ** _DRAW.integers(-99, 99, x.shape),
    }[divisors]
    got = divide(Unpacked.from_numbers(x), Unpacked.from_numbers(d))
    inexact = 0
    for sign, significand, exponent, a, b in zip(
        got.sign,
        got.significand.tolist(),
        got.exponent.tolist(),
        x.tolist(),
        d.tolist(),
        strict=True,
    ):
        exact = abs(Fraction(a)) / Fraction(b) / Fraction(2) ** exponent
        whole = exact.numerator // exact.denominator
        assert significand == whole | (exact != whole)
        if exact != whole:
            inexact += 1
            assert significand.bit_length() > 60
        assert a == 0 or sign == (a < 0)
    assert inexact == 0 if divisors == "powers" or not x.any() else inexact > 2500


def test_quotients_of_special_values():
    x = Unpacked.from_numbers(np.array([np.nan, np.inf, -1.0, -np.inf, 1.0]))
    d = Unpacked.from_numbers(np.array([3.0, 3.0, 0.0, 0.0, np.nan]))
    got = divide(x, d)
    np.testing.assert_array_equal(got.to_float64(), [np.nan, np.inf, 0, -np.inf, 0])
    assert got.sign[2]


@pytest.mark.parametrize("x", [row[:999].reshape(37, 27) for row in WIDE[:3]])
def test_sums_are_exact(x):
    got = total(Unpacked.from_numbers(x)).to_fractions()
    assert got.tolist() == [sum(map(Fraction, row)) for row in x.tolist()]


def test_magnitudes_of_integers():
    x = np.array([-(2**63), 2**63 - 1, 0, -5])
    np.testing.assert_array_equal(
        magnitudes(real_numbers(x)), np.array([2**63, 2**63 - 1, 0, 5], np.uint64)
    )


@pytest.mark.parametrize("value", [1.0, 1.5, 2.0, 0.3, 5e-324, 1.7e308])
def test_floor_log2(value):
    exponent = floor_log2_of(value)
    assert Fraction(2) ** exponent <= Fraction(value) < Fraction(2) ** (exponent + 1)
    assert floor_log2(Unpacked.from_numbers(np.array([value]))) == [exponent]


def test_the_largest_value():
    assert largest(get("e2m1fn")).to_float64() == [6]
