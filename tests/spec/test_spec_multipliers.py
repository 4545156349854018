"""Multipliers in design specs: text forms, bounds, and combinations without meaning."""

import pytest

from hwdse import Design
from hwdse.errors import SpecError
from hwdse.spec import (
    AddSkip,
    Exact,
    ExactValued,
    Lut,
    Mitchell,
    Multiplier,
    Radix4,
    ShiftAdd,
    Xnor,
)


@pytest.mark.parametrize(
    ("text", "multiplier"),
    [
        ("mitchell", Mitchell()),
        ("mitchell:f3", Mitchell(fraction_bits=3)),
        ("lut", Lut()),
        ("shift-add", ShiftAdd()),
        ("add-skip", AddSkip()),
        ("xnor", Xnor()),
        ("radix4", Radix4()),
    ],
)
def test_text_round_trips(text, multiplier):
    assert Multiplier.parse(text) == multiplier
    assert str(multiplier) == text
    assert isinstance(multiplier, ExactValued) == (not text.startswith("mitchell"))


def test_each_has_its_own_slug():
    slugs = {
        Design.parse(f"a=binary,mul={mul},acc=int:8").slug
        for mul in ("exact", "lut", "add-skip", "xnor", "mitchell", "mitchell:f1")
    }
    assert len(slugs) == 6


def test_exact_valued_multipliers_differ_from_exact():
    assert Exact() not in {Lut(), ShiftAdd(), AddSkip(), Xnor(), Radix4()}


# Operands, multiplier: significand bits, least and greatest exponent, two's complement.
BOUNDS = {
    # Integers in disguise: E2M1 times 4 is an integer up to 144, E3M2 times 256 up to 200704.
    ("e2m1fn", "e2m1fn", "lut"): (8, -2, -2, False),
    ("e3m2fn", "e3m2fn", "lut"): (18, -8, -8, False),
    ("int4", "int4", "lut"): (8, 0, 0, True),
    ("posit4_1", "posit4_1", "lut"): (18, -8, -8, True),
    # Too wide for a fixed-point word: significand and exponent.
    ("posit5_2", "posit5_2", "lut"): (2, -24, 24, False),
    ("binary", "binary", "xnor"): (2, 0, 0, True),
    ("bipolar3", "bipolar2", "xnor"): (6, 0, 0, True),
    ("int8", "ternary", "add-skip"): (9, 0, 0, True),
    ("e4m3fn", "ternary", "add-skip"): (4, -9, 5, False),
    ("int8", "int4", "radix4"): (12, 0, 0, True),
    ("int8", "pot8_k2", "shift-add"): (16, 0, 0, True),
    # 128 * 128 takes one bit more than other products.
    ("int8", "int8", "mitchell"): (15, 0, 0, False),
    ("uint4", "int4", "mitchell"): (7, 0, 0, False),
    # A leading one from 2^-18, that of the smallest subnormal's square, to 2^17.
    ("e4m3fn", "e4m3fn", "mitchell"): (4, -21, 14, False),
    ("e4m3fn", "e4m3fn", "mitchell:f2"): (3, -20, 15, False),
    ("e4m3fn_ftz", "e4m3fn_ftz", "mitchell"): (4, -15, 14, False),
}


@pytest.mark.parametrize("operands", BOUNDS, ids="-".join)
def test_bounds_of_products(operands):
    a, b, mul = operands
    shape = Design.parse(f"a={a},b={b},mul={mul},acc=kulisch").product
    got = (shape.significand_bits, shape.exponent_min, shape.exponent_max, shape.twos_complement)
    assert got == BOUNDS[operands]


BAD = {
    "a=int8,mul=mitchell:3,acc=int:32": ("'mitchell:3'", "mitchell[:f{n}]"),
    "a=int8,mul=mitchell:f0,acc=int:32": ("'mitchell:f0'", "mitchell[:f{n}]"),
    "a=int8,mul=mitchell:f2:f3,acc=int:32": ("'mitchell:f2:f3'", "mitchell[:f{n}]"),
    "a=lns8_g8,mul=mitchell,acc=kulisch": ("lns8_g8", "mul=log"),
    "a=lns4_3,mul=lut,acc=kulisch": ("lns4_3", "irrational", "mul=log"),
    "a=int8,mul=lut,acc=int:32": ("int8 and int8", "2^16 products", "2^10"),
    "a=e4m3fn,mul=lut,acc=kulisch": ("2^14 products", "2^10"),
    "a=fp32,b=ternary,mul=lut,acc=fp:fp32": ("2^34 products", "2^10"),
    "a=e4m3fn,b=int8,mul=shift-add,acc=kulisch": ("by int8", "pot{W}_k{K}"),
    "a=pot8_k2,b=int8,mul=shift-add,acc=int:32": ("second operand", "pot{W}_k{K}"),
    "a=int8,mul=add-skip,acc=int:32": ("int8 and int8", "ternary, binary and bipolar1"),
    "a=ternary,b=bipolar2,mul=add-skip,acc=int:32": ("bipolar2", "ternary, binary and bipolar1"),
    "a=ternary,mul=xnor,acc=int:8": ("every bit of ternary", "binary and bipolar{n}"),
    "a=int8,b=binary,mul=xnor,acc=int:16": ("every bit of int8", "binary and bipolar{n}"),
    "a=e4m3fn,b=int8,mul=radix4,acc=kulisch": ("e4m3fn has no digits", "integers"),
    "a=dint4,b=int8,mul=radix4,acc=int:32": ("dint4 has no digits", "fixed-point"),
    "a=int8,mul=lut:big,acc=int:32": ("'lut:big'", "lut"),
    # An accumulator of integers takes fixed-point products only.
    "a=int8,b=e2m1fn,mul=mitchell,acc=int:32": ("int:32", "integer products"),
    "a=e4m3fn,b=ternary,mul=add-skip,acc=int:32": ("int:32", "integer products"),
    "a=posit5_2,mul=lut,acc=int:32": ("int:32", "integer products"),
    "a=hif8,b=int4,acc=int:32": ("int:32", "integer products"),
}


@pytest.mark.parametrize("text", BAD)
def test_what_makes_no_sense_is_refused_in_one_line(text):
    with pytest.raises(SpecError) as caught:
        Design.parse(text)
    message = str(caught.value)
    assert "\n" not in message
    for words in BAD[text]:
        assert words in message


def test_fractions_made_in_python_are_checked_too():
    with pytest.raises(SpecError, match="at least 1 bit"):
        Mitchell(fraction_bits=0)
