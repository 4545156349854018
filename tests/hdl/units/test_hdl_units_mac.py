"""Generated multiply-accumulate units against the golden model, in simulation.

Each entry is chosen for a part or a corner of the generators that the others do not have.
"""

import pytest
from sampled import some

from hwdse import Design
from hwdse.verify import verify

FULL = [
    # The three accumulators over the common 8-bit formats.
    "a=e4m3fn,acc=fp:fp32",
    "a=e5m2,acc=kulisch,out=bf16,stages=3",
    "a=int8,acc=int:32",
    # L-Mul, with infinities, several lanes and a group sum.
    "a=e5m2,mul=lmul,acc=kulisch,out=bf16,unit=dot,lanes=4",
    # A narrow accumulator: subnormal results, infinities, one rounding only (e6m3 has fewer bits
    # than the product).
    "a=e5m2,acc=fp:e6m3,rounding=down",
]

QUICK = [
    "a=int8,acc=int:18:sat",
    "a=int8,acc=int:17,unit=dot,lanes=4",
    "a=int8,acc=fp:bf16",
    "a=int4,b=e4m3fn,acc=fp:fp32",
    "a=e4m3fn,acc=fp:bf16,rounding=up,unit=dot,lanes=3,stages=1",
    "a=e4m3fnuz,acc=fp:e4m3fnuz,rounding=rna",
    "a=e4m3fn,acc=fp:e4m3fn",
    "a=e4m3fn,acc=fp:fp32,out=int8",
    "a=e2m1fn,acc=kulisch,out=int16,stages=2",
    "a=e3m4,mul=lmul:formula,acc=fp:fp16",
    "a=e4m3,mul=lmul:no-offset,acc=fp:e5m7",
    "a=ue4m3,b=e2m1fn,acc=kulisch:64,out=fp16",
    "a=bf16,mul=lmul:sat,acc=fp:fp32",
    "a=bf16,acc=fp:bf16",
    "a=fp16,acc=fp:fp16,rounding=rtz",
]

MORE = [
    "a=fp16,mul=lmul:formula:l2,acc=kulisch,out=fp16",
    "a=bf16,acc=kulisch,out=fp32",
    "a=fp32,acc=fp:fp32",
    "a=e3m2fn,acc=kulisch,out=e3m2fn,rounding=up",
    "a=e8m0,b=e2m1fn,acc=fp:fp32",
    "a=int16,acc=int:48,out=int32",
    "a=e4m3b11fnuz,acc=fp:fp16,unit=dot,lanes=8,stages=3",
    "a=e5m2fnuz,b=e4m3fnuz,acc=fp:bf16,rounding=rna",
]


@pytest.mark.long
@pytest.mark.parametrize("spec", FULL)
def test_unit_equals_golden_model_on_all_pairs_and_long_sums(spec: str) -> None:
    design = Design.parse(spec)
    certificate = verify(design, "full")
    assert certificate.vectors["operand_pairs"] >= 65536
    assert certificate.vectors["accumulation_steps"] >= 100_000
    assert certificate.outputs["zero"] > 0
    if design.out.has_nan and design.product.has_nan:
        assert certificate.outputs["nan"] > 0


@pytest.mark.parametrize("spec", some(QUICK, 8))
def test_unit_equals_golden_model_on_a_sample(spec: str) -> None:
    certificate = verify(Design.parse(spec), "quick", seed=1)
    assert certificate.total > 1000


@pytest.mark.long
@pytest.mark.parametrize("spec", [*QUICK[::3], *MORE])
def test_more_units_equal_the_golden_model_in_full(spec: str) -> None:
    design = Design.parse(spec)
    certificate = verify(design, "full")
    pairs = 1 << (design.a.bits + design.b.bits)
    assert certificate.vectors["operand_pairs"] >= min(pairs, 65536)
    assert certificate.vectors["accumulation_steps"] >= 100_000


@pytest.mark.long
def test_exhaustive_level_tries_every_pair_in_every_lane() -> None:
    certificate = verify(Design.parse("a=e2m3fn,acc=fp:bf16,unit=dot,lanes=2"), "exhaustive")
    assert certificate.vectors["operand_pairs"] == 3 * 4096
    assert certificate.vectors["accumulation_steps"] > 1_600_000
