"""The co-processor: jobs of all shapes by its driver, against another project's bus models."""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sampled import some
from verilog_lint import lint, lint_yosys, written

from hwdse import Design
from hwdse.errors import SpecError, VerificationError
from hwdse.golden.coprocessor import words
from hwdse.hdl import CELLS, emit
from hwdse.hdl.emit import _flattened, _hierarchy
from hwdse.spec import Axi, Bus
from hwdse.tools import verilator
from hwdse.verify.bench import Report, run_bench
from hwdse.verify.coprocessor.bench import bench
from hwdse.verify.coprocessor.job import Job
from hwdse.verify.coprocessor.jobs import failing, job, jobs
from hwdse.verify.verification import collect_evidence

#: Small arrays and buffers: many tiles of few cycles.
CASES = {
    "a=int8,acc=int:32,out=int8,unit=systolic,rows=3,cols=2,dataflow=os": "axi:32:2",
    # Numbers of columns that begin within a word; results of less than a byte.
    "a=int8,b=int4,acc=int:24,out=int4,rounding=up,unit=systolic,rows=2,cols=5,dataflow=os": (
        "axi:64:2"
    ),
    # No output stage; elements of two sizes.
    "a=e4m3fn,b=int16,acc=fp:fp32,out=bf16,unit=systolic,rows=2,cols=3,dataflow=os": "axi:32:4",
    "a=q3_4,acc=int:32,out=q4_4,rounding=down,unit=systolic,rows=1,cols=1,dataflow=os": "axi:64:2",
    "a=e4m3fn,acc=kulisch,out=fp32,unit=systolic,rows=4,cols=1,dataflow=os": "axi:64:8",
    "a=int16,b=int8,acc=int:32:sat,out=int32,unit=systolic,rows=1,cols=4,dataflow=os": "axi:32:8",
}
FIRST = next(iter(CASES))
#: A change of the Verilog, and what it breaks.
FAULTS = {
    "the array not reset by a job": ("assign unit_rst = rst | restart;", "assign unit_rst = rst;"),
    "a burst one word too long": ("6'h10 - {", "6'h11 - {"),
}


def parsed(spec: str) -> tuple[Design, Axi]:
    return Design.parse(spec), Bus.parse(CASES[spec])


@cache
def verilog(spec: str) -> str:
    design, bus = parsed(spec)
    return emit(design, top="cop", bus=bus)


def run(
    spec: str, given: list[Job], folder: Path, seed: int = 0, *, pauses: float = 0.5
) -> tuple[Report, dict[str, Any]]:
    """The report of jobs; how many words they read and write, and cycles if there are no pauses."""
    design, bus = parsed(spec)
    made = bench(bus, design, given, seed, pauses=pauses)
    (folder / "cop.v").write_text(verilog(spec))
    (folder / "vectors.txt").write_text(made.text)
    report = run_bench(
        verilog=[folder / "cop.v"],
        top="cop",
        bench=made.module,
        vectors=folder / "vectors.txt",
        build_dir=folder / "build",
        object_cache=verilator.object_cache(),
    )
    assert report.checked == report.vectors == made.outputs
    return report, json.loads((folder / "build" / "report.json").read_text())


@pytest.mark.parametrize("spec", some(CASES, len(CASES)))
def test_jobs_of_all_shapes_and_errors(spec: str) -> None:
    design, bus = parsed(spec)
    evidence = collect_evidence(design, "quick", verilog=verilog(spec), bus=bus, top="cop")
    counted = evidence.certificate.vectors
    assert min(counted[name] for name in ("random_shape", "refused_read", "after_an_error")) > 0
    assert evidence.certificate.outputs["negative"] > 0


@pytest.mark.long
@pytest.mark.parametrize("spec", list(CASES)[:3])
def test_ten_thousand_words_with_pauses_on_all_channels(spec: str, tmp_path: Path) -> None:
    design, bus = parsed(spec)
    report, counted = run(spec, list(jobs(bus, design, "full", 1)), tmp_path, seed=1)
    assert report.mismatches == 0, report.first
    assert counted["transfers"] > 10_000


@pytest.mark.long
def test_a_long_row_of_results_takes_several_bursts(tmp_path: Path) -> None:
    spec = "a=int4,acc=int:32,out=int32,unit=systolic,rows=1,cols=40,dataflow=os"
    CASES.setdefault(spec, "axi:32:2")
    design, bus = parsed(spec)
    rng = np.random.default_rng(0)
    given = [job(bus, design, rng, "wide", m, n, 2) for m, n in [(1, 40), (2, 81), (1, 17)]]
    report, _ = run(spec, given, tmp_path)
    assert report.mismatches == 0, report.first


