"""Fast sums of logarithmic products against the golden model."""

import numpy as np
import pytest

from hwdse import Design, golden, kernels
from hwdse.errors import SpecError

DESIGNS = [
    "a=lns8_g8,mul=log,acc=kulisch,out=bf16",
    "a=lns8_g8z,mul=log:h1,acc=bins:64,out=bf16",
    "a=lns4_3,b=lns8_g4z,mul=log:h2:t7,acc=bins",
    "a=lns4_3,mul=log,acc=fp:fp32",
    pytest.param(
        "a=lns3_4,b=lns6_g1z,mul=log,acc=fp:bf16,rounding=up,unit=dot,lanes=4",
        marks=pytest.mark.long,
    ),
    "a=lns2_5n,mul=log:t20,acc=kulisch:1,out=fp32",
]


@pytest.mark.parametrize("spec", DESIGNS)
def test_the_same_bits(spec):
    design = Design.parse(spec)
    random = np.random.default_rng(0)
    a = random.integers(0, 1 << design.a.bits, (9, 40))
    b = random.integers(0, 1 << design.b.bits, (40, 37))
    a[0], b[:, 0] = design.a.encode(design.a.max), design.b.encode(design.b.max)
    got, want = kernels.matmul(design, a, b), golden.matmul(design, a, b)
    assert got.shape == want.shape == (9, 37)
    assert np.array_equal(got, want)
    assert len(np.unique(got)) > 100


def test_bins_that_may_wrap_have_no_kernel():
    design = Design.parse("a=lns8_g8,mul=log,acc=bins:8")
    codes = np.zeros((9, 9), int)
    with pytest.raises(SpecError, match="no fast kernel for 9 terms"):
        kernels.matmul(design, codes, codes)
