"""Matrix products of designs with table lookup: kernels and golden give the same codes."""

import numpy as np
import pytest

from hwdse import Design, golden, kernels


@pytest.mark.parametrize(
    "keys",
    [
        "a=int8,b=int2,acc=int:32",
        "a=int4,b=ternary,acc=int:10:sat,group=3",
        "a=e4m3fn,b=int4,acc=kulisch,group=5",
        "a=fp16,b=binary,acc=kulisch,out=fp16",
        "a=e5m2,b=int3,acc=fp:bf16,group=2",
    ],
)
def test_kernels_equal_golden(keys: str) -> None:
    design = Design.parse(f"{keys},unit=lut")
    rng = np.random.default_rng(5)
    a = rng.integers(0, 1 << design.a.bits, (30, 60))
    b = rng.integers(0, 1 << design.b.bits, (60, 30))
    found = kernels.matmul(design, a, b)
    assert np.array_equal(found, golden.matmul(design, a, b))
    assert len(np.unique(found)) > 3
