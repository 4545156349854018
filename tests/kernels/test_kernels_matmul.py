"""The kernels give the golden model's bits, whatever path they take."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sampled import some

from hwdse import Design, golden, kernels
from hwdse.errors import FormatError, HwdseError, ShapeError, SpecError
from hwdse.formats import Format, Minifloat
from hwdse.kernels import matrix

FLOAT_ACCUMULATORS = ("fp:fp32", "fp:bf16", "fp:fp16", "fp:e6m3", "fp:e4m3fn", "fp:e5m2fnuz")
ACCUMULATORS = (*FLOAT_ACCUMULATORS, "kulisch", "kulisch:2", "int:20", "int:18:sat")
ROUNDINGS = ("rne", "rna", "rtz", "up", "down")


def corners(number_format: Format) -> np.ndarray:
    """Codes of zeros, ones, extremes, subnormals and every special value."""
    wanted = [0.0, -0.0, 1.0, -1.0, number_format.max, number_format.min, number_format.min_normal]
    wanted += [-number_format.min_normal, number_format.min_subnormal, -number_format.min_subnormal]
    values = np.array([*wanted, np.nan, np.inf, -np.inf])
    return np.unique(number_format.encode(values, overflow="ieee"))


def codes(rng: np.random.Generator, number_format: Format, shape: tuple[int, ...], kind: str):
    """Random codes: any, mostly ordinary values, or half of them corners."""
    every = rng.integers(0, 1 << number_format.bits, shape, dtype=np.uint64)
    every = every.astype(number_format.code_dtype)
    if kind == "any":
        return every
    ordinary = number_format.encode(rng.normal(size=shape) * 2.0)
    if kind == "ordinary":
        return ordinary
    some = rng.choice(corners(number_format), shape)
    return np.where(rng.random(shape) < 0.4, some, ordinary)


def assert_same(design: Design, A: np.ndarray, B: np.ndarray) -> int:
    """Compare with golden; the number of compared outputs."""
    expected = golden.matmul(design, A, B)
    result = kernels.matmul(design, A, B)
    assert result.dtype == expected.dtype
    assert result.shape == expected.shape
    wrong = np.argwhere(result != expected)
    if wrong.size:
        i, j = wrong[0]
        values = design.out.decode(np.array([expected[i, j], result[i, j]]))
        pytest.fail(f"{design}: {len(wrong)} of {expected.size} differ, first {wrong[0]}: {values}")
    return expected.size


def valid(spec: str) -> Design | None:
    try:
        return Design.parse(spec)
    except SpecError:
        return None


def combinations(operands, multipliers, accumulators, roundings):
    for (a, b), mul, acc, rounding, lanes in product(
        operands, multipliers, accumulators, roundings, (1, 4)
    ):
        unit = f",unit=dot,lanes={lanes}" if lanes > 1 else ""
        design = valid(f"a={a},b={b},mul={mul},acc={acc},rounding={rounding}{unit}")
        if design:
            yield design


@pytest.mark.parametrize("rounding", some(ROUNDINGS, 2))
def test_every_combination_equals_golden(rounding: str) -> None:
    operands = [("e4m3fn", "e4m3fn"), ("e5m2", "e5m2"), ("bf16", "bf16"), ("int4", "e2m3fn")]
    operands += [("int8", "int8"), ("e4m3fnuz", "e4m3fnuz")]
    rng = np.random.default_rng(ROUNDINGS.index(rounding))
    compared = designs = 0
    for design in combinations(operands, ("exact", "lmul"), ACCUMULATORS, (rounding,)):
        # Seven terms leave the last group of four incomplete.
        kind = ("any", "ordinary", "corners")[designs % 3]
        A = codes(rng, design.a, (3, 7), kind)
        B = codes(rng, design.b, (7, 5), kind)
        compared += assert_same(design, A, B)
        designs += 1
    assert designs >= 120
    assert compared == 15 * designs


@pytest.mark.parametrize(
    "mul", some(["lmul:formula", "lmul:no-offset", "lmul:sat", "lmul:formula:sat", "lmul:l1"], 2)
)
def test_every_form_of_lmul_equals_golden(mul: str) -> None:
    operands = [(name, name) for name in ("e4m3fn", "e5m2", "e4m3fnuz", "fp16", "bf16", "e2m1fn")]
    rng = np.random.default_rng(1)
    compared = 0
    for design in combinations(operands, (mul,), ("kulisch", "fp:fp32", "fp:bf16"), ("rne", "up")):
        A, B = codes(rng, design.a, (4, 6), "corners"), codes(rng, design.b, (6, 5), "any")
        compared += assert_same(design, A, B)
    assert compared >= 20 * 6 * 3 * 2 * 2 * 0.6


@pytest.mark.parametrize(
    "spec",
    [
        "a=e4m3fn,acc=fp:fp32",
        "a=e5m2,acc=fp:e6m3",
        "a=e5m2,acc=kulisch,out=e5m2",
        "a=e4m3fn,b=int8,acc=kulisch,out=e4m3fn,rounding=down",
        "a=e4m3fn,mul=lmul,acc=fp:fp32",
        "a=e5m2,mul=lmul,acc=fp:fp32",
        "a=e4m3fnuz,mul=lmul,acc=fp:fp16,rounding=down",
        "a=e3m4,mul=lmul:formula,acc=fp:fp32",
        "a=int8,acc=int:16:sat",
    ],
)
def test_every_pair_of_8_bit_codes(spec: str) -> None:
    design = Design.parse(spec)
    every = np.arange(256, dtype=np.uint8)
    assert assert_same(design, every[:, None], every[None, :]) == 65536


@pytest.mark.parametrize(
    "spec",
    [
        "a=e4m3fn,acc=fp:bf16",
        "a=e4m3fn,acc=fp:fp16,rounding=rtz",
        "a=e5m2,acc=fp:bf16",
        "a=e5m2,acc=fp:fp16,unit=dot,lanes=4",
        "a=e5m2,acc=fp:fp32,unit=dot,lanes=16,rounding=down",
        "a=bf16,acc=fp:fp32,unit=dot,lanes=4",
        "a=bf16,acc=kulisch,out=bf16",
        "a=fp32,acc=fp:fp32,unit=dot,lanes=4",
        "a=fp32,acc=kulisch,rounding=up",
        "a=e4m3fn,mul=lmul,acc=fp:e6m3",
        "a=bf16,mul=lmul,acc=kulisch,out=bf16",
        "a=int8,acc=int:12",
        "a=int8,acc=int:18:sat",
        "a=int32,acc=int:64,out=fp32",
        "a=int32,acc=int:64:sat,out=int32,unit=dot,lanes=8",
        "a=int32,acc=kulisch",
    ],
)
@pytest.mark.parametrize("kind", ["any", "ordinary", "corners"])
def test_long_sums(spec: str, kind: str) -> None:
    design = Design.parse(spec) if "int:12" not in spec else Design.parse("a=int4,acc=int:12")
    rng = np.random.default_rng(7)
    A, B = codes(rng, design.a, (5, 121), kind), codes(rng, design.b, (121, 6), kind)
    assert assert_same(design, A, B) == 30


@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_products_wider_than_the_accumulator_round_once(rounding: str) -> None:
    # 6-bit products of e5m2 into 4-bit sums: rounding the float32 sum again would go wrong.
    design = Design.parse(f"a=e5m2,acc=fp:e6m3,rounding={rounding}")
    rng = np.random.default_rng(3)
    A = rng.integers(0, 256, (120, 3), dtype=np.uint8)
    B = rng.integers(0, 256, (3, 100), dtype=np.uint8)
    assert assert_same(design, A, B) == 12000


@pytest.mark.parametrize(
    ("rounding", "expected"),
    [
        ("rne", [16, 20, -16, -20, 18]),
        ("rna", [18, 20, -18, -20, 18]),
        ("rtz", [16, 18, -16, -18, 16]),
        ("up", [18, 20, -16, -18, 18]),
        ("down", [16, 18, -18, -20, 16]),
    ],
)
def test_ties_and_their_neighbours(rounding: str, expected: list[float]) -> None:
    """17, 19, -17, -19 lie midway between values of e4m3; the last is 17 plus a little."""
    design = Design.parse(f"a=fp32,acc=fp:e4m3,rounding={rounding}")
    second = [1.0, 3.0, -1.0, -3.0, 1.0 + 2.0**-20]
    A = design.a.encode([[np.copysign(16.0, x), x] for x in second])
    B = design.b.encode([[1.0], [1.0]])
    assert design.out.decode(kernels.matmul(design, A, B))[:, 0].tolist() == expected
    assert assert_same(design, A, B) == 5


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize(
    "spec",
    [
        "a=fp32,acc=fp:fp32,unit=dot,lanes=4",
        "a=bf16,acc=fp:bf16,unit=dot,lanes=8",
        "a=bf16,acc=kulisch,out=bf16",
        "a=fp32,acc=kulisch,out=e4m3fn",
    ],
)
def test_cancellation_across_the_whole_range(spec: str, rounding: str) -> None:
    design = Design.parse(f"{spec},rounding={rounding}")
    rng = np.random.default_rng(11)
    big = rng.choice([2.0**100, -(2.0**100), 2.0**60, -(2.0**60)], (24, 8))
    small = rng.choice([2.0**-120, -(2.0**-120), 1.0, -1.0, 2.0**-24, 0.0], (24, 8))
    A = design.a.encode(np.where(rng.random((24, 8)) < 0.6, big, small))
    negated = design.a.encode(-design.a.decode(A[:, :4]))
    A[:, 4:] = np.where(rng.random((24, 4)) < 0.8, negated, A[:, 4:])
    B = design.b.encode(rng.choice([1.0, 1.0, -1.0, 1.5, 2.0**-120], (8, 6)))
    assert assert_same(design, A, B) == 144


def test_saturated_sum_finer_than_the_products() -> None:
    """448 is no multiple of the products' quantum 128: the sum after it is not either."""
    design = Design.parse("a=e5m2,acc=fp:e4m3fn,rounding=up")
    A = design.a.encode([[384.0, 384.0, -128.0, -256.0, -64.0]])
    B = design.b.encode([[1.0]] * 5)
    assert design.out.decode(kernels.matmul(design, A, B)).tolist() == [[0.0]]
    assert assert_same(design, A, B) == 1


