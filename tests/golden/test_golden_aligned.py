"""Tensor-core style sums: known answers, and every step against the slow Fraction reference."""

import dataclasses
from collections import Counter
from functools import lru_cache

import numpy as np
import pytest
from reference.number_formats import ALL, Float
from reference.tensor_core import TensorCore

from hwdse import Design, golden

E8M13 = Float(8, 13, 127)


def dot(spec: str, a, b, c=None) -> float:
    """Values in, value out."""
    design = Design.parse(spec)
    addend = None if c is None else design.out.encode(c, overflow="ieee")
    x, y = design.a.encode(a, overflow="ieee"), design.b.encode(b, overflow="ieee")
    return float(design.out.decode(golden.dot(design, x, y, addend)))


# --- known answers -----------------------------------------------------------------------------

SMALL = 2.0**-12
# name, a, b, c: result on volta, ampere, hopper
FP16 = {
    "8 * 2^-24": ([SMALL] * 8, [SMALL] * 8, 1.0, (1, 1 + 2**-21, 1 + 2**-21)),
    "8 * 2^-25": ([SMALL] * 8, [SMALL / 2] * 8, 1.0, (1, 1, 1 + 2**-22)),
    "4 * 2^-24": ([SMALL] * 4, [SMALL] * 4, 1.0, (1, 1 + 2**-22, 1 + 2**-22)),
    "1 - 2^-25": ([1, -SMALL], [1, SMALL / 2], None, (1, 1, 1 - 2**-24)),
    "1 - 1 + 2^-26": ([1, -1, 2**-13], [1, 1, 2**-13], None, (0, 0, 0)),
}


@pytest.mark.parametrize("case", FP16)
@pytest.mark.parametrize(("index", "preset"), list(enumerate(["volta", "ampere", "hopper"])))
def test_known_answers_of_fp16(case, index, preset):
    a, b, c, expected = FP16[case]
    lanes = {"volta": 4, "ampere": 8, "hopper": 16}[preset]
    for count in {lanes, 16}:  # a group a cycle, and several chained in one
        spec = f"a=fp16,acc=aligned:{preset},unit=dot,lanes={count}"
        assert dot(spec, a, b, c) == expected[index]


# name, a, b, c: result on hopper-fp8, blackwell
FP8 = {
    "32 * 2^-14": ([2**-7] * 32, [2**-7] * 32, 1.0, (1.0, 1.001953125)),
    "32 * 2^-13": ([2**-7] * 32, [2**-6] * 32, 1.0, (1.00390625, 1.00390625)),
    "448 * 448 + 1": ([448, 1], [448, 1], None, (200704, 200705)),
    "448 * 448 + 16 * 1.5": ([448, 16], [448, 1.5], None, (200720, 200728)),
}


@pytest.mark.parametrize("case", FP8)
@pytest.mark.parametrize(("index", "preset"), list(enumerate(["hopper-fp8", "blackwell"])))
def test_known_answers_of_fp8(case, index, preset):
    a, b, c, expected = FP8[case]
    assert dot(f"a=e4m3fn,acc=aligned:{preset},unit=dot,lanes=32", a, b, c) == expected[index]


