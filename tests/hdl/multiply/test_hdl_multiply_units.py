"""Whole units with every multiplier, and with operands of two formats, against the golden model."""

import pytest
from sampled import some

from hwdse import Design
from hwdse.verify import verify

QUICK = [
    "a=e4m3fn,b=int4,acc=fp:fp32",
    "a=int8,b=ternary,mul=add-skip,acc=int:20,unit=dot,lanes=4",
    "a=int8,mul=mitchell,acc=int:24",
]

MULTIPLIERS = [
    "a=e4m3fn,mul=mitchell,acc=fp:fp32",
    "a=e5m2,mul=mitchell,acc=kulisch,out=bf16",
    "a=fp16,mul=mitchell:f4,acc=fp:fp32,rounding=down",
    "a=e2m1fn,mul=lut,acc=int:16,out=fp16",
    "a=e3m2fn,mul=lut,acc=kulisch,out=fp16,unit=dot,lanes=3",
    "a=posit4_1,mul=lut,acc=fp:fp32",
    "a=nf4,b=int4,mul=lut,acc=kulisch",
    "a=int8,b=pot8_k2,mul=shift-add,acc=int:24,unit=dot,lanes=2",
    "a=e4m3fn,b=pot6_k2,mul=shift-add,acc=kulisch",
    "a=e5m2,b=ternary,mul=add-skip,acc=fp:bf16",
    "a=e4m3fn,b=binary,mul=add-skip,acc=kulisch",
    "a=int8,b=ternary,mul=add-skip,acc=fp:fp32",
    "a=binary,mul=xnor,acc=int:12,unit=dot,lanes=9",
    "a=bipolar3,b=bipolar2,mul=xnor,acc=int:16:sat,unit=dot,lanes=4",
    "a=bipolar4,mul=xnor,acc=kulisch",
    "a=bipolar2,mul=xnor,acc=fp:fp32",
    "a=int8,mul=radix4,acc=int:24",
    "a=int8,b=uint4,mul=radix4,acc=int:20,unit=dot,lanes=2,stages=1",
    "a=q2_6,b=int3,mul=radix4,acc=kulisch",
]

#: W4A8 and the like: every pair with every accumulator that makes sense.
MIXED = [
    f"a={a},b={b},acc={acc}"
    for a, b, accumulators in (
        ("e4m3fn", "int4", ("kulisch", "fp:fp32")),
        ("int4", "e5m2", ("kulisch", "fp:fp32")),
        ("int8", "int4", ("kulisch", "fp:fp32", "int:24")),
        ("e4m3fn", "e2m1fn", ("kulisch", "fp:fp32")),
        ("int8", "e2m1fn", ("kulisch", "fp:fp32")),
        ("dint4", "int8", ("kulisch", "fp:fp32", "int:24")),
        ("fp16", "nf4", ("kulisch", "fp:fp32")),
        ("hif8", "int4", ("kulisch", "fp:fp32")),
        ("posit8_0", "int4", ("kulisch", "fp:fp32")),
    )
    for acc in accumulators
]


@pytest.mark.parametrize("spec", some(QUICK, 2))
def test_unit_equals_golden_model(spec):
    assert verify(Design.parse(spec), "quick").total > 1000


@pytest.mark.long
@pytest.mark.parametrize("spec", [*MULTIPLIERS, *(s for s in MIXED if s not in QUICK)])
def test_more_units_equal_golden_models(spec):
    assert verify(Design.parse(spec), "quick").total > 1000