@settings(max_examples=60, deadline=None)
@given(
    e=st.integers(2, 8),
    m=st.integers(1, 9),
    acc_e=st.integers(2, 9),
    acc_m=st.integers(1, 24),
    variant=st.sampled_from(["", "fn", "fnuz"]),
    mul=st.sampled_from(["exact", "lmul", "lmul:formula"]),
    rounding=st.sampled_from(ROUNDINGS),
    lanes=st.sampled_from([1, 3]),
    seed=st.integers(0, 1 << 30),
)
def test_parametric_formats(e, m, acc_e, acc_m, variant, mul, rounding, lanes, seed) -> None:
    spec = f"a=e{e}m{m}{variant},mul={mul},acc=fp:e{acc_e}m{acc_m},rounding={rounding},out=e4m3"
    design = Design.parse(f"{spec},unit=dot,lanes={lanes}")
    rng = np.random.default_rng(seed)
    A, B = codes(rng, design.a, (2, 7), "any"), codes(rng, design.b, (7, 3), "corners")
    assert assert_same(design, A, B) == 6


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("shape", [(70, 9, 3), (3, 9, 70), (65, 4, 65)])
def test_blocks_of_rows_and_threads(
    shape: tuple[int, int, int], threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matrix, "_BLOCK_BYTES", 8 * 70 * 16)
    monkeypatch.setattr(matrix, "_THREAD_PRODUCTS", 1)
    design = Design.parse("a=e2m1fn,acc=fp:e4m3fn,out=e2m3fn")
    rng = np.random.default_rng(2)
    A = codes(rng, design.a, shape[:2], "any")
    B = codes(rng, design.b, shape[1:], "any")
    result = kernels.matmul(design, A, B, threads=threads)
    np.testing.assert_array_equal(result, golden.matmul(design, A, B))
    assert result.size == shape[0] * shape[2]


