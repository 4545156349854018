"""`kernels.encode`, `decode` and `quantize` give the bits of the formats themselves."""

import itertools

import numpy as np
import pytest
from sampled import some

from hwdse import formats, kernels
from hwdse.errors import FormatError, SpecError
from hwdse.formats import (
    OVERFLOWS,
    ROUNDINGS,
    STOCHASTIC_ROUNDINGS,
    FixedPoint,
    RandomBits,
)
from hwdse.kernels.codec.kernel import value_dtype
from hwdse.kernels.codec.select import kernel_of
from hwdse.kernels.codec.table import find_segments, table_kernel

DETERMINISTIC = [rounding for rounding in ROUNDINGS if rounding not in STOCHASTIC_ROUNDINGS]
PARAMETRIC = (
    *("e5m4", "e2m2", "e1m3finite", "e4m3b20", "e6m9", "e8m12", "ue3m2", "e9m5", "e7m14"),
    *("e4m3fn_ftz", "bf16_ftz", "fp16_finite", "e5m2fnuz_ftz"),
    *("binary8p1se", "binary8p1uf", "binary8p4uf", "binary9p3sf", "binary16p4se"),
    *("int10", "int5_sym", "uint6", "uq3_5", "q4_8", "int22", "int24", "uint23"),
    *("posit3_0", "posit5_1", "posit8_3", "posit10_0", "posit16_3", "posit16_4", "posit24_1"),
    *("posit2_0", "posit31_2", "posit32_0"),
)
NAMES = [
    *(name for name in formats.names() if isinstance(formats.get(name), formats.Format)),
    *PARAMETRIC,
]
LOWER_HALVES = (0x0000, 0x0001, 0x8000)
SPECIALS = np.array(
    [
        *(0, 1, 0x007FFFFF, 0x00800000, 0x7F7FFFFF, 0x7F800000, 0x7F800001, 0x7FA00000),
        *(0x7FC00000, 0x7FC12345, 0x7FFFFFFF),
    ],
    np.uint32,
)
SPECIALS = np.concatenate([SPECIALS, SPECIALS | np.uint32(1 << 31)])


def _upper_halves(*lower: int) -> np.ndarray:
    upper = np.arange(1 << 16, dtype=np.uint32) << np.uint32(16)
    return np.concatenate([upper | np.uint32(low) for low in lower])


