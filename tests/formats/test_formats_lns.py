"""Logarithmic numbers: known answers, every code, both sides of every tie, exact logarithms."""

from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest
from formats_samples import LONG, MILLION, record
from reference.lns import NAMED, classic, floor_log2_times, gamma_form
from reference.lns import Logarithmic as Reference
from reference.number_formats import OVERFLOWS, ROUNDINGS, STOCHASTIC, Value, from_float, to_float
from scipy.stats import norm

from hwdse import formats
from hwdse.errors import FormatError
from hwdse.formats import Logarithmic, RandomBits, Unpacked
from hwdse.formats.exact_log2 import POWER_BITS, floor_log2, power_floors

#: Every layout with few and many fraction bits, the shortest and the longest.
GRID = NAMED | {
    "lns2_g1": gamma_form(2, 1),
    "lns2_g2": gamma_form(2, 2),
    "lns2_g1z": gamma_form(2, 1, zero=True),
    "lns3_g4": gamma_form(3, 4),
    "lns4_g2": gamma_form(4, 2),
    "lns5_g4z": gamma_form(5, 4, zero=True),
    "lns6_g1": gamma_form(6, 1),
    "lns6_g32z": gamma_form(6, 32, zero=True),
    "lns8_g1": gamma_form(8, 1),
    "lns8_g16": gamma_form(8, 16),
    "lns8_g128": gamma_form(8, 128),
    "lns11_g1": gamma_form(11, 1),
    "lns12_g256z": gamma_form(12, 256, zero=True),
    "lns16_g32": gamma_form(16, 32),
    "lns1_0": classic(1, 0),
    "lns1_1": classic(1, 1),
    "lns3_0": classic(3, 0),
    "lns3_3": classic(3, 3),
    "lns5_5": classic(5, 5),
    "lns10_0": classic(10, 0),
    "lns10_4": classic(10, 4),
    "lns1_0n": classic(1, 0, flag=False),
    "lns2_1n": classic(2, 1, flag=False),
    "lns4_3n": classic(4, 3, flag=False),
    "lns4_4n": classic(4, 4, flag=False),
    "lns10_5n": classic(10, 5, flag=False),
}


