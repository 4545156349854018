"""Names, types, shapes and errors of the public interface."""

import time
from typing import ClassVar

import numpy as np
import pytest

from hwdse import formats
from hwdse.errors import FormatError
from hwdse.formats import Format, Integer, Minifloat, Unpacked, UnpackedShape, clog2

# --- names -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", formats.names())
def test_named_formats_know_their_names(name):
    f = formats.get(name)
    assert f.name == str(f) == name
    assert formats.parse(name) is f


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("e5m10", "fp16"),
        ("e8m7", "bf16"),
        ("e8m23b127", "fp32"),
        ("e4m3b7", "e4m3"),
        ("e4m3ieee", "e4m3"),
        ("e4m3b7fn", "e4m3fn"),
        ("e2m3finite", "e2m3fn"),
        ("e2m3b1finite", "e2m3fn"),
        ("e1m2b1finite", "e1m2fn"),
        ("ue4m3fn", "ue4m3"),
        ("int8", "int8"),
    ],
)
def test_parameters_of_a_named_format_give_that_format(text, name):
    assert formats.parse(text) is formats.get(name)


@pytest.mark.parametrize(
    "text",
    ["e5m7", "e3m4b-2", "e4m3b20finite", "e4m2fnuz", "ue5m4fn", "e2m3b1fn", "e3m0b3fn", "e2m2fn",
     "e1m2finite", "e1m2b0fn", "int7", "e2m5ieee", "e2m1b1fn", "e11m52"],
)  # fmt: skip
def test_every_name_means_the_format_that_bears_it(text):
    f = formats.parse(text)
    assert formats.parse(f.name) == f


def test_a_true_fn_format_is_not_the_nan_free_one_of_that_size():
    """ml_dtypes calls OCP's NaN-free formats "fn"; with its bias, the name means NaN again."""
    assert formats.get("e2m3b1fn").has_nan
    assert not formats.get("e2m3fn").has_nan
    assert Minifloat(exponent_bits=2, fraction_bits=3, variant="fn").name != "e2m3fn"


@pytest.mark.parametrize(
    "text",
    ["e0m0", "e0m3", "e12m52", "e11m53", "e1m1", "e4m0", "e0m0fn", "e1m0fn", "e8m23b5000",
     "e11m52b2000", "ue4m3fnuz", "int0", "int1", "int33", "int64", "fp64", "float8", "", " ",
     "E4M3", "e4m3x", "e-1m3", "e4m3 ", "int8\n", "e4m3\nfn", "posit8", "e4m", "int",
     "e99999999999m1", "int" + "9" * 5000],
)  # fmt: skip
def test_unknown_and_impossible_formats_are_refused_in_one_line(text):
    with pytest.raises(FormatError) as caught:
        formats.get(text)
    message = str(caught.value)
    assert "\n" not in message
    assert any(word in message for word in ("allowed", "needs", "can be decoded", "is signed"))


def test_an_unknown_name_says_what_is_near_and_what_exists():
    for text, near in (
        ("nope", "nupes8, nupes4"),
        ("posit8_9x", "posit8_2, posit8_1, posit8_0"),
        ("int８", "int8, int4, uint8"),
        ("afine:uint8:32", "affine:uint{bits}:{size}[:{scale}]"),
    ):
        with pytest.raises(FormatError) as caught:
            formats.get(text)
        assert str(caught.value) == (
            f"unknown format {text!r}: near {near}; "
            "allowed are the names and families that `hwdse formats` lists"
        )


@pytest.mark.parametrize(
    "text", ["x" + "_y" * 1500, "int8" + "_fn" * 900, "é" * 5000, "_" * 4000, "fp:" * 1400]
)
def test_a_long_name_is_refused_at_once(text):
    start = time.process_time()
    with pytest.raises(FormatError, match="unknown format") as caught:
        formats.get(text)
    assert time.process_time() - start < 1
    assert len(str(caught.value)) < 400


def test_modifiers_follow_one_another():
    assert formats.parse("e4m3_fn_ftz") == formats.parse("e4m3fn_ftz")
    assert formats.parse("e4m3_finite") is formats.parse("e4m3finite")
    for text in ("e4m3_ftz_fn", "e4m3_x_fn", "e4m3_fn_x", "e99m3_fn", "_fn"):
        with pytest.raises(FormatError, match="unknown format"):
            formats.parse(text)


