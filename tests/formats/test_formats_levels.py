"""Every format given by its values against the exact reference, at every hard place."""

from fractions import Fraction

import numpy as np
import pytest
from reference import levels
from reference.levels import ALL, DETERMINISTIC, NAMED, OVERFLOWS, STOCHASTIC
from sampled import some

from hwdse import formats
from hwdse.errors import FormatError
from hwdse.formats import LevelFormat, RandomBits, Unpacked

#: Steps between levels that are looked at in a parametric format; all of them in a named one.
MOST = 64


@pytest.fixture(scope="module")
def reference():
    """References by name, each made once."""
    made = {}

    def get(name):
        if name not in made:
            made[name] = ALL[name]()
        return made[name]

    return get


def one_by_one(reference, x, *arguments):
    return [reference.encode(value, *arguments) for value in x]


def test_the_whole_catalogue_is_covered():
    mine = {name for name in formats.names() if isinstance(formats.get(name), LevelFormat)}
    assert mine == set(NAMED)


@pytest.mark.parametrize("name", ALL)
def test_every_code_decodes_to_its_definition(name, reference):
    f, expected = formats.get(name), reference(name)
    codes = np.arange(1 << f.bits)
    assert f.name == name
    assert len(expected.values) == codes.size
    values = [expected.to_float(code) for code in codes.tolist()]
    np.testing.assert_array_equal(f.decode(codes), values)
    number = ~np.isnan(values)
    np.testing.assert_array_equal(np.signbit(f.decode(codes))[number], np.signbit(values)[number])


@pytest.mark.parametrize("name", ALL)
def test_every_value_keeps_its_code(name, reference):
    f, expected = formats.get(name), reference(name)
    codes = np.array([c for c in range(1 << f.bits) if c not in expected.unused])
    values = f.decode(codes)
    random = RandomBits(values=np.array([5]), bits=4)
    for rounding in DETERMINISTIC + STOCHASTIC:
        bits = random if rounding in STOCHASTIC else None
        np.testing.assert_array_equal(f.encode(values, rounding, "ieee", bits), codes)
    assert codes.size >= 2


@pytest.mark.parametrize("name", some(ALL, 2))
def test_rounds_right_at_every_decision_point(name, reference):
    f, expected = formats.get(name), reference(name)
    most = len(expected.levels) if name in NAMED else MOST
    x = expected.decision_points(most)
    assert len(x) > 3 * min(len(expected.levels), most)
    compared = 0
    for rounding in DETERMINISTIC:
        for overflow in OVERFLOWS:
            got = f.encode(x, rounding, overflow)
            np.testing.assert_array_equal(
                got, one_by_one(expected, x, rounding, overflow), err_msg=f"{rounding} {overflow}"
            )
            compared += got.size
    assert compared == 21 * len(x)
    np.testing.assert_array_equal(f.encode(x), one_by_one(expected, x))


@pytest.mark.parametrize("bits", [1, 4, 12, 31])
@pytest.mark.parametrize("name", ALL)
def test_stochastic_rounding_equals_the_definition(name, bits, reference):
    f, expected = formats.get(name), reference(name)
    random = np.random.default_rng(bits)
    x = expected.decision_points(most=10)
    x = np.concatenate([x, random.uniform(1.1 * f.min - 1, 1.1 * f.max + 1, 100)])
    draws = random.integers(0, 1 << bits, x.size)
    for rounding in STOCHASTIC:
        got = f.encode(x, rounding, "ieee", RandomBits(values=draws, bits=bits))
        definition = [
            expected.encode(value, rounding, "ieee", draw, bits)
            for value, draw in zip(x.tolist(), draws.tolist(), strict=True)
        ]
        np.testing.assert_array_equal(got, definition, err_msg=rounding)
        assert got.size > 100


@pytest.mark.parametrize("name", NAMED)
def test_a_million_random_values(name, reference):
    f, expected = formats.get(name), reference(name)
    random = np.random.default_rng(20240101)
    even = random.uniform(1.2 * f.min, 1.2 * f.max, 500_000)
    exponent = random.uniform(np.log2(f.min_subnormal) - 3, np.log2(f.max) + 1, 500_000)
    x = np.concatenate([even, 2.0**exponent * random.choice([-1.0, 1.0], 500_000)])
    for rounding in ("rne", "rna"):
        got = f.encode(x, rounding)
        assert np.count_nonzero(got == expected.lookup(x, rounding)) == 1_000_000
    assert np.unique(got).size >= len(expected.levels) - 2 * (expected.slot is not None)