def spread(f: Logarithmic, size: int, seed: int) -> np.ndarray:
    """Half of them normal, half evenly over the binades of the range and some beyond."""
    random = np.random.default_rng(seed)
    low, high = np.log2(f.min_subnormal) - 3, min(np.log2(f.max) + 3, 1023.9)
    binades = 2.0 ** random.uniform(low, high, size - size // 2)
    binades *= random.choice([-1.0, 1.0], binades.size)
    return np.concatenate([random.normal(0, 1, size // 2), binades])


# --- known answers -----------------------------------------------------------------------------


def test_the_catalogue_has_both_layouts():
    assert set(NAMED) == {name for name in formats.names() if name.startswith("lns")}


@pytest.mark.parametrize(
    ("gamma", "percent"), [(1, "41.4"), (2, "18.9"), (4, "9.05"), (8, "4.43"), (16, "2.19")]
)
def test_relative_half_gap(gamma, percent):
    """A value just below the tie is off by the factor 2^(1/(2 gamma)), whatever its size."""
    f = formats.parse(f"lns8_g{gamma}")
    level = f.decode(np.arange(1, 7 * gamma))
    gap = 2 ** (1 / (2 * gamma)) - 1
    digits = len(percent.partition(".")[2])
    assert round(100 * gap, digits) == float(percent)
    np.testing.assert_array_equal(f.quantize(level * (1 + gap) * (1 - 1e-12)), level)
    assert (f.quantize(level * (1 + gap) * (1 + 1e-12)) > level).all()


def test_levels_of_gamma_8():
    constants = [1, 1.09050773, 1.18920712, 1.29683955, 1.41421356, 1.54221083, 1.68179283,
                 1.83400809]  # fmt: skip
    f = formats.get("lns8_g8")
    np.testing.assert_allclose(f.decode(np.arange(8)), constants, rtol=0, atol=5e-9)
    np.testing.assert_array_equal(f.decode(np.arange(8, 128)), 2 * f.decode(np.arange(120)))
    np.testing.assert_array_equal(f.decode(np.arange(128, 256)), -f.decode(np.arange(128)))
    assert f.max == f.decode(127) == -f.min
    assert np.isclose(np.log2(f.max), 127 / 8)  # log2 range (2^(B-1) - 1) / gamma
    assert f.gamma == 8


@pytest.mark.parametrize(
    ("bits", "gamma", "decibels"),
    [(8, 1, 13.9), (8, 2, 20.0), (8, 4, 26.0), (8, 8, 32.1), (8, 16, 38.0), (8, 32, 26.4),
     (6, 2, 20.0), (6, 4, 26.0), (5, 2, 20.0), (5, 4, 22.5), (4, 2, 18.5)],
)  # fmt: skip
def test_signal_to_noise_of_a_normal_variable_at_the_best_scale(bits, gamma, decibels):
    f = formats.parse(f"lns{bits}_g{gamma}")
    x = norm.ppf((np.arange(8000) + 0.5) / 8000)
    largest = 2.0 ** np.arange(1, 3, 1 / (3 * gamma))[:, np.newaxis]
    scales = largest / f.max
    noise = ((f.quantize(x / scales) * scales - x) ** 2).mean(axis=1)
    assert abs(10 * np.log10((x**2).mean() / noise.min()) - decibels) < 0.1


def test_the_gamma_form_has_no_zero():
    f = formats.get("lns8_g8")
    x = [0.0, -0.0, 0.99, -0.99, 5e-324, -1e-300, 1.0, -1.0]
    for rounding in ROUNDINGS:
        np.testing.assert_array_equal(f.encode(x, rounding), [0, 128] * 4)
    assert f.min_subnormal == 1
    assert not f.has_zero


def test_a_zero_in_the_place_of_the_lowest_level():
    f = formats.get("lns8_g8z")
    np.testing.assert_array_equal(f.decode([0, 128, 1, 129]), [0, 0, 2 ** (1 / 8), -(2 ** (1 / 8))])
    np.testing.assert_array_equal(np.signbit(f.decode([0, 128])), [False, False])
    tie = 2 ** (1 / 16)
    np.testing.assert_array_equal(f.encode([0.0, -0.0, 1.0, tie - 1e-12, tie + 1e-12, -1.5]),
                                  [0, 0, 0, 0, 1, 128 + 5])  # fmt: skip
    assert f.min_subnormal == 2 ** (1 / 8)


def test_the_classic_layout():
    """Sign, zero flag, then log2 in two's complement."""
    f = formats.get("lns4_3")
    assert f.bits == 9
    words = ["000000000", "000001000", "100001000", "001111111", "000111111", "001000000",
             "010000000", "110101010"]  # fmt: skip
    values = [1, 2, -2, 2 ** (-1 / 8), 2 ** (63 / 8), 2**-8, 0, 0]
    np.testing.assert_allclose(f.decode([int(word, 2) for word in words]), values, rtol=1e-15)
    codes = f.encode([1, 2, -2, 2 ** (-1 / 8), 1e9, 2**-8, 0, -0.0])
    assert [format(code, "09b") for code in codes] == [*words[:6], words[6], words[6]]
    # Zero stands where L = -65 would be: half a level lower, in the logarithm, is the tie.
    tie = 2.0 ** (-8 - 1 / 16)
    np.testing.assert_array_equal(f.quantize([tie * (1 + 1e-12), tie * (1 - 1e-12)]), [2**-8, 0])
    np.testing.assert_array_equal(f.quantize([1e-9, -1e-9], "up"), [2**-8, 0])
    np.testing.assert_array_equal(f.quantize([1e-9, -1e-9], "down"), [0, -(2**-8)])


def test_a_zero_in_the_place_of_the_most_negative_logarithm():
    f = formats.parse("lns4_3n")
    assert f.bits == 8
    np.testing.assert_array_equal(f.decode([0x40, 0xC0, 0, 0x80]), [0, 0, 1, -1])
    np.testing.assert_array_equal(f.encode([0.0, -0.0, np.nan]), [0x40] * 3)


def test_multiplication_adds_logarithms():
    f = formats.get("lns8_g8")
    a, b = np.meshgrid(np.arange(64), np.arange(64))
    np.testing.assert_array_equal(f.encode(f.decode(a) * f.decode(b)), a + b)


# --- every code --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", GRID)
def test_every_code_decodes_to_its_definition(name):
    f, reference = formats.parse(name), GRID[name]
    assert f.name == name
    assert f.bits == reference.bits
    codes = np.arange(1 << f.bits)
    expected = [to_float(reference.decode(code)) for code in codes.tolist()]
    values = f.decode(codes)
    np.testing.assert_array_equal(values, expected)
    np.testing.assert_array_equal(np.signbit(values), np.array(expected) < 0)


def every_format():
    for bits in range(2, 17):
        for fraction_bits in range(bits):
            if bits - 1 - fraction_bits <= 10:
                for suffix in ("", "z"):
                    yield f"lns{bits}_g{1 << fraction_bits}{suffix}"
    for integer_bits in range(1, 11):
        for fraction_bits in range(16 - integer_bits):
            for suffix in ("", "n"):
                if integer_bits + fraction_bits + 1 + (suffix == "") <= 16:
                    yield f"lns{integer_bits}_{fraction_bits}{suffix}"


def test_canonical_codes_keep_their_code():
    compared = 0
    for name in every_format():
        f = formats.parse(name)
        codes = np.arange(1 << f.bits)
        values = f.decode(codes)
        zero = values == 0
        expected = np.where(zero, codes[zero].min(initial=1 << f.bits), codes)
        assert zero.any() == f.has_zero
        assert np.unique(values).size == np.unique(expected).size
        roundings = ROUNDINGS if f.bits <= 10 else ("rne",)
        for rounding in roundings:
            np.testing.assert_array_equal(f.encode(values, rounding), expected)
        compared += codes.size
    assert compared > 1_000_000


@pytest.mark.parametrize("name", GRID)
def test_ordinals_count_the_values_in_order(name):
    f = formats.parse(name)
    codes = np.arange(1 << f.bits)
    values, ordinals = f.decode(codes), f.ordinal(codes)
    order = np.argsort(values, kind="stable")
    np.testing.assert_array_equal(np.diff(ordinals[order]), np.diff(values[order]) != 0)
    assert np.unique(ordinals).size == np.unique(values).size


# --- rounding ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", GRID)
def test_the_look_up_agrees_with_the_one_value_codec(name):
    reference = GRID[name]
    x = reference.hard_places()
    x = x[:: 1 + x.size // 250]
    for rounding in ROUNDINGS:
        one_by_one = [reference.encode(from_float(v), rounding) for v in x.tolist()]
        np.testing.assert_array_equal(reference.encode_many(x, rounding), one_by_one)
    assert x.size > 20


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("name", GRID)
def test_rounds_right_at_every_boundary(name, rounding):
    """Values, both floats around each tie, their neighbours, zeros, infinities, NaN."""
    f, reference = formats.parse(name), GRID[name]
    x = reference.hard_places()
    assert x.size > 5 * len(reference.logs)
    expected = reference.encode_many(x, rounding)
    for overflow in OVERFLOWS if f.bits <= 9 else ("ieee",):
        np.testing.assert_array_equal(f.encode(x, rounding, overflow), expected)


@pytest.mark.parametrize("rounding", ["rne", "down", *LONG])
@pytest.mark.parametrize("name", NAMED)
def test_a_million_random_values(name, rounding):
    f, reference = formats.get(name), NAMED[name]
    x = spread(f, MILLION, seed=f.bits)
    got = f.encode(x, rounding)
    assert got.size == MILLION
    assert np.unique(got).size > 0.48 * np.unique(f.decode(np.arange(1 << f.bits))).size
    np.testing.assert_array_equal(got, reference.encode_many(x, rounding))


@pytest.mark.parametrize("bits", [1, 2, 5, 9, 31])
@pytest.mark.parametrize("rounding", STOCHASTIC)
def test_stochastic_rounding_equals_the_definition(rounding, bits):
    random, compared = np.random.default_rng(bits), 0
    for name in ("lns8_g8", "lns8_g8z", "lns4_3", "lns4_3n", "lns6_g1", "lns5_5", "lns3_g4"):
        f, reference = formats.parse(name), GRID[name]
        specials = [0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -2.0]
        x = np.concatenate([spread(f, 50, seed=bits), f.decode(np.arange(7)), specials])
        draws = random.integers(0, 1 << bits, x.size)
        draws[:20] = random.choice([0, (1 << bits) - 1, 1 << (bits - 1)], 20)
        got = f.encode(x, rounding, random=RandomBits(values=draws, bits=bits))
        expected = [
            reference.encode(from_float(v), rounding, "saturate", int(draw), bits)
            for v, draw in zip(x.tolist(), draws, strict=True)
        ]
        np.testing.assert_array_equal(got, expected)
        compared += got.size
    assert compared == 7 * 64


def test_stochastic_rounding_is_of_the_logarithm():
    """A quarter of the way in the logarithm, a quarter of the draws round away."""
    f, draws = formats.get("lns8_g8"), np.arange(64)
    x = np.full(64, 2 ** (16.25 / 8) * (1 + 1e-12))
    got = f.encode(x, "stochastic_a", random=RandomBits(values=draws, bits=6))
    assert (got == 17).sum() == 16
    assert (got == 16).sum() == 48


@pytest.mark.parametrize("overflow", OVERFLOWS)
@pytest.mark.parametrize("name", NAMED)
def test_specials(name, overflow):
    f = formats.get(name)
    for rounding in ROUNDINGS:
        got = f.quantize([np.inf, -np.inf, 1e308, -1e308], rounding, overflow)
        np.testing.assert_array_equal(got, [f.max, f.min] * 2)
        nan = f.quantize([np.nan, -np.nan], rounding, overflow)
        np.testing.assert_array_equal(nan, [0 if f.has_zero else f.min_subnormal] * 2)
    assert not f.has_nan
    assert not f.has_inf


def test_logarithms_do_not_wrap():
    with pytest.raises(FormatError, match="overflow wrap of lns8_g8"):
        formats.get("lns8_g8").encode([1.0], overflow="wrap")


# --- exact logarithms --------------------------------------------------------------------------


@pytest.mark.parametrize("digits", [0, 1, 3, 7, 12, 16, 17, 30, 47])
def test_logarithms_equal_two_other_ways(digits):
    random = np.random.default_rng(digits)
    numbers = [1, 2, 3, 5, 2**61, 2**61 + 1, 2**62 - 1, 2**53 - 1, 2**100, 2**100 + 1, 2**300 - 1]
    numbers += [int.from_bytes(random.bytes(int(random.integers(1, 40)))) | 1 for _ in range(40)]
    expected = [floor_log2_times(number, 2**digits) for number in numbers]
    np.testing.assert_array_equal(floor_log2(np.array(numbers, object), digits), expected)
    short = [number for number in numbers if number < 2**62]
    expected = [floor_log2_times(number, 2**digits) for number in short]
    np.testing.assert_array_equal(floor_log2(np.array(short), digits), expected)
    assert len(short) > 6


@pytest.mark.parametrize("digits", [0, 1, 4, 10])
def test_powers_equal_integer_roots(digits):
    """floor(y) is right if floor(y)^r <= y^r < (floor(y) + 1)^r; here y^r is a power of two."""
    table, r = power_floors(digits), 2**digits
    assert table.size == r + 1
    for j in range(0, r + 1, 1 + r // 128):
        low = int(table[j])
        assert low**r <= 2 ** (POWER_BITS * r + j) < (low + 1) ** r


def test_long_integers_that_agree_with_a_table_entry_are_told_apart():
    """Their first 62 bits are those of 2^(j/16), which lies between them."""
    table, compared = power_floors(4), 0
    with localcontext() as context:
        context.prec = 150
        for j in range(1, 16):
            power = int(Decimal(2) ** (POWER_BITS + 300 + Decimal(j) / 16))
            for offset, place in ((-(1 << 200), j - 1), (1 << 200, j), (0, j - 1), (1, j)):
                assert (power + offset) >> 300 == table[j]
                number = np.array([power + offset], object)
                assert floor_log2(number, 4)[0] == 16 * (POWER_BITS + 300) + place
                compared += 1
    assert compared == 60


@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_wide_significands(rounding):
    """Sums of any length, and places as near to a level or a tie as only they can be."""
    compared = 0
    for name in ("lns8_g8", "lns8_g8z", "lns4_3", "lns6_g1", "lns3_g4"):
        f, reference, random = formats.parse(name), GRID[name], np.random.default_rng(3)
        numbers = [Fraction(0), Fraction(2**400), Fraction(1, 2**400)]
        for log in random.choice([log for log in reference.logs if log is not None], 12):
            digits = int.from_bytes(random.bytes(30)) | 1
            numbers.append(Fraction(digits) * Fraction(2) ** int(random.integers(-260, -220)))
            level = reference.magnitude(int(log))
            numbers += [level, level * (1 + Fraction(1, 2**300)), level * (1 - Fraction(1, 2**99))]
            tie = root_bounds(2 * int(log) + 1, 2 * f.gamma)
            numbers += tie
        numbers += [-number for number in numbers]
        expected = [
            reference.encode(Value(number < 0, abs(number)), rounding) for number in numbers
        ]
        np.testing.assert_array_equal(f.pack(record(numbers), rounding), expected)
        compared += len(numbers)
    assert compared == 5 * 2 * (3 + 12 * 6)


def root_bounds(j: int, r: int) -> list[Fraction]:
    """Both multiples of 2^-150 next to 2^(j/r)."""
    low, high = 0, 2 ** (151 + max(j // r, 0) + 1)
    power = 2 ** (150 * r + j) if 150 * r + j > 0 else 0
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**r <= power else (low, middle)
    return [Fraction(low, 2**150), Fraction(high, 2**150)]


@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_int64_significands_of_62_bits(rounding):
    random = np.random.default_rng(5)
    significand = random.integers(1 << 61, 1 << 62, 300) | 1
    numbers = [Fraction(int(m)) * Fraction(2) ** int(e) for m, e in
               zip(significand, random.integers(-70, -50, 300), strict=True)]  # fmt: skip
    for name in ("lns8_g8", "lns4_3", "lns12_g256z"):
        f, reference = formats.parse(name), GRID[name]
        expected = [reference.encode(Value(False, number), rounding) for number in numbers]
        np.testing.assert_array_equal(f.pack(record(numbers, np.int64), rounding), expected)
        np.testing.assert_array_equal(f.pack(record(numbers), rounding), expected)


# --- shapes, records, names --------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMED)
def test_any_shape(name):
    f = formats.get(name)
    for shape in [(), (0,), (2, 0), (1, 2, 3)]:
        x = np.full(shape, 1.0)
        assert f.encode(x).shape == f.quantize(x).shape == shape
        assert f.pack(Unpacked.from_numbers(x).exact()).shape == shape
        random = RandomBits(values=np.array(3), bits=31)
        assert f.encode(x, "stochastic_b", random=random).shape == shape
    assert f.encode(1.0) == f.encode([1.0])[0]
    assert f.encode(2**62) == f.encode(1e300)


@pytest.mark.parametrize("name", GRID)
def test_records_stay_within_their_bounds(name):
    f = formats.parse(name)
    codes = np.arange(1 << f.bits)
    value, shape = f.unpack(codes), f.unpacked
    np.testing.assert_array_equal(value.to_float64(), f.decode(codes))
    assert (value.significand < 1 << shape.significand_bits).all()
    number = value.significand > 0
    assert (value.significand[number] >= 1 << (shape.significand_bits - 1)).all()
    assert value.exponent.min() == shape.exponent_min
    assert value.exponent.max() == shape.exponent_max
    assert not value.nan.any()
    assert not value.inf.any()
    np.testing.assert_array_equal(f.pack(value), f.encode(f.decode(codes)))
    np.testing.assert_array_equal(f.pack(value.exact()), f.pack(value))


def test_powers_of_two_need_one_significand_bit():
    assert formats.parse("lns6_g1").unpacked.significand_bits == 1
    assert formats.parse("lns6_g2").unpacked.significand_bits == 53


def test_every_name_means_the_format_that_bears_it():
    names = list(every_format())
    for name in names:
        f = formats.parse(name)
        assert f.name == name
        assert formats.parse(f.name) == f
        assert np.isfinite(f.max)
        assert f.min_subnormal >= 2.0**-1022
    assert len(names) == len(set(names)) > 300


@pytest.mark.parametrize(
    ("text", "message"),
    [("lns8_g3", "gamma 3 is not allowed"), ("lns8_g0", "gamma 0 is not allowed"),
     ("lns1_g1", "2 to 16 bits"), ("lns17_g64", "2 to 16 bits"), ("lns8_g256", "0 to 10"),
     ("lns13_g1", "0 to 10"), ("lns11_0", "1 to 10"), ("lns0_3", "1 to 10"), ("lns0_0", "2 to 16"),
     ("lns10_10", "2 to 16"), ("lns8_g", "unknown"), ("lns4_3z", "unknown")],
)  # fmt: skip
def test_impossible_formats_are_refused(text, message):
    with pytest.raises(FormatError, match=message) as caught:
        formats.parse(text)
    assert "\n" not in str(caught.value)
    assert "allowed" in str(caught.value)


@pytest.mark.parametrize(("signed", "zero"), [(True, "none"), (False, "flag"), (True, "yes")])
def test_layouts_without_a_name_are_refused(signed, zero):
    with pytest.raises(FormatError, match=f"zero '{zero}'.*allowed are .*lowest"):
        Logarithmic(exponent_bits=7, fraction_bits=3, signed_exponent=signed, zero=zero)


def test_negative_fraction_bits_are_refused():
    with pytest.raises(FormatError, match="-1 fraction bits: 0 or more are allowed"):
        Logarithmic(exponent_bits=7, fraction_bits=-1)


def test_references_are_of_the_layouts_they_name():
    assert GRID["lns4_3"] == Reference(7, 3, True, "flag")
    assert GRID["lns8_g8"] == Reference(7, 3, False, "none")