#: Every digit of a name for another one of Unicode, which Python counts as a digit too.
@pytest.mark.parametrize("digit", ["８", "٨", "𝟠", "²"])
@pytest.mark.parametrize("name", ["int8", "uint8", "q2_8", "e8m8", "e4m3b8", "posit8_0", "lns8_2",
    "lns9_g8", "binary8p3se", "nupes8", "bipolar8", "dint8", "pot8_k2", "bfp12_b8", "dfp8",
    "block:int8:8:fp32", "affine:uint8:8", "realbias:e2m1:8"])  # fmt: skip
def test_only_ascii_digits_make_numbers(name, digit):
    formats.get(name)
    places = [k for k, letter in enumerate(name) if letter == "8"]
    assert places
    for place in places:
        with pytest.raises(FormatError):
            formats.get(name[:place] + digit + name[place + 1 :])


def test_sixty_five_bits_are_impossible():
    assert formats.parse("e11m52").bits == 64
    with pytest.raises(FormatError, match="12 exponent and 52 fraction bits"):
        formats.parse("e12m52")


@pytest.mark.parametrize("width", [1, 33, 0, -4])
def test_integers_have_2_to_32_bits(width):
    with pytest.raises(FormatError, match=f"{width} bits: 2 to 32"):
        Integer(width=width)


def test_unknown_variant_is_refused():
    with pytest.raises(FormatError, match="'ocp': allowed are ieee, fn, fnuz, finite"):
        Minifloat(exponent_bits=4, fraction_bits=3, variant="ocp")  # type: ignore[arg-type]


def test_formats_are_frozen_and_hashable():
    f = formats.get("e4m3fn")
    with pytest.raises(AttributeError):
        f.bias = 3  # type: ignore[misc]
    assert len({f, formats.parse("e4m3b7fn")}) == 1


@pytest.fixture
def catalogue(monkeypatch):
    """The catalogue, put back as it was afterwards."""
    from hwdse.formats import catalogue

    monkeypatch.setattr(catalogue, "_NAMED", dict(catalogue._NAMED))
    yield
    monkeypatch.undo()
    catalogue.forget_names()


@pytest.mark.usefixtures("catalogue")
def test_register_names_a_format():
    assert formats.parse("e5m6").name == "e5m6"
    mine = Minifloat(name="fp12", exponent_bits=5, fraction_bits=6)
    formats.register(mine)
    assert formats.get("fp12") is mine
    assert formats.parse("e5m6") is mine
    assert "fp12" in formats.names()
    formats.register(mine)  # again is no error


@pytest.mark.usefixtures("catalogue")
def test_register_refuses_a_name_in_use():
    with pytest.raises(FormatError, match="'fp16' is already"):
        formats.register(Minifloat(name="fp16", exponent_bits=4, fraction_bits=11))


# --- a new family plugs in by being defined ----------------------------------------------------


@pytest.fixture
def families():
    known = list(Format.families)
    yield
    Format.families[:] = known
    formats.forget_names()


@pytest.mark.usefixtures("families")
def test_a_new_family_is_known_by_being_defined():
    class Saturnian(Integer):
        """Integers under another name."""

        family: ClassVar[str] = "saturnian"

        @classmethod
        def from_name(cls, text):
            return cls(width=int(text[3:])) if text.startswith("sat") else None

        @classmethod
        def syntax(cls):
            return "sat{bits}"

    assert formats.parse("sat5").decode(0b11111) == -1
    with pytest.raises(FormatError, match=r"near sat\{bits\}"):
        formats.parse("sa{bits}")


# --- codes -------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [-1, 256, 2**40, 2**63])
def test_codes_out_of_range_are_refused(code):
    with pytest.raises(FormatError, match=rf"e4m3fn code {code} is out of range 0\.\.255"):
        formats.get("e4m3fn").decode(np.array([0, 255, code] if code < 2**63 else [code], None))


@pytest.mark.parametrize("codes", [[1.0], [1 + 2j], ["a"], [True], [None], [2**70]])
def test_codes_that_are_no_integers_are_refused(codes):
    with pytest.raises(FormatError, match="e4m3fn codes must be integers"):
        formats.get("e4m3fn").decode(codes)