@pytest.mark.parametrize(
    ("spec", "a", "b", "c", "expected"),
    [
        # FP16 results are rounded to nearest even, FP32 ones toward zero.
        ("a=fp16,acc=aligned:volta:fp16,unit=dot,lanes=4", [1, 2**-11], [1, 1.5], None, 1 + 2**-10),
        ("a=fp16,acc=aligned:volta:fp16:rtz,unit=dot,lanes=4", [1, 2**-11], [1, 1.5], None, 1),
        ("a=fp16,acc=aligned:hopper", [2**-12], [2**-11 * 1.5], 1, 1 + 2**-23),
        ("a=fp16,acc=aligned:hopper", [2**-12], [2**-11 * 1.5], -1, -(1 - 3 * 2**-24)),
        # Truncation is of magnitudes: -1 + 1 + lost bits of both signs give zero.
        ("a=fp16,acc=aligned:ampere,unit=dot,lanes=4", [1, -1, -SMALL], [1, 1, SMALL / 8], None, 0),
        # A product of significands 1.5 counts with exponent 0, though it is 2.25.
        ("a=e4m3fn,acc=aligned:F3,unit=dot,lanes=2", [1.5, 0.125], [1.5, 1], None, 2.375),
        ("a=e4m3fn,acc=aligned:F2,unit=dot,lanes=2", [1.5, 0.125], [1.5, 1], None, 2.25),
        # Subnormal operands count: fp16's 2^-24 by its least exponent, -14.
        ("a=fp16,acc=aligned:F4,unit=dot,lanes=2", [2**-24, 1], [1, 2**-18], None, 2**-18),
        ("a=fp16,acc=aligned:F4,unit=dot,lanes=2", [2**-18, 1], [1, 2**-18], None, 2**-17),
        # Zero times a large number does not raise the greatest exponent.
        ("a=fp16,acc=aligned:F4,unit=dot,lanes=2", [2**-4, 0], [1, 2**15], None, 2**-4),
        # Zeros count with exponent -133: below it only what reaches its grid is left.
        ("a=bf16,acc=aligned:F13", [2.0**-73], [2.0**-73], None, 2.0**-146),
        ("a=bf16,acc=aligned:F12", [2.0**-73], [2.0**-73], None, 0),
        ("a=bf16,acc=aligned:F20:zero126", [2.0**-73], [2.0**-73], None, 2.0**-146),
        ("a=bf16,acc=aligned:F19:zero126", [2.0**-73], [2.0**-73], None, 0),
        # On that grid 2^-149 - 2^-158 and 2^-158 are whole, a last bit below it is lost.
        ("a=bf16,acc=aligned:hopper,unit=dot,lanes=2",
         [7 * 2.0**-79, 2.0**-79], [73 * 2.0**-79, 2.0**-79], None, 2.0**-149),
        ("a=bf16,acc=aligned:hopper:zero132,unit=dot,lanes=2",
         [7 * 2.0**-79, 2.0**-79], [73 * 2.0**-79, 2.0**-79], None, 0),
        # fp16 results: zero's exponent decides of small products what a tie sees.
        ("a=fp16,acc=aligned:volta:fp16,unit=dot,lanes=2",
         [2**-12, 2**-22], [2**-13, 2**-21], None, 2**-24),
        ("a=fp16,acc=aligned:volta:fp16,unit=dot,lanes=2",
         [2**-12, 2**-22], [2**-13, 2**-22], None, 0),
        # CDNA3: the group's grid is its own, c joins rounded down, and so does the group's sum.
        ("a=fp16,acc=aligned:cdna3", [-(2**-14)], [2**-14], 1, 1),
        ("a=fp16,acc=aligned:cdna3:rtz", [-(2**-14)], [2**-14], 1, 1 - 2**-24),
        ("a=fp16,acc=aligned:cdna3:rtz", [2**-14], [2**-18], 1, 1),
        ("a=fp16,acc=aligned:F24:floor24-31", [1], [1], -(2.0**-30), 1 - 2**-24),
        ("a=fp16,acc=aligned:F24:floor31-24", [1], [1], -(2.0**-30), 1 - 2**-24),
        ("a=fp16,acc=aligned:F24", [1], [1], -(2.0**-30), 1),
        (
            "a=e4m3fn,acc=aligned:F6:floor31-24,unit=dot,lanes=4",
            [8, 2**-4, 0, 2**-4], [8, 1, 0, 1], None, 64,
        ),
        (
            "a=e4m3fn,acc=aligned:F6:floor31-24:split2,unit=dot,lanes=4",
            [8, 2**-4, 0, 2**-4], [8, 1, 0, 1], None, 64.125,
        ),
    ],
)  # fmt: skip
def test_what_the_model_says(spec, a, b, c, expected):
    assert dot(spec, a, b, c) == expected


@pytest.mark.parametrize(
    ("a", "b", "c", "expected"),
    [
        ([np.nan, 1], [1, 1], None, np.nan),
        ([np.inf, 1], [0, 1], None, np.nan),
        ([np.inf, -np.inf], [1, 1], None, np.nan),
        ([np.inf, 1], [-1, 1], None, -np.inf),
        ([np.inf, 1], [1, 1], -np.inf, np.nan),
        ([1, 1], [1, 1], -np.inf, -np.inf),
        ([1, -1], [1, 1], None, 0.0),
        ([-0.0, -0.0], [1, 1], -0.0, 0.0),  # the zero of a two's-complement sum
    ],
)
def test_special_values(a, b, c, expected):
    for preset in ("hopper", "cdna3", "volta:fp16"):
        got = dot(f"a=e5m2,acc=aligned:{preset},unit=dot,lanes=2", a, b, c)
        assert np.array_equal(got, expected, equal_nan=True)
        assert np.isnan(expected) or np.signbit(got) == np.signbit(expected)


def test_overflow_is_infinite_unless_told_otherwise():
    big = [2.0**15] * 4
    for options, expected in {"": np.inf, ":rtz": np.inf, ":rtz:max": 65504}.items():
        spec = f"a=fp16,acc=aligned:volta:fp16{options},unit=dot,lanes=4"
        assert dot(spec, big, big) == expected
        assert dot(spec, big, [-x for x in big]) == -expected
    huge = [2.0**120] * 2
    largest = float(np.finfo(np.float32).max)
    assert dot("a=bf16,acc=aligned:hopper,unit=dot,lanes=2", huge, huge) == np.inf
    assert dot("a=bf16,acc=aligned:hopper:max,unit=dot,lanes=2", huge, huge) == largest
    assert dot("a=bf16,acc=aligned:cdna3,unit=dot,lanes=2", huge, huge) == np.inf
    # What is cut off does not make it too large.
    almost = ([2.0**64, -(2.0**52)], [2.0**64, 2.0**51])
    assert dot("a=bf16,acc=aligned:hopper,unit=dot,lanes=2", *almost) == largest
    assert dot("a=bf16,acc=aligned:F24,unit=dot,lanes=2", *almost) == np.inf


