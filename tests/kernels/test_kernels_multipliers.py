"""Fast products of every multiplier equal the golden model's."""

import numpy as np
import pytest

from hwdse import Design, golden, kernels
from hwdse.errors import SpecError
from hwdse.formats import Format

SPECS = [
    "a=int8,mul=mitchell,acc=int:24",
    "a=int8,mul=mitchell:f3,acc=int:18:sat",
    "a=e4m3fn,mul=mitchell,acc=fp:fp32",
    "a=e5m2,mul=mitchell,acc=kulisch,out=bf16",
    "a=bf16,mul=mitchell:f4,acc=fp:bf16,unit=dot,lanes=4",
    "a=fp16,mul=mitchell,acc=fp:fp32,rounding=down",
    "a=e4m3fn,b=int4,mul=mitchell,acc=fp:fp16",
    "a=posit8_0,b=int4,mul=mitchell,acc=kulisch",
    "a=int8,b=pot8_k2,mul=shift-add,acc=int:24",
    "a=e4m3fn,b=pot6_k2,mul=shift-add,acc=fp:fp32",
    "a=int4,b=pot8_k1,mul=shift-add,acc=int:14:sat",
    "a=int8,b=ternary,mul=add-skip,acc=int:12",
    "a=e5m2,b=ternary,mul=add-skip,acc=fp:fp16",
    "a=e4m3fn,b=binary,mul=add-skip,acc=kulisch",
    "a=bipolar3,b=bipolar2,mul=xnor,acc=int:10",
    "a=binary,mul=xnor,acc=int:6,unit=dot,lanes=8",
    "a=e2m1fn,mul=lut,acc=int:12,out=fp16",
    "a=dint4,b=int4,mul=lut,acc=kulisch",
    "a=posit4_1,mul=lut,acc=fp:fp32",
    "a=nf4,b=int4,mul=lut,acc=kulisch",
    "a=int8,b=uint4,mul=radix4,acc=int:20",
    "a=q2_6,b=int4,mul=radix4,acc=int:18",
]


def codes(number_format: Format, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Any codes in one row of eight, finite ones in the others."""
    every = rng.integers(0, 1 << number_format.bits, shape)
    finite = np.isfinite(number_format.decode(every))
    special = np.arange(every.size).reshape(shape) % 8 == 0
    return np.where(finite | special, every, int(number_format.encode(1.0)))


@pytest.mark.parametrize("spec", SPECS)
def test_sums_equal_the_golden_model(spec):
    design = Design.parse(spec)
    rng = np.random.default_rng(SPECS.index(spec))
    for m, k, n in ((7, 48, 5), (3, 40, 70)):
        A, B = codes(design.a, rng, (m, k)), codes(design.b, rng, (k, n))
        got, expected = kernels.matmul(design, A, B), golden.matmul(design, A, B)
        assert got.dtype == expected.dtype
        assert np.array_equal(got, expected)


@pytest.mark.parametrize(
    ("spec", "products"),
    [
        ("a=e4m3fn,mul=mitchell,acc=kulisch,out=fp32", 65536),
        ("a=int8,mul=mitchell,acc=int:24", 65536),
        ("a=int8,b=pot8_k2,mul=shift-add,acc=int:24", 65536),
        ("a=e5m2,b=int4,mul=mitchell:f1,acc=fp:fp32", 4096),
    ],
)
def test_every_product(spec, products):
    design = Design.parse(spec)
    A = np.arange(1 << design.a.bits)[:, None]
    B = np.arange(1 << design.b.bits)[None, :]
    got, expected = kernels.matmul(design, A, B), golden.matmul(design, A, B)
    assert got.size == products
    assert np.array_equal(got, expected)


def test_what_float64_cannot_carry_is_refused():
    design = Design.parse("a=e11m52,b=int4,mul=mitchell,acc=fp:fp32")
    with pytest.raises(SpecError, match="no fast kernel"):
        kernels.matmul(design, np.zeros((2, 2), int), np.zeros((2, 2), int))
