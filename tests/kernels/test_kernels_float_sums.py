"""The kernels of the floating-point accumulators give the golden model's bits."""

import numpy as np
import pytest

from hwdse import Design, golden, kernels
from hwdse.errors import SpecError
from hwdse.formats import Format

SPECS = [
    "a=bf16,acc=fp:fp32:an2-2,out=bf16",
    "a=bf16,acc=fp:bf16:an1-1:w9",
    "a=e4m3fn,acc=fp:e4m3fn:an1-2,unit=dot,lanes=3",
    "a=e5m2,acc=fp:e5m2:an1-1",
    "a=e4m3fnuz,acc=fp:e4m3fnuz:an1-1,out=bf16",
    "a=int4,b=e4m3fn,acc=fp:fp16:an2-2",
    "a=e5m2_ftz,b=e4m3fn,acc=fp:e5m2_ftz:an1-1",
    "a=bf16,acc=fp:bf16:kahan",
    "a=e4m3fn,acc=fp:e4m3fn:kahan,unit=dot,lanes=3",
    "a=e5m2,acc=fp:e5m2:kahan",
    "a=e4m3fnuz,acc=fp:e4m3fnuz:kahan,out=bf16",
    "a=bf16,acc=fp:bf16:sr8",
    "a=e4m3fn,acc=fp:e5m2:sr5a,unit=dot,lanes=3",
    "a=e4m3fn,acc=fp:e4m3fn:sr6c:lfsr12",
    "a=fp16,acc=fp:fp32:sr20",
    "a=e4m3fnuz,acc=fp:e4m3fnuz:sr3,out=bf16",
    "a=bf16,acc=fp:fp32:tree,unit=dot,lanes=5,out=bf16",
    "a=e4m3fn,acc=fp:e4m3fn:tree,unit=dot,lanes=4",
    "a=e5m2,acc=fp:e5m2:tree",
    "a=int8,acc=fp:fp16:tree,unit=dot,lanes=2",
    "a=binary8p4se,acc=fp:binary8p4se:tree,unit=dot,lanes=2,out=fp32",
]
ROUNDINGS = ("rne", "rna", "rtz", "up", "down")


