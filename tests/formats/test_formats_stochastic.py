"""Stochastic rounding: P3109's variant A for given bits, and its errors."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference.number_formats import ALL, from_float

from hwdse import formats
from hwdse.errors import FormatError
from hwdse.formats import RandomBits, Unpacked, round_to_grid


@pytest.mark.parametrize("name", ["e4m3fn", "e5m2", "e2m1fn", "fp16", "ue4m3", "e8m0", "int8"])
@pytest.mark.parametrize("bits", [1, 3, 8, 31])
def test_equals_the_definition(name, bits):
    f, reference, random = formats.get(name), ALL[name], np.random.default_rng(bits)
    x = 2.0 ** random.uniform(np.log2(f.min_subnormal) - 2, np.log2(f.max) + 1, 400)
    x *= random.choice([-1, 1], 400)
    draws = random.integers(0, 1 << bits, 400)
    for overflow in ("saturate", "ieee"):
        got = f.encode(x, "stochastic_a", overflow, RandomBits(values=draws, bits=bits))
        expected = [
            reference.encode(from_float(v), "stochastic_a", overflow, int(r), bits)
            for v, r in zip(x.tolist(), draws, strict=True)
        ]
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("sign", [1, -1])
def test_rounds_up_for_as_many_draws_as_the_fraction_says(sign):
    f, bits = formats.get("int8"), 6
    draws = np.arange(1 << bits)
    for sixty_fourths in range(64):
        x = np.full(64, sign * (5 + sixty_fourths / 64))
        got = f.encode(x, "stochastic_a", random=RandomBits(values=draws, bits=bits))
        assert (f.decode(got) == sign * 6).sum() == sixty_fourths


@pytest.mark.parametrize("x", [2.0**-60, 1e-30, 2.0**-1074, -1e-300])
def test_values_far_below_the_quantum_do_not_round_away(x):
    """floor(fraction * 2^N) is zero for them, whatever the draw."""
    random = RandomBits(values=np.array((1 << 31) - 1), bits=31)
    for name in ("int8", "e4m3fn", "fp16"):
        assert (
            formats.get(name).decode(formats.get(name).encode(x, "stochastic_a", random=random))
            == 0
        )


@given(st.integers(0, 2**200), st.integers(1, 150), st.integers(1, 31), st.data())
def test_wide_significands(significand, drop, bits, data):
    draw = data.draw(st.integers(0, 2**bits - 1))
    flag = np.array([False])
    value = Unpacked(
        sign=flag,
        significand=np.array([significand], object),
        exponent=np.array([-drop]),
        nan=flag,
        inf=flag,
    )
    got = round_to_grid(value, 0, "stochastic_a", RandomBits(values=np.array([draw]), bits=bits))
    exact = Fraction(significand, 2**drop)
    up = ((exact % 1) * 2**bits) // 1 + draw >= 2**bits
    assert got[0] == exact // 1 + up


def test_one_draw_serves_all_values_and_scalars():
    f = formats.get("e4m3fn")
    random = RandomBits(values=np.array(255), bits=8)
    assert f.encode(1.01, "stochastic_a", random=random) == f.encode(1.125)
    np.testing.assert_array_equal(
        f.encode([1.01, 1.12], "stochastic_a", random=random), f.encode([1.125, 1.125])
    )


@pytest.mark.parametrize("bits", [0, 32, -1])
def test_widths_out_of_range_are_refused(bits):
    with pytest.raises(FormatError, match=f"{bits} random bits: 1 to 31"):
        RandomBits(values=np.zeros(1, np.int64), bits=bits)


@pytest.mark.parametrize("values", [[-1], [16], [0.5]])
def test_values_out_of_range_are_refused(values):
    with pytest.raises(FormatError, match=r"integers from 0 to 2\*\*4 - 1"):
        RandomBits(values=np.array(values), bits=4)


def test_missing_bits_are_refused():
    with pytest.raises(FormatError, match="needs random bits"):
        formats.get("e4m3fn").encode([1.0], "stochastic_a")


@pytest.mark.parametrize("shape", [(), (3,), (3, 1)])
def test_bits_of_another_shape_are_refused(shape):
    random = RandomBits(values=np.zeros(5, np.int64), bits=4)
    with pytest.raises(FormatError, match=r"shape \(5,\)"):
        formats.get("e4m3fn").encode(np.ones(shape), "stochastic_a", random=random)
