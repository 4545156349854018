"""The table-lookup engine in simulation: random stalls lose, double and change nothing."""

from pathlib import Path

import pytest
from engine_streams import stalling

from hwdse import Design
from hwdse.errors import SpecError, VerificationError
from hwdse.hdl import emit
from hwdse.hdl.lut import cell
from hwdse.verify import generate, verify
from hwdse.verify.mutation import mutation_score
from hwdse.verify.prepare import prepare


def _design(keys: str) -> Design:
    operands, shape = keys.split(" ")
    return Design.parse(f"{operands},unit=lut,{shape}")


def test_stalls_change_nothing(tmp_path: Path) -> None:
    design = _design("a=int4,b=int2,acc=int:12 group=3,rows=2,cols=2")
    run = stalling(design, emit(design), tmp_path)
    prepared = prepare(design.unit, design, "quick", 0)
    assert sum(prepared.vectors.values()) == prepared.trace.outputs > 1000
    assert set(prepared.vectors) == {"operand_pairs", "accumulation_steps", "random_slices"}
    for seed in range(4):
        report = run(prepared.trace, seed)
        assert report.checked == report.vectors == prepared.trace.outputs
        assert report.mismatches == 0


def test_only_the_levels_that_make_sense() -> None:
    design = _design("a=int4,b=int2,acc=int:12 rows=2,cols=2")
    with pytest.raises(SpecError, match="level exhaustive: unit lut has quick and full"):
        prepare(design.unit, design, "exhaustive", 0)


def test_a_planted_fault_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that completes a negation is forgotten."""
    monkeypatch.setattr(cell, "plus", lambda x, y, carry: x + y)
    with pytest.raises(VerificationError, match="mismatches"):
        verify(_design("a=int4,b=int2,acc=int:12 group=2,rows=1,cols=1"), level="quick")


@pytest.mark.long
@pytest.mark.parametrize(
    "keys",
    [
        "a=int8,b=int2,acc=int:32 rows=2,cols=3",
        "a=int8,b=binary,acc=int:32 group=2,rows=3,cols=1",
        "a=int4,b=uint4,acc=int:12:sat group=2,rows=1,cols=1",
        "a=e5m2,b=ternary,acc=kulisch,out=fp16 group=3,rows=2,cols=2",
        "a=e4m3fn,b=int4,acc=fp:bf16 group=2,rows=2,cols=1",
    ],
)
def test_ten_thousand_transfers_with_stalls(keys: str, tmp_path: Path) -> None:
    """A quarter of the cycles of each stream stalls."""
    design = _design(keys)
    run = stalling(design, emit(design), tmp_path)
    prepared = prepare(design.unit, design, "full", 1)
    assert min(prepared.trace.count(name) for name in ("w", "a", "o")) > 10000
    for seed in range(3):
        report = run(prepared.trace, seed)
        assert report.checked == report.vectors == prepared.trace.outputs
        assert report.mismatches == 0


@pytest.mark.long
@pytest.mark.parametrize(
    "keys",
    [
        "a=fp16,b=int4,acc=kulisch group=4",
        "a=bf16,b=binary,acc=kulisch group=2",
        "a=fp16,b=int2,acc=fp:fp32 group=3",
        "a=posit8_0,b=int3,acc=kulisch,out=posit8_0 group=3",
        "a=hif8,b=uint2,acc=kulisch,out=fp16 group=2",
        "a=e4m3fn,b=bipolar4,acc=kulisch group=5",
        "a=e5m2,b=e2m1fn,acc=kulisch group=2",
        "a=int16,b=int4,acc=int:40,out=q20_4 group=8",
        "a=q3_5,b=q1_1,acc=int:20 group=3",
        "a=int3,b=int3,acc=int:9 group=1",
    ],
)
def test_every_pair_of_formats_works(keys: str, tmp_path: Path) -> None:
    design = _design(f"{keys},rows=2,cols=2")
    prepared = prepare(design.unit, design, "quick", 0)
    report = stalling(design, emit(design), tmp_path)(prepared.trace, 0)
    assert report.checked == report.vectors == prepared.trace.outputs
    assert report.mismatches == 0


@pytest.mark.long
def test_an_engine_that_does_not_wait_is_noticed(tmp_path: Path) -> None:
    design = _design("a=int4,b=int2,acc=int:12 rows=2,cols=2")
    inner = emit(design).replace(f"module {design.slug} (", "module careless (")
    ports = design.interface.ports()
    declared = ", ".join(f"{p.direction} [{p.width - 1}:0] {p.name}" for p in ports)
    joined = ", ".join(f".{p.name}({p.name})" for p in ports if p.name != "o_ready")
    outer = f"module {design.slug}({declared});\n  careless u({joined}, .o_ready(1'b1));\nendmodule"
    run = stalling(design, inner + outer, tmp_path)
    assert run(prepare(design.unit, design, "quick", 0).trace, 0).mismatches > 0


@pytest.mark.long
def test_the_cocotb_bench_passes_and_the_folder_is_complete(tmp_path: Path) -> None:
    design = _design("a=int8,b=int2,acc=int:32 rows=2,cols=4")
    certificate = generate(design, tmp_path / "engine")
    assert certificate.total > 500
    for name in ("lut_cell", "lut_column", "table_row"):
        assert (tmp_path / "engine" / f"{design.slug}_{name}.v").exists()
    assert verify(design, seed=3).total > 500


@pytest.mark.long
@pytest.mark.parametrize("weights", ["binary", "int2", "uint3"])
def test_injected_faults_are_noticed(weights: str) -> None:
    design = _design(f"a=int3,b={weights},acc=int:12 group=3,rows=2,cols=2")
    assert mutation_score(design, mutants=200).score >= 0.99
