"""Every product of every multiplier for operands up to 8 x 8 bits, against Fractions."""

from fractions import Fraction

import numpy as np
import pytest
from reference import products as reference
from reference.number_formats import to_float

from hwdse import Design, golden
from hwdse.golden import products

# Operands, multiplier.
PAIRS = [
    ("e4m3fn", "e4m3fn", "mitchell"),
    ("int8", "int8", "mitchell"),
    ("e4m3fn", "int4", "mitchell"),
    ("int8", "e2m1fn", "mitchell"),
    ("uint4", "int5", "mitchell"),
    ("dint4", "int4", "mitchell"),
    ("e3m2fn", "e2m3fn", "mitchell:f1"),
    ("posit5_2", "e3m2fn", "mitchell"),
    ("e2m1fn", "e2m1fn", "lut"),
    ("int4", "int4", "lut"),
    ("dint4", "dint4", "lut"),
    ("dint4tc", "dint4", "lut"),
    ("nf4", "int4", "lut"),
    ("posit4_1", "posit4_1", "lut"),
    ("e3m2fn", "e3m2fn", "lut"),
    ("ternary", "ternary", "lut"),
    ("int8", "ternary", "lut"),
    ("e2m1", "e2m1", "lut"),
    ("posit5_2", "posit5_2", "lut"),
    ("int8", "pot8_k2", "shift-add"),
    ("e3m2fn", "pot5_k1", "shift-add"),
    ("e5m2", "pot4_k2", "shift-add"),
    ("int8", "ternary", "add-skip"),
    ("e5m2", "ternary", "add-skip"),
    ("e4m3fn", "binary", "add-skip"),
    ("uint4", "bipolar1", "add-skip"),
    ("posit8_0", "ternary", "add-skip"),
    ("ternary", "ternary", "add-skip"),
    ("binary", "binary", "xnor"),
    ("bipolar3", "bipolar2", "xnor"),
    ("int8", "int8", "radix4"),
    ("uint4", "uint4", "radix4"),
    ("int5", "int7", "radix4"),
    ("q2_6", "int3", "radix4"),
    ("int4", "e5m2", "exact"),
]

MORE = [
    ("e5m2", "e5m2", "mitchell"),
    ("hif8", "hif8", "mitchell"),
    ("posit8_0", "posit8_0", "mitchell"),
    ("int8", "int8", "mitchell:f3"),
    ("int8", "pot8_k1", "shift-add"),
    ("int8", "pot8_k4", "shift-add"),
    ("e4m3fn", "pot8_k2", "shift-add"),
    ("bipolar8", "bipolar8", "xnor"),
    ("int8", "uint8", "radix4"),
]


def all_pairs(design: Design) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.arange(1 << design.a.bits), np.arange(1 << design.b.bits)
    return np.repeat(x, y.size), np.tile(y, x.size)


def check(a: str, b: str, mul: str) -> int:
    design = Design.parse(f"a={a},b={b},mul={mul},acc=kulisch")
    bounds, rule = design.product, reference.rule(mul)
    integers = design.a.unpacked.twos_complement or design.b.unpacked.twos_complement
    signless = bounds.twos_complement or (mul.startswith("mitchell") and integers)
    x, y = all_pairs(design)
    pairs = zip(x.tolist(), y.tolist(), strict=True)
    expected = [rule(a, b, p, q) for p, q in pairs]
    if signless:
        expected = [reference.without_sign_of_zero(value) for value in expected]
    wanted = np.array([to_float(value) for value in expected])
    record = products(design, x, y)
    got = record.to_float64()  # exact: at most 53 significant bits
    same = (got == wanted) & (np.signbit(got) == np.signbit(wanted))
    same |= np.isnan(got) & np.isnan(wanted)
    wrong = [
        f"{p:#x} * {q:#x}: {g}, expected {e}"
        for p, q, g, e in zip(x[~same], y[~same], got[~same], wanted[~same], strict=True)
    ]
    assert wrong[:5] == []
    nonzero = record.significand != 0
    assert (record.exponent[nonzero] >= bounds.exponent_min).all()
    assert (record.exponent[nonzero] <= bounds.exponent_max).all()
    largest = 1 << bounds.magnitude_bits
    assert max(record.significand) <= largest - (not bounds.twos_complement)
    assert not record.significand[record.nan | record.inf].any()
    assert bounds.signed or not record.sign.any()
    assert bounds.has_nan == record.nan.any()
    assert bounds.has_inf == record.inf.any()
    return got.size


@pytest.mark.parametrize(("a", "b", "mul"), PAIRS)
def test_all_products(a, b, mul):
    assert check(a, b, mul) == len(reference.values(a)) * len(reference.values(b))


@pytest.mark.long
@pytest.mark.parametrize(("a", "b", "mul"), MORE)
def test_all_products_of_more_operands(a, b, mul):
    assert check(a, b, mul) == 65536