@pytest.mark.parametrize("dtype", ["u1", "i1", ">i2", "<u4", ">i8", "u8"])
def test_codes_of_any_integer_type(dtype):
    codes = np.array([0, 1, 0x38, 0x7E]).astype(dtype)
    np.testing.assert_array_equal(formats.get("e4m3fn").decode(codes), [0, 2**-9, 1, 448])


def test_codes_keep_their_shape():
    f = formats.get("bf16")
    assert f.decode(np.zeros((2, 0, 3), np.uint16)).shape == (2, 0, 3)
    assert f.decode([]).shape == (0,)
    assert f.decode(0x3F80) == 1
    grid = np.arange(24).reshape(4, 6)
    np.testing.assert_array_equal(f.decode(grid[::2, ::-3]), f.decode(grid)[::2, ::-3])
    assert f.decode(grid).dtype == np.float64


def test_decoded_tables_cannot_be_spoilt():
    f = formats.get("e2m1fn")
    values = f.decode(np.arange(16))
    values[:] = 9
    assert f.decode(2) == 1


@pytest.mark.parametrize(
    ("name", "dtype"),
    [("e2m1fn", "u1"), ("e4m3fn", "u1"), ("int11", "u2"), ("tf32", "u4"), ("e11m52", "u8")],
)
def test_codes_come_in_the_smallest_unsigned_type(name, dtype):
    assert formats.get(name).encode([1.0]).dtype == np.dtype(dtype)


# --- values ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "x",
    [
        np.array([1 + 2j]),
        np.array(["1.0"]),
        np.array([b"1"]),
        np.array([None]),
        np.array(["2020-01-01"], "M8[D]"),
        [2**70],
        np.array([1.0], np.longdouble),
    ],
)
def test_values_of_other_types_are_refused(x):
    with pytest.raises(FormatError, match="cannot encode values of type"):
        formats.get("e4m3fn").encode(x)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f2", ">f4", ">f8"])
def test_values_of_any_float_type(dtype):
    x = np.array([0.5, -1.75, np.inf, -0.0, np.nan, 3.1415926]).astype(dtype)
    native = x.astype(np.float64)
    for name in ("e4m3fn", "fp32"):
        np.testing.assert_array_equal(formats.get(name).encode(x), formats.get(name).encode(native))


@pytest.mark.parametrize("dtype", ["i1", "u1", ">i2", "i8", "u8", "?"])
def test_values_of_any_integer_type(dtype):
    x = np.array([0, 1, 1]).astype(dtype)
    np.testing.assert_array_equal(formats.get("e4m3fn").encode(x), [0, 0x38, 0x38])


def test_integers_beyond_2_to_the_53_are_exact():
    """As float64 the first and last would be a tie; they are not."""
    f = formats.get("e11m30")
    tie = 2**62 + 2**31
    got = f.decode(f.encode(np.array([tie - 1, tie, tie + 1])))
    np.testing.assert_array_equal(got, [2.0**62, 2.0**62, 2.0**62 + 2.0**32])
    assert f.decode(f.encode(np.array([2**64 - 1], np.uint64))) == 2.0**64
    assert f.decode(f.encode(-(2**63))) == -(2.0**63)
    assert formats.get("e11m52").quantize(2**53 + 1, "up") == 2**53 + 2


@pytest.mark.parametrize("value", [5, np.int8(5), 5.0, np.float16(5), np.array(5)])
def test_scalars(value):
    f = formats.get("e4m3fn")
    assert f.encode(value) == 0x4A
    assert f.encode(value).shape == ()
    assert f.quantize(value) == 5


def test_values_keep_their_shape():
    f = formats.get("e4m3fn")
    for shape in [(0,), (2, 0), (0, 3), (1, 2, 3)]:
        for dtype in (np.float64, np.int32):
            assert f.encode(np.zeros(shape, dtype)).shape == shape
    assert f.encode([]).dtype == np.uint8
    x = np.linspace(-5, 5, 24).reshape(4, 6)
    np.testing.assert_array_equal(f.encode(x.T[::-2]), f.encode(x).T[::-2])


def test_the_argument_is_left_alone():
    x = np.array([1.0, np.nan, -np.inf])
    before = x.copy()
    x.flags.writeable = False
    formats.get("e2m1fn").encode(x)
    np.testing.assert_array_equal(x, before)


def test_a_signalling_nan_is_a_nan():
    signalling = np.array([0x7F800001], np.uint32).view(np.float32)
    assert formats.get("e5m2").encode(signalling) == 0x7E


