"""The fast tensor-core style sums give the golden model's bits."""

import numpy as np
import pytest

from hwdse import Design, golden, kernels
from hwdse.errors import SpecError

SPECS = [
    "a=fp16,acc=aligned:volta:fp16",
    "a=fp16,acc=aligned:volta,unit=dot,lanes=4",
    "a=fp16,acc=aligned:ampere,unit=dot,lanes=16",
    "a=bf16,acc=aligned:ampere,unit=dot,lanes=3",
    "a=bf16,b=fp16,acc=aligned:hopper,unit=dot,lanes=16",
    "a=e4m3fn,acc=aligned:hopper-fp8,unit=dot,lanes=32",
    "a=e5m2,b=e4m3fn,acc=aligned:ada-fp8,out=bf16,unit=dot,lanes=20",
    "a=e2m1fn,b=e3m2fn,acc=aligned:blackwell,unit=dot,lanes=8",
    "a=fp16,acc=aligned:cdna3,unit=dot,lanes=8",
    "a=e4m3fnuz,b=e5m2fnuz,acc=aligned:cdna3-fp8,unit=dot,lanes=16",
    "a=e5m2,acc=aligned:L4-F3:e4m3:floor6-2:split3,unit=dot,lanes=5",
    "a=bf16,acc=aligned:F5:floor3-9:bf16,unit=dot,lanes=2",
    "a=bf16,acc=aligned:F8:fp16,unit=dot,lanes=2",
    "a=e4m3fn,acc=aligned:L3-F2:e4m3fn,unit=dot,lanes=7",
    "a=e5m2,acc=aligned:F1:e5m2:rne,rounding=up,unit=dot,lanes=2",
    "a=ue4m3,b=e2m1fn,acc=aligned:F7",
    "a=tf32,acc=aligned:hopper-tf32,unit=dot,lanes=8",
    "a=bf16,acc=aligned:hopper:max:signed0,unit=dot,lanes=16",
    "a=bf16,acc=aligned:L4-F6:zero140,unit=dot,lanes=4",
    "a=e3m3b72finite,acc=aligned:F4:e4m3b140,unit=dot,lanes=2",
    "a=e3m3b72finite,acc=aligned:F14:e4m3b140:zero125:rtz,unit=dot,lanes=2",
    "a=e3m3b72finite,acc=aligned:F4:floor6-3:e4m3b140:zero129,unit=dot,lanes=3",
]


def operands(f, rng: np.random.Generator, shape, kind: str) -> np.ndarray:
    """Any codes, ordinary values, or values near the least exponent."""
    every = rng.integers(0, 1 << f.bits, shape)
    if kind == "any":
        return every
    scale = 0.5 if kind == "ordinary" else f.min_normal * 2
    values = rng.normal(size=shape) * scale * 2.0 ** rng.integers(-4, 2, shape)
    codes = f.encode(np.abs(values) if not f.signed else values)
    return np.where(rng.random(shape) < 0.1, f.encode(0.0), codes)


@pytest.mark.parametrize("spec", SPECS)
def test_kernel_equals_golden(spec: str) -> None:
    design = Design.parse(spec)
    rng = np.random.default_rng(design.unit.group)
    outputs = []
    for kind in ("any", "ordinary", "tiny"):
        # Both orders of the longer side: operands change places in memory.
        for m, n in ((6, 20), (20, 6)):
            A = operands(design.a, rng, (m, 48), kind)
            B = operands(design.b, rng, (48, n), kind)
            expected = golden.matmul(design, A, B)
            np.testing.assert_array_equal(kernels.matmul(design, A, B), expected)
            outputs.append(expected.ravel())
    values = design.out.decode(np.concatenate(outputs))
    assert values.size == 720
    assert np.count_nonzero(np.isfinite(values) & (values != 0)) > 100


def test_sums_with_every_special_value() -> None:
    design = Design.parse("a=e5m2,acc=aligned:volta:fp16,unit=dot,lanes=2")
    codes = np.array([0, 0x80, 0x3C, 0xBC, 0x7C, 0xFC, 0x7E, 0x7B, 1])
    A = np.stack(np.meshgrid(codes, codes), -1).reshape(-1, 2)
    expected = golden.matmul(design, A, A.T)
    np.testing.assert_array_equal(kernels.matmul(design, A, A.T), expected)
    values = design.out.decode(expected)
    assert np.isnan(values).any()
    assert np.isposinf(values).any()
    assert np.isneginf(values).any()


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("a=e4m3fn,mul=lmul,acc=aligned:F9", "exact products"),
        ("a=int4,b=e4m3fn,acc=aligned:F9", "binary floats"),
        ("a=e4m3fn,acc=aligned:F60,unit=dot,lanes=4", "62 are carried"),
    ],
)
def test_what_has_no_kernel_says_so(spec: str, words: str) -> None:
    design = Design.parse(spec)
    zeros = np.zeros((2, 4), int)
    with pytest.raises(SpecError, match=words):
        kernels.matmul(design, zeros + 1, zeros.T + 1)
