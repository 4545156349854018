"""What a co-processor computes, against NumPy's integers and exact fractions."""

from fractions import Fraction
from math import ceil, floor

import numpy as np
import pytest

from hwdse import Design
from hwdse.golden import matmul
from hwdse.golden.coprocessor import product
from hwdse.spec import Axi

ARRAY = "unit=systolic,rows=2,cols=2,dataflow=os"


def integers(rng: np.random.Generator, bits: int, shape: tuple[int, ...]) -> np.ndarray:
    return rng.integers(-(1 << (bits - 1)), 1 << (bits - 1), shape)


@pytest.mark.parametrize("out", ["int8", "int4", "int16", "int32"])
def test_requantised_integers_are_those_of_numpy(out: str) -> None:
    design = Design.parse(f"a=int8,acc=int:32,out={out},{ARRAY}")
    rng, width = np.random.default_rng(0), design.out.bits
    reached = set()
    for _ in range(50):
        m, n, k = rng.integers(1, 8, 3)
        a, w = integers(rng, 8, (m, k)), integers(rng, 8, (n, k))
        bias, shift = integers(rng, int(rng.integers(2, 20)), (n,)), int(rng.integers(0, 30))
        scales = integers(rng, max(shift + width - 14, 2), (n,)).astype(object)
        numbers = (a @ w.T + bias) * scales
        # Python rounds fractions to the nearest, ties to even.
        rounded = np.vectorize(lambda x, s=shift: round(Fraction(x, 1 << s)), otypes="O")(numbers)
        half = 1 << (width - 1)
        expected = np.clip(rounded, -half, half - 1).astype(np.int64)
        codes = product(Axi(), design, a & 0xFF, w & 0xFF, bias.astype(object), scales, shift)
        assert np.array_equal(codes, expected & ((1 << width) - 1))
        reached |= {"in range"} if np.any(rounded == expected) else set()
        reached |= {"saturated"} if np.any(rounded != expected) else set()
        reached |= {"tie"} if np.any(numbers & ((1 << shift) - 1) == 1 << shift >> 1) else set()
    assert reached == {"in range", "saturated", "tie"}


@pytest.mark.parametrize(
    ("rounding", "rounded"),
    [("up", ceil), ("down", floor), ("rtz", int), ("rne", round)],
)
def test_every_rounding_rounds_the_exact_number_once(rounding: str, rounded) -> None:
    """Fixed point: sums in units of 2^-8, results in units of 2^-2."""
    design = Design.parse(f"a=q4_4,acc=int:32,out=q6_2,rounding={rounding},{ARRAY}")
    rng = np.random.default_rng(1)
    a, w = integers(rng, 8, (20, 3)), integers(rng, 8, (20, 3))
    bias, shift = integers(rng, 10, (20,)), 5
    codes = product(Axi(), design, a & 0xFF, w & 0xFF, bias.astype(object), 7, shift)
    for (i, j), code in np.ndenumerate(codes):
        exact = Fraction(int(a[i] @ w[j] + bias[j]) * 7, 1 << (8 + shift))
        number = min(max(rounded(exact * 4), -128), 127)
        assert code == number & 0xFF


def test_no_intermediate_wraps() -> None:
    """The sum is at its end, the bias goes beyond it, and the shift brings the product back."""
    design = Design.parse(f"a=int8,acc=int:16,out=int16,{ARRAY}")
    a, w = np.full((1, 2), 0x80), np.full((1, 2), 0x7F)
    bias = np.array([-(1 << 31)], object)
    code = product(Axi(), design, a, w, bias, -(1 << 31), 51)
    assert code == round(Fraction((-32512 - (1 << 31)) * -(1 << 31), 1 << 51))


@pytest.mark.parametrize("spec", ["a=int8,acc=int:32,out=int8", "a=e4m3fn,acc=fp:bf16,out=fp32"])
def test_without_bias_and_scale_results_are_those_of_the_unit(spec: str) -> None:
    design = Design.parse(f"{spec},{ARRAY}")
    rng = np.random.default_rng(2)
    a, w = rng.integers(0, 0x70, (3, 9)), rng.integers(0, 0x70, (4, 9))
    assert np.array_equal(product(Axi(), design, a, w), matmul(design, a, w.T))
