"""AXI4-Stream around units: another project's bus model finds nothing lost, doubled or wrong."""

import json
from pathlib import Path

import numpy as np
import pytest
from sampled import some
from verilog_lint import lint, written

from hwdse import Design
from hwdse.errors import SpecError, VerificationError
from hwdse.hdl import emit
from hwdse.spec import Axis, Bus
from hwdse.tools import verilator
from hwdse.verify.bench import run_bench
from hwdse.verify.bus_trace import on_bus
from hwdse.verify.prepare import prepare
from hwdse.verify.stream_driver import run_trace
from hwdse.verify.trace import Trace
from hwdse.verify.verification import collect_evidence

TRANSFERS = 10_000
SPECS = [
    "a=int8,acc=int:32",
    "a=e4m3fn,acc=fp:fp32,unit=dot,lanes=4,stages=2",
    "a=e4m3fn,unit=mul,stages=1",
    "a=e2m1fn,b=int8,c=fp16,out=bf16,unit=fma",
    "a=e4m3fn,acc=fp:bf16,stages=1,interleave=3",
    "a=int4,acc=int:12,out=int12,interleave=2",
]


def repeated(design: Design) -> Trace:
    """The quick trace on the bus."""
    return on_bus(Axis(), design, prepare(design.unit, design, "quick", 0).trace)


def packets_of(trace: Trace, transfers: int) -> list[dict[str, object]]:
    """Packets of at least so many transfers, and the packet that each brings about, as bytes."""
    source, sink = trace.interface.streams
    sizes = [stream.fields[0].width // 8 for stream in (source, sink)]
    given, expected = (trace.transfers[s.name] for s in (source, sink))
    words, results = given["data"].tolist(), expected["data"].tolist()
    ends = np.flatnonzero(given["last"]).tolist() if given["last"].any() else range(len(words))
    packets, start = [], 0
    for number, end in enumerate(ends):
        data = b"".join(word.to_bytes(sizes[0], "little") for word in words[start : end + 1])
        packets.append(
            {"given": data.hex(), "expected": results[number].to_bytes(sizes[1], "little").hex()}
        )
        start = end + 1
    repeats = -(-transfers // len(words))
    return packets * repeats


@pytest.mark.parametrize("pauses", [True, False])
@pytest.mark.parametrize("spec", some(SPECS[:4], 4))
def test_a_foreign_model_finds_every_result(spec: str, pauses: bool, tmp_path: Path) -> None:
    design = Design.parse(spec)
    packets = packets_of(repeated(design), TRANSFERS)
    ports = [port.name for port in Axis().interface(design).ports()]
    vectors = tmp_path / "packets.txt"
    lines = [json.dumps({"ports": ports, "pauses": pauses}), *map(json.dumps, packets)]
    vectors.write_text("\n".join(lines) + "\n")
    (tmp_path / "wrapped.v").write_text(emit(design, top="wrapped", bus=Axis()))
    report = run_bench(
        verilog=[tmp_path / "wrapped.v"],
        top="wrapped",
        bench=Path(__file__).parent / "axis_bench.py",
        vectors=vectors,
        build_dir=tmp_path / "build",
        object_cache=verilator.object_cache(),
    )
    assert report.mismatches == 0
    assert report.checked == len(packets) > 2000


@pytest.mark.parametrize("spec", some(SPECS, len(SPECS)))
def test_the_stream_bench_passes_at_any_pauses(spec: str) -> None:
    design = Design.parse(spec)
    trace, text = repeated(design), emit(design, top="wrapped", bus=Axis())
    report = run_trace(trace, text, "wrapped", seed=1)
    assert report.checked == report.vectors == trace.outputs > 200
    assert report.mismatches == 0


def test_the_cocotb_bench_drives_it_too() -> None:
    design = Design.parse(SPECS[5])
    certificate = collect_evidence(design, "quick", bus=Axis(), top="wrapped").certificate
    assert certificate.total > 1000


def test_a_queue_one_place_short_is_found() -> None:
    """Room for one result fewer than may be on its way: some are lost when the reader waits."""
    design = Design.parse("a=int8,acc=int:32,stages=2")
    text = emit(design, top="wrapped", bus=Axis())
    broken = text.replace("< 4'h5;", "< 4'h7;")
    assert broken != text
    with pytest.raises(VerificationError, match="mismatches"):
        collect_evidence(design, "quick", verilog=broken, bus=Axis(), top="wrapped")


@pytest.mark.parametrize("spec", SPECS[::2])
def test_linters_have_no_warning(spec: str, tmp_path: Path) -> None:
    lint(written(emit(Design.parse(spec), top="wrapped", bus=Axis()), tmp_path))


def test_ports_are_those_of_the_standard() -> None:
    ports = {port.name: port for port in Axis().interface(Design.parse(SPECS[4])).ports()}
    assert set(ports) == {
        *("aclk", "aresetn", "s_axis_tvalid", "s_axis_tready", "s_axis_tdata", "s_axis_tlast"),
        *("s_axis_tid", "m_axis_tvalid", "m_axis_tready", "m_axis_tdata", "m_axis_tlast"),
        "m_axis_tid",
    }
    assert ports["s_axis_tdata"].width == 16
    assert ports["s_axis_tdata"].meaning == "a in bits 7..0, b in bits 15..8"
    assert (ports["s_axis_tready"].direction, ports["m_axis_tready"].direction) == (
        "output",
        "input",
    )


def test_unknown_buses() -> None:
    with pytest.raises(SpecError, match="unknown interface 'wishbone'"):
        Bus.parse("wishbone")
