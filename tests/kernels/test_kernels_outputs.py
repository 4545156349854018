"""Sums of more bits than float64 has are rounded once, into outputs of every kind."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from sampled import some

from hwdse import Design, golden, kernels
from hwdse.errors import SpecError
from hwdse.formats import Format, Logarithmic, Posit, PowerExponent, names, parse

ROUNDINGS = ("rne", "rna", "rtz", "up", "down")
#: Operands whose exact sums float64 does not hold, and outputs.
POSITS = (
    ("posit8_2", "posit8_2"),
    ("posit16_1", "posit16_1"),
    ("posit16_2", "posit16_2"),
    ("posit16_2", "posit8_0"),
    ("posit16_1", "posit8_1"),
)
OTHERS = tuple(
    ("posit16_2", out)
    for out in (
        *("hif8", "nf4", "pot8_k2", "dint4", "bipolar4", "ternary", "binary"),
        *("binary8p4se", "binary6p3se", "e4m3fn_ftz", "q2_14", "int8"),
        *("posit20_1", "posit31_2", "posit4_1", "posit3_1", "posit16_4"),
    )
)


def design_of(a: str, out: str, rounding: str = "rne") -> Design:
    return Design.parse(f"a={a},acc=kulisch,out={out},rounding={rounding}")


def assert_same(design: Design, A: np.ndarray, B: np.ndarray) -> np.ndarray:
    """The golden model's codes, once they are the kernels' too."""
    expected, found = golden.matmul(design, A, B), kernels.matmul(design, A, B)
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    wrong = np.argwhere(found != expected)
    assert not wrong.size, (
        f"{design}: {len(wrong)} of {expected.size} differ, first {wrong[0]}: "
        f"{expected[tuple(wrong[0])]} is {found[tuple(wrong[0])]}"
    )
    return expected


def random_codes(rng: np.random.Generator, f: Format, shape: tuple[int, ...]) -> np.ndarray:
    """Codes of values around one, of any values, and a few special ones."""
    ordinary = f.encode(rng.normal(size=shape) * 2.0 ** rng.integers(-6, 4))
    anything = rng.integers(0, 1 << f.bits, shape, np.uint64).astype(f.code_dtype)
    if f.nan_code is not None:
        anything[anything == f.nan_code] = 1
    codes = np.where(rng.random(shape) < 0.2, anything, ordinary)
    if f.nan_code is not None:
        codes[rng.random(shape) < 0.003] = f.nan_code
    return codes


@pytest.mark.parametrize(("a", "out"), some([*POSITS, *OTHERS], 2))
def test_random_sums(a: str, out: str) -> None:
    rng = np.random.default_rng(len(a + out))
    for k, rounding in zip((1, 2, 7, 40, 300), ROUNDINGS, strict=True):
        for direction in {"rne", rounding}:
            design = design_of(a, out, direction)
            A, B = random_codes(rng, design.a, (2, k)), random_codes(rng, design.b, (k, 5))
            assert_same(design, A, B)


def thresholds(out: Format, rng: np.random.Generator) -> tuple[list[Fraction], list[Fraction]]:
    """Values of a format, and places half-way between two; some of them where there are many.

    Half-way between two posits is the posit of one bit more that lies between.
    """
    if isinstance(out, Posit):
        finer = Posit(width=out.width + 1, es=out.es)
        last = (1 << (out.width - 1)) - 1
        codes = np.arange(1, last) if last < 64 else rng.integers(1, last, 40)
        codes = np.concatenate([codes, [1, last - 1], -codes])
        values = out.decode(codes & ((1 << out.width) - 1))
        halves = finer.decode((2 * codes + 1) & ((2 << out.width) - 1))
        return [Fraction(x) for x in values], [Fraction(x) for x in halves]
    every = out.decode(np.arange(1 << out.bits))
    every = np.unique(every[np.isfinite(every)])
    levels = [Fraction(x) for x in every[out.quantize(every) == every]]
    if out.name == "hif8":
        levels = [Fraction(-3 << 14), *levels, Fraction(3 << 14)]
    halves = [(low + high) / 2 for low, high in pairwise(levels)]
    return a_few(rng, levels), a_few(rng, halves)


def a_few(rng: np.random.Generator, places: list[Fraction]) -> list[Fraction]:
    """At most 40 of them, the outermost and those about the middle among them."""
    count = len(places)
    if count <= 40:
        return places
    chosen = {0, 1, count // 2 - 1, count // 2, count // 2 + 1, count - 2, count - 1}
    return [places[i] for i in sorted(chosen | set(rng.choice(count, 33).tolist()))]


def terms_of(value: Fraction, f: Format) -> tuple[list[float], list[float]]:
    """Factors of `f` whose products, powers of two with one sign, add up to a value."""
    sign = 1.0 if value > 0 else -1.0
    value = abs(value)
    number, lsb = value.numerator, 1 - value.denominator.bit_length()
    bits = [lsb + i for i in range(number.bit_length()) if number >> i & 1]
    factors = [sign * 2.0 ** (e >> 1) for e in bits], [2.0 ** (e - (e >> 1)) for e in bits]
    for side in factors:
        assert np.array_equal(f.quantize(side), side)
    return factors


TERMS = 34


def sums_about(places: list[Fraction], f: Format) -> tuple[np.ndarray, np.ndarray]:
    """Stacks of rows and columns: each place less the least product, alone, and with it."""
    rows, columns = [], []
    for place in places:
        left, right = terms_of(place, f)
        least, filling = f.min_subnormal, [0.0] * (TERMS - len(left) - 1)
        for beside in (-1, 0, 1):
            rows.append([*left, beside * least, *filling])
            columns.append([*right, least, *filling])
    return f.encode(np.array(rows)[:, None, :]), f.encode(np.array(columns)[:, :, None])


@pytest.mark.parametrize("rounding", some(["rne", "rna", "up", "rtz"], 2))
@pytest.mark.parametrize(("a", "out"), [*POSITS, *OTHERS])
def test_sums_at_thresholds_and_beside_them(a: str, out: str, rounding: str) -> None:
    """The least product, far below float64's last bit, decides."""
    design = design_of(a, out, rounding)
    values, halves = thresholds(design.out, np.random.default_rng(3))
    widest = Fraction(2.0 ** (2 * 28) if a == "posit16_2" else design.a.max)
    values, halves = (
        [x for x in places if 1 / widest < abs(x) < widest] for places in (values, halves)
    )
    codes = assert_same(design, *sums_about([*values, *halves], design.a)).reshape(-1, 3)
    changes = (codes[:, 0] != codes[:, 1]) | (codes[:, 2] != codes[:, 1])
    # Rounding to nearest changes its mind half-way, the others at values: but few at the ends.
    changing = changes[len(values) :] if rounding in {"rne", "rna"} else changes[: len(values)]
    assert np.count_nonzero(changing) >= 0.9 * len(changing) - 4


