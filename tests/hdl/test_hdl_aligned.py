"""Generated tensor-core style accumulators against the golden model, in simulation.

Each entry is chosen for a part or a corner of the generator that the others do not have.
"""

import numpy as np
import pytest
from sampled import some

from hwdse import Design, golden
from hwdse.hdl import structure_of
from hwdse.verify import verify
from hwdse.verify.stimulus import stimulus

QUICK = [
    # A product alone, FP16 results to nearest even; a group a cycle; two chained in a cycle.
    "a=fp16,acc=aligned:volta:fp16",
    "a=fp16,acc=aligned:ampere,unit=dot,lanes=3",
    "a=e4m3fn,acc=aligned:hopper-fp8,unit=dot,lanes=4",
    "a=e5m2,acc=aligned:L3-F9:e8m13,out=bf16,unit=dot,lanes=5,rounding=up",
    # Products below zeros' exponent, with a zero of the running value above and below that.
    "a=bf16,acc=aligned:L4-F6,unit=dot,lanes=2",
    "a=bf16,acc=aligned:F8:fp16,unit=dot,lanes=2",
    # Running values below zeros' exponent; zeros above everything, and below.
    "a=e3m3b72finite,acc=aligned:F4:e4m3b140,unit=dot,lanes=2",
    "a=bf16,acc=aligned:hopper,unit=dot,lanes=4",
    "a=e3m3b72finite,acc=aligned:F14:e4m3b140:zero125:rtz,unit=dot,lanes=2",
    "a=tf32,acc=aligned:hopper-tf32:max:signed0:zero400,unit=dot,lanes=2",
    "a=e3m3b72finite,acc=aligned:F4:floor6-3:e4m3b140:zero129,unit=dot,lanes=3",
    # Few bits: fewer than the product's, than the running value's.
    "a=e2m1fn,b=e4m3fn,acc=aligned:F2:e4m3fn,unit=dot,lanes=3",
    "a=e5m2,acc=aligned:F1:e5m2:rne,unit=dot,lanes=2",
    # Two's-complement and unsigned products, no special values.
    "a=int4,b=e4m3fn,acc=aligned:F9:bf16,unit=dot,lanes=2",
    "a=ue4m3,b=e2m1fn,acc=aligned:F7",
    "a=e8m0,b=e3m2fn,acc=aligned:F5,unit=dot,lanes=2",
    # Group sums of their own.
    "a=fp16,acc=aligned:cdna3,unit=dot,lanes=2",
    "a=e4m3fn,acc=aligned:cdna3-fp8,unit=dot,lanes=4",
    "a=bf16,acc=aligned:F5:floor3-9:bf16,unit=dot,lanes=2",
    "a=e5m2,acc=aligned:L4-F3:e4m3:floor6-2:split3,unit=dot,lanes=5",
]

MORE = [
    "a=tf32,acc=aligned:ampere-tf32,unit=dot,lanes=4",
    "a=bf16,acc=aligned:blackwell,unit=dot,lanes=3",
    "a=posit8_1,acc=aligned:F20,unit=dot,lanes=2",
    "a=hif8,acc=aligned:L2-F12:e8m13,unit=dot,lanes=4",
    "a=nf4,b=e5m2,acc=aligned:F9,unit=dot,lanes=2",
    "a=e4m3fn,mul=lmul,acc=aligned:F9,unit=dot,lanes=2",
    "a=e5m2fnuz,b=e4m3fnuz,acc=aligned:cdna3-fp8,unit=dot,lanes=3",
    "a=e4m3fn_ftz,acc=aligned:F9:fp16,unit=dot,lanes=2",
]


def check(spec: str, level: str = "quick") -> None:
    certificate = verify(Design.parse(spec), level)
    assert certificate.vectors["operand_pairs"] >= 512
    assert certificate.vectors["accumulation_steps"] >= 1024


@pytest.mark.parametrize("spec", some(QUICK, len(QUICK)))
def test_unit_equals_golden_model(spec: str) -> None:
    check(spec)


@pytest.mark.long
@pytest.mark.parametrize("spec", MORE)
def test_unit_equals_golden_model_for_more_operands(spec: str) -> None:
    check(spec)


@pytest.mark.long
def test_the_fp8_tensor_core_on_every_pair() -> None:
    check("a=e4m3fn,acc=aligned:hopper-fp8,out=fp32,unit=dot,lanes=32", "full")


@pytest.mark.parametrize(
    "every", [pytest.param(1, marks=pytest.mark.long), pytest.param(3, marks=pytest.mark.long)]
)
def test_the_sums_above_meet_the_hard_cases(every: int) -> None:
    """Lost bits, exact cancellation, specials and both ends of the output occur among them."""
    seen = dict.fromkeys(("nan", "inf", "zero", "subnormal", "largest", "negative", "lost"), 0)
    for spec in QUICK[::every]:
        design = Design.parse(spec)
        exact = Design.parse(f"a={design.a},b={design.b},acc=kulisch,out={design.out}")
        for block in stimulus(design.unit, design, "quick", 0).blocks:
            sums, _, lanes = block.a.shape
            if lanes != design.unit.group:
                continue
            a, b = block.a.reshape(sums, -1), block.b.reshape(sums, -1)
            values = design.out.decode(golden.running_dot(design, a, b)[:, -1])
            sums_exact = exact.out.decode(golden.dot(exact, a, b))
            magnitudes = np.abs(values)
            seen["nan"] += np.count_nonzero(np.isnan(values))
            seen["inf"] += np.count_nonzero(np.isinf(values))
            seen["zero"] += np.count_nonzero(values == 0)
            small = (magnitudes > 0) & (magnitudes < design.out.min_normal)
            seen["subnormal"] += np.count_nonzero(small)
            seen["largest"] += np.count_nonzero(magnitudes == design.out.max)
            seen["negative"] += np.count_nonzero(values < 0)
            seen["lost"] += np.count_nonzero(values != sums_exact)
    assert all(count >= 20 for count in seen.values()), seen


@pytest.mark.parametrize("spec", QUICK[::3])
def test_the_structure_names_what_is_built(spec: str) -> None:
    accumulate = structure_of(Design.parse(spec)).blocks["accumulate"]
    assert accumulate.counts.total() > 10
    assert accumulate.path


def test_more_bits_and_lanes_are_a_larger_structure() -> None:
    def width(acc: str, lanes: int) -> int:
        design = Design.parse(f"a=e4m3fn,acc=aligned:{acc},unit=dot,lanes={lanes}")
        parts = list(structure_of(design).blocks["accumulate"].counts.elements())
        return sum(getattr(part, "width", 0) for part in parts)

    assert width("F13:e8m13", 4) < width("F25", 4) < width("F25", 8) < width("L4-F25", 8)
    assert width("F25", 4) < width("F25:floor31-24", 4)
