"""Decode and encode of every format against the exact references, at every hard place."""

from itertools import product

import numpy as np
import pytest
from reference import vectors
from reference.number_formats import (
    ALL,
    OVERFLOWS,
    ROUNDINGS,
    STOCHASTIC,
    Float,
    Int,
    from_float,
    to_float,
)
from sampled import some

from hwdse import formats
from hwdse.formats import RandomBits

MILLION = 1_000_000
FLOATS = {name: f for name, f in ALL.items() if isinstance(f, Float) and f.bits <= 19}
INTEGERS = {name: f for name, f in ALL.items() if isinstance(f, Int)}
SHORT = {name: f for name, f in ALL.items() if f.bits <= 16}


def same_bits(got, expected):
    """Equal as float64 values, signs of zeros included; any NaN equals any NaN."""
    got, expected = np.asarray(got), np.asarray(expected)
    np.testing.assert_array_equal(got, expected)
    number = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(got)[number], np.signbit(expected)[number])


def spread(number_format, random, count):
    """Exponents spread evenly over the format's range and a little beyond."""
    low = np.log2(number_format.min_subnormal) - 3
    exponent = random.uniform(low, np.log2(number_format.max) + 2, count)
    return 2.0**exponent * random.choice([-1.0, 1.0], count)


@pytest.mark.parametrize("name", SHORT)
def test_every_code_decodes_to_its_definition(name):
    reference, number_format = SHORT[name], formats.get(name)
    codes = np.arange(1 << reference.bits)
    expected = [to_float(reference.decode(int(code))) for code in codes]
    assert number_format.bits == reference.bits
    assert codes.size == 1 << number_format.bits
    same_bits(number_format.decode(codes), expected)


@pytest.mark.parametrize("name", SHORT)
def test_every_value_keeps_its_code(name):
    number_format, reference = formats.get(name), SHORT[name]
    codes = np.arange(1 << number_format.bits)
    values = number_format.decode(codes)
    kept = codes.copy()
    kept[np.isnan(values)] = getattr(reference, "canonical_nan", 0)
    if getattr(reference, "flush", False):
        magnitude = codes % 2 ** (reference.E + reference.M)
        flushed = (magnitude < 2**reference.M) & ~np.isnan(values)
        kept[flushed] -= magnitude[flushed]
        if not reference.has_negative_zero:
            kept[flushed] = 0
    if getattr(reference, "symmetric", False):
        kept[2 ** (reference.bits - 1)] += 1
    for overflow, rounding in product(OVERFLOWS, ROUNDINGS):
        expected = kept.copy()
        if overflow == "saturate" and number_format.has_inf:
            largest = number_format.encode([number_format.max, -number_format.max])
            expected[values == np.inf] = largest[0]
            expected[values == -np.inf] = largest[1]
        got = number_format.encode(values, rounding, overflow)
        np.testing.assert_array_equal(got, expected, f"{rounding} {overflow}")


