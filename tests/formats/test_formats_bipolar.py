"""Bipolar integers and binary: values, dot products by XOR and population count."""

import numpy as np
import pytest

from hwdse import formats
from hwdse.errors import FormatError


@pytest.mark.parametrize("n", range(1, 17))
def test_values_are_the_odd_integers(n):
    f = formats.get(f"bipolar{n}")
    codes = np.arange(2**n)
    np.testing.assert_array_equal(f.decode(codes), 2 * codes - (2**n - 1))
    np.testing.assert_array_equal(f.encode(f.decode(codes)), codes)
    np.testing.assert_array_equal(f.decode(codes), -f.decode(codes ^ (2**n - 1)))
    assert f.min_subnormal == 1


def test_known_values():
    np.testing.assert_array_equal(formats.get("bipolar2").decode(range(4)), [-3, -1, 1, 3])
    np.testing.assert_array_equal(
        formats.get("bipolar3").decode(range(8)), [-7, -5, -3, -1, 1, 3, 5, 7]
    )


@pytest.mark.parametrize(("n", "m", "length"), [(3, 2, 64), (1, 1, 7), (4, 4, 33), (8, 5, 100)])
def test_dot_product_is_a_binary_pass_for_each_pair_of_bits(n, m, length):
    random = np.random.default_rng(n)
    a, w = random.integers(0, 2**n, length), random.integers(0, 2**m, length)
    passes = sum(
        2 ** (i + j) * (length - 2 * np.count_nonzero((a >> i & 1) ^ (w >> j & 1)))
        for i in range(n)
        for j in range(m)
    )
    exact = formats.get(f"bipolar{n}").decode(a) @ formats.get(f"bipolar{m}").decode(w)
    assert passes == exact


@pytest.mark.parametrize("n", [2, 4, 8])
def test_unsigned_integers_shift_by_half_a_step(n):
    """u becomes 2 u - (2^n - 1): the same code, with the scale halved."""
    codes = np.arange(2**n)
    unsigned = formats.parse(f"uint{n}").decode(codes)
    np.testing.assert_array_equal(
        formats.get(f"bipolar{n}").decode(codes), 2 * unsigned - (2**n - 1)
    )


def test_zero_is_a_tie_and_counts_as_positive():
    f = formats.get("bipolar2")
    for zero in (0.0, -0.0, 0, np.nan):
        assert f.quantize(zero, "rna") == f.quantize(zero, "rhu") == f.quantize(zero, "up") == 1
        assert f.quantize(zero, "down") == -1
        assert f.quantize(zero) == 1  # from -1, whose code 01 is odd, to 1
    np.testing.assert_array_equal(f.quantize([2, -2, 5, -1e9]), [1, -3, 3, -3])


def test_toward_zero_ends_at_the_innermost_level_of_that_sign():
    np.testing.assert_array_equal(
        formats.get("bipolar2").quantize([2.9, 0.5, 0.0, -0.5, -2.9], "rtz"), [1, 1, 1, -1, -1]
    )


def test_binary_is_the_sign():
    f = formats.get("binary")
    x = [-np.inf, -2, -1e-300, -0.0, 0.0, 1e-300, 3, np.inf, np.nan]
    np.testing.assert_array_equal(f.encode(x), [0, 0, 0, 1, 1, 1, 1, 1, 1])
    np.testing.assert_array_equal(f.decode([0, 1]), [-1, 1])
    assert f.default_rounding == "rna"
    assert f.bits == 1


def test_binary_dot_product_is_xnor_and_population_count():
    a, w = np.random.default_rng(3).integers(0, 2, (2, 1000))
    f = formats.get("binary")
    exact = f.decode(a) @ f.decode(w)
    assert exact == 1000 - 2 * np.count_nonzero(a ^ w)
    assert exact == 2 * np.count_nonzero(1 - (a ^ w)) - 1000


@pytest.mark.parametrize("n", [0, 17, 99])
def test_other_widths_are_refused(n):
    with pytest.raises(FormatError, match=f"bipolar integer of {n} bits: 1 to 16 are allowed"):
        formats.get(f"bipolar{n}")