def test_every_format_is_an_output_but_for_irrational_thresholds() -> None:
    irrational = 0
    for name in names():
        if not parse(name).signed:
            continue
        design = design_of("posit8_2", name)
        if isinstance(design.out, (Logarithmic, PowerExponent)):
            irrational += 1
            with pytest.raises(SpecError, match=f"^out={name} has no fast kernel for sums beyond"):
                kernels.matmul(design, [[64]], [[64]])
        else:
            assert kernels.matmul(design, [[64]], [[64]]) == design.out.encode(1.0)
    assert irrational >= 6


@pytest.mark.parametrize("out", ["lns4_3", "lns8_g8", "nupes8"])
def test_irrational_thresholds_take_exact_sums(out: str) -> None:
    rng = np.random.default_rng(8)
    design = design_of("posit8_0", out)
    A, B = random_codes(rng, design.a, (9, 50)), random_codes(rng, design.b, (50, 20))
    assert len(np.unique(assert_same(design, A, B))) > 20


WIDE = (
    *(
        "posit32_2",
        "posit32_0",
        "posit32_3",
        "posit31_1",
        "lns8_g8",
        "lns4_3",
        "lns8_g8z",
        "nupes4",
        "nupes8",
    ),
    *("uint32", "int32"),
)


@pytest.mark.parametrize("a", some(WIDE, 4))
def test_products_beyond_float64(a: str) -> None:
    """Their operands are cut in pieces: in exact sums, in groups and under every rounding."""
    rng = np.random.default_rng(9)
    compared = 0
    for rounding in ROUNDINGS:
        for rest in (
            "acc=kulisch,out=fp32",
            "acc=kulisch:3,out=posit16_2",
            "acc=fp:fp32",
            "acc=fp:bf16,unit=dot,lanes=3",
            "acc=fp:e6m13,unit=dot,lanes=4",
        ):
            design = Design.parse(f"a={a},{rest},rounding={rounding}")
            # Twelve terms fill groups of three and of four; some are cancelled by others.
            A, B = random_codes(rng, design.a, (3, 12)), random_codes(rng, design.b, (12, 8))
            if design.a.signed:
                half = np.s_[:, 6:10]
                A[half] = design.a.encode(-design.a.decode(A[:, :4]))
                B[6:10, ::2] = B[:4, ::2]
            # Products of zero have signs, in which no piece may differ from the whole.
            A[0], B[:, 3] = design.a.encode(0.0), design.b.encode(0.0)
            compared += assert_same(design, A, B).size
    assert compared == 25 * 3 * 8


@pytest.mark.parametrize("a", ["posit32_2", "int32"])
def test_the_last_bit_of_a_wide_product_decides(a: str) -> None:
    """Products just above a number half-way between two of fp32, by less than float64 tells."""
    design, low = Design.parse(f"a={a},acc=fp:fp32"), 32
    pairs = []
    for first in range((1 << 27) + 12345, 1 << 28, 20002):
        second = ((1 << (low - 1)) + 1) * pow(first, -1, 1 << low) % (1 << low)
        if 1 << 27 < second < 1 << 28 and first * second >= 1 << 55:
            pairs.append((first, second))
    assert len(pairs) >= 100
    assert all(x * y % (1 << low) == (1 << (low - 1)) + 1 for x, y in pairs)
    unit = 2.0**-27 if a == "posit32_2" else 1.0
    numbers = np.array(pairs) * unit
    A, B = design.a.encode(numbers[:, :1, None]), design.b.encode(numbers[:, 1:, None])
    codes = assert_same(design, A, B).reshape(-1)
    nearest = np.float32(numbers[:, 0] * numbers[:, 1]).view(np.uint32)
    assert 20 < np.count_nonzero(codes != nearest) < len(pairs)


@pytest.mark.parametrize("kind", ["kahan", "tree", "sr8"])
def test_other_sums_of_wide_products_are_refused(kind: str) -> None:
    design = Design.parse(f"a=int32,acc=fp:fp32:{kind}")
    with pytest.raises(SpecError, match="products of int32 and int32 have no fast kernel"):
        kernels.matmul(design, [[1]], [[1]])