def codes(number_format: Format, rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Any codes, ordinary values, and small ones that cancel."""
    kind = rng.random(shape)
    every = rng.integers(0, 1 << number_format.bits, shape)
    ordinary = number_format.encode(rng.integers(-6, 7, shape) / 4).astype(np.int64)
    tiny = number_format.min_subnormal * rng.integers(-9, 9, shape)
    tiny = number_format.encode(tiny).astype(np.int64)
    return np.where(kind < 0.08, every, np.where(kind < 0.7, ordinary, tiny))


@pytest.mark.parametrize("spec", SPECS)
def test_kernels_equal_golden(spec: str) -> None:
    rng = np.random.default_rng(SPECS.index(spec))
    special = 0
    for rounding in ROUNDINGS:
        design = Design.parse(f"{spec},rounding={rounding}")
        for terms in (1, 13):
            A, B = codes(design.a, rng, (9, terms)), codes(design.b, rng, (terms, 11))
            expected = golden.matmul(design, A, B)
            np.testing.assert_array_equal(kernels.matmul(design, A, B), expected)
            values = design.out.decode(expected)
            special += int((~np.isfinite(values) | (values == 0)).sum())
    assert special > 30


# The carrier's own rounding is harmless, or not; sums stay normal, or not.
TWICE_ROUNDED = [
    "a=e4m3fn,acc=fp:bf16",
    "a=e4m3fn,acc=fp:e8m6",
    "a=fp16,acc=fp:fp16",
    "a=fp16,acc=fp:e6m9",
    "a=e5m2,acc=fp:e6m3",
    "a=bf16,acc=fp:bf16",
    "a=bf16,b=int2,acc=fp:bf16",
    "a=e8m10,b=int2,acc=fp:e8m10",
    "a=e4m3fn,mul=lmul,acc=fp:bf16",
    "a=int8,acc=fp:fp16",
]


@pytest.mark.parametrize("spec", TWICE_ROUNDED)
def test_sums_of_terms_far_apart(spec: str) -> None:
    """A sum that the carrier rounds itself ends as the exact sum does, beside a tie above all."""
    design = Design.parse(spec)
    rng = np.random.default_rng(11)

    def steep(number_format: Format, shape: tuple[int, int]) -> np.ndarray:
        lowest = number_format.unpacked.exponent_min
        scale = np.exp2(rng.integers(max(lowest, -70), min(number_format.unpacked.top, 70), shape))
        found = number_format.encode(scale * rng.choice([-1.75, -1.0, 1.0, 1.5], shape))
        return found.astype(np.int64)

    for terms in (2, 3, 9):
        A, B = steep(design.a, (40, terms)), steep(design.b, (terms, 40))
        expected = golden.matmul(design, A, B)
        np.testing.assert_array_equal(kernels.matmul(design, A, B), expected)


def test_long_sums() -> None:
    rng = np.random.default_rng(9)
    for acc in ("fp:bf16:an2-2", "fp:bf16:kahan", "fp:bf16:sr8", "fp:bf16:tree"):
        design = Design.parse(f"a=bf16,acc={acc}")
        A, B = (
            design.a.encode(rng.normal(size=(4, 700))),
            design.a.encode(rng.normal(size=(700, 3))),
        )
        np.testing.assert_array_equal(kernels.matmul(design, A, B), golden.matmul(design, A, B))


# Section 9: fraction bits, RMS error of 768 terms of N(0, 1) data relative to the exact sums
RMS = {
    7: {"an1-1": 6.79e-2, "an1-2": 6.82e-2, "an2-2": 8.25e-2, "an3-3": 8.61e-2},
    9: {"an1-1": 2.14e-2, "an1-2": 2.14e-2, "an2-2": 2.48e-2, "an3-3": 2.54e-2},
    11: {"an1-1": 4.38e-3, "an1-2": 4.37e-3, "an2-2": 4.97e-3, "an3-3": 5.13e-3},
    16: {"an1-1": 1.38e-4, "an1-2": 1.38e-4, "an2-2": 1.51e-4, "an3-3": 1.57e-4},
}


@pytest.mark.parametrize("width", RMS)
def test_rms_error_of_approximate_normalisation(width: int) -> None:
    """The table's own samples are few: between 7 and 9 bits its errors fall by 3.2 instead of 4."""
    rng = np.random.default_rng(10)
    A, B = rng.normal(size=(100, 768)), rng.normal(size=(768, 100))
    got = {}
    for option in RMS[width]:
        design = Design.parse(f"a=bf16,acc=fp:bf16:{option}:w{width},out=fp32")
        a, b = design.a.encode(A), design.b.encode(B)
        exact = design.a.decode(a) @ design.b.decode(b)
        error = design.out.decode(kernels.matmul(design, a, b)) - exact
        got[option] = np.sqrt(np.mean(error**2) / np.mean(exact**2))
    for option, expected in RMS[width].items():
        assert got[option] == pytest.approx(expected, rel=0.3), got
    assert got["an1-1"] == pytest.approx(got["an1-2"], rel=0.02)
    assert got["an1-2"] < got["an2-2"] < got["an3-3"]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("a=e4m3fn,acc=fp:e5m2_ftz", "rounds in its own way"),
        ("a=e4m3fn,acc=fp:fp16_ftz:tree", "rounds in its own way"),
        ("a=bf16,acc=fp:bf16:kahan,unit=dot,lanes=2", "takes more than float64's 53 bits"),
        ("a=bf16,acc=fp:bf16:sr8,unit=dot,lanes=2", "takes more than float64's 53 bits"),
        ("a=fp32,acc=fp:e8m51:an2-2", "beyond what float64"),
        ("a=bf16,mul=lmul,acc=fp:bf16:an2-2", "mul=lmul"),
    ],
)
def test_what_has_no_kernel_says_why(spec: str, message: str) -> None:
    design = Design.parse(spec)
    rng = np.random.default_rng(0)
    A = rng.integers(0, 1 << (design.a.bits - 1), (3, 60)) & ~(0x40 << (design.a.bits - 8))
    with pytest.raises(SpecError, match=message):
        kernels.matmul(design, A, A.T)
