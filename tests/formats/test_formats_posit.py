"""Posits: known answers, every code, every tie."""

from fractions import Fraction

import numpy as np
import pytest
from formats_samples import LONG, MILLION, posit_spread, record
from reference.number_formats import (
    OVERFLOWS,
    ROUNDINGS,
    STOCHASTIC,
    Value,
    from_float,
    to_float,
)
from reference.posit import NAMED
from reference.posit import Posit as Reference

from hwdse import formats
from hwdse.errors import FormatError
from hwdse.formats import Posit, RandomBits, Unpacked

SHORT = {name: reference for name, reference in NAMED.items() if reference.n <= 16}
ES = range(5)


# --- known answers -----------------------------------------------------------------------------


def test_the_catalogue_has_the_usual_ones():
    assert set(NAMED) == {name for name in formats.names() if name.startswith("posit")}


@pytest.mark.parametrize(
    ("name", "max_exponent", "next_below", "one", "ulp", "pi", "tenth", "hundred", "digits"),
    [
        ("posit4_1", 4, 4, 0x4, 1, 0x6, 0x1, 0x7, 0),
        ("posit8_0", 6, 32, 0x40, 2**-5, 0x69, 0x06, 0x7F, 5),
        ("posit8_1", 12, 2**10, 0x40, 2**-4, 0x59, 0x15, 0x79, 4),
        ("posit8_2", 24, 2**20, 0x40, 2**-3, 0x4D, 0x25, 0x6A, 3),
        ("posit16_1", 28, 2**26, 0x4000, 2**-12, 0x5922, 0x14CD, 0x7920, 12),
        ("posit16_2", 56, 2**52, 0x4000, 2**-11, 0x4C91, 0x24CD, 0x6A40, 11),
        ("posit32_2", 120, 2**116, 0x40000000, 2**-27, 0x4C90FDAA, 0x24CCCCCD, 0x6A400000, 27),
    ],
)
def test_parameters_and_codes(name, max_exponent, next_below, one, ulp, pi, tenth, hundred, digits):
    f = formats.get(name)
    assert f.max == 2.0**max_exponent == -f.min == 1 / f.min_subnormal
    assert f.max_exponent == max_exponent
    assert f.decode(f.nan_code - 2) == next_below
    assert f.decode(one + 1) == 1 + ulp
    assert f.max_fraction_bits == digits
    np.testing.assert_array_equal(f.encode([1.0, np.pi, 0.1, 100]), [one, pi, tenth, hundred])
    negative = (1 << f.bits) - np.array([one, pi, tenth, hundred])
    np.testing.assert_array_equal(f.encode([-1.0, -np.pi, -0.1, -100]), negative)


def test_values_of_pi_and_100_and_a_tenth():
    x = [np.pi, 0.1, 100]
    expected = {
        "posit4_1": [4, 0.0625, 16],
        "posit8_0": [3.125, 0.09375, 64],
        "posit8_1": [3.125, 0.1015625, 96],
        "posit8_2": [3.25, 0.1015625, 96],
    }
    for name, values in expected.items():
        np.testing.assert_array_equal(formats.get(name).quantize(x), values)
    for name in ("posit16_1", "posit16_2"):
        np.testing.assert_array_equal(formats.get(name).quantize(x)[[0, 2]], [3.1416015625, 100])


def test_all_values_of_posit4_1():
    positive = [1 / 16, 1 / 4, 1 / 2, 1, 2, 4, 16]
    expected = [0, *positive, np.nan, *(-value for value in reversed(positive))]
    np.testing.assert_array_equal(formats.get("posit4_1").decode(np.arange(16)), expected)