def test_products_of_members_are_exact_for_sums_of_powers():
    """Only codes that encoding never gives count with less than they spell."""
    design = Design.parse("a=int8,b=pot8_k2,mul=shift-add,acc=int:24")
    x, y = all_pairs(design)
    exact = design.a.decode(x) * design.b.decode(y)
    member = np.array([design.b.is_produced(code) for code in range(256)])[y]
    same = products(design, x, y).to_float64() == exact
    assert same[member].all()
    assert member.sum() == 256 * 88
    # Zero times whatever is exact, too.
    assert (~same & ~member).sum() == 255 * 168


# --- Mitchell's error, section 4.2 --------------------------------------------------------------


@pytest.mark.parametrize("m", [2, 3, 4, 5, 7])
def test_mitchells_error_over_all_fractions(m):
    design = Design.parse(f"a=e5m{m},mul=mitchell,acc=kulisch")
    one = 15 << m
    x = np.repeat(one + np.arange(1 << m), 1 << m)
    y = np.tile(one + np.arange(1 << m), 1 << m)
    error = products(design, x, y).to_float64() / (design.a.decode(x) * design.a.decode(y)) - 1
    mean = 0.036 if m == 2 else 0.038
    assert np.abs(error).mean() == pytest.approx(mean, abs=6e-4)
    assert np.abs(error).max() == pytest.approx(0.111, abs=6e-4)
    assert error.max() == 0


@pytest.mark.parametrize(("name", "count"), [("e4m3fn", 252 * 252), ("int8", 255 * 255)])
def test_mitchells_error_is_never_more(name, count):
    """At most 1/9, at x = y = 1/2; subnormals and small integers are no exception."""
    design = Design.parse(f"a={name},mul=mitchell,acc=kulisch")
    x, y = all_pairs(design)
    exact = design.a.decode(x) * design.a.decode(y)
    usable = np.isfinite(exact) & (exact != 0)
    assert usable.sum() == count
    error = products(design, x, y).to_float64()[usable] / exact[usable] - 1
    assert error.min() == pytest.approx(-1 / 9, abs=1e-15)
    assert error.max() == 0
    assert -0.0385 < error.mean() < -0.03


def test_cutting_the_fraction_only_takes_away():
    x, y = all_pairs(Design.parse("a=int8,acc=kulisch"))
    previous = None
    for bits in (7, 4, 2, 1):
        design = Design.parse(f"a=int8,mul=mitchell:f{bits},acc=kulisch")
        magnitude = np.abs(products(design, x, y).to_float64())
        if previous is not None:
            assert (magnitude <= previous).all()
            assert (magnitude < previous).any()
        previous = magnitude


# --- sums --------------------------------------------------------------------------------------


def codes(design: Design, rng: np.random.Generator, shape: tuple[int, ...]):
    return tuple(rng.integers(0, 1 << f.bits, shape) for f in (design.a, design.b))


@pytest.mark.parametrize(("n", "m"), [(1, 1), (3, 2), (2, 4)])
def test_bipolar_dot_products_are_population_counts(n, m):
    """Section 5.5: the sum over pairs of bits of 2^(i+j) (K - 2 popcount(a_i XOR w_j))."""
    design = Design.parse(f"a=bipolar{n},b=bipolar{m},mul=xnor,acc=int:20,unit=dot,lanes=8")
    a, b = codes(design, np.random.default_rng(n), (1000, 64))
    counts = 0
    for i in range(n):
        for j in range(m):
            differ = ((a >> i) ^ (b >> j)) & 1
            counts += (64 - 2 * differ.sum(axis=-1)) << (i + j)
    assert np.array_equal(design.out.decode(golden.dot(design, a, b)), counts)


def test_the_example_of_bit_planes():
    """Section 13.1: u = 3, 0, 1, 2 as bipolar numbers times 1, 2, 3, 4 is -2."""
    design = Design.parse("a=int4,b=bipolar2,acc=int:8")
    assert design.out.decode(golden.dot(design, [1, 2, 3, 4], [3, 0, 1, 2])) == -2


@pytest.mark.parametrize(
    "spec",
    [
        "a=int8,b=ternary,mul=add-skip,acc=int:20",
        "a=int8,b=pot8_k2,mul=shift-add,acc=int:26",
        "a=int8,mul=radix4,acc=int:26",
        "a=e2m1fn,mul=lut,acc=int:20,out=fp32",
        "a=int8,mul=mitchell,acc=int:26",
        "a=e4m3fn,b=int4,mul=mitchell,acc=kulisch",
    ],
)
def test_sums_of_a_thousand_dot_products(spec):
    design = Design.parse(spec)
    mul = str(design.mul)
    a, b = codes(design, np.random.default_rng(7), (1000, 32))
    names = design.keys()
    rule = reference.rule(mul)
    got = design.out.decode(golden.dot(design, a, b))
    compared = negative = 0
    for row in range(1000):
        terms = [
            rule(names["a"], names["b"], p, q)
            for p, q in zip(a[row].tolist(), b[row].tolist(), strict=True)
        ]
        if any(term.special for term in terms):
            assert np.isnan(got[row])
            continue
        total = sum((term.number for term in terms), Fraction(0))
        assert Fraction(got[row]) == Fraction(float(np.float32(float(total))))
        compared, negative = compared + 1, negative + (total < 0)
    assert compared > 700
    assert negative > 250
