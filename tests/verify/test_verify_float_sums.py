"""Hardware of the floating-point accumulators against golden, in simulation."""

import pytest
from sampled import some

from hwdse import Design
from hwdse.verify import verify

QUICK = [
    "a=bf16,acc=fp:fp32:an2-2,out=bf16",
    "a=e4m3fn,acc=fp:e4m3fn:an1-1:w5,unit=dot,lanes=2,rounding=down",
    "a=e5m2,acc=fp:e5m2:kahan,unit=dot,lanes=2",
    "a=e4m3fn,acc=fp:bf16:sr8,unit=dot,lanes=2",
    "a=e5m2,acc=fp:fp16:tree,unit=dot,lanes=3",
    "a=binary8p4se,acc=fp:binary8p4se",
    "a=e5m2,acc=fp:e5m2_ftz:sr6",
]
LONG = [
    "a=bf16,acc=fp:bf16:an1-2:w9,rounding=up",
    "a=e5m2,acc=fp:fp16:an2-1,rounding=rtz",
    "a=e4m3fnuz,acc=fp:e4m3fnuz:an1-1",
    "a=binary8p4se,acc=fp:binary8p4se:an2-1",
    "a=int4,b=e4m3fn,acc=fp:fp16:an2-2",
    "a=e5m2,b=e4m3fn,acc=fp:e5m2_ftz:an1-1",
    "a=e3m2fn,b=e2m1fn,acc=fp:e3m2fn:an1-1,unit=dot,lanes=3",
    "a=fp32,acc=fp:fp32:an3-3",
    "a=e4m3fn,mul=lmul,acc=fp:bf16:an2-2",
    "a=bf16,acc=fp:fp32:kahan,out=bf16",
    "a=e4m3fn,acc=fp:e4m3fn:kahan,rounding=down",
    "a=e4m3fnuz,acc=fp:e4m3fnuz:kahan",
    "a=e5m2,acc=fp:fp16_ftz:kahan,unit=dot,lanes=2,rounding=down",
    "a=int8,acc=fp:bf16:kahan",
    "a=binary8p3se,acc=fp:binary8p3se:kahan,rounding=up",
    "a=bf16,acc=fp:bf16:sr4c",
    "a=e5m2,acc=fp:e4m3fn:sr6a,unit=dot,lanes=2",
    "a=e4m3fnuz,acc=fp:e4m3fnuz:sr5:lfsr10:seed77",
    "a=binary8p4se,acc=fp:binary8p4se:sr20",
    "a=fp16,acc=fp:fp32:sr8",
    "a=int8,acc=fp:fp16:sr8:lfsr8,unit=dot,lanes=3",
    "a=bf16,acc=fp:bf16:tree",
    "a=e4m3fn,acc=fp:e4m3fn:tree,unit=dot,lanes=4,rounding=down",
    "a=e5m2,acc=fp:fp32:tree,unit=dot,lanes=2,out=bf16",
    "a=binary8p4se,acc=fp:binary8p4se:tree,unit=dot,lanes=2",
    "a=e5m2,acc=fp:e4m3fn_ftz,unit=dot,lanes=2",
]


def check(spec: str) -> None:
    certificate = verify(Design.parse(spec), "quick")
    assert certificate.vectors["accumulation_steps"] >= 1000
    assert certificate.vectors["operand_pairs"] >= 200


@pytest.mark.parametrize("spec", some(QUICK, 6))
def test_hardware_equals_golden(spec: str) -> None:
    check(spec)


@pytest.mark.long
@pytest.mark.parametrize("spec", LONG)
def test_hardware_of_other_options_equals_golden(spec: str) -> None:
    check(spec)