@pytest.mark.parametrize(
    ("name", "x", "expected"),
    [
        ("posit8_0", 48, 32), ("posit8_0", 48.1, 64),
        ("posit8_2", 2**22, 2**20), ("posit8_2", 2**22 + 1, 2**24),
        ("posit4_1", 3, 4), ("posit4_1", 6.01, 4), ("posit4_1", 8, 4), ("posit4_1", 8.01, 16),
        ("posit4_1", 1.5, 1), ("posit4_1", 1.51, 2), ("posit4_1", 2.5, 2),
        ("posit4_1", 0.1, 1 / 16),
        ("posit8_0", 1e-30, 2**-6), ("posit8_0", -1e-30, -(2**-6)),
        ("posit8_0", 1e30, 64),
        ("posit32_2", 5e-324, 2.0**-120), ("posit32_2", -1e300, -(2.0**120)),
    ],
)  # fmt: skip
def test_ties_of_a_cut_regime_or_exponent_are_geometric(name, x, expected):
    assert formats.get(name).quantize(x) == expected


@pytest.mark.parametrize(
    ("name", "values"),
    [("posit2_0", [0, 1, np.nan, -1]), ("posit2_4", [0, 1, np.nan, -1]),
     ("posit3_0", [0, 0.5, 1, 2, np.nan, -2, -1, -0.5]),
     ("posit3_4", [0, 2**-16, 1, 2**16, np.nan, -(2**16), -1, -(2**-16)])],
)  # fmt: skip
def test_the_shortest_posits(name, values):
    np.testing.assert_array_equal(formats.parse(name).decode(np.arange(len(values))), values)


# --- every code --------------------------------------------------------------------------------


def test_every_code_decodes_to_its_definition_and_keeps_its_code():
    compared = 0
    for n in range(2, 17):
        for es in ES:
            f, reference = Posit(width=n, es=es), Reference(n, es)
            codes = np.arange(1 << n)
            values = f.decode(codes)
            positive = [float(reference.decode(code).magnitude) for code in range(reference.nar)]
            np.testing.assert_array_equal(values[: reference.nar], positive)
            np.testing.assert_array_equal(values[: reference.nar : -1], -values[1 : reference.nar])
            assert np.isnan(values[reference.nar])
            assert not np.signbit(values[0])
            np.testing.assert_array_equal(f.encode(values), codes)
            compared += codes.size
    assert compared == 5 * (2**17 - 4)


def test_every_negative_code_of_short_posits_by_the_definition():
    compared = 0
    for n in range(2, 11):
        for es in ES:
            reference = Reference(n, es)
            expected = [to_float(reference.decode(code)) for code in range(1 << n)]
            np.testing.assert_array_equal(Posit(width=n, es=es).decode(np.arange(1 << n)), expected)
            compared += len(expected)
    assert compared == 5 * (2**11 - 4)


@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_every_value_keeps_its_code_under_every_rounding(rounding):
    compared = 0
    for n in (*range(2, 12), 16):
        for es in ES:
            f, codes = Posit(width=n, es=es), np.arange(1 << n)
            np.testing.assert_array_equal(f.encode(f.decode(codes), rounding), codes)
            compared += codes.size
    assert compared == 5 * (2**12 - 4 + 2**16)


@pytest.mark.parametrize("n", [17, 24, 31, 32])
@pytest.mark.parametrize("es", ES)
def test_codes_of_wide_posits(n, es):
    f, reference = Posit(width=n, es=es), Reference(n, es)
    random = np.random.default_rng(n)
    shift = random.integers(0, n, 1500)  # short codes have long regimes
    codes = random.integers(0, 1 << n, 1500) >> shift
    codes = np.concatenate([codes, -codes % (1 << n), [0, 1, f.nan_code - 1, f.nan_code]])
    values = f.decode(codes)
    expected = [to_float(reference.decode(code)) for code in codes.tolist()]
    np.testing.assert_array_equal(values, expected)
    np.testing.assert_array_equal(f.encode(values), codes)
    assert np.unique(codes).size > 1500


@pytest.mark.parametrize("name", NAMED)
def test_codes_order_as_twos_complement_integers(name):
    f = formats.get(name)
    codes = np.arange(1 << f.bits) if f.bits <= 16 else np.arange(0, 1 << 32, 65536)
    ordinals = f.ordinal(codes)
    np.testing.assert_array_equal(ordinals % (1 << f.bits), codes)
    values = f.decode(codes)[np.argsort(ordinals)]
    assert (np.diff(values[~np.isnan(values)]) > 0).all()
    assert np.isnan(values).sum() == 1
    assert np.isnan(values[0])


