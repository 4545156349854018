"""Encoders of lists of values against the reference: small records all, wide ones where it cuts."""

from fractions import Fraction
from itertools import product
from random import Random

import pytest
from amaranth.hdl import Fragment
from hdl_level_records import every_record, near, scattered, simulate, specials, value_of
from reference import levels
from sampled import some

from hwdse import Design, formats
from hwdse.errors import SpecError
from hwdse.formats import UnpackedShape
from hwdse.hdl.encode import encoder
from hwdse.hdl.encode.bipolar import BipolarEncoder
from hwdse.verify import verify

ROUNDINGS = ("rne", "rna", "rtz", "up", "down")
LISTS = ["ternary", "pot4_k1", "pot8_k1", "nf4"]
BIPOLAR = ["binary", "bipolar1", "bipolar2", "bipolar4", "bipolar5", "bipolar6"]
DINT = ["dint3", "dint4", "dint5", "dint3tc", "dint4tc", "dint6tc"]
WIDELY = ["ternary", "pot8_k1", "nf4", "binary", "bipolar6", "dint4", "dint6tc"]
NAMES = [*LISTS, *BIPOLAR, *DINT]


def small_shapes(lsb: int, top: int) -> list[UnpackedShape]:
    """Shapes of few records that reach below, around and beyond levels from 2^lsb to 2^top."""
    span = top - lsb
    return [
        # A sign and a magnitude, with an exponent; that is not stored from the least one.
        UnpackedShape(significand_bits=5, exponent_min=lsb - 6, exponent_max=top + 1),
        UnpackedShape(
            significand_bits=3, exponent_min=lsb - 3, exponent_max=top, exponent_origin=lsb - 5
        ),
        UnpackedShape(
            significand_bits=4, exponent_min=lsb, exponent_max=lsb + 2, has_nan=True, has_inf=True
        ),
        # Fixed-point words: signed, in two's complement, unsigned; too fine, too coarse.
        UnpackedShape(
            significand_bits=min(span + 4, 9), exponent_min=lsb - 2, exponent_max=lsb - 2
        ),
        UnpackedShape(
            significand_bits=min(span + 5, 10),
            exponent_min=lsb - 2,
            exponent_max=lsb - 2,
            twos_complement=True,
        ),
        UnpackedShape(
            significand_bits=4,
            exponent_min=top - 2,
            exponent_max=top - 2,
            twos_complement=True,
            has_nan=True,
            has_inf=True,
        ),
        UnpackedShape(significand_bits=4, exponent_min=lsb, exponent_max=lsb, signed=False),
        UnpackedShape(
            significand_bits=3, exponent_min=lsb - 9, exponent_max=lsb - 9, twos_complement=True
        ),
        UnpackedShape(significand_bits=3, exponent_min=lsb - 9, exponent_max=lsb - 7),
        UnpackedShape(
            significand_bits=2, exponent_min=top + 3, exponent_max=top + 3, twos_complement=True
        ),
        UnpackedShape(significand_bits=2, exponent_min=top + 3, exponent_max=top + 4),
        # A two's-complement word with an exponent.
        UnpackedShape(
            significand_bits=4, exponent_min=lsb - 2, exponent_max=top, twos_complement=True
        ),
    ]


FLOAT = formats.parse("fp32").unpacked
HALF = formats.parse("fp16").unpacked
REGISTER = UnpackedShape(
    significand_bits=60,
    exponent_min=-40,
    exponent_max=-40,
    twos_complement=True,
    has_nan=True,
    has_inf=True,
)
INTEGER = UnpackedShape(significand_bits=32, exponent_min=0, exponent_max=0, twos_complement=True)
WIDE = UnpackedShape(significand_bits=70, exponent_min=-60, exponent_max=20, has_nan=True)


def check(name, reference, shape, rounding, records, make=encoder) -> int:
    number_format = formats.parse(name) if isinstance(name, str) else name
    component = make(number_format, shape, rounding)
    records = list(records)
    for given, got in zip(records, simulate(component, records), strict=True):
        value = value_of(shape, given)
        expected = reference.encode(value, rounding, number_format.overflow)
        assert got == expected, (str(number_format), rounding, shape, given, float(value))
    return len(records)


def points(reference) -> list[Fraction]:
    """Levels, middles, and places between."""
    found = {Fraction(0)}
    for low, high in zip(reference.reals, reference.reals[1:], strict=False):
        found |= {low, high, *(low + (high - low) * n / 8 for n in (1, 4, 5))}
    first, last = reference.reals[0], reference.reals[-1]
    return sorted(found | {2 * first, 2 * last, first * 5 / 4, last * 5 / 4})