@pytest.mark.parametrize(("options", "negative"), [("", False), (":signed0", True)])
def test_a_sum_truncated_to_zero_is_positive_unless_told_otherwise(options, negative):
    for acc in ("hopper", "hopper:rne", "hopper:fp16"):
        spec = f"a=bf16,acc=aligned:{acc}{options},unit=dot,lanes=2"
        result = dot(spec, [-(2.0**-75), 0], [2.0**-76, 1])
        assert result == 0
        assert np.signbit(result) == negative


# --- against the reference ---------------------------------------------------------------------

# a, b, acc, lanes and what it means: L, F, running format and rounding, options of the reference
CDNA3 = {"floor": (31, 24), "zero_exponent": -126, "signed_zero": True}
UNITS = [
    ("fp16", "fp16", "volta", 4, (4, 23, ALL["fp32"], "rtz", {"zero_exponent": -131})),
    ("fp16", "fp16", "volta:fp16", 4, (4, 23, ALL["fp16"], "rne", {"zero_exponent": -20})),
    ("fp16", "fp16", "ampere", 3, (8, 24, ALL["fp32"], "rtz", {"zero_exponent": -132})),
    ("bf16", "bf16", "ampere", 8, (8, 24, ALL["fp32"], "rtz", {"zero_exponent": -132})),
    ("tf32", "tf32", "ampere-tf32", 4, (4, 24, ALL["fp32"], "rtz", {"zero_exponent": -132})),
    ("bf16", "fp16", "hopper", 16, (16, 25, ALL["fp32"], "rtz")),
    ("e4m3fn", "e4m3fn", "hopper-fp8", 32, (32, 13, E8M13, "rtz")),
    ("e5m2", "e4m3fn", "hopper-fp8", 1, (32, 13, E8M13, "rtz")),
    ("e4m3fn", "e5m2", "ada-fp8", 20, (16, 13, E8M13, "rtz", {"zero_exponent": -132})),
    ("e2m1fn", "e3m2fn", "blackwell", 5, (None, 25, ALL["fp32"], "rtz")),
    ("fp16", "fp16", "cdna3", 8, (8, 24, ALL["fp32"], "rne", CDNA3)),
    ("bf16", "bf16", "cdna3", 3, (8, 24, ALL["fp32"], "rne", CDNA3)),
    ("e4m3fnuz", "e5m2fnuz", "cdna3-fp8", 16, (16, 24, ALL["fp32"], "rne", CDNA3 | {"parts": 2})),
    ("e4m3fn", "e4m3fn", "L2-F3:e5m2:rtz:floor4-6:split3", 8,
     (2, 3, ALL["e5m2"], "rtz", {"floor": (4, 6), "parts": 3})),
    ("e5m2", "e5m2", "L3-F4:e4m3:floor3-2:split2", 5,
     (3, 4, ALL["e4m3"], "rne", {"floor": (3, 2), "parts": 2})),
    ("e4m3fn", "e4m3fn", "L3-F2:e4m3fn", 7, (3, 2, ALL["e4m3fn"], "rne")),
    ("bf16", "bf16", "L4-F6:fp16", 6, (4, 6, ALL["fp16"], "rne")),
    ("bf16", "bf16", "L2-F5:bf16:rne:floor5-5", 2, (2, 5, ALL["bf16"], "rne", {"floor": (5, 5)})),
    # Zeros above and below what products and running values reach; other overflow, other zeros.
    ("bf16", "bf16", "L4-F6:zero140", 4, (4, 6, ALL["fp32"], "rtz", {"zero_exponent": -140})),
    ("bf16", "bf16", "hopper:max:signed0", 16,
     (16, 25, ALL["fp32"], "rtz", {"to_infinity": False, "signed_zero": True})),
    ("tf32", "tf32", "hopper-tf32", 8, (8, 25, ALL["fp32"], "rtz")),
    ("e5m2", "e5m2", "F6:e5m2:rtz:zero9", 3, (None, 6, ALL["e5m2"], "rtz", {"zero_exponent": -9})),
    ("e4m3fn", "e5m2", "F16:e4m3:rtz:signed0:zero9", 2,
     (None, 16, ALL["e4m3"], "rtz", {"signed_zero": True, "zero_exponent": -9})),
    ("e5m2", "e4m3fn", "F7:e4m3:rtz:floor9-8:zero7:max", 3,
     (None, 7, ALL["e4m3"], "rtz", {"floor": (9, 8), "zero_exponent": -7, "to_infinity": False})),
    ("int4", "e4m3fn", "L4-F9", 4, (4, 9, ALL["fp32"], "rtz")),
    ("e5m2", "int8", "L4-F6:bf16", 3, (4, 6, ALL["bf16"], "rtz")),
    ("ue4m3", "e2m1fn", "L8-F7", 4, (8, 7, ALL["fp32"], "rtz")),
    ("e8m0", "e2m1fn", "L2-F4", 2, (2, 4, ALL["fp32"], "rtz")),
]  # fmt: skip
BATCH, K = 60, 24