@pytest.mark.parametrize("name", ALL)
def test_lookup_of_the_reference_equals_its_definition(name, reference):
    expected = reference(name)
    if expected.power not in (None, levels.HALF):
        with pytest.raises(AssertionError):
            expected.lookup(np.zeros(1), "rne")
        return
    x = np.array(expected.decision_points(most=100))
    x = x[np.isfinite(x)]
    assert x.size > 20
    for rounding in ("rne", "rna"):
        np.testing.assert_array_equal(
            expected.lookup(x, rounding), one_by_one(expected, x.tolist(), rounding)
        )


# --- exact sums --------------------------------------------------------------------------------


def unpacked(numbers, exponent):
    """Records of numbers * 2^exponent with Python-integer significands."""
    flag = np.zeros(len(numbers), bool)
    return Unpacked(
        sign=np.array([n < 0 for n in numbers]),
        significand=np.array([abs(n) for n in numbers], object),
        exponent=np.full(len(numbers), exponent),
        nan=flag,
        inf=flag,
    )


@pytest.mark.parametrize("name", ALL)
def test_wide_significands(name, reference):
    """Wider than any float64, as an accumulator hands them over: levels, middles, a bit beside."""
    f, expected = formats.get(name), reference(name)
    stride = 1 + len(expected.reals) // 40
    pairs = list(zip(expected.reals, expected.reals[1:], strict=False))[::stride]
    points = [p for low, high in pairs for p in (low, high, (low + high) / 2)]
    numbers = [int(p * 2**1200) + nudge for p in points for nudge in (-1, 0, 1)]
    numbers += [2**3000 + 1, -(2**3000) - 1, 1, -1]
    value = unpacked(numbers, -1200)
    exact = [Fraction(n, 2**1200) for n in numbers]
    compared = 0
    for rounding in DETERMINISTIC:
        for overflow in ("saturate", "ieee"):
            got = f.pack(value, rounding, overflow)
            np.testing.assert_array_equal(
                got, one_by_one(expected, exact, rounding, overflow), err_msg=rounding
            )
            compared += got.size
    assert compared >= 14 * 13
    draw = RandomBits(values=np.array(2**30 + 12345), bits=31)
    np.testing.assert_array_equal(
        f.pack(value, "stochastic_b", "ieee", draw),
        one_by_one(expected, exact, "stochastic_b", "ieee", 2**30 + 12345, 31),
    )


@pytest.mark.parametrize("name", ALL)
def test_integers_of_62_bits(name, reference):
    f, expected = formats.get(name), reference(name)
    numbers = [2**62 - 1, 2**61 + 1, -(2**62) + 1, 1, 0, -1, 3]
    for exponent in (-1074, -70, -61, -59, 0, 300):
        value = unpacked(numbers, exponent)
        narrow = Unpacked(
            sign=value.sign,
            significand=value.significand.astype(np.int64),
            exponent=value.exponent,
            nan=value.nan,
            inf=value.inf,
        )
        exact = [Fraction(n) * Fraction(2) ** exponent for n in numbers]
        for rounding in ("rne", "up", "down"):
            np.testing.assert_array_equal(
                f.pack(narrow, rounding, "ieee"), one_by_one(expected, exact, rounding, "ieee")
            )


@pytest.mark.parametrize("name", [name for name in NAMED if name != "hif8"])
def test_positions_just_beyond_the_last_level(name):
    """Only `locate` tells them from the last level: there is no infinity to round to."""
    f = formats.get(name)
    for sign, last in ((1, f.max), (-1, -f.min)):
        top = int(f.top(np.array([sign < 0]))[0])
        number = sign * int(Fraction(last) * 2**200)
        position = f.locate(unpacked([number, number + sign], -200), 2)
        np.testing.assert_array_equal(position.index, [top, top + 1])


# --- records, order and shapes -----------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
def test_records_stay_within_their_bounds_and_pack_again(name, reference):
    f, expected = formats.get(name), reference(name)
    codes = np.arange(1 << f.bits)
    value, shape = f.unpack(codes), f.unpacked
    np.testing.assert_array_equal(value.to_float64(), f.decode(codes))
    finite = ~value.nan & ~value.inf
    assert (value.exponent[finite] >= shape.exponent_min).all()
    assert (value.exponent[finite] <= shape.exponent_max).all()
    assert (value.significand[~finite] == 0).all()
    limit = 1 << shape.magnitude_bits
    # Two's complement reaches one further down than up.
    assert (value.significand < limit + (value.sign & shape.twos_complement)).all()
    assert shape.signed == value.sign.any() == f.signed
    assert shape.has_inf == value.inf.any() == f.has_inf
    assert shape.has_nan == value.nan.any() == f.has_nan
    produced = np.array([c for c in codes if c not in expected.unused])
    np.testing.assert_array_equal(f.pack(f.unpack(produced), overflow="ieee"), produced)
    np.testing.assert_array_equal(f.pack(f.unpack(produced).exact(), overflow="ieee"), produced)


