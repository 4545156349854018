"""What the special cases mean, one small case each, with the answer written out."""

import numpy as np
import pytest

from hwdse import Design, golden
from hwdse.errors import FormatError, ShapeError

INF, NAN = np.inf, np.nan


def dot(spec: str, a, b, c=None):
    """Values in, value out (float64)."""
    design = Design.parse(spec)
    codes = None if c is None else design.out.encode(c, overflow="ieee")
    x, y = design.a.encode(a, overflow="ieee"), design.b.encode(b, overflow="ieee")
    return float(design.out.decode(golden.dot(design, x, y, codes)))


def same(got: float, expected: float) -> bool:
    return (np.isnan(got) and np.isnan(expected)) or (
        got == expected and np.signbit(got) == np.signbit(expected)
    )


@pytest.mark.parametrize("mul", ["exact", "lmul", "lmul:formula"])
@pytest.mark.parametrize("acc", ["kulisch", "fp:fp32", "fp:bf16"])
@pytest.mark.parametrize("unit", ["mac", "dot,lanes=2", "dot,lanes=4"])
@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ([NAN, 1, 1, 1, 1], [1, 1, 1, 1, 1], NAN),  # sticky
        ([1, 1, 1, 1, 1], [1, 1, 1, 1, NAN], NAN),
        ([INF, 1, 1, 1, 1], [1, 1, 1, 1, 1], INF),  # sticky
        ([1, 1, -INF, 1, 1], [1, 1, 1, 1, 1], -INF),
        ([INF, 1, 1, 1, 1], [-1, 1, 1, 1, 1], -INF),
        ([INF, INF, 1, 1, 1], [1, 1, 1, 1, 1], INF),
        ([INF, -INF, 1, 1, 1], [1, 1, 1, 1, 1], NAN),  # within or across groups
        ([INF, 1, 1, 1, -INF], [1, 1, 1, 1, 1], NAN),
        ([0, 1, 1, 1, 1], [INF, 1, 1, 1, 1], NAN),
        ([-INF, 1, 1, 1, 1], [0, 1, 1, 1, 1], NAN),
        ([INF, 1, 1, 1, 1], [INF, 1, 1, 1, 1], INF),
        ([INF, NAN, 1, 1, 1], [1, 1, 1, 1, 1], NAN),
    ],
)
def test_special_values(mul, acc, unit, a, b, expected):
    assert same(dot(f"a=e5m2,mul={mul},acc={acc},unit={unit}", a, b), expected)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ([NAN, 2], [1, 3], NAN),
        ([448, 448], [448, 448], 401408),
    ],
)
def test_formats_with_nan_and_no_infinity(a, b, expected):
    assert same(dot("a=e4m3fn,acc=fp:fp32", a, b), expected)


# rounding, a, b, c, result: signs of exact zeros (IEEE 754-2019, 6.3)
ZEROS = [
    ("rne", [1, -1], [1, 1], None, 0.0),
    ("rna", [1, -1], [1, 1], None, 0.0),
    ("rtz", [1, -1], [1, 1], None, 0.0),
    ("up", [1, -1], [1, 1], None, 0.0),
    ("down", [1, -1], [1, 1], None, -0.0),
    ("rne", [-0.0], [1], None, 0.0),  # +0 + -0
    ("down", [-0.0], [1], None, -0.0),
    ("down", [0.0], [1], None, 0.0),  # +0 + +0
    ("rne", [-0.0], [1], -0.0, -0.0),  # -0 + -0
    ("up", [-0.0], [1], -0.0, -0.0),
    ("rne", [0.0], [1], -0.0, 0.0),
    ("down", [0.0], [1], -0.0, -0.0),
    ("rne", [1], [-1], 1.0, 0.0),
    ("down", [1], [-1], 1.0, -0.0),
]


@pytest.mark.parametrize("out", ["bf16", "fp16", "e4m3fn"])
@pytest.mark.parametrize(("rounding", "a", "b", "c", "expected"), ZEROS)
def test_signs_of_exact_zeros(rounding, a, b, c, expected, out):
    spec = f"a=e4m3fn,acc=fp:bf16,out={out},rounding={rounding}"
    assert same(dot(spec, a, b, c), expected)
    assert same(dot(f"{spec},unit=dot,lanes={len(a)}", a, b, c), expected)


