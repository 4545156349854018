"""Every product of 8-bit operands, and the L-Mul tables, against Fractions."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from reference.dot_products import ExactProduct, LMulProduct
from reference.number_formats import ALL, NAMED, Value, to_float
from sampled import some

from hwdse import Design, golden
from hwdse.golden import products


def all_pairs(a: str, b: str) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.arange(1 << ALL[a].bits), np.arange(1 << ALL[b].bits)
    return np.repeat(x, y.size), np.tile(y, x.size)


def check_all_pairs(a: str, b: str, mul: str, reference) -> int:
    design = Design.parse(f"a={a},b={b},mul={mul},acc=kulisch")
    x, y = all_pairs(a, b)
    record = products(design, x, y)
    assert (record.significand[record.nan | record.inf] == 0).all()
    assert not (record.nan & record.inf).any()
    got = record.to_float64()  # exact: at most 16 significant bits
    pairs = zip(x.tolist(), y.tolist(), strict=True)
    expected = np.array([to_float(reference(ALL[a], ALL[b], p, q)) for p, q in pairs])
    same = (got == expected) & (np.signbit(got) == np.signbit(expected))
    same |= np.isnan(got) & np.isnan(expected)
    wrong = [
        f"{p:#x} * {q:#x}: {g}, expected {e}"
        for p, q, g, e in zip(x[~same], y[~same], got[~same], expected[~same], strict=True)
    ]
    assert wrong[:5] == []
    bounds = design.product
    nonzero = record.significand != 0
    assert (record.exponent[nonzero] >= bounds.exponent_min).all()
    assert (record.exponent[nonzero] <= bounds.exponent_max).all()
    assert max(record.significand).bit_length() <= bounds.significand_bits
    assert bounds.has_nan == record.nan.any()
    assert bounds.has_inf == record.inf.any()
    return got.size


@pytest.mark.parametrize("name", ["e4m3fn", "e5m2"])
def test_all_65536_exact_products(name):
    assert check_all_pairs(name, name, "exact", ExactProduct()) == 65536


@pytest.mark.parametrize(
    ("a", "b"),
    [("e2m1fn", "e5m2"), ("e4m2fnuz", "e3m2fn"), ("e8m0", "e2m1fn"), ("int4", "e3m3"),
     ("int3", "int4"), ("e3m0fn", "ue3m3finite"), ("e2m1", "e2m1")],
)  # fmt: skip
def test_exact_products_of_unlike_operands(a, b):
    count = check_all_pairs(a, b, "exact", ExactProduct())
    assert count == 1 << (ALL[a].bits + ALL[b].bits)


LMULS = {
    "lmul": LMulProduct(),
    "lmul:no-offset": LMulProduct(offset=False),
    "lmul:sat": LMulProduct(saturate=True),
    "lmul:formula": LMulProduct(formula=True),
    "lmul:formula:no-offset": LMulProduct(formula=True, offset=False),
    "lmul:formula:sat": LMulProduct(formula=True, saturate=True),
}


@pytest.mark.parametrize("name", ["e4m3fn", "e5m2"])
def test_all_65536_lmul_products(name):
    assert check_all_pairs(name, name, "lmul", LMULS["lmul"]) == 65536


@pytest.mark.parametrize(
    ("name", "mul"),
    some(product(["e3m2fn", "e3m3", "e4m2fnuz", "e2m1", "e2m3b1fn", "e1m1b0fn"], LMULS), 4),
)
def test_lmul_products_of_small_formats(name, mul):
    count = check_all_pairs(name, name, mul, LMULS[mul])
    assert count == 1 << 2 * ALL[name].bits


# --- known answers of section 4.3 --------------------------------------------------------------

KNOWN = [
    # format, x, y, code of the product (None: not printed), value
    ("e4m3fn", 1, 1, 0x39, 1.125),
    ("e4m3fn", 1.5, 1.5, 0x41, 2.25),
    ("e4m3fn", 1.25, 1.5, 0x3F, 1.875),
    ("e4m3fn", 1.75, 1.75, 0x45, 3.25),
    ("e4m3fn", -3, 0.5, 0xBD, -1.625),
    ("e4m3fn", 448, 2, 0x7E, 448),
    ("e4m3fn", 2**-6, 0.5, 0x00, 0),
    ("e5m2", 1, 1, 0x3D, 1.25),
    ("e5m2", 1.5, 1.5, 0x41, 2.5),
    ("e5m2", 1.75, 1.75, 0x43, 3.5),
    ("bf16", 1, 1, 0x3F88, 1.0625),
    ("bf16", 1.5, 1.5, 0x4008, 2.125),
    ("bf16", 1.75, 1.75, 0x4048, 3.125),
    ("fp16", 1, 1, 0x3C40, 1.0625),
    ("fp16", 1.5, 1.5, 0x4040, 2.125),
]


@pytest.mark.parametrize(("name", "x", "y", "code", "value"), KNOWN)
def test_known_lmul_answers(name, x, y, code, value):
    design = Design.parse(f"a={name},mul=lmul,acc=fp:fp32,out={name}")
    a, b = design.a.encode([x]), design.a.encode([y])
    assert hex(golden.dot(design, a, b)) == hex(code)
    assert products(design, a, b).to_float64() == value


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        (0x7C, 0x3C, 0x7C),  # inf * 1
        (0xFC, 0x3C, 0xFC),
        (0x7C, 0x00, 0x7E),  # inf * 0
        (0x7C, 0x01, 0x7E),  # inf * subnormal, which counts as zero
        (0x7E, 0x3C, 0x7E),  # NaN * 1
        (0x7B, 0x7B, 0x7C),  # overflow
        (0xFB, 0x7B, 0xFC),
        (0x03, 0x3C, 0x00),  # subnormal * 1
        (0x83, 0x3C, 0x00),  # -0, added to +0
        (0x04, 0x3B, 0x04),  # the smallest normal * 0.875 + offset
    ],
)
def test_lmul_corners_of_a_format_with_infinity(x, y, expected):
    design = Design.parse("a=e5m2,mul=lmul,acc=fp:e5m2")
    assert hex(golden.dot(design, [x], [y])) == hex(expected)


def test_lmul_saturates_on_demand():
    design = Design.parse("a=e5m2,mul=lmul:sat,acc=fp:e5m2")
    assert golden.dot(design, [0x7B], [0x7B]) == 0x7B
    assert golden.dot(design, [0x7C], [0x3C]) == 0x7C


# --- error table of section 4.2 ----------------------------------------------------------------

# M: formula mean abs, max, bias; integer mean abs, max, bias; Mitchell mean, max
ERRORS = {
    2: ((0.111, 0.250, 0.086), (0.147, 0.250, 0.147), (0.036, 0.111)),
    3: ((0.069, 0.182, -0.010), (0.052, 0.125, 0.049), (0.038, 0.111)),
    4: ((0.069, 0.201, -0.022), (0.051, 0.125, 0.049), (0.038, 0.111)),
    5: ((0.073, 0.226, -0.059), (0.027, 0.073, 0.004), (0.038, 0.111)),
}


@pytest.mark.parametrize("m", ERRORS)
def test_error_table_over_all_pairs_of_fractions(m):
    formula, integer, mitchell = ERRORS[m]
    name = f"e5m{m}"
    one = 15 << m
    x, y = np.repeat(one + np.arange(1 << m), 1 << m), np.tile(one + np.arange(1 << m), 1 << m)
    assert x.size == 4**m

    def error(mul: str) -> np.ndarray:
        design = Design.parse(f"a={name},mul={mul},acc=kulisch")
        exact = design.a.decode(x) * design.a.decode(y)
        return products(design, x, y).to_float64() / exact - 1

    for mul, expected in (("lmul:formula", formula), ("lmul", integer)):
        e = error(mul)
        assert (np.abs(e).mean(), np.abs(e).max(), e.mean()) == pytest.approx(expected, abs=6e-4)
    e = error("lmul:no-offset")
    assert (np.abs(e).mean(), np.abs(e).max()) == pytest.approx(mitchell, abs=6e-4)


def test_the_two_forms_differ_by_the_halved_carry():
    """Integer: 2^(e+1) (1 + f - 1); formula: 2^e (1 + f), for f = xm + ym + 2^-l >= 1."""
    codes = [NAMED["e4m3fn"].encode(Value(False, Fraction(7, 4)))]
    of = {
        mul: products(Design.parse(f"a=e4m3fn,mul={mul},acc=kulisch"), codes, codes).to_float64()
        for mul in ("lmul", "lmul:formula")
    }
    assert of == {"lmul": 3.25, "lmul:formula": 2.625}