# --- rounding ----------------------------------------------------------------------------------


def test_the_look_up_agrees_with_the_cut_string():
    compared = 0
    for n in range(2, 9):
        for es in ES:
            reference = Reference(n, es)
            x = reference.hard_places()[:: 1 + n // 3]
            for rounding in ROUNDINGS:
                one_by_one = [reference.encode(from_float(v), rounding) for v in x.tolist()]
                np.testing.assert_array_equal(reference.encode_many(x, rounding), one_by_one)
                compared += x.size
    assert compared > 39_000


@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_short_posits_round_right_at_every_boundary(rounding):
    """Values, ties, their float64 neighbours, zeros of both signs, infinities, NaN."""
    compared = 0
    for n in range(2, 11):
        for es in ES:
            reference = _cached(n, es)
            x = reference.hard_places()
            assert x.size > 6 * 2 ** (n - 1)
            expected = reference.encode_many(x, rounding)
            for overflow in OVERFLOWS:
                got = Posit(width=n, es=es).encode(x, rounding, overflow)
                np.testing.assert_array_equal(got, expected)
                compared += x.size
    assert compared > 180_000


_references: dict[tuple[int, int], Reference] = {}


def _cached(n: int, es: int) -> Reference:
    return _references.setdefault((n, es), Reference(n, es))


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("name", ["posit16_1", "posit16_2"])
def test_16_bits_round_right_at_every_boundary(name, rounding):
    reference, f = SHORT[name], formats.get(name)
    x = reference.hard_places()
    assert x.size > 350_000
    np.testing.assert_array_equal(f.encode(x, rounding), reference.encode_many(x, rounding))


@pytest.mark.parametrize("rounding", ["rne", "down", *LONG])
@pytest.mark.parametrize("name", SHORT)
def test_a_million_random_values(name, rounding):
    reference, f = SHORT[name], formats.get(name)
    x = posit_spread(f.max_exponent, MILLION, seed=f.bits)
    got = f.encode(x, rounding)
    assert got.size == MILLION
    codes_reached = min(2**f.bits - 2, 40_000)  # neither zero nor NaR
    assert np.unique(got).size >= codes_reached // (1 + (rounding == "odd"))
    np.testing.assert_array_equal(got, reference.encode_many(x, rounding))


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("n", [17, 25, 31, 32])
def test_wide_posits_at_random_values_and_ties(n, rounding):
    compared = 0
    for es in ES:
        f, reference = Posit(width=n, es=es), Reference(n, es)
        random = np.random.default_rng(es)
        codes = random.integers(0, 1 << n, 70) >> random.integers(0, n - 1, 70)
        ties = np.array([float(Reference(n + 1, es).decode(int(c)).magnitude) for c in codes | 1])
        x = np.concatenate([ties, np.nextafter(ties, 0), np.nextafter(ties, np.inf)])
        x = np.concatenate([x, -x, posit_spread(f.max_exponent, 80, seed=n)])
        x = x[~np.isnan(x)]
        expected = [reference.encode(from_float(v), rounding) for v in x.tolist()]
        np.testing.assert_array_equal(f.encode(x, rounding), expected)
        compared += x.size
    assert compared > 2400


@pytest.mark.parametrize("bits", [1, 2, 5, 13, 31])
@pytest.mark.parametrize("rounding", STOCHASTIC)
def test_stochastic_rounding_equals_the_definition(rounding, bits):
    random, compared = np.random.default_rng(bits), 0
    for n, es in [(2, 0), (4, 1), (5, 4), (8, 0), (8, 2), (16, 1), (32, 0), (32, 2), (32, 4)]:
        f, reference = Posit(width=n, es=es), Reference(n, es)
        x = posit_spread(f.max_exponent, 300, seed=bits)
        x = np.concatenate([x, [0.0, -0.0, np.inf, np.nan]])
        draws = random.integers(0, 1 << bits, x.size)
        draws[:60] = random.choice([0, (1 << bits) - 1, 1 << (bits - 1)], 60)
        got = f.encode(x, rounding, random=RandomBits(values=draws, bits=bits))
        expected = [
            reference.encode(from_float(v), rounding, "saturate", int(draw), bits)
            for v, draw in zip(x.tolist(), draws, strict=True)
        ]
        np.testing.assert_array_equal(got, expected)
        compared += got.size
    assert compared == 9 * 304


def test_stochastic_rounding_sees_the_bits_cut_off():
    """posit4_1 between 4 and 16: an exponent bit and the fraction are cut off."""
    f, draws = formats.get("posit4_1"), np.arange(64)
    x = np.full(64, 8 * 1.25)  # the string 1|01 is five eighths of the way
    got = f.quantize(x, "stochastic_a", random=RandomBits(values=draws, bits=6))
    assert (got == 16).sum() == 40
    assert (got == 4).sum() == 24


@pytest.mark.parametrize("rounding", [*ROUNDINGS, *STOCHASTIC])
@pytest.mark.parametrize("name", NAMED)
def test_no_number_becomes_zero_or_nar(name, rounding):
    f = formats.get(name)
    tiny = np.array([5e-324, 1e-300, f.min_subnormal / 3, f.min_subnormal * (1 - 1e-12)])
    huge = np.array([1e308, f.max * 1.9, f.max * (1 + 1e-12)])
    for draw in (0, 15):
        random = RandomBits(values=np.array(draw), bits=4) if rounding in STOCHASTIC else None
        for sign in (1, -1):
            for overflow in OVERFLOWS:
                got = f.quantize(sign * tiny, rounding, overflow, random)
                np.testing.assert_array_equal(got, [sign * f.min_subnormal] * 4)
                got = f.quantize(sign * huge, rounding, overflow, random)
                np.testing.assert_array_equal(got, [sign * f.max] * 3)


@pytest.mark.parametrize("overflow", OVERFLOWS)
@pytest.mark.parametrize("name", NAMED)
def test_specials(name, overflow):
    f = formats.get(name)
    for rounding in ROUNDINGS:
        got = f.encode([np.inf, -np.inf, np.nan, -np.nan, 0.0, -0.0], rounding, overflow)
        np.testing.assert_array_equal(got, [f.nan_code] * 4 + [0, 0])
    assert f.has_nan
    assert not f.has_inf
    assert f.overflow == "saturate"


def test_posits_do_not_wrap():
    with pytest.raises(FormatError, match="overflow wrap of posit8_2"):
        formats.get("posit8_2").encode([1.0], overflow="wrap")


# --- significands of any size ------------------------------------------------------------------


def wide_numbers(f: Posit, reference: Reference, random: np.random.Generator) -> list[Fraction]:
    """Long numbers over the range, and a last bit far below values and ties."""
    numbers = []
    longer = Reference(reference.n + 1, reference.es)
    for _ in range(40):
        digits = int.from_bytes(random.bytes(40)) | 1
        numbers.append(Fraction(digits) * Fraction(2) ** int(random.integers(-400, 100)))
        code = int(random.integers(1, longer.top)) >> int(random.integers(0, f.bits - 1))
        value = longer.decode(max(code, 1)).magnitude
        for offset in (-1, 0, 1):
            numbers.append(value + offset * value / 2 ** int(random.integers(60, 500)))
    return numbers + [-number for number in numbers]


@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_wide_significands(rounding):
    random, compared = np.random.default_rng(3), 0
    for n, es in [(2, 3), (3, 0), (4, 1), (8, 0), (8, 2), (16, 1), (32, 0), (32, 2), (32, 4)]:
        f, reference = Posit(width=n, es=es), Reference(n, es)
        numbers = wide_numbers(f, reference, random)
        values = [Value(number < 0, abs(number)) for number in numbers]
        expected = [reference.encode(value, rounding) for value in values]
        np.testing.assert_array_equal(f.pack(record(numbers), rounding), expected)
        compared += len(numbers)
    assert compared == 9 * 320


@pytest.mark.parametrize("rounding", [*ROUNDINGS, *STOCHASTIC])
@pytest.mark.parametrize("es", ES)
def test_int64_significands_of_62_bits(es, rounding):
    f, reference, random = Posit(width=32, es=es), Reference(32, es), np.random.default_rng(es)
    significand = (random.integers(1 << 61, 1 << 62, 200) | 1) & ~random.integers(0, 1 << 33, 200)
    numbers = [
        Fraction(int(m)) * Fraction(2) ** int(random.integers(-70, -50)) for m in significand
    ]
    draws = random.integers(0, 1 << 31, 200)
    bits = RandomBits(values=draws, bits=31) if rounding in STOCHASTIC else None
    expected = [
        reference.encode(Value(False, number), rounding, "saturate", int(draw), 31)
        for number, draw in zip(numbers, draws, strict=True)
    ]
    narrow = record(numbers, np.int64)
    np.testing.assert_array_equal(f.pack(narrow, rounding, random=bits), expected)
    np.testing.assert_array_equal(f.pack(narrow.exact(), rounding, random=bits), expected)


# --- shapes, records, names --------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMED)
def test_any_shape(name):
    f = formats.get(name)
    for shape in [(), (0,), (2, 0), (1, 2, 3)]:
        x = np.full(shape, 1.0)
        assert f.encode(x).shape == f.quantize(x).shape == shape
        assert f.pack(Unpacked.from_numbers(x).exact()).shape == shape
        np.testing.assert_array_equal(f.pack(Unpacked.from_numbers(x).exact()), f.encode(x))
    flag = np.array(False)
    huge = Unpacked(
        sign=flag,
        significand=np.array(2**200 // 3, object),
        exponent=np.array(-60),
        nan=flag,
        inf=flag,
    )
    assert f.pack(huge).shape == ()
    assert f.decode(f.pack(huge)) == f.max


@pytest.mark.parametrize("name", [*SHORT, "posit2_0", "posit2_4", "posit3_2", "posit6_4"])
def test_records_stay_within_their_bounds(name):
    f = formats.parse(name)
    codes = np.arange(1 << f.bits)
    value, shape = f.unpack(codes), f.unpacked
    np.testing.assert_array_equal(value.to_float64(), f.decode(codes))
    assert (value.significand < 1 << shape.significand_bits).all()
    real = value.significand > 0
    assert (value.significand[real] >= 1 << (shape.significand_bits - 1)).all()
    assert value.exponent.min() == shape.exponent_min
    assert value.exponent.max() == shape.exponent_max
    assert value.nan.sum() == shape.has_nan
    assert (value.significand[value.nan] == 0).all()
    assert not value.inf.any()
    np.testing.assert_array_equal(f.pack(value), codes)
    np.testing.assert_array_equal(f.pack(value.exact()), codes)


def test_full_precision_begins_where_the_regime_is_shortest():
    expected = {"posit4_1": 1 / 16, "posit8_0": 0.5, "posit8_2": 2.0**-4, "posit32_2": 2.0**-4}
    for name, value in expected.items():
        assert formats.get(name).min_normal == value


@pytest.mark.parametrize("n", range(2, 33))
@pytest.mark.parametrize("es", ES)
def test_every_name_means_the_format_that_bears_it(n, es):
    f = Posit(width=n, es=es)
    assert formats.parse(f.name) == f
    assert (f.bits, f.es, f.name) == (n, es, f"posit{n}_{es}")


@pytest.mark.parametrize(
    ("text", "message"),
    [("posit1_0", "2 to 32 bits"), ("posit33_2", "2 to 32 bits"), ("posit8_5", "0 to 4 exponent"),
     ("posit0_0", "2 to 32"), ("posit8", "unknown"), ("posit8_-1", "unknown")],
)  # fmt: skip
def test_impossible_posits_are_refused(text, message):
    with pytest.raises(FormatError, match=message) as caught:
        formats.parse(text)
    assert "\n" not in str(caught.value)