def test_the_zeros_that_fill_a_group_are_positive():
    spec = "a=e4m3fn,acc=fp:bf16,unit=dot,lanes="
    assert same(dot(spec + "1", [-0.0], [1], -0.0), -0.0)
    assert same(dot(spec + "2", [-0.0], [1], -0.0), 0.0)


@pytest.mark.parametrize(("rounding", "a", "b", "c", "expected"), ZEROS)
def test_a_fixed_point_zero_has_no_sign(rounding, a, b, c, expected):
    assert same(dot(f"a=e4m3fn,acc=kulisch,rounding={rounding}", a, b, c), 0.0)
    assert same(dot(f"a=e4m3fnuz,acc=fp:e4m3fnuz,rounding={rounding}", a, b, c), 0.0)


def test_a_negative_sum_that_rounds_to_zero_keeps_its_sign():
    assert same(dot("a=e4m3fn,acc=kulisch,out=e2m1fn", [-(2**-9)], [2**-9]), -0.0)
    assert same(dot("a=e4m3fn,acc=fp:e4m3fn", [-(2**-9)], [2**-9]), -0.0)


# --- one rounding a group ----------------------------------------------------------------------


def test_a_group_is_rounded_once():
    """256 + 1 + 1: each 1 alone is a tie that bf16 drops; together they are one ulp."""
    a, b = [16, 1, 1], [16, 1, 1]
    assert dot("a=e4m3fn,acc=fp:bf16", a, b) == 256
    assert dot("a=e4m3fn,acc=fp:bf16,unit=dot,lanes=4", a, b) == 258
    assert dot("a=e4m3fn,acc=kulisch,out=bf16", a, b) == 258


@pytest.mark.parametrize(
    ("rounding", "expected"), [("rne", 256), ("rna", 258), ("rtz", 256), ("up", 258), ("down", 256)]
)
def test_ties_of_the_fused_sum(rounding, expected):
    assert dot(f"a=e4m3fn,acc=fp:bf16,rounding={rounding}", [16, 1], [16, 1]) == expected
    negative = {"up": "down", "down": "up"}.get(rounding, rounding)
    assert dot(f"a=e4m3fn,acc=fp:bf16,rounding={negative}", [16, -1], [-16, 1]) == -expected


def test_a_product_is_not_rounded_before_it_is_added():
    """(1 + 2^-6)^2 - 1 in fp16: fused keeps 2^-12, a rounded product would lose it."""
    x = 1 + 2**-6
    assert dot("a=fp16,acc=fp:fp16", [1, x], [-1, x]) == 2**-5 + 2**-12


def test_sticky_bits_far_below_decide_a_tie():
    """fp32: 2^24 + 1 is a tie; 2^-140 below it tips it up."""
    spec = "a=bf16,acc=fp:fp32,unit=dot,lanes=4"
    assert dot(spec, [2.0**24, 1], [1, 1]) == 2**24
    assert dot(spec, [2.0**24, 1, 2.0**-70], [1, 1, 2.0**-70]) == 2**24 + 2
    assert dot(spec, [2.0**24, 1, -(2.0**-70)], [1, 1, 2.0**-70]) == 2**24


def test_the_output_is_a_second_rounding_of_the_running_sum():
    """1 + 2^-4 + 2^-12 is above e4m3fn's tie, but bf16 has dropped what told."""
    spec = "a=fp16,out=e4m3fn,unit=dot,lanes=2,acc="
    a, b = [1 + 2**-4, 2**-12], [1, 1]
    assert dot(spec + "fp:bf16", a, b) == 1
    assert dot(spec + "fp:fp32", a, b) == 1.125
    assert dot(spec + "kulisch", a, b) == 1.125


# --- overflow and underflow --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("acc", "rounding", "expected"),
    [
        ("e5m2", "rne", INF),  # infinity where there is one
        ("e5m2", "rtz", 57344),  # IEEE 754-2019, 7.4
        ("e5m2", "up", INF),
        ("e5m2", "down", 57344),
        ("e4m3fn", "rne", 448),  # else the largest value
        ("e4m3fn", "up", 448),
        ("e4m3fnuz", "rne", 240),
        ("e4m3", "rne", INF),
        ("fp32", "rne", 2**17),
    ],
)
def test_overflow_does_what_the_format_says(acc, rounding, expected):
    spec = f"a=e4m3fn,acc=fp:{acc},rounding={rounding}"
    assert dot(spec, [256, 256], [256, 256]) == expected
    mirrored = {"up": "down", "down": "up"}.get(rounding, rounding)
    spec = f"a=e4m3fn,acc=fp:{acc},rounding={mirrored}"
    assert dot(spec, [256, 256], [-256, -256]) == -expected


