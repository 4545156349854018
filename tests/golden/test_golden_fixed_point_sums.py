"""Integer accumulators that count in units of the products' least bit, against Fractions."""

from fractions import Fraction

import numpy as np
import pytest
from reference import levels

from hwdse import Design, formats, golden
from hwdse.errors import SpecError


def values(name: str) -> list[Fraction]:
    """What each code is worth."""
    if name in levels.ALL:
        return levels.ALL[name]().values
    bits, fraction, signed = {
        "int8": (8, 0, True), "q2_6": (8, 6, True), "uq4_4": (8, 4, False), "uint8": (8, 0, False),
    }[name]  # fmt: skip
    half = 1 << (bits - 1) if signed else 1 << bits
    return [
        Fraction(code - (1 << bits if code >= half else 0), 1 << fraction)
        for code in range(1 << bits)
    ]


CASES = [
    # a, b, accumulator, weight of its least bit, output
    ("dint4", "int8", "int:32", -1, "q31_1"),
    ("dint4", "int8", "int:13", -1, "q12_1"),
    ("dint4tc", "dint4", "int:10:sat", -2, "q8_2"),
    ("dint4", "dint4", "int:10", -2, "q8_2"),
    ("q2_6", "q2_6", "int:18:sat", -12, "q6_12"),
    ("q2_6", "dint8", "int:17", -7, "q10_7"),
    ("uq4_4", "q2_6", "int:20", -10, "q10_10"),
    ("uint8", "uint8", "int:18", 0, "int18"),
    ("ternary", "int8", "int:10:sat", 0, "int10"),
    ("binary", "binary", "int:5", 0, "int5"),
    ("bipolar2", "bipolar4", "int:8", 0, "int8"),
    ("pot8_k2", "ternary", "int:10", 0, "int10"),
]


@pytest.mark.parametrize("lanes", [1, 4])
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{case[1]}-{case[2]}")
def test_sums_wrap_or_saturate_at_the_registers_width(case, lanes):
    a, b, acc, lsb, out = case
    design = Design.parse(f"a={a},b={b},acc={acc},unit=dot,lanes={lanes}")
    assert str(design.out) == out
    assert design.state.exponent_min == design.state.exponent_max == lsb
    random = np.random.default_rng(lanes)
    x = random.integers(0, 1 << design.a.bits, (40, 32))
    y = random.integers(0, 1 << design.b.bits, (40, 32))
    got = design.out.decode(golden.running_dot(design, x, y))
    left, right = values(a), values(b)
    width, unit = int(acc.split(":")[1]), Fraction(2) ** lsb
    limit, compared, beyond = 1 << (width - 1), 0, 0
    for row in range(40):
        total = 0
        for group in range(32 // lanes):
            for k in range(group * lanes, (group + 1) * lanes):
                count = left[x[row, k]] * right[y[row, k]] / unit
                assert count.denominator == 1
                total += count.numerator
            beyond += not -limit <= total < limit
            if acc.endswith("sat"):
                total = min(max(total, -limit), limit - 1)
            else:
                total = (total + limit) % (2 * limit) - limit
            assert Fraction(got[row, group]) == total * unit
            compared += 1
    assert compared == 40 * 32 // lanes
    if acc in {"int:10:sat", "int:13", "int:8", "int:18"}:
        assert beyond > 0


def test_an_addend_is_rounded_to_the_registers_units():
    design = Design.parse("a=dint4,b=int8,acc=int:14,out=fp32")
    one_half = design.a.encode([0.5])
    for start, expected in ((2.25, 2.5), (2.75, 3.5), (-0.75, -0.5), (0.5, 1.0)):
        c = design.out.encode(start)
        total = golden.dot(design, one_half, design.b.encode([1]), c)
        assert design.out.decode(total) == expected


def test_the_largest_sum_is_in_the_registers_units():
    assert Design.parse("a=dint4,b=int8,acc=int:16,out=fp32").largest_sum == 32767 / 2
    assert Design.parse("a=q2_6,acc=int:24,out=fp32").largest_sum == (2**23 - 1) / 4096


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("a=hif8,acc=int:32", ("integer products", "kulisch or fp:{format}")),
        ("a=nf4,b=int8,acc=int:32", ("integer products",)),
        ("a=dint4,b=int8,acc=int:48", ("int:48", "2^-1", "out=")),
        ("a=q1_31,b=int8,acc=int:40", ("int:40", "out=")),
        ("a=dint4,b=int8,acc=int:11", ("int:11", "13 bits")),
    ],
)
def test_what_does_not_fit_is_refused(spec, words):
    with pytest.raises(SpecError) as caught:
        Design.parse(spec)
    for word in words:
        assert word in str(caught.value)


def test_an_output_that_is_named_serves_any_register():
    for out in ("fp32", "int8", "q4_4"):
        assert Design.parse(f"a=dint4,b=int8,acc=int:48,out={out}").out == formats.parse(out)
