"""The block-scaled engine with modes in Verilator: every mode, changes of mode, planted faults."""

from pathlib import Path

import numpy as np
import pytest
from amaranth.hdl import Const
from sampled import some
from verify_faults import Fault, assert_found, with_field

from hwdse import Design
from hwdse.errors import SpecError
from hwdse.hdl.modal import decode
from hwdse.hdl.multiply import modal_block
from hwdse.spec import Axis
from hwdse.verify import generate, verify
from hwdse.verify.mutation import mutation_score
from hwdse.verify.prepare import prepare
from hwdse.verify.stimulus import stimulus

SMALL = (
    "a=block:e4m3fn:2:e8m0,acc=fp:fp32,unit=mx,modes="
    "block:e4m3fn:2:e8m0|block:e2m3fn:2:e8m0|block:e2m1fn:2:e8m0|block:q2_6:2:e8m0"
)
TINY = "a=block:int4:2:e8m0,acc=fp:bf16,unit=mx,modes=block:e2m1fn:2:e8m0|block:int4:2:e8m0"
DESIGNS = [
    SMALL,
    "a=block:e5m2:2:e8m0,acc=aligned:F25,unit=mx,blocks=2,stages=1,modes="
    "block:e5m2:2:e8m0|block:e2m1fn:2:e8m0|block:int4:2:e8m0",
    "a=block:e2m1fn:3:ue4m3,acc=kulisch,out=fp32,unit=mx,interleave=2,modes="
    "block:e2m1fn:3:ue4m3|block:int4_sym:3:ue4m3",
]


@pytest.mark.parametrize("text", some(DESIGNS, len(DESIGNS)))
def test_it_equals_golden(text: str) -> None:
    assert verify(Design.parse(text), level="quick").total > 7000


def test_the_stimulus_has_all_modes_changes_and_specials() -> None:
    design = Design.parse(DESIGNS[1].replace(",stages=1", ""))
    blocks = stimulus(design.unit, design, "quick", 1).blocks
    numbers = [np.unique(block.mode) for block in blocks]
    assert {int(one[0]) for one in numbers if len(one) == 1} == {0, 1, 2, 3}
    assert sum(len(one) == 4 for one in numbers) == 2
    # Bits above narrow elements are not always zero.
    narrow = [block for block in blocks if np.all(block.mode == 1)]
    assert any(np.any(block.a >> 4) for block in narrow)
    prepared = prepare(design.unit, design, "quick", 1)
    for name in ("nan", "zero", "negative", "inf"):
        assert prepared.outputs[name] >= 10
    with pytest.raises(SpecError, match="level exhaustive for blocks of 2: use level full"):
        prepare(design.unit, design, "exhaustive", 0)


FAULTS = {
    "formats of other modes": Fault(
        TINY, modal_block, "_any", lambda _: lambda flags, numbers: flags[-1]
    ),
    "products a step too low": Fault(
        SMALL,
        modal_block,
        "shift_left",
        lambda original: lambda m, v, amount, *a, **k: original(m, v, amount[:-1], *a, **k),
    ),
    "NaN never flagged": Fault(SMALL, modal_block, "drive", with_field("nan", lambda _: Const(0))),
    "signs of other modes": Fault(TINY, decode, "_joined", lambda _: lambda values: values[-1][1]),
}


@pytest.mark.parametrize("name", some(FAULTS, 2))
def test_faults_in_its_parts_are_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_found(FAULTS[name], monkeypatch)


@pytest.mark.long
@pytest.mark.parametrize(
    "text",
    [
        *DESIGNS,
        "a=mxfp8_e4m3,acc=fp:fp32,unit=mx,modes=mxfp8_e4m3|mxfp6_e2m3|mxfp4|mxint8",
        "a=nvfp4,acc=fp:fp32,unit=mx,modes=nvfp4|nvint4",
    ],
)
def test_more_equal_golden_in_full(text: str) -> None:
    assert verify(Design.parse(text), level="full").total > 200_000


@pytest.mark.long
def test_mutants_are_found() -> None:
    report = mutation_score(Design.parse(TINY), mutants=100)
    assert report.score >= 0.99, report.survivors


@pytest.mark.long
def test_a_folder_with_axi_stream(tmp_path: Path) -> None:
    assert generate(Design.parse(TINY), tmp_path / "out", bus=Axis()).total > 3000
