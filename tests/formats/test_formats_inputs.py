"""Every format of the catalogue takes every kind of array, and refuses what it cannot take."""

import numpy as np
import pytest

from hwdse import formats
from hwdse.errors import FormatError
from hwdse.formats import OVERFLOWS, ROUNDINGS, STOCHASTIC_ROUNDINGS, RandomBits

NAMES = formats.names()
X = np.array([0.5, -1.75, 3.1415926, 100, -1e-9, np.inf, -np.inf, -0.0, np.nan, 1e38])


def canonical(f, codes):
    """Codes that `encode` produces, with their values."""
    values = f.decode(codes)
    keep = f.encode(values, overflow="ieee") == codes
    return codes[keep], values[keep]


@pytest.mark.parametrize("name", NAMES)
def test_canonical_codes_round_trip(name):
    f = formats.get(name)
    codes = np.arange(1 << f.bits) if f.bits <= 16 else np.arange(0, 1 << f.bits, 65537)
    kept, values = canonical(f, codes)
    assert kept.size >= min(codes.size // 4, 10_000)
    for rounding in ROUNDINGS:
        random = RandomBits(values=np.array(0), bits=8) if "stochastic" in rounding else None
        np.testing.assert_array_equal(f.encode(values, rounding, "ieee", random), kept)


@pytest.mark.parametrize("name", NAMES)
def test_floats_of_every_type_and_byte_order(name):
    f = formats.get(name)
    for dtype in ("f2", "f4", "f8"):
        with np.errstate(over="ignore"):
            x = X.astype(dtype)
        expected = f.encode(x.astype(np.float64))
        assert expected.dtype == f.code_dtype
        for order in "<>":
            np.testing.assert_array_equal(f.encode(x.astype(order + dtype)), expected)


@pytest.mark.parametrize("name", NAMES)
def test_integers_are_the_floats_of_the_same_value(name):
    f = formats.get(name)
    numbers = np.array([0, 1, 2, 3, 7, 100, 127])
    expected = f.encode(numbers.astype(np.float64))
    for dtype in ("i1", "u1", ">i2", "i4", "u8", "i8"):
        np.testing.assert_array_equal(f.encode(numbers.astype(dtype)), expected)
    np.testing.assert_array_equal(f.encode(-numbers[1:]), f.encode(-numbers[1:] * 1.0))


@pytest.mark.parametrize("name", NAMES)
def test_shapes_and_strides(name):
    f = formats.get(name)
    x = np.linspace(-9, 9, 120).reshape(4, 5, 6)
    codes = f.encode(x)
    assert codes.shape == x.shape
    np.testing.assert_array_equal(f.encode(x[::-1, ::2, 1::3]), codes[::-1, ::2, 1::3])
    np.testing.assert_array_equal(f.encode(x.T), codes.T)
    np.testing.assert_array_equal(f.encode(np.asfortranarray(x[0])), codes[0])
    np.testing.assert_array_equal(f.decode(codes.T[::2]), f.decode(codes).T[::2])
    one = f.encode(x[1, 2, 3])
    assert (one.shape, int(one)) == ((), int(codes[1, 2, 3]))
    assert f.decode(one).shape == ()
    for empty in (np.zeros(0), np.zeros((3, 0, 2), np.float32), np.zeros((0, 4), np.int8)):
        assert f.encode(empty).shape == f.quantize(empty).shape == empty.shape
    broadcast = np.broadcast_to(np.float64(1.0), (3, 2))
    assert np.unique(f.encode(broadcast)).size == 1


@pytest.mark.parametrize("name", NAMES)
def test_nan_payloads_and_signs_make_no_difference(name):
    f = formats.get(name)
    payloads = np.array([0x7FC00000, 0x7F800001, 0xFFC00000, 0xFFFFFFFF, 0x7FABCDEF], np.uint32)
    codes = f.encode(payloads.view(np.float32))
    assert np.unique(codes).size == 1
    assert codes[0] == (f.nan_code if f.has_nan else f.encode(0.0))
    wide = np.array([0x7FF8000000000000, 0xFFF0000000000001], np.uint64).view(np.float64)
    assert np.all(f.encode(wide) == codes[0])


@pytest.mark.parametrize("name", NAMES)
def test_other_types_are_refused(name):
    f = formats.get(name)
    for x in (np.array(["1"]), np.array([1j]), np.array([None]), np.ones(2, np.longdouble)):
        with pytest.raises(FormatError, match="cannot encode values of type"):
            f.encode(x)
    for codes in ([0.5], [True], ["a"], [None]):
        with pytest.raises(FormatError, match=f"{name} codes must be integers"):
            f.decode(codes)
    for code in (-1, 1 << f.bits):
        with pytest.raises(FormatError, match=f"{name} code {code} is out of range 0.."):
            f.decode([0, code])
    with pytest.raises(FormatError, match="unknown rounding 'nearest'"):
        f.encode(1.0, "nearest")
    with pytest.raises(FormatError, match="unknown overflow 'clamp'"):
        f.encode(1.0, overflow="clamp")
    for rounding in STOCHASTIC_ROUNDINGS:
        with pytest.raises(FormatError, match=f"rounding {rounding} needs random bits"):
            f.encode(1.0, rounding)


@pytest.mark.parametrize("name", NAMES)
def test_every_rounding_lands_on_a_neighbour(name):
    """Whatever the direction, a value inside the range goes to one of the two levels around it."""
    f = formats.get(name)
    random = np.random.default_rng(3)
    low, high = max(f.min, -1e30), min(f.max, 1e30)
    x = random.uniform(0.9 * low, 0.9 * high, 2000) * 2.0 ** -random.integers(0, 12, 2000)
    if not f.signed:
        x = np.abs(x)
    if name == "e8m0":
        x = x[x > 0]
    values = [f.quantize(x, rounding) for rounding in ROUNDINGS[:7]]
    draws = RandomBits(values=random.integers(0, 16, x.size), bits=4)
    values += [f.quantize(x, rounding, random=draws) for rounding in STOCHASTIC_ROUNDINGS]
    down, up = f.quantize(x, "down"), f.quantize(x, "up")
    for value in values:
        assert np.all((value == down) | (value == up))
    for overflow in OVERFLOWS[:3]:
        np.testing.assert_array_equal(f.quantize(x, overflow=overflow), values[0] if
                                      f.default_rounding == "rne" else values[1])  # fmt: skip
