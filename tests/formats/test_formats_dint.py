"""dINT: both layouts, and what its multiplier does."""

import numpy as np
import pytest

from hwdse import formats
from hwdse.errors import FormatError


def test_dint4_is_sign_magnitude():
    values = formats.get("dint4").decode(np.arange(16))
    magnitudes = [0, 0.5, 1, 2, 3, 4, 5, 6]
    np.testing.assert_array_equal(values[:8], magnitudes)
    np.testing.assert_array_equal(values[8:], np.negative(magnitudes))
    assert np.signbit(values[8])


def test_dint4tc_has_sixteen_values():
    values = formats.get("dint4tc").decode(np.arange(16))
    assert sorted(values) == [*range(-7, 0), -0.5, 0, 0.5, *range(1, 7)]
    np.testing.assert_array_equal(values[[0, 1, 7, 8, 15]], [0, 0.5, 6, -7, -0.5])


@pytest.mark.parametrize("bits", range(3, 9))
def test_range(bits):
    f, g = formats.get(f"dint{bits}"), formats.get(f"dint{bits}tc")
    largest = 2 ** (bits - 1) - 2
    assert (f.max, f.min, g.max, g.min) == (largest, -largest, largest, -largest - 1)
    assert f.min_subnormal == g.min_subnormal == 0.5
    assert np.unique(g.decode(np.arange(2**bits))).size == 2**bits


def test_zeros_keep_their_sign_in_the_layout_with_two():
    x = [0.0, -0.0, -0.1, 0.1, np.nan, -np.nan]
    np.testing.assert_array_equal(formats.get("dint4").encode(x), [0, 8, 8, 0, 0, 0])
    np.testing.assert_array_equal(formats.get("dint4tc").encode(x), [0] * 6)


def test_a_half_survives_that_an_integer_loses():
    x = [0.3, 0.25, 0.75, 0.76, -0.26]
    np.testing.assert_array_equal(formats.get("dint4").quantize(x), [0.5, 0, 1, 1, -0.5])
    np.testing.assert_array_equal(formats.get("int4").quantize(x[:2]), [0, 0])


@pytest.mark.parametrize("name", ["dint4", "dint4tc"])
def test_ties_go_to_the_even_code_which_is_an_odd_integer(name):
    f = formats.get(name)
    np.testing.assert_array_equal(f.quantize([1.5, 2.5, 3.5, 4.5, -1.5]), [1, 3, 3, 5, -1])
    np.testing.assert_array_equal(f.quantize([1.5, 2.5, 3.5, 4.5, -1.5], "rna"), [2, 3, 4, 5, -2])


@pytest.mark.parametrize("name", ["dint4", "dint4tc", "dint8", "dint8tc"])
def test_twice_the_value_is_an_integer_of_one_bit_more(name):
    """The multiplier takes 2 * value; the sum is shifted right by one at the end."""
    f = formats.get(name)
    value = f.unpack(np.arange(1 << f.bits))
    assert (value.exponent == -1).all()
    twice = np.where(value.sign, -value.significand, value.significand)
    assert twice.min() >= -(1 << f.bits)
    assert twice.max() < 1 << f.bits
    assert f.unpacked.magnitude_bits == f.bits
    weights, activations = np.random.default_rng(1).integers(0, 1 << f.bits, (2, 64))
    total = int(twice[weights] @ (activations - 8))
    assert total / 2 == f.decode(weights) @ (activations - 8)


@pytest.mark.parametrize("text", ["dint2", "dint9", "dint0tc", "dint99tc"])
def test_other_widths_are_refused(text):
    with pytest.raises(FormatError, match=rf"^{text}: 3 to 8 bits are allowed$"):
        formats.get(text)