def wide_records(reference, shape, random, most=60) -> list:
    """Records around some of the points, all over the range, and special values."""
    chosen = points(reference)
    chosen = chosen if len(chosen) <= most else random.sample(chosen, most)
    records = [r for point in chosen for r in near(shape, point)]
    return [*records, *scattered(shape, random, 100), *specials(shape, random)]


@pytest.mark.parametrize(("name", "rounding"), some(product(NAMES, ROUNDINGS), 3))
def test_small_records_all(name, rounding):
    reference = levels.ALL[name]()
    magnitudes = [abs(level) for level in reference.reals if level]
    lsb, top = -1, max(magnitudes).__ceil__().bit_length()
    checked = 0
    for shape in small_shapes(lsb, top):
        every = [*every_record(shape), *specials(shape, Random(1))]
        checked += check(name, reference, shape, rounding, every)
    assert checked > 1200


@pytest.mark.parametrize(("name", "rounding"), some(product(WIDELY, ROUNDINGS), 3))
def test_wide_records_where_it_cuts(name, rounding):
    reference = levels.ALL[name]()
    checked, random = 0, Random(2)
    for shape in (FLOAT, REGISTER, INTEGER, WIDE):
        checked += check(name, reference, shape, rounding, wide_records(reference, shape, random))
    assert checked > 600


@pytest.mark.long
@pytest.mark.parametrize("rounding", some(ROUNDINGS, len(ROUNDINGS)))
def test_hif8(rounding):
    reference = levels.hif8()
    checked, random = 0, Random(3)
    # The lowest denormals, where mantissas change their width, and overflow.
    for lsb, top in ((-24, -21), (-17, -14), (-9, -6), (-5, -2), (3, 5), (7, 9), (14, 16)):
        for shape in small_shapes(lsb, top):
            every = [*every_record(shape), *specials(shape, random)]
            checked += check("hif8", reference, shape, rounding, every)
    assert checked > 7000
    for shape in (FLOAT, REGISTER, INTEGER, WIDE):
        records = wide_records(reference, shape, random, 200)
        checked += check("hif8", reference, shape, rounding, records)
    assert checked > 9000


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("bits", [1, 2, 3])
def test_bipolar_integers_by_arithmetic_at_any_width(bits, rounding):
    reference = levels.bipolar(bits)
    for shape in small_shapes(-1, bits):
        every = [*every_record(shape), *specials(shape, Random(1))]
        name = f"bipolar{bits}"
        assert check(name, reference, shape, rounding, every, BipolarEncoder) == len(every)


@pytest.mark.parametrize(
    "numbers", some([[1.0, 2.0, 3.5], [-5.0, -0.5], [-3.0, -0.25, 0.5, 6.0], [-1.0, 0.0]], 2)
)
def test_a_list_without_zero_and_of_one_sign(numbers):
    number_format = formats.Codebook(name="few", levels=numbers)
    reference = levels.codebook(numbers)
    for rounding in ROUNDINGS:
        for shape in small_shapes(-2, 3):
            every = [*every_record(shape), *specials(shape, Random(1))]
            assert check(number_format, reference, shape, rounding, every) == len(every)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nupes4", ("out=nupes4", "power", "operand")),
        ("pot8_k2", ("out=pot8_k2", "16", "operand")),
        ("lns3_6", ("out=lns3_6", "64 comparisons", "32 levels")),
    ],
)
def test_formats_without_an_encoder_say_so(name, words):
    with pytest.raises(SpecError) as caught:
        encoder(formats.parse(name), FLOAT, "rne")
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert word in message


def test_a_list_that_spans_too_much():
    number_format = formats.Codebook(name="far", levels=[0.0, 2.0**-70, 1.0])
    with pytest.raises(SpecError, match=r"span 7\d bits"):
        encoder(number_format, FLOAT, "rne")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [FLOAT, REGISTER, INTEGER])
def test_an_encoder_says_what_it_is_made_of(name, shape):
    component = encoder(formats.parse(name), shape, "rne")
    Fragment.get(component, None)
    assert component.structure.counts.total() > 2


@pytest.mark.parametrize(
    "spec",
    some(
        [
            "a=hif8,acc=fp:fp32,out=hif8,rounding=rna",
            "a=nf4,b=int8,acc=fp:fp32,out=nf4",
            "a=int4,acc=int:16,out=bipolar2",
            "a=int4,acc=int:16,out=bipolar6,rounding=rtz",
            "a=dint4,acc=kulisch,out=dint4tc",
            "a=dint4,b=int8,acc=int:32",
        ],
        6,
    ),
)
def test_whole_units_equal_the_golden_model(spec):
    assert verify(Design.parse(spec), "quick").total > 1000
