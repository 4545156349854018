"""The keys, the modes and the interface of the packed unit."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from hwdse import Design, formats
from hwdse.errors import SpecError
from hwdse.spec import Mac, PackedProduct
from hwdse.spec.multiply.packed import grid_of

MIXED = "a=posit16_1,acc=fp:fp32,unit=simd,modes=e2m1fn|posit4_1|posit8_0|posit16_1"


def test_its_modes():
    design = Design.parse(MIXED)
    assert [str(mode) for mode in design.unit.formats] == [
        *("e2m1fn", "posit4_1", "posit8_0", "posit16_1")
    ]
    assert [design.mul.lanes(mode) for mode in design.unit.formats] == [4, 4, 2, 1]
    assert (design.unit.group, design.unit.macs_per_cycle, design.unit.latency) == (1, 1, 1)
    widths = {port.name: port.width for port in design.interface.ports()}
    assert (widths["i_mode"], widths["i_a"], widths["i_b"]) == (2, 16, 16)
    assert "2: 2 x posit8_0, 3: 1 x posit16_1" in design.interface.behaviour


@pytest.mark.parametrize(
    "text",
    [
        MIXED,
        "a=int8,acc=int:32,unit=simd,modes=int4|int8",
        "a=fp16,acc=kulisch,out=bf16,unit=simd,stages=2,interleave=2,modes=bf16|e4m3fn|fp16",
    ],
)
def test_the_text_of_a_design_is_read_back(text):
    design = Design.parse(text)
    assert Design.parse(str(design)) == design
    assert design.mul.elements.keyword == "exact"
    assert "|" not in design.slug
    # Another unit takes the multiplier that the spec names.
    assert str(replace(design, unit=Mac()).mul) == "exact"
    assert not isinstance(replace(design, unit=Mac()).mul, PackedProduct)
    staged = replace(design, unit=replace(design.unit, stages=1))
    assert staged.mul == design.mul


def test_modes_may_have_blanks():
    design = Design.parse("a=e4m3fn,acc=kulisch,unit=simd,modes= e2m1fn | e4m3fn")
    assert design.unit.modes == "e2m1fn|e4m3fn"


@pytest.mark.parametrize("name", ["e2m1fn", "posit4_1", "posit8_0", "e5m2", "int8", "hif8", "nf4"])
def test_values_are_multiples_of_their_grid(name):
    number_format = formats.parse(name)
    values = number_format.decode(np.arange(1 << number_format.bits)).tolist()
    numbers = [Fraction(x) for x in values if np.isfinite(x)]
    grid = grid_of(number_format)
    unit = Fraction(2) ** grid.lsb
    counts = [number / unit for number in numbers]
    assert all(count.denominator == 1 for count in counts)
    assert any(count.numerator % 2 for count in counts)
    assert max(map(abs, counts)) == grid.largest


def test_terms_are_as_wide_as_their_largest_sum():
    mul = Design.parse(MIXED).mul
    e2m1, posit4, posit8, posit16 = map(mul.term, mul.modes)
    # 4 x 36, in units of 1/4, and a sign.
    assert (e2m1.significand_bits, e2m1.exponent_min, e2m1.exponent_max) == (11, -2, -2)
    assert (posit4.significand_bits, posit4.exponent_min) == (20, -8)
    assert (posit8.significand_bits, posit8.exponent_min) == (27, -12)
    assert (posit16.significand_bits, posit16.exponent_min, posit16.exponent_max) == (27, -80, 32)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a=fp16,acc=kulisch", "unit simd, no modes=: 2 to 8 formats joined by '|' are needed"),
        ("a=fp16,acc=kulisch,modes=fp16", "modes=fp16: 2 to 8 formats joined by"),
        ("a=fp16,acc=kulisch,modes=fp16|", "modes=fp16|: 2 to 8 formats joined by"),
        (
            "a=int8,acc=kulisch,modes=int8|e5m2|e4m3fn|e3m4|e2m5|posit8_0|posit8_1|posit8_2|hif8",
            "2 to 8 formats joined by",
        ),
        ("a=fp16,acc=kulisch,modes=fp16|nonsense", "unknown format 'nonsense'"),
        ("a=fp16,acc=kulisch,modes=fp16|e5m2|fp16", "modes=.*: fp16 comes twice"),
        ("a=fp16,acc=kulisch,modes=fp16|e3m2fn", "e3m2fn has 6 bits: a word of 16 bits has 1, 2,"),
        ("a=int12,acc=kulisch,modes=int12|int4", "int4 has 4 bits: a word of 12 bits has 1, 2, 4"),
        ("a=e5m2,acc=kulisch,modes=fp16|e5m2", "a=e5m2, b=e5m2: fp16 is needed for both"),
        ("a=bf16,acc=kulisch,modes=fp16|e5m2", "a=bf16, b=bf16: fp16 is needed for both"),
        ("a=fp16,b=bf16,acc=kulisch,modes=fp16|bf16", "fp16 or bf16 is needed for both"),
        ("a=int8,mul=radix4,acc=int:32,modes=int8|int4", "mul=radix4: only exact serves elements"),
        ("a=e4m3fn,mul=lmul,acc=kulisch,modes=e4m3fn|e2m1fn", "mul=lmul.*: only exact serves"),
        (
            "a=e8m40,acc=kulisch,modes=e8m40|fp32",
            "words of 49 bits: 2 to 32 are allowed",
        ),
        ("a=e4m3fn,acc=kulisch,modes=e4m3fn|lns8_g4", "lns8_g4: a logarithm is no significand"),
        ("a=fp32,acc=fp:fp32,modes=fp32|bf16", "sums of 2 products of bf16 take [0-9]+ bits"),
        ("a=fp16,acc=kulisch,modes=fp16|nf4", "4 significands of nf4 take 96 bits: at most 64"),
        ("a=fp16,acc=kulisch,modes=fp16|mxfp4", "mxfp4 is a block format"),
        ("a=fp16,acc=int:32,modes=fp16|e5m2", "accumulator int:32"),
        ("a=fp16,acc=kulisch,modes=fp16|e5m2,lanes=2", "unit simd does not use lanes"),
    ],
)
def test_what_is_not_allowed_is_said_in_one_line(text, reason):
    with pytest.raises(SpecError, match=reason) as error:
        Design.parse(f"{text},unit=simd")
    assert "\n" not in str(error.value)