def _near_levels(number_format) -> np.ndarray:
    """Patterns at values, midpoints and geometric means of neighbours, and one step aside.

    All of them up to 12 bits, spread evenly beyond.
    """
    codes = np.arange(1 << min(number_format.bits, 16), dtype=np.int64)
    values = number_format.decode(codes)
    with np.errstate(over="ignore"):
        values = np.unique([float(value) for value in values if abs(value) < 2.0**1000])
        below, above = values[:-1], values[1:]
        points = np.concatenate([values, (below + above) / 2, np.sqrt(np.abs(below * above))])
        points = points[:: 1 + len(points) // 20_000].astype(np.float32)
    patterns = points.view(np.uint32)
    return np.concatenate([patterns, patterns + np.uint32(1), patterns - np.uint32(1)])


def _patterns(number_format) -> np.ndarray:
    rng = np.random.default_rng(7)
    parts = (
        SPECIALS,
        _near_levels(number_format),
        rng.integers(0, 1 << 32, 4_000, np.uint32),
        rng.integers(0, 1 << 23, 500, np.uint32),
    )
    return np.concatenate(parts)


def _check(number_format, x, rounding=None, overflow="saturate", random=None, **how) -> int:
    """Compare all three functions with the format's own; how many values were compared."""
    codes = number_format.encode(x, rounding, overflow, random)
    values = number_format.decode(codes)
    found = kernels.encode(number_format, x, rounding, overflow, random, **how)
    assert found.dtype == codes.dtype
    np.testing.assert_array_equal(found, codes)
    quantized = kernels.quantize(number_format, x, rounding, overflow, random, **how)
    decoded = kernels.decode(number_format, codes, **how)
    assert quantized.dtype == decoded.dtype == value_dtype(number_format)
    if quantized.dtype.kind != "O":
        # Bits: signs of zeros count, and NaN is the canonical one.
        with np.errstate(over="ignore"):
            values = np.ascontiguousarray(values.astype(quantized.dtype))
        integer = f"u{quantized.dtype.itemsize}"
        np.testing.assert_array_equal(quantized.view(integer), values.view(integer))
        np.testing.assert_array_equal(decoded.view(integer), values.view(integer))
    else:
        assert [str(value) for value in quantized.flat] == [str(value) for value in values.flat]
    return 2 * codes.size


@pytest.mark.parametrize("name", NAMES)
def test_every_upper_half(name):
    number_format = formats.parse(name)
    lower = LOWER_HALVES if number_format.bits <= 8 and name not in PARAMETRIC else (0x8001,)
    patterns = np.concatenate([_upper_halves(*lower), _near_levels(number_format)])
    x = patterns.view(np.float32)
    step = 997 if value_dtype(number_format).kind == "O" else 1
    assert _check(number_format, x[::step], threads=2) >= 2 * len(lower) * (1 << 16) // step


@pytest.mark.parametrize("name", some(NAMES, 3))
def test_every_rounding_and_overflow(name):
    number_format = formats.parse(name)
    x = _patterns(number_format).view(np.float32)
    if number_format.bits > 10:
        x = x[-8_000:]
    if value_dtype(number_format).kind == "O":
        x = x[::97]
    wraps = isinstance(number_format, FixedPoint) and not number_format.symmetric
    overflows = [way for way in OVERFLOWS if way != "wrap" or wraps]
    wide = number_format.bits > 10
    checked = 0
    for rounding, overflow in itertools.product(DETERMINISTIC, overflows):
        # A table for sixteen bits takes a while to find: not each of them here.
        special = rounding == "rne" or overflow == "wrap" or number_format.bits > 16
        if not wide or special or (rounding, overflow) == ("down", "ieee"):
            checked += _check(number_format, x, rounding, overflow)
    assert checked >= 4 * x.size > 0


@pytest.mark.parametrize("name", ["e4m3fn", "e5m2", "bf16", "fp16", "posit8_0", "lns8_g8", "tf32"])
def test_random_bit_patterns(name):
    x = np.random.default_rng(3).integers(0, 1 << 32, 200_000, np.uint32).view(np.float32)
    assert _check(formats.get(name), x) == 400_000


@pytest.mark.parametrize(
    "name", ["e4m3fn", "e5m2", "fp16", "bf16", "int8", "posit8_1", "posit16_2"]
)
def test_special_loops_agree_with_the_search_table(name):
    """Two independent ways to a code, at every pattern where the code changes."""
    number_format = formats.get(name)
    segments = find_segments(number_format, "rne", "ieee")
    starts = np.concatenate([segments.starts, segments.starts - np.uint32(1)])
    x = starts.view(np.float32)
    special = kernel_of(number_format, "rne", "ieee")
    table = table_kernel(number_format, "rne", "ieee")
    assert special is not None
    assert table is not None
    found = np.empty((2, x.size), number_format.code_dtype)
    special.encode(x, found[0])
    table.encode(x, found[1])
    np.testing.assert_array_equal(found[0], found[1])
    finite = np.isfinite(number_format.decode(np.arange(1 << number_format.bits)))
    assert len(segments.starts) >= finite.sum() > 200


@pytest.mark.parametrize("name", ["e4m3fn", "bf16", "fp16", "e4m3fnuz", "ue5m3", "int8", "uq3_5"])
@pytest.mark.parametrize("rounding", STOCHASTIC_ROUNDINGS)
def test_stochastic(name, rounding):
    number_format = formats.parse(name)
    x = _patterns(number_format)[-5_000:].view(np.float32)
    rng = np.random.default_rng(4)
    checked = 0
    for bits, overflow in itertools.product((1, 8, 31), ("saturate", "ieee", "propagate")):
        random = RandomBits(values=rng.integers(0, 1 << bits, x.size), bits=bits)
        checked += _check(number_format, x, rounding, overflow, random, threads=2)
    one = RandomBits(values=np.array(1), bits=2)
    checked += _check(number_format, np.stack([x, x]), rounding, random=one)
    assert checked == 22 * x.size


@pytest.mark.parametrize("name", ["e8m0", "tf32", "fp32", "binary8p4se", "posit8_0", "binary8p1se"])
def test_stochastic_where_the_format_itself_computes(name):
    number_format = formats.parse(name)
    x = _patterns(number_format)[-2_000:].view(np.float32)
    random = RandomBits(values=np.random.default_rng(4).integers(0, 64, x.size), bits=6)
    assert _check(number_format, x, "stochastic_b", "ieee", random) == 4_000


@pytest.mark.parametrize("name", ["e4m3fn", "posit8_0", "lns8_g8", "int8", "int32", "binary8p1se"])
@pytest.mark.parametrize(
    "dtype",
    ["<f4", ">f4", "<f2", ">f2", "f8", ">f8", "i1", "u1", "i2", ">u2", "i4", "u8", "i8", "?"],
)
def test_types(name, dtype):
    number_format = formats.parse(name)
    rng = np.random.default_rng(5)
    values = np.concatenate([rng.normal(size=200) * 50, [0.0, 1.0, 2.5, 100.0]])
    values = np.abs(values) if np.dtype(dtype).kind in "ub" else values
    assert _check(number_format, values.astype(dtype)) == 408


@pytest.mark.parametrize("name", ["e4m3fn", "posit8_0", "e8m0", "fp32"])
def test_shapes(name):
    number_format = formats.get(name)
    x = np.arange(-60, 60, dtype=np.float32).reshape(4, 5, 6)
    arrays = (x, x[:, ::2], x.T, x[::-1], x[0, 0, 0], np.float32(2.5), x[:0], [[1.5, 2.5]], 3.0)
    assert sum(_check(number_format, array) for array in arrays) == 2 * 437
    for array in arrays:
        found = kernels.encode(number_format, array)
        assert isinstance(found, np.ndarray)
        assert found.shape == np.shape(array)


def test_more_threads_than_parts():
    x = np.random.default_rng(6).normal(size=200_003).astype(np.float32)
    codes = formats.get("e4m3fn").encode(x)
    for threads in (1, 2, 3, 64):
        found = kernels.encode(formats.get("e4m3fn"), x, threads=threads)
        np.testing.assert_array_equal(found, codes)
    with pytest.raises(SpecError, match="0 threads"):
        kernels.encode(formats.get("e4m3fn"), x, threads=0)


def test_an_error_in_a_thread_is_raised():
    codes = np.zeros(200_000, np.uint8)
    codes[-1] = 16
    with pytest.raises(FormatError, match="code 16 is out of range"):
        kernels.decode(formats.get("e2m1fn"), codes, threads=2)


def test_out_is_filled_again():
    number_format = formats.get("e4m3fn")
    x = np.float32([[1.0, -2.5], [np.nan, 1e9]])
    codes, values = np.empty((2, 2), np.uint8), np.empty((2, 2), np.float32)
    for sign in (1, -1):
        assert kernels.encode(number_format, sign * x, out=codes) is codes
        np.testing.assert_array_equal(codes, number_format.encode(sign * x))
        assert kernels.quantize(number_format, sign * x, out=values) is values
        np.testing.assert_array_equal(values, number_format.quantize(sign * x))
        assert kernels.decode(number_format, codes, out=values) is values
        np.testing.assert_array_equal(values, number_format.decode(codes))
    assert kernels.quantize(number_format, values, out=values) is values


@pytest.mark.parametrize(
    ("out", "message"),
    [
        (np.empty(4, np.int8), "uint8 of shape"),
        (np.empty(5, np.uint8), "uint8 of shape"),
        (np.empty((2, 2), np.uint8), "uint8 of shape"),
        ([0, 0, 0, 0], "uint8 of shape"),
        (np.empty(8, np.uint8)[::2], "C-contiguous"),
        (np.broadcast_to(np.uint8(0), 4), "C-contiguous"),
    ],
)
def test_unfit_out(out, message):
    with pytest.raises(FormatError, match=message):
        kernels.encode(formats.get("e4m3fn"), np.ones(4, np.float32), out=out)


@pytest.mark.parametrize("function", [kernels.encode, kernels.quantize])
@pytest.mark.parametrize("x", [np.zeros(0, np.float32), np.zeros(3, np.float32), np.zeros(3)])
def test_errors_are_those_of_the_format(function, x):
    number_format = formats.get("e4m3fn")
    wrong_shape = RandomBits(values=np.zeros(7, np.int64), bits=3)
    for arguments in (
        (x, "nearest"),
        (x, "rne", "clip"),
        (x, "rne", "wrap"),
        (x, "stochastic_a"),
        (x, "stochastic_a", "saturate", wrong_shape),
        (x.astype(complex),),
        (x.astype(object),),
    ):
        with pytest.raises(FormatError) as expected:
            number_format.encode(*arguments)
        with pytest.raises(FormatError) as found:
            function(number_format, *arguments)
        assert str(found.value) == str(expected.value)


@pytest.mark.parametrize("name", ["e2m1fn", "fp32", "posit4_1"])
@pytest.mark.parametrize("codes", [[1 << 33], [-1], [0.5], np.array([True])])
def test_decode_errors_are_those_of_the_format(name, codes):
    number_format = formats.get(name)
    with pytest.raises(FormatError) as expected:
        number_format.decode(codes)
    with pytest.raises(FormatError) as found:
        kernels.decode(number_format, codes)
    assert str(found.value) == str(expected.value)


@pytest.mark.parametrize(
    "name",
    [
        *("fp32", "tf32", "e8m13", "e5m20fn", "e8m23fn", "e6m20fnuz", "e3m20b-5", "ue5m20"),
        *("e10m40b900", "e11m52", "e8m23_ftz", "int24", "int32", "uint32", "q10_22"),
    ],
)
def test_decode_of_formats_of_many_bits(name):
    number_format = formats.parse(name)
    bits = number_format.bits
    rng = np.random.default_rng(bits)
    wide = rng.integers(0, 1 << min(bits, 63), 20_000, np.uint64)
    sign = np.uint64(1 << (bits - 1))
    small, ones = np.arange(64, dtype=np.uint64), np.uint64((1 << bits) - 1)
    specials = [number_format.encode([np.inf, -np.inf, np.nan, 1.0], overflow="ieee")]
    codes = np.concatenate(
        [wide, small, small | sign, ones - small, (ones >> 1) - small, *specials]
    )
    codes = codes.astype(number_format.code_dtype)
    found, expected = kernels.decode(number_format, codes), number_format.decode(codes)
    assert found.dtype == value_dtype(number_format)
    np.testing.assert_array_equal(found.view(np.uint8), expected.astype(found.dtype).view(np.uint8))


def test_decode_takes_any_integers():
    number_format = formats.get("e4m3fn")
    for dtype in ("u1", "i2", ">u4", "i8", "u8"):
        codes = np.arange(0, 120, dtype=dtype)[::3]
        np.testing.assert_array_equal(
            kernels.decode(number_format, codes), number_format.decode(codes)
        )
    assert kernels.decode(number_format, []).shape == (0,)


@pytest.mark.long
@pytest.mark.parametrize(
    "name",
    ["e4m3fn", "e5m2_ftz", "e2m1fn", "bf16", "fp16", "int8", "posit8_2", "posit16_1"],
)
def test_every_float32(name):
    """All of them in the family's own loop, in the search table and, in effect, in the format.

    Rounding is monotone: where the format gives one code to both ends of a run of neighbours, it
    gives this code to all between.
    """
    number_format = formats.parse(name)
    overflow = number_format.overflow
    special = kernel_of(number_format, "rne", overflow)
    table = table_kernel(number_format, "rne", overflow)
    assert special is not None
    assert special.quantize is not None
    assert table is not None
    assert table.quantize is not None
    compared, runs, chunk = 0, 0, 1 << 22
    codes = np.empty((2, chunk), number_format.code_dtype)
    values = np.empty((2, chunk), np.float32)
    offsets, patterns = np.arange(chunk, dtype=np.uint32), np.empty(chunk, np.uint32)
    # A chunk has one sign, and NaNs are in chunks of their own.
    for start in range(0, 1 << 32, chunk):
        x = np.add(offsets, np.uint32(start), out=patterns).view(np.float32)
        for way, kernel in enumerate((special, table)):
            kernel.encode(x, codes[way])
            kernel.quantize(x, values[way])
        np.testing.assert_array_equal(codes[0], codes[1])
        np.testing.assert_array_equal(values[0].view(np.uint32), values[1].view(np.uint32))
        last = np.append(np.flatnonzero(codes[0, 1:] != codes[0, :-1]), chunk - 1)
        ends = np.unique(np.concatenate([[0], last, np.minimum(last + 1, chunk - 1)]))
        expected = number_format.encode(x[ends], overflow=overflow)
        np.testing.assert_array_equal(codes[0, ends], expected)
        levels = number_format.decode(expected).astype(np.float32)
        np.testing.assert_array_equal(values[0, ends].view(np.uint32), levels.view(np.uint32))
        # Inside a run, the value does not change either.
        steps = values[0].view(np.uint32)
        assert np.count_nonzero(steps[1:] != steps[:-1]) <= len(last) - 1
        compared += x.size
        runs += len(last)
    assert compared == 1 << 32
    assert runs >= 1 << (32 - 22)


@pytest.mark.parametrize("rounding", ["up", "down", "odd", "rne"])
@pytest.mark.parametrize("name", ["lns8_g8z", "lns4_0", "lns4_3n"])
def test_the_level_that_zero_replaces(name: str, rounding: str) -> None:
    """Only this number becomes zero where all smaller ones round away from zero."""
    f = formats.get(name)
    level = np.float32(f.magnitude(np.array([f.lowest - 1]))[1][0])
    near = np.float32(2.0) ** np.arange(level - 2, level + 3, dtype=np.float32)
    near = np.concatenate([np.nextafter(near, np.float32(0)), near, np.nextafter(near, np.inf)])
    x = np.concatenate([near, -near]).astype(np.float32)
    expected = f.encode(x.astype(np.float64), rounding)
    np.testing.assert_array_equal(kernels.encode(f, x, rounding), expected)