@pytest.mark.parametrize("name", FLOATS)
def test_floats_round_right_at_every_boundary(name):
    """Values, midpoints, their neighbours, subnormals, the overflow boundary, specials."""
    reference, number_format = FLOATS[name], formats.get(name)
    x = vectors.interesting(reference, stride=1 + (1 << reference.bits) // 16384)
    assert x.size > min(2 ** (reference.bits - 1), 9000)
    for overflow, rounding in product(OVERFLOWS, ROUNDINGS):
        expected = vectors.encode(reference, x, rounding, overflow)
        got = number_format.encode(x, rounding, overflow)
        np.testing.assert_array_equal(got, expected, f"{rounding} {overflow}")


@pytest.mark.parametrize(
    ("name", "rounding"),
    some(product([name for name, f in ALL.items() if f.bits <= 11], STOCHASTIC), 4),
)
def test_stochastic_roundings_at_every_boundary(name, rounding):
    reference, number_format = ALL[name], formats.get(name)
    x = vectors.interesting(reference)
    random = np.random.default_rng(9)
    x = random.choice(x, 400)
    compared = 0
    for bits in (1, 5):
        draws = random.integers(0, 1 << bits, x.size)
        for overflow in OVERFLOWS:
            got = number_format.encode(x, rounding, overflow, RandomBits(values=draws, bits=bits))
            expected = [
                reference.encode(from_float(v), rounding, overflow, int(draw), bits)
                for v, draw in zip(x.tolist(), draws, strict=True)
            ]
            np.testing.assert_array_equal(got, expected)
            compared += got.size
    assert compared == 2400


@pytest.mark.parametrize(("name", "rounding"), some(product(INTEGERS, ROUNDINGS), 3))
def test_integers_round_and_clamp_at_every_boundary(name, rounding):
    reference, number_format = INTEGERS[name], formats.get(name)
    x = vectors.interesting(reference)
    assert x.size > 2 * 2 ** min(reference.bits - 1, 10)
    np.testing.assert_array_equal(
        number_format.encode(x, rounding), vectors.encode_integers(reference, x, rounding)
    )
    if not reference.symmetric:
        wrapped = [reference.encode(from_float(v), rounding, "wrap") for v in x.tolist()]
        np.testing.assert_array_equal(number_format.encode(x, rounding, "wrap"), wrapped)
    expected = [reference.encode(from_float(v), rounding) for v in x.tolist()]
    for overflow in OVERFLOWS:
        np.testing.assert_array_equal(number_format.encode(x, rounding, overflow), expected)


@pytest.mark.parametrize("name", some(ALL, 2))
def test_random_values_over_the_whole_range(name):
    """Exponents spread evenly over the format's range and a little beyond."""
    reference, number_format = ALL[name], formats.get(name)
    random = np.random.default_rng(20240101)
    x = spread(number_format, random, 100)
    assert np.unique(x).size == 100
    compared = 0
    for rounding in ROUNDINGS:
        for overflow in OVERFLOWS:
            got = number_format.encode(x, rounding, overflow)
            expected = [reference.encode(from_float(v), rounding, overflow) for v in x.tolist()]
            np.testing.assert_array_equal(got, expected)
            compared += got.size
    assert compared == 100 * len(ROUNDINGS) * len(OVERFLOWS)


@pytest.mark.parametrize("name", [name for name, f in ALL.items() if f.bits <= 19])
def test_a_million_random_values(name):
    """Normal data of several scales, exponents spread evenly, and short significands (ties)."""
    reference, number_format = ALL[name], formats.get(name)
    random = np.random.default_rng(list(name.encode()))
    centre = float(np.sqrt(number_format.max) * np.sqrt(number_format.min_subnormal))
    short = (
        random.integers(0, 1 << (reference.bits + 2), MILLION // 4) * number_format.min_subnormal
    )
    x = np.concatenate(
        [
            random.normal(0, 1, MILLION // 4),
            random.normal(0, centre, MILLION // 4),
            spread(number_format, random, MILLION // 4),
            short / 4 * random.choice([-1.0, 1.0], MILLION // 4),
        ]
    )
    if isinstance(reference, Float):
        expected = vectors.encode(reference, x, "rne", "saturate")
    else:
        expected = vectors.encode_integers(reference, x, "rne")
    got = number_format.encode(x)
    assert got.size == MILLION
    np.testing.assert_array_equal(got, expected)
    assert np.unique(got).size > min(2 ** (reference.bits - 1), 5000) // 2


@pytest.mark.parametrize("name", ["fp32", "int32"])
def test_a_million_random_values_of_wide_formats(name):
    number_format, random = formats.get(name), np.random.default_rng(32)
    x = np.concatenate(
        [random.normal(0, 1e5, MILLION // 2), spread(number_format, random, MILLION // 2)]
    )
    if name == "int32":
        expected = vectors.encode_integers(ALL[name], x, "rne")
    else:
        with np.errstate(over="ignore"):
            largest = np.finfo(np.float32).max
            expected = np.clip(x.astype(np.float32), -largest, largest).view(np.uint32)
    assert x.size == MILLION
    np.testing.assert_array_equal(number_format.encode(x), expected)


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
    if getattr(reference, "symmetric", False):  # its most negative code is never produced
        values = np.delete(values, 1 << (reference.bits - 1))
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
