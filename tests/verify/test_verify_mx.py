"""Hardware of the block-scaled engines against golden, in simulation, and planted faults."""

from pathlib import Path

import pytest
from sampled import some
from verify_faults import Fault, assert_found, with_field

from hwdse import Design
from hwdse.errors import SpecError
from hwdse.hdl.multiply import block
from hwdse.spec import Axis
from hwdse.verify import generate, verify
from hwdse.verify.prepare import prepare

#: Small blocks of all element and scale formats: the same hardware with few lanes.
SMALL = [
    "a=block:e4m3fn:3:e8m0,b=block:q2_6:3:e8m0,acc=fp:fp32,unit=mx",
    "a=block:e2m1fn:4:ue4m3,b=block:int4_sym:4:ue4m3,acc=kulisch,unit=mx,blocks=2,interleave=2",
    "a=block:e3m2fn:2:e8m0,b=block:e2m3fn:2:ue5m3,acc=aligned:F35,unit=mx,blocks=2",
    "a=block:e5m2:2:e8m0,b=block:e2m1fn:4:e8m0,acc=fp:bf16:an2-2,unit=mx,stages=1",
    "a=block:e5m2:4:ue5m3,acc=fp:fp16,rounding=down,unit=mx",
    "a=block:e2m1fn:3:e4m3fn,acc=fp:fp32:kahan,unit=mx",
    "a=block:int4_sym:4:ue4m3,acc=fp:fp32:tree,unit=mx,blocks=2",
    "a=block:q2_6:2:e8m0,acc=kulisch:4,out=fp32,unit=mx",
    "a=block:e2m1fn:3:ue4m3,b=block:e2m1fn:3:e8m0,acc=fp:bf16:sr8,unit=mx",
    "a=int8,b=block:int4_sym:3:fp16,acc=fp:fp32,unit=mx",
    "a=block:e2m1fn:4:ue4m3,b=posit8_0,acc=kulisch,out=fp32,unit=mx,blocks=2",
    "a=int8,b=affine:uint4:3:fp16,acc=fp:fp32,unit=mx",
    "a=affine:uint3:2:ue4m3,b=affine:uint5:4:bf16,acc=fp:bf16,unit=mx,blocks=2",
    "a=block:e4m3fn:4:e8m0,unit=mxmul",
    "a=e4m3fn,b=block:int4_sym:2:e8m0,unit=mxmul",
    "a=block:e2m1fn:4:ue4m3,b=block:e5m2:4:ue5m3,out=bf16,unit=mxmul,stages=1",
]
WHOLE = [
    *(f"a={name},acc=fp:fp32,unit=mx" for name in ("mxfp8_e4m3", "mxfp8_e5m2", "mxfp6_e2m3")),
    *(f"a={name},acc=fp:fp32,unit=mx" for name in ("mxfp6_e3m2", "mxfp4", "mxint8", "fp4_ue5m3")),
    "a=nvfp4,acc=kulisch,out=fp32,unit=mx",
    "a=nvint4,acc=kulisch,out=fp32,unit=mx",
    "a=mxfp4,b=mxint8,acc=fp:fp32,unit=mx",
    "a=nvfp4,b=mxfp4,acc=aligned:F35,unit=mx,blocks=4,interleave=2",
    "a=nvfp4,unit=mxmul",
    "a=nf4_b64,acc=fp:fp32,unit=mx",
]
#: Only one operand has scales, so there are fewer pairs of them to try.
BESIDE_ELEMENTS = [
    "a=int8,b=block:int4_sym:128:fp16,acc=fp:fp32,unit=mx",
    "a=e4m3fn,b=nvfp4,acc=fp:fp32,unit=mx",
    "a=int8,b=affine:uint4:128:bf16,acc=fp:fp32,unit=mx",
]


@pytest.mark.parametrize("spec", some(SMALL, len(SMALL)))
def test_hardware_of_small_blocks_equals_golden(spec: str) -> None:
    certificate = verify(Design.parse(spec), "quick")
    assert certificate.vectors["block_products"] > 1000
    assert certificate.vectors.get("accumulation_steps", 2000) >= 2000


@pytest.mark.long
@pytest.mark.parametrize("spec", WHOLE)
def test_hardware_of_named_formats_equals_golden(spec: str) -> None:
    certificate = verify(Design.parse(spec), "full")
    assert certificate.vectors["block_products"] > 15_000
    assert certificate.vectors.get("accumulation_steps", 100_000) >= 100_000


@pytest.mark.long
@pytest.mark.parametrize("spec", BESIDE_ELEMENTS)
def test_hardware_of_blocks_beside_elements_equals_golden(spec: str) -> None:
    certificate = verify(Design.parse(spec), "full")
    assert certificate.vectors["block_products"] > 4_000
    assert certificate.vectors["accumulation_steps"] >= 100_000


@pytest.mark.parametrize("spec", ["a=mxfp8_e5m2,acc=fp:fp32,unit=mx", "a=fp4_ue5m3,unit=mxmul"])
def test_the_stimulus_reaches_special_values(spec: str) -> None:
    design = Design.parse(spec)
    prepared = prepare(design.unit, design, "quick", 3)
    for name in ("nan", "zero", "negative"):
        assert prepared.outputs[name] >= 10
    assert prepared.outputs["inf"] > 0 or not design.product.has_inf
    assert prepared.trace.outputs == sum(prepared.vectors.values())
    again = prepare(design.unit, design, "quick", 3)
    assert again.trace.text("", 3) == prepared.trace.text("", 3)


FAULTS = {
    "sign of the sum": Fault(
        "a=block:e2m1fn:2:ue4m3,acc=fp:fp32,unit=mx",
        block,
        "drive",
        with_field("sign", lambda s: ~s),
    ),
    "scale of NaN": Fault(
        "a=block:e2m1fn:2:e8m0,acc=fp:fp32,unit=mx", block, "drive", with_field("nan", lambda _: 0)
    ),
    "exponent": Fault(
        "a=block:int4:2:e8m0,unit=mxmul", block, "drive", with_field("exponent", lambda e: e ^ 256)
    ),
    "zero point": Fault(
        "a=int8,b=affine:uint4:2:fp16,acc=fp:fp32,unit=mx",
        block.BlockMultiplier,
        "_zero_point",
        lambda original: lambda self, name, one: original(self, name, one)[:-1],
    ),
    "constant of the sum": Fault(
        "a=block:int4:3:e8m0,unit=mxmul",
        block,
        "constant_columns",
        lambda original: lambda number, width: original(number + (1 << (width - 2)), width),
    ),
}


@pytest.mark.parametrize("name", some(FAULTS, 5))
def test_a_planted_fault_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_found(FAULTS[name], monkeypatch)


def test_level_exhaustive_is_refused_in_one_line() -> None:
    design = Design.parse("a=mxfp4,acc=fp:fp32,unit=mx")
    with pytest.raises(SpecError, match="level exhaustive for blocks of 32: use level full"):
        prepare(design.unit, design, "exhaustive", 0)


@pytest.mark.long
def test_a_folder_with_axi_stream(tmp_path: Path) -> None:
    design = Design.parse("a=block:e2m1fn:4:ue4m3,acc=fp:fp32,unit=mx")
    certificate = generate(design, tmp_path / "out", bus=Axis())
    assert certificate.total > 3000