def test_cycles_without_waiting(tmp_path: Path) -> None:
    """A cycle for each word read, each step and each element of a result, and few besides."""
    spec = "a=int8,acc=int:32,out=int8,unit=systolic,rows=4,cols=4,dataflow=os"
    CASES.setdefault(spec, "axi:32:16")
    design, bus = parsed(spec)
    rng = np.random.default_rng(0)
    shapes = [(4, 4, 64), (8, 8, 128), (3, 9, 10)]
    given = [job(bus, design, rng, "no pauses", *shape) for shape in shapes]
    report, counted = run(spec, given, tmp_path, pauses=0)
    assert report.mismatches == 0, report.first
    for one, (m, n, k), cycles in zip(given, shapes, counted["cycles"], strict=True):
        reads, _ = words(bus, design, m, n, k, sum(t in one.places for t in ("bias", "scales")))
        tiles, chunks = -(-m // 4) * -(-n // 4), -(-k // bus.chunk(design))
        needed = reads + tiles * k + m * n
        assert needed < cycles < needed + tiles * (60 + 40 * chunks), (m, n, k)


@pytest.mark.long
def test_every_error_is_named_and_the_next_job_is_right(tmp_path: Path) -> None:
    design, bus = parsed(FIRST)
    rng = np.random.default_rng(3)
    given = []
    for bad in failing(bus, design, rng):
        given += [bad, job(bus, design, rng, "after an error", 4, 3, 9)]
    assert {one.error for one in given} == {"none", "shape", "alignment", "read", "write"}
    report, _ = run(FIRST, given, tmp_path)
    assert report.mismatches == 0, report.first


def test_the_bench_notices_results_that_are_wrong(tmp_path: Path) -> None:
    """A golden model that is off by one unit of the result, in one of all results."""
    design, bus = parsed(FIRST)

    class Wrong(Job):
        def results(self, *of: object) -> np.ndarray:
            right = super().results(*of).copy()
            right[-1, -1] ^= 1
            return right

    made = job(bus, design, np.random.default_rng(0), "wrong", 4, 3, 5)
    wrong = Wrong(**{name: getattr(made, name) for name in made.__dataclass_fields__})
    report, _ = run(FIRST, [wrong], tmp_path)
    assert report.mismatches == 1
    assert "expected 0x" in report.first[0]["got"]


@pytest.mark.parametrize(("old", "new"), some(FAULTS.values(), len(FAULTS), ids=FAULTS))
def test_planted_faults_are_found(old: str, new: str) -> None:
    design, bus = parsed(FIRST)
    broken = verilog(FIRST).replace(old, new)
    assert broken != verilog(FIRST)
    with pytest.raises(VerificationError, match="mismatches"):
        collect_evidence(design, "quick", verilog=broken, bus=bus, top="cop")


@pytest.mark.parametrize("spec", some(CASES, 3))
def test_linters_have_no_warning(spec: str, tmp_path: Path) -> None:
    lint(written(verilog(spec), tmp_path))


@pytest.mark.long
def test_yosys_has_no_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Yosys of YoWASP sees the working directory, and not the folders of temporary files.
    monkeypatch.chdir(tmp_path)
    for number, spec in enumerate(CASES):
        folder = Path(str(number))
        folder.mkdir()
        lint_yosys([written(verilog(spec), folder)])


def test_no_output_follows_an_input_in_the_same_cycle() -> None:
    """AXI forbids paths of logic alone from inputs to outputs."""
    design, bus = parsed(FIRST)
    module = _flattened(design, _hierarchy(design, "cop", bus, CELLS))
    sources: dict[object, set[object]] = {}
    for cell in module["cells"].values():
        kind, pins = cell["type"], cell["connections"]
        if "dff" in kind or (
            kind.startswith("$memrd") and int(cell["parameters"]["CLK_ENABLE"], 2)
        ):
            continue
        directions = cell["port_directions"]
        read = {bit for pin, bits in pins.items() if directions[pin] == "input" for bit in bits}
        for pin, bits in pins.items():
            for bit in bits if directions[pin] == "output" else ():
                sources.setdefault(bit, set()).update(read)
    ports = module["ports"]
    inputs = {
        bit: name
        for name, port in ports.items()
        for bit in port["bits"]
        if port["direction"] == "input"
    }
    reached = {}
    for name, port in ports.items():
        seen, waiting = set(), list(port["bits"]) if port["direction"] == "output" else []
        while waiting:
            bit = waiting.pop()
            if bit not in seen:
                seen.add(bit)
                waiting += sources.get(bit, ())
        if port["direction"] == "output":
            reached[name] = sorted({inputs[bit] for bit in seen if bit in inputs})
    assert not any(reached.values()), reached
    assert len(sources) > 1000


def test_level_exhaustive_is_refused() -> None:
    design, bus = parsed(FIRST)
    with pytest.raises(SpecError, match="interface axi has quick and full"):
        collect_evidence(design, "exhaustive", verilog=verilog(FIRST), bus=bus, top="cop")


def test_equal_seeds_give_equal_jobs() -> None:
    design, bus = parsed(FIRST)
    first, second, third = (
        bench(bus, design, jobs(bus, design, "quick", seed), 0).text for seed in (0, 0, 1)
    )
    assert first == second != third
    changed = replace(next(iter(jobs(bus, design, "quick", 0))), scale=2)
    assert changed.line(bus, design, changed.results(bus, design))["call"]["scale"] == 2
