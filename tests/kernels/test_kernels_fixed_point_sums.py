"""Fast sums in units of the products' least bit equal the golden model's."""

import numpy as np
import pytest

from hwdse import Design, golden, kernels
from hwdse.errors import SpecError

SPECS = [
    # By a matrix product, wrapped, one at a time, and saturated, alone and in groups.
    "a=dint4,b=int8,acc=int:32",
    "a=dint4,b=int8,acc=int:13",
    "a=dint4,b=int8,acc=int:13:sat",
    "a=dint4tc,b=dint4,acc=int:10:sat,unit=dot,lanes=4",
    "a=q2_6,acc=int:18,out=bf16,rounding=up",
    "a=q2_6,acc=int:17:sat,out=q4_4",
    "a=uq4_4,b=q2_6,acc=int:20",
    "a=q4_28,acc=int:64,out=fp32",
    "a=q4_28,acc=int:64:sat,out=fp32,unit=dot,lanes=8",
    "a=ternary,b=int8,acc=int:10:sat",
    "a=binary,acc=int:5,unit=dot,lanes=8",
    "a=bipolar2,b=bipolar4,acc=int:8",
    "a=uint8,acc=int:18",
    # A table of products knows a least bit that the operands' records do not.
    "a=e3m2fn,b=ternary,mul=lut,acc=int:18,out=fp32",
    "a=e3m2fn,b=e2m1fn,mul=lut,acc=int:17:sat,out=fp32,unit=dot,lanes=4",
]


@pytest.mark.parametrize("spec", SPECS)
def test_sums_equal_the_golden_model(spec):
    design = Design.parse(spec)
    random = np.random.default_rng(SPECS.index(spec))
    for m, k, n in ((7, 48, 5), (3, 40, 70)):
        A = random.integers(0, 1 << design.a.bits, (m, k))
        B = random.integers(0, 1 << design.b.bits, (k, n))
        got, expected = kernels.matmul(design, A, B), golden.matmul(design, A, B)
        assert got.dtype == expected.dtype
        assert np.array_equal(got, expected)
        assert len(np.unique(expected)) > 3


def test_a_multiplier_that_does_not_multiply_is_refused():
    design = Design.parse("a=e1m2finite,mul=lmul,acc=int:16,out=fp32")
    with pytest.raises(SpecError, match="no fast kernel"):
        kernels.matmul(design, np.zeros((2, 2), int), np.zeros((2, 2), int))