@pytest.mark.parametrize("rounding", ["", "nearest", "RNE", 3])
def test_unknown_rounding_is_refused(rounding):
    with pytest.raises(
        FormatError, match=r"unknown rounding .*: allowed are rne, rna, rhu, rtz, up, down, odd, st"
    ):
        formats.get("e4m3fn").encode([1.0], rounding)


@pytest.mark.parametrize("overflow", ["", "clamp", "SAT", None])
def test_unknown_overflow_is_refused(overflow):
    for name in ("e4m3fn", "int8"):
        with pytest.raises(FormatError, match=r"unknown overflow .*: allowed are saturate, ieee"):
            formats.get(name).encode([1.0], overflow=overflow)


def test_nan_becomes_zero_where_there_is_no_nan():
    for name in ("e2m1fn", "e3m0fn", "int8"):
        np.testing.assert_array_equal(formats.get(name).encode([np.nan, -np.nan]), [0, 0])


def test_negative_values_of_an_unsigned_format():
    f = formats.get("ue4m3")
    x = [-0.0, -1e-9, -1.0, -np.inf]
    np.testing.assert_array_equal(f.encode(x), [0, 0, 0, 0])
    # The rounded value is what overflows: one that rounds to zero does not.
    np.testing.assert_array_equal(f.encode(x, overflow="ieee"), [0, 0, 0x7F, 0x7F])


# --- the Unpacked record -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["e4m3fn", "e5m2", "e3m0fn", "e8m0", "e4m3fnuz", "int8", "bf16"])
def test_unpack_stays_within_its_bounds_and_packs_again(name):
    f = formats.get(name)
    codes = np.arange(1 << f.bits)
    value, shape = f.unpack(codes), f.unpacked
    np.testing.assert_array_equal(value.to_float64(), f.decode(codes))
    finite = ~value.nan & ~value.inf
    assert (value.exponent[finite] >= shape.exponent_min).all()
    assert (value.exponent[finite] <= shape.exponent_max).all()
    assert (value.significand[~finite] == 0).all()
    limit = 1 << shape.magnitude_bits
    assert (
        value.significand <= limit if shape.twos_complement else value.significand < limit
    ).all()
    assert shape.signed == value.sign.any()
    assert shape.has_inf == value.inf.any()
    assert shape.has_nan == value.nan.any()
    assert (np.abs(value.to_float64()[finite]) <= 2.0**shape.top).all()
    np.testing.assert_array_equal(f.pack(value, overflow="ieee")[finite], codes[finite])
    np.testing.assert_array_equal(f.pack(value.exact())[finite], codes[finite])


@pytest.mark.parametrize("name", ["e11m52", "fp32", "e4m3fn"])
@pytest.mark.parametrize("beyond", [1, 2, 3, 400])
def test_sums_beyond_the_largest_binade_overflow(name, beyond):
    """Wider than any float64, as an accumulator may hand them over; carries included."""
    f = formats.get(name)
    ones = (1 << 200) - 1
    flag = np.array([False, True])
    value = Unpacked(
        sign=flag,
        significand=np.array([ones, ones], object),
        exponent=np.array([int(np.frexp(f.max)[1]) + beyond - 200] * 2),
        nan=np.zeros(2, bool),
        inf=np.zeros(2, bool),
    )
    np.testing.assert_array_equal(f.decode(f.pack(value)), [f.max, -f.max])
    special = np.inf if f.has_inf else np.nan
    np.testing.assert_array_equal(f.decode(f.pack(value, overflow="ieee")), [special, -special])
    np.testing.assert_array_equal(f.decode(f.pack(value, "rtz", "ieee")), [f.max, -f.max])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"significand_bits": 0, "exponent_min": 0, "exponent_max": 0}, "at least 1"),
        ({"significand_bits": 3, "exponent_min": 1, "exponent_max": 0}, "empty exponent range"),
        (
            {"significand_bits": 3, "exponent_min": 0, "exponent_max": 0, "signed": False,
             "twos_complement": True},
            "is signed",
        ),
    ],
)  # fmt: skip
def test_impossible_bounds_are_refused(arguments, message):
    with pytest.raises(FormatError, match=message):
        UnpackedShape(**arguments)


def test_clog2():
    assert [clog2(n) for n in (1, 2, 3, 4, 5, 1024, 1025)] == [0, 1, 2, 2, 3, 10, 11]
