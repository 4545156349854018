"""Decode and encode of every format against the exact references, at every hard place."""

import numpy as np
import pytest
from reference import vectors
from reference.number_formats import (
    ALL,
    NAMED,
    OVERFLOWS,
    ROUNDINGS,
    Float,
    Int,
    from_float,
    to_float,
)

from hwdse import formats

FLOATS = {name: f for name, f in ALL.items() if isinstance(f, Float) and f.bits <= 19}
INTEGERS = {name: f for name, f in ALL.items() if isinstance(f, Int)}
SHORT = {name: f for name, f in ALL.items() if f.bits <= 16}


def same_bits(got, expected):
    """Equal as float64 values, signs of zeros included; any NaN equals any NaN."""
    got, expected = np.asarray(got), np.asarray(expected)
    np.testing.assert_array_equal(got, expected)
    number = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(got)[number], np.signbit(expected)[number])


def test_every_named_format_is_covered():
    assert set(formats.names()) == set(NAMED)


@pytest.mark.parametrize("name", SHORT)
def test_every_code_decodes_to_its_definition(name):
    reference, number_format = SHORT[name], formats.get(name)
    codes = np.arange(1 << reference.bits)
    expected = [to_float(reference.decode(int(code))) for code in codes]
    assert number_format.bits == reference.bits
    assert codes.size == 1 << number_format.bits
    same_bits(number_format.decode(codes), expected)


@pytest.mark.parametrize("overflow", OVERFLOWS)
@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("name", SHORT)
def test_every_value_keeps_its_code(name, rounding, overflow):
    number_format, reference = formats.get(name), SHORT[name]
    codes = np.arange(1 << number_format.bits)
    values = number_format.decode(codes)
    expected = codes.copy()
    expected[np.isnan(values)] = getattr(reference, "canonical_nan", 0)
    if overflow == "saturate" and number_format.has_inf:
        largest = number_format.encode([number_format.max, -number_format.max])
        expected[values == np.inf] = largest[0]
        expected[values == -np.inf] = largest[1]
    np.testing.assert_array_equal(number_format.encode(values, rounding, overflow), expected)


@pytest.mark.parametrize("overflow", OVERFLOWS)
@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("name", FLOATS)
def test_floats_round_right_at_every_boundary(name, rounding, overflow):
    """Values, midpoints, their neighbours, subnormals, the overflow boundary, specials."""
    reference, number_format = FLOATS[name], formats.get(name)
    x = vectors.interesting(reference, stride=1 + (1 << reference.bits) // 16384)
    assert x.size > min(2 ** (reference.bits - 1), 9000)
    expected = vectors.encode(reference, x, rounding, overflow)
    np.testing.assert_array_equal(number_format.encode(x, rounding, overflow), expected)


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("name", INTEGERS)
def test_integers_round_and_clamp_at_every_boundary(name, rounding):
    reference, number_format = INTEGERS[name], formats.get(name)
    x = vectors.interesting(reference)
    assert x.size > 2 * 2 ** min(reference.bits - 1, 10)
    expected = [reference.encode(from_float(v), rounding) for v in x.tolist()]
    for overflow in OVERFLOWS:
        np.testing.assert_array_equal(number_format.encode(x, rounding, overflow), expected)


@pytest.mark.parametrize("name", ALL)
def test_random_values_over_the_whole_range(name):
    """Exponents spread evenly over the format's range and a little beyond."""
    reference, number_format = ALL[name], formats.get(name)
    random = np.random.default_rng(20240101)
    low = np.log2(number_format.min_subnormal) - 3
    exponent = random.uniform(low, np.log2(number_format.max) + 2, 300)
    x = 2.0**exponent * random.choice([-1.0, 1.0], 300)
    assert np.unique(x).size == 300
    compared = 0
    for rounding in ROUNDINGS:
        for overflow in OVERFLOWS:
            got = number_format.encode(x, rounding, overflow)
            expected = [reference.encode(from_float(v), rounding, overflow) for v in x.tolist()]
            np.testing.assert_array_equal(got, expected)
            compared += got.size
    assert compared == 3000


@pytest.mark.parametrize("name", ["fp32", "e11m52", "int32"])
def test_wide_formats_decode_as_numpy_reads_the_same_bits(name):
    number_format = formats.get(name)
    native = {"fp32": (np.uint32, np.float32), "e11m52": (np.uint64, np.float64)}
    code_type, value_type = native.get(name, (np.uint32, np.int32))
    random = np.random.default_rng(7)
    codes = random.integers(0, np.iinfo(code_type).max, 20000, code_type, endpoint=True)
    with np.errstate(invalid="ignore"):  # signalling NaNs
        values = codes.view(value_type).astype(np.float64)
    same_bits(number_format.decode(codes), values)
    finite = np.isfinite(values)
    assert finite.sum() > 19000
    encoded = number_format.encode(values[finite])
    assert encoded.dtype == code_type
    np.testing.assert_array_equal(encoded, codes[finite])


@pytest.mark.parametrize("name", SHORT)
def test_properties_are_those_of_the_value_table(name):
    reference, number_format = SHORT[name], formats.get(name)
    assert number_format.signed == getattr(reference, "signed", True)
    assert number_format.code_dtype == np.min_scalar_type(2**reference.bits - 1)
    values = number_format.decode(np.arange(1 << reference.bits))
    finite = values[np.isfinite(values)]
    positive = finite[finite > 0]
    assert number_format.max == finite.max()
    assert number_format.min == finite.min()
    assert number_format.min_subnormal == positive.min()
    assert number_format.has_inf == bool(np.isinf(values).any())
    assert number_format.has_nan == bool(np.isnan(values).any())
    assert number_format.min_normal in positive


@pytest.mark.parametrize("name", SHORT)
def test_ordinals_count_the_values_in_order(name):
    f = formats.get(name)
    codes = np.arange(1 << f.bits)
    values = f.decode(codes)
    finite = np.isfinite(values)
    ordinals = f.ordinal(codes[finite])
    order = np.argsort(values[finite], kind="stable")
    steps = np.diff(values[finite][order])
    np.testing.assert_array_equal(np.diff(ordinals[order]), steps != 0)
    assert np.unique(ordinals).size == np.unique(values[finite]).size