@pytest.mark.parametrize("name", ALL)
def test_properties_and_order_are_those_of_the_values(name, reference):
    f, expected = formats.get(name), reference(name)
    codes = np.arange(1 << f.bits)
    produced = f.decode(np.array([c for c in codes if c not in expected.unused]))
    finite = produced[np.isfinite(produced)]
    assert f.max == finite.max()
    assert f.min == finite.min()
    assert f.min_subnormal == finite[finite > 0].min()
    assert f.min_normal in finite
    assert f.code_dtype == np.min_scalar_type(2**f.bits - 1)
    assert f.default_rounding == expected.rounding
    values = f.decode(codes)
    ordinal = f.ordinal(codes)
    order = np.argsort(values[np.isfinite(values)], kind="stable")
    steps = np.diff(values[np.isfinite(values)][order])
    np.testing.assert_array_equal(np.diff(ordinal[np.isfinite(values)][order]), steps != 0)
    assert (ordinal[values == 0] == 0).all()


@pytest.mark.parametrize("name", NAMED)
def test_shapes_scalars_and_other_types(name):
    f = formats.get(name)
    for shape in [(), (0,), (2, 0), (3, 1, 2)]:
        for dtype in (np.float64, np.float16, np.int32):
            assert f.encode(np.ones(shape, dtype)).shape == shape
    value = f.unpack(np.array(1))
    assert value.shape == ()
    for record in (value, value.exact()):
        assert f.pack(record).shape == ()
        assert f.pack(record) == 1
    assert f.encode(1) == f.encode(1.0) == f.encode(np.float16(1))
    empty = Unpacked.zeros((0, 3))
    assert f.pack(empty).shape == (0, 3)
    x = np.linspace(-2, 2, 24).reshape(4, 6)
    np.testing.assert_array_equal(f.encode(x.T[::-2]), f.encode(x).T[::-2])
    random = RandomBits(values=np.array(3), bits=3)
    assert f.encode(0.3, "stochastic_c", random=random).shape == ()


@pytest.mark.parametrize("name", ALL)
def test_quantize_is_monotonic(name, reference):
    f, expected = formats.get(name), reference(name)
    x = np.sort([v for v in expected.decision_points(most=200) if np.isfinite(v)])
    for rounding in DETERMINISTIC:
        assert (np.diff(f.quantize(x, rounding)) >= 0).all(), rounding


# --- lists that no family above has ------------------------------------------------------------

ODD_LISTS = {
    "of one sign": [1.0, 2.0, 3.5, 4.0],
    "from zero": [0.0, 0.5, 8.0],
    "negative": [-7.0, -3.0, -2.5],
    "up to zero": [-1.0, -0.25, 0.0],
    "without zero": [-3.0, -0.5, 0.25, 10.0, 11.0],
    "lopsided": [-1.0, 0.0, 1.0, 2.0, 3.0, 1000.0],
    "two": [-1.0, 3.0],
    "far apart": [-1.7e308, -1e-300, 5e-324, 1e-10, 1.0, 1.7e308],
    "close": [1.0, 1.0 + 2**-52, 1.0 + 2**-51, 1.0 + 3 * 2**-51],
}


@pytest.mark.parametrize("name", ODD_LISTS)
def test_lists_of_every_kind(name):
    numbers = ODD_LISTS[name]
    f = formats.Codebook(name="mine", levels=tuple(numbers))
    expected = levels.codebook(numbers)
    x = expected.decision_points()
    exact = [v for v in x if np.isfinite(v)]
    assert len(exact) > 30
    random = RandomBits(values=np.array(77), bits=8)
    for rounding in DETERMINISTIC:
        for overflow in OVERFLOWS:
            np.testing.assert_array_equal(
                f.encode(x, rounding, overflow),
                one_by_one(expected, x, rounding, overflow),
                err_msg=rounding,
            )
    for rounding in STOCHASTIC:
        np.testing.assert_array_equal(
            f.encode(x, rounding, random=random),
            one_by_one(expected, x, rounding, "saturate", 77, 8),
        )
    assert f.signed == (min(numbers) < 0)
    assert f.max == max(numbers)
    assert f.min == min(numbers)
    np.testing.assert_array_equal(f.pack(f.unpack(np.arange(len(numbers)))), range(len(numbers)))


def test_levels_that_no_binary_number_equals_are_refused():
    class Thirds(formats.Binary):
        """A family in error."""

        def value_of(self, code):
            return Fraction(code, 3)

    with pytest.raises(FormatError, match="level 1/3: only integers times powers of two"):
        Thirds().encode([1.0])
