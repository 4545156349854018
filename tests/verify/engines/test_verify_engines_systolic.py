"""The systolic array in simulation: random stalls lose, double and change nothing."""

from pathlib import Path

import pytest
from engine_streams import stalling

from hwdse import Design
from hwdse.errors import SpecError
from hwdse.hdl import emit
from hwdse.verify import generate, verify
from hwdse.verify.mutation import mutation_score
from hwdse.verify.prepare import prepare


def _design(keys: str) -> Design:
    operands, accumulator, shape = keys.split(" ")
    return Design.parse(f"{operands},{accumulator},unit=systolic,{shape}")


@pytest.mark.parametrize(
    "keys",
    [
        "a=int4 acc=int:12 rows=3,cols=2,sums=5",
        pytest.param("a=int4 acc=int:12 rows=3,cols=2,dataflow=os", marks=pytest.mark.long),
    ],
)
def test_stalls_change_nothing(keys: str, tmp_path: Path) -> None:
    design = _design(keys)
    run = stalling(design, emit(design), tmp_path)
    prepared = prepare(design.unit, design, "quick", 0)
    assert sum(prepared.vectors.values()) == prepared.trace.outputs > 300
    assert set(prepared.vectors) == {"operand_pairs", "accumulation_steps", "random_vectors"}
    for seed in range(4):
        report = run(prepared.trace, seed)
        assert report.checked == report.vectors == prepared.trace.outputs
        assert report.mismatches == 0


def test_only_the_levels_that_make_sense() -> None:
    design = _design("a=int4 acc=int:12 rows=2,cols=2")
    with pytest.raises(SpecError, match="level exhaustive: unit systolic has quick and full"):
        prepare(design.unit, design, "exhaustive", 0)


@pytest.mark.long
@pytest.mark.parametrize(
    "keys",
    [
        "a=e4m3fn acc=fp:bf16:an1-2 rows=4,cols=3,sums=7",
        "a=e4m3fn acc=fp:bf16:an1-2 rows=3,cols=4,dataflow=os",
        "a=e5m2 acc=kulisch,out=fp16 rows=2,cols=3,sums=1",
        "a=e5m2 acc=kulisch,out=fp16 rows=3,cols=2,dataflow=os",
        "a=int8 acc=int:32 rows=5,cols=2,sums=0",
        "a=int8 acc=int:20:sat rows=1,cols=1,dataflow=os",
    ],
)
def test_ten_thousand_transfers_with_stalls(keys: str, tmp_path: Path) -> None:
    """A quarter of the cycles of each stream stalls."""
    design = _design(keys)
    run = stalling(design, emit(design), tmp_path)
    prepared = prepare(design.unit, design, "full", 1)
    assert min(prepared.trace.count(name) for name in ("w", "a", "o")) > 5000
    assert prepared.trace.count("a") > 10000
    for seed in range(3):
        report = run(prepared.trace, seed)
        assert report.checked == report.vectors == prepared.trace.outputs
        assert report.mismatches == 0


@pytest.mark.long
@pytest.mark.parametrize("dataflow", ["ws", "os"])
@pytest.mark.parametrize(
    "keys",
    [
        "a=e4m3fn acc=fp:fp32",
        "a=posit8_0 acc=kulisch,out=posit8_0",
        "a=lns8_g8 mul=log,acc=bins",
        "a=lns8_g8 mul=log,acc=lns:lns12_g16z",
        "a=e4m3fn mul=lmul,acc=fp:bf16:sr4",
        "a=e4m3fn acc=fp:bf16:kahan",
        "a=e4m3fn acc=aligned:hopper-fp8",
        "a=e5m2 acc=fp:fp16:tree",
        "a=int4,b=ternary mul=add-skip,acc=int:12",
        "a=binary mul=xnor,acc=int:8",
        "a=nf4,b=e2m1fn acc=fp:fp32",
    ],
)
def test_every_accumulator_works_in_the_array(keys: str, dataflow: str, tmp_path: Path) -> None:
    design = _design(f"{keys} rows=3,cols=2,dataflow={dataflow}")
    prepared = prepare(design.unit, design, "quick", 0)
    report = stalling(design, emit(design), tmp_path)(prepared.trace, 0)
    assert report.checked == report.vectors == prepared.trace.outputs
    assert report.mismatches == 0


@pytest.mark.long
def test_an_array_that_does_not_wait_is_noticed(tmp_path: Path) -> None:
    design = _design("a=int4 acc=int:12 rows=2,cols=2")
    inner = emit(design).replace(f"module {design.slug} (", "module careless (")
    ports = design.interface.ports()
    declared = ", ".join(f"{p.direction} [{p.width - 1}:0] {p.name}" for p in ports)
    joined = ", ".join(f".{p.name}({p.name})" for p in ports if p.name != "o_ready")
    outer = f"module {design.slug}({declared});\n  careless u({joined}, .o_ready(1'b1));\nendmodule"
    run = stalling(design, inner + outer, tmp_path)
    assert run(prepare(design.unit, design, "quick", 0).trace, 0).mismatches > 0


@pytest.mark.long
@pytest.mark.parametrize("dataflow", ["ws", "os"])
def test_the_cocotb_bench_passes_and_the_folder_is_complete(dataflow: str, tmp_path: Path) -> None:
    design = _design(f"a=e4m3fn acc=fp:bf16:an1-2 rows=4,cols=4,dataflow={dataflow}")
    certificate = generate(design, tmp_path / "array")
    assert certificate.total > 200
    assert (tmp_path / "array" / f"{design.slug}_skew.v").exists()
    assert verify(design, seed=3).total > 200


@pytest.mark.long
@pytest.mark.parametrize("keys", ["sums=2", "sums=0", "dataflow=os"])
def test_injected_faults_are_noticed(keys: str) -> None:
    """Two faults may be left, which only misuse or the waveforms show.

    They are: a third sum begun while two are open is taken, not refused; weights in use before any
    were loaded; a register that is written half a cycle early, and read later than that.
    """
    design = _design(f"a=int3 acc=int:8 rows=2,cols=2,{keys}")
    report = mutation_score(design, mutants=200)
    assert len(report.survivors) <= 2
    assert report.score >= 0.985
