"""The whole bare multiply-add proven equal to exact arithmetic, for all operands."""

import pytest
from formal_claims import float_fma

from hwdse.verify.formal import prove_all

QUICK = [
    ("e2m1fn", "e2m1fn", "e2m1fn", "e2m1fn", "rne"),
    ("e2m1fn", "e2m1fn", "e3m2fn", "e3m2fn", "down"),
]
MORE = [
    ("e2m1fn", "e2m1fn", "e5m2", "e5m2", "down"),
    ("e2m1fn", "e2m1fn", "fp16", "fp16", "rne"),
    ("e3m2fn", "e3m2fn", "e3m2fn", "e3m2fn", "rna"),
    ("e2m3fn", "e3m2fn", "e2m3fn", "e2m1fn", "rtz"),
    ("e3m2fn", "e2m1fn", "e4m3fn", "e4m3fn", "up"),
    ("e5m2", "e5m2", "e5m2", "e5m2", "rne"),
]


def test_small_formats() -> None:
    assert len(prove_all([float_fma(*case) for case in QUICK])) == len(QUICK)


@pytest.mark.long
@pytest.mark.parametrize("case", MORE, ids="-".join)
def test_more_formats(case: tuple[str, str, str, str, str]) -> None:
    prove_all([float_fma(*case)], timeout_s=1200)