def test_an_infinite_sum_does_not_come_back_and_a_saturated_one_does():
    a, b = [256, 256, 256, 256], [256, 256, -256, -256]
    assert dot("a=e4m3fn,acc=fp:e5m2", a, b) == INF
    assert dot("a=e4m3fn,acc=fp:e4m3fn", a, b) == -448
    assert dot("a=e4m3fn,acc=kulisch", a, b) == 0


def test_subnormal_accumulators():
    tiny = 2.0**-9
    assert dot("a=e4m3fn,acc=fp:fp16", [tiny], [tiny]) == 2.0**-18
    assert dot("a=e4m3fn,acc=fp:e5m2", [tiny] * 4, [tiny] * 4) == 0  # 2^-18 is a quarter: lost
    assert dot("a=e4m3fn,acc=fp:e5m2,unit=dot,lanes=4", [tiny] * 4, [tiny] * 4) == 2.0**-16
    assert dot("a=e4m3fn,acc=fp:e5m2,rounding=up", [tiny], [tiny]) == 2.0**-16


@pytest.mark.parametrize(
    ("terms", "products", "expected"),
    [(1, 1, 2**14), (1, 2, -(2**15)), (2, 3, 3 * 2**14), (2, 4, -(2**16)), (4, 4, 2**16)],
)
def test_a_kulisch_register_wraps_beyond_its_terms(terms, products, expected):
    """(-128)^2 = 2^14 needs 15 magnitude bits; a sign and ceil(log2 terms) guard bits on top."""
    a = [-128] * products
    assert dot(f"a=int8,acc=kulisch:{terms},out=fp32", a, a) == expected


@pytest.mark.parametrize(
    ("acc", "expected"), [("int:16", -32768), ("int:16:sat", 32767), ("int:17", 32768)]
)
def test_integer_registers_wrap_or_saturate(acc, expected):
    assert dot(f"a=int8,acc={acc},out=fp32", [-128, -128], [-128, -128]) == expected


def test_saturation_is_at_each_step_not_at_the_end():
    a, b = [-128, -128, 1], [-128, -128, -1]
    assert dot("a=int8,acc=int:16:sat", a, b) == 32766
    assert dot("a=int8,acc=int:16", a, b) == 32767
    assert dot("a=int8,acc=int:16:sat,unit=dot,lanes=4", a, b) == 32767


# --- shapes, addend, errors --------------------------------------------------------------------


def test_matmul_is_dot_of_rows_and_columns():
    random = np.random.default_rng(2)
    for spec in ("a=e4m3fn,b=e5m2,acc=fp:bf16,unit=dot,lanes=4", "a=int8,b=int4,acc=int:32"):
        design = Design.parse(spec)
        A = random.integers(0, 1 << design.a.bits, (3, 7))
        B = random.integers(0, 1 << design.b.bits, (7, 5))
        got = golden.matmul(design, A, B)
        assert got.shape == (3, 5)
        assert got.dtype == design.out.code_dtype
        for i in range(3):
            for j in range(5):
                assert got[i, j] == golden.dot(design, A[i], B[:, j])


@pytest.mark.parametrize("spec", ["a=e4m3fn,acc=fp:bf16", "a=e4m3fn,acc=kulisch,out=bf16"])
def test_an_addend_continues_a_sum_of_that_format(spec):
    design = Design.parse(spec)
    random = np.random.default_rng(4)
    x, y = design.a.encode(random.integers(-4, 5, (2, 6, 10)).astype(float))
    first = golden.dot(design, x[:, :5], y[:, :5])
    np.testing.assert_array_equal(
        golden.dot(design, x[:, 5:], y[:, 5:], first), golden.dot(design, x, y)
    )
    assert golden.dot(design, x[0, 5:], y[0, 5:], first[0]) == golden.dot(design, x[0], y[0])


def test_an_addend_is_rounded_to_what_the_accumulator_holds():
    assert dot("a=e4m3fn,acc=fp:bf16,out=fp32", [1], [1], 2.0**-20 + 256) == 256
    assert dot("a=int8,acc=int:32,out=fp32", [1], [1], 2.5) == 3
    assert dot("a=int8,acc=int:32,out=fp32,rounding=up", [1], [1], 2.5) == 4
    assert dot("a=e2m1fn,acc=kulisch,out=fp32", [1], [1], 2.625) == 3.5  # LSB 1/4: a tie