def operands(f, reference, random: np.random.Generator, shape) -> np.ndarray:
    """Any codes, moderate ones that cancel and tie, and ones about the least exponent."""
    codes = random.integers(0, 1 << f.bits, shape)
    moderate = random.integers(-6, 7, shape) / 4 * 2.0 ** random.integers(-3, 4, shape)
    moderate = np.abs(moderate) if not f.signed else moderate
    near = f.encode(moderate).astype(np.int64)
    choice = random.random(shape)
    picked = np.where(choice < 0.2, codes, near)
    if isinstance(reference, Float):
        small = random.integers(0, 4 << reference.M, shape) | np.where(
            (random.random(shape) < 0.5) & reference.signed, 1 << (f.bits - 1), 0
        )
        tiny = np.arange(shape[0])[:, None] >= shape[0] * 3 // 4  # whole sums of them
        picked = np.where((choice > 0.9) | tiny, small, picked)
    # Whole sums of finite, whole sums of tiny and some of any operands.
    one = int(f.encode(1.0))
    tame = np.where(np.isfinite(f.decode(picked)), picked, one)
    kind = random.random(shape[0])[:, None]
    return np.where(kind < 0.25, picked, tame)


@lru_cache
def results(index):
    """Design, operands and addends, outputs of golden and of the reference."""
    a, b, acc, lanes, meaning = UNITS[index]
    design = Design.parse(f"a={a},b={b},acc=aligned:{acc},unit=dot,lanes={lanes}")
    L, F, c_format, c_rounding, *options = meaning
    out = ALL[str(design.out)]
    reference = TensorCore(
        ALL[a], ALL[b], L, F, c_format, c_rounding, out, lanes=lanes, **dict(*options)
    )
    random = np.random.default_rng(lanes)
    x = operands(design.a, ALL[a], random, (BATCH, K))
    y = operands(design.b, ALL[b], random, (BATCH, K))
    # The second half of some sums takes back the first.
    y[: BATCH // 4, K // 2 :] = y[: BATCH // 4, : K // 2]
    x[: BATCH // 4, K // 2 :] = design.a.encode(-design.a.decode(x[: BATCH // 4, : K // 2]))
    c = operands(design.out, out, random, (BATCH, 1))[:, 0]
    c[: BATCH // 4] = 0
    got = golden.running_dot(design, x, y, c)
    rows = zip(x.tolist(), y.tolist(), c.tolist(), strict=True)
    expected = np.array([reference.running(*row) for row in rows])
    return design, (x, y, c), got, expected


@pytest.mark.parametrize(
    "index", range(len(UNITS)), ids=lambda index: "-".join(map(str, UNITS[index][:4]))
)
def test_every_step_equals_the_reference(index):
    design, _, got, expected = results(index)
    assert got.shape == (BATCH, -(-K // design.unit.group))
    np.testing.assert_array_equal(got, expected)


def test_the_units_above_meet_the_hard_cases():
    """What is compared above holds specials, zeros, subnormals, overflow and lost bits."""
    compared = 0
    seen: Counter[str] = Counter()
    for index in range(len(UNITS)):
        design, (x, y, c), got, _ = results(index)
        values = design.out.decode(got)
        magnitudes = np.abs(values)
        compared += got.size
        wide = dataclasses.replace(design, acc=dataclasses.replace(design.acc, fraction_bits=64))
        classes = {
            "nan": np.isnan(values),
            "inf": np.isinf(values),
            "zero": values == 0,
            "negative zero": np.signbit(values) & (values == 0),
            "subnormal": (magnitudes > 0) & (magnitudes < design.out.min_normal),
            "largest": magnitudes == design.out.max,
            "truncated": golden.running_dot(wide, x, y, c) != got,
        }
        seen.update({name: np.count_nonzero(mask) for name, mask in classes.items()})
    assert compared > 5000
    least = {"negative zero": 5, "subnormal": 20, "truncated": 500}
    for name, count in seen.items():
        assert count >= least.get(name, 50), seen