@pytest.mark.parametrize("block_bytes", [8 << 20, 64])  # small, and too large to go at once
@pytest.mark.parametrize(
    "spec",
    [
        *(
            "a=e4m3fn,acc=fp:bf16",
            "a=int8,acc=int:32",
            "a=e4m3fn,acc=fp:fp32",
            "a=bf16,acc=kulisch",
        ),
        *("a=posit8_1,acc=fp:fp16:kahan", "a=e5m2,acc=fp:bf16,unit=dot,lanes=4"),
        "a=lns8_g8z,mul=log,acc=bins",
    ],
)
def test_a_stack_is_its_pairs(spec: str, block_bytes: int, monkeypatch) -> None:
    design = Design.parse(spec)
    rng = np.random.default_rng(4)
    A = np.stack([codes(rng, design.a, (5, 9), "any") for _ in range(6)])
    B = np.stack([codes(rng, design.b, (9, 2), "any") for _ in range(6)])
    expected = [golden.matmul(design, *pair) for pair in zip(A, B, strict=True)]
    monkeypatch.setattr(matrix, "_BLOCK_BYTES", block_bytes)
    np.testing.assert_array_equal(kernels.matmul(design, A, B), expected)
    with pytest.raises(SpecError, match="0 threads"):
        kernels.matmul(design, A, B, threads=0)