@pytest.mark.parametrize("lanes", [1, 2, 3, 4, 5, 8])
def test_an_incomplete_group_is_filled_with_zeros(lanes):
    spec = f"a=e4m3fn,acc=kulisch,unit=dot,lanes={lanes}"
    assert dot(spec, [1, 2, 3, 4, 5], [1, 1, 1, 1, 1]) == 15
    design = Design.parse(spec)
    assert golden.running_dot(design, [0] * 5, [0] * 5).shape == (-(-5 // lanes),)


def test_a_format_without_zero_cannot_fill_a_group():
    design = Design.parse("a=e8m0,b=e2m1fn,acc=kulisch,unit=dot,lanes=4")
    assert golden.dot(design, [127] * 4, [2] * 4) == design.out.encode(4.0)
    with pytest.raises(ShapeError, match="5 terms in groups of 4: e8m0 has no zero"):
        golden.dot(design, [127] * 5, [2] * 5)


def test_empty_sums():
    for spec in ("a=e4m3fn,acc=fp:bf16", "a=e4m3fn,acc=kulisch", "a=int8,acc=int:32"):
        design = Design.parse(spec)
        assert golden.dot(design, [], []) == design.out.encode(0.0)
        assert golden.dot(design, [], [], design.out.encode(3.0)) == design.out.encode(3.0)
        assert golden.dot(design, np.zeros((2, 3, 0), int), np.zeros((2, 3, 0), int)).shape == (
            2,
            3,
        )
        assert golden.dot(design, np.zeros((0, 4), int), np.zeros((0, 4), int)).shape == (0,)
        assert golden.matmul(design, np.zeros((2, 0), int), np.zeros((0, 3), int)).shape == (2, 3)
        assert golden.matmul(design, np.zeros((0, 2), int), np.zeros((2, 3), int)).shape == (0, 3)


def test_any_batch_shape_and_memory_order():
    design = Design.parse("a=e4m3fn,acc=fp:bf16,unit=dot,lanes=4")
    random = np.random.default_rng(8)
    x, y = random.integers(0, 256, (2, 2, 3, 6))
    flat = golden.dot(design, x.reshape(6, 6), y.reshape(6, 6))
    np.testing.assert_array_equal(golden.dot(design, x, y), flat.reshape(2, 3))
    np.testing.assert_array_equal(
        golden.dot(design, np.asfortranarray(x).astype(">u2"), y.astype(np.uint8)),
        flat.reshape(2, 3),
    )


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ([1, 2], [1, 2, 3], r"shapes \(2,\) and \(3,\)"),
        ([[1, 2]], [1, 2], r"shapes \(1, 2\) and \(2,\)"),
        (1, 1, r"shapes \(\) and \(\)"),
    ],
)
def test_unequal_shapes_are_refused(a, b, message):
    with pytest.raises(ShapeError, match=message):
        golden.dot(Design.parse("a=int8,acc=int:32"), a, b)


@pytest.mark.parametrize(
    ("left", "right"), [((2, 3), (2, 3)), ((3,), (3, 2)), ((2, 3), (3,)), ((1, 2, 3), (3, 2))]
)
def test_matrices_that_do_not_fit_are_refused(left, right):
    with pytest.raises(ShapeError, match=r"\(M, K\), \(K, N\)"):
        golden.matmul(Design.parse("a=int8,acc=int:32"), np.zeros(left, int), np.zeros(right, int))


@pytest.mark.parametrize("c", [[1, 2, 3], [[1], [2]], 1])
def test_addends_of_another_shape_are_refused(c):
    with pytest.raises(ShapeError, match=r"addend of shape .*\(2,\) is needed"):
        golden.dot(Design.parse("a=int8,acc=int:32"), [[1], [2]], [[1], [2]], c)


@pytest.mark.parametrize(
    ("a", "b", "c", "message"),
    [
        ([256], [0], None, "int8 code 256 is out of range"),
        ([0], [-1], None, "int8 code -1 is out of range"),
        ([0], [0], [2**32], "int32 code 4294967296 is out of range"),
        ([0.5], [0], None, "int8 codes must be integers"),
    ],
)
def test_bad_codes_are_refused(a, b, c, message):
    with pytest.raises(FormatError, match=message):
        golden.dot(Design.parse("a=int8,acc=int:32"), a, b, c)