@pytest.mark.parametrize("shape", [(0, 3, 2), (2, 3, 0), (2, 0, 3), (0, 0, 0)])
@pytest.mark.parametrize(
    "spec", ["a=e4m3fn,acc=fp:fp32", "a=bf16,acc=kulisch", "a=int8,acc=int:32"]
)
def test_empty_matrices(shape: tuple[int, int, int], spec: str) -> None:
    design = Design.parse(spec)
    A = np.zeros(shape[:2], design.a.code_dtype)
    B = np.zeros(shape[1:], design.b.code_dtype)
    assert assert_same(design, A, B) == shape[0] * shape[2]


@pytest.mark.parametrize(
    ("A", "B", "error"),
    [
        (np.zeros((2, 3), np.uint8), np.zeros((2, 3), np.uint8), ShapeError),
        (np.zeros(3, np.uint8), np.zeros((3, 1), np.uint8), ShapeError),
        (np.zeros((1, 2, 2), np.uint8), np.zeros((2, 1), np.uint8), ShapeError),
        (np.full((1, 1), 256), np.zeros((1, 1), np.uint8), FormatError),
        (np.zeros((1, 1), np.uint8), np.full((1, 1), -1), FormatError),
        (np.zeros((1, 1)), np.zeros((1, 1), np.uint8), FormatError),
    ],
)
def test_bad_operands_are_the_golden_errors(
    A: np.ndarray, B: np.ndarray, error: type[HwdseError]
) -> None:
    design = Design.parse("a=e4m3fn,acc=kulisch")
    for matmul in (golden.matmul, kernels.matmul):
        with pytest.raises(error):
            matmul(design, A, B)


def test_codes_too_large_for_a_narrow_format() -> None:
    design = Design.parse("a=e2m1fn,acc=kulisch")
    with pytest.raises(FormatError, match="e2m1fn code 16 is out of range"):
        kernels.matmul(design, np.full((1, 1), 16, np.uint8), np.zeros((1, 1), np.uint8))


def test_a_format_without_zero_cannot_fill_a_group() -> None:
    design = Design.parse("a=ue4m3,b=e8m0,acc=kulisch,unit=dot,lanes=4")
    A, B = np.full((2, 3), 9, np.uint8), np.full((3, 2), 120, np.uint8)
    for matmul in (golden.matmul, kernels.matmul):
        with pytest.raises(ShapeError, match="no zero"):
            matmul(design, A, B)
    assert assert_same(design, np.tile(A, 4), np.tile(B, (4, 1))) == 4


@pytest.mark.parametrize(
    ("spec", "match"),
    [
        ("a=e8m40,acc=fp:bf16:tree", "products of e8m40 and e8m40 have no fast kernel"),
        ("a=e10m3,mul=lmul,acc=fp:fp32", "multiplier lmul of e10m3 has no fast kernel"),
        ("a=e4m3fn,acc=fp:e11m52,rounding=rna", "accumulator fp:e11m52 .* has no fast kernel"),
    ],
)
def test_designs_beyond_the_kernels_are_refused(spec: str, match: str) -> None:
    design = Design.parse(spec)
    zero = np.zeros((1, 1), np.uint64)
    with pytest.raises(SpecError, match=match):
        kernels.matmul(design, zero, zero)


def test_operands_are_not_changed_and_may_be_strided() -> None:
    design = Design.parse("a=e5m2,acc=fp:bf16")
    rng = np.random.default_rng(5)
    A = codes(rng, design.a, (12, 20), "any")[::2, ::3]
    B = codes(rng, design.b, (4, 7), "any").T
    before = A.copy(), B.copy()
    assert assert_same(design, A, B) == 24
    np.testing.assert_array_equal(A, before[0])
    np.testing.assert_array_equal(B, before[1])


def test_every_value_of_a_native_sum() -> None:
    """The machine's own float64 sum serves the accumulator of the same format."""
    design = Design.parse("a=bf16,acc=fp:e11m52")
    assert isinstance(design.acc.default_out(), Minifloat)
    rng = np.random.default_rng(6)
    A, B = codes(rng, design.a, (4, 30), "ordinary"), codes(rng, design.b, (30, 4), "ordinary")
    assert assert_same(design, A, B) == 16
