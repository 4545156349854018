"""A unit that a user adds has all that follows from its interface, without a line elsewhere."""

import dataclasses
import json
import re
from pathlib import Path

import numpy as np
import pytest
from engine_streams import stalling
from verify_toy_unit import Toy

from hwdse import Design
from hwdse.cost import estimate
from hwdse.errors import SpecError, VerificationError
from hwdse.flows.wrapper import wrapper
from hwdse.hdl import emit
from hwdse.spec import Axis
from hwdse.verify import generate, verify
from hwdse.verify.prepare import prepare
from hwdse.verify.stream_driver import run_trace
from hwdse.verify.verification import collect_evidence

TOY = Design.parse("a=int8,b=int4,out=int13,unit=toy")


def test_it_parses_and_names_itself() -> None:
    assert isinstance(TOY.unit, Toy)
    assert Design.parse(str(TOY)) == TOY
    with pytest.raises(SpecError, match="unit toy does not use lanes: its keys are stages"):
        Design.parse("a=int8,unit=toy,lanes=2")


def test_ports_are_those_of_the_streams() -> None:
    names = [port.name for port in TOY.interface.ports()]
    assert names[:5] == ["clk", "rst", "x_valid", "x_ready", "x"]
    directions = {port.name: port.direction for port in TOY.interface.ports()}
    assert (directions["x_ready"], directions["z_ready"]) == ("output", "input")
    for name in names:
        assert re.search(rf" {name},? +// ", emit(TOY)), name


def test_the_benches_pass_and_count_outputs(tmp_path: Path) -> None:
    certificate = verify(TOY)
    assert certificate.total == 200
    trace = prepare(TOY.unit, TOY, "quick", 1).trace
    run = stalling(TOY, emit(TOY), tmp_path)
    for seed in range(5):
        report = run(trace, seed)
        assert (report.vectors, report.checked, report.mismatches) == (200, 200, 0)


@pytest.mark.parametrize("simulator", ["cocotb", "native"])
def test_lost_doubled_and_wrong_transfers_are_found(simulator: str) -> None:
    """The same unit that does not wait for the reader loses sums."""
    careless = emit(TOY)
    inner = careless.replace(f"module {TOY.slug} (", "module careless (")
    ports = TOY.interface.ports()
    declared = ", ".join(f"{p.direction} [{p.width - 1}:0] {p.name}" for p in ports)
    joined = ", ".join(f".{p.name}({p.name})" for p in ports if p.name != "z_ready")
    outer = (
        f"module {TOY.slug}({declared});\n  careless unit({joined}, .z_ready(1'b1));\nendmodule\n"
    )
    text = inner + outer
    if simulator == "cocotb":
        with pytest.raises(VerificationError, match="mismatches in 200 outputs"):
            collect_evidence(TOY, "quick", verilog=text)
        return
    trace = prepare(TOY.unit, TOY, "quick", 0).trace
    report = run_trace(trace, text, TOY.slug)
    assert report.mismatches > 0
    assert {found["got"] for found in report.first} & {
        "z_valid dropped while waiting",
        "z changed while waiting",
        "z: a transfer is missing",
    }


def test_a_wrong_sum_is_shown_decoded() -> None:
    trace = prepare(TOY.unit, TOY, "quick", 0).trace
    z = trace.transfers["z"][""].copy()
    z[7] ^= 2
    wrong = dataclasses.replace(trace, transfers={**trace.transfers, "z": {"": z}})
    report = run_trace(wrong, emit(TOY), TOY.slug)
    assert report.mismatches == 1
    assert report.first[0]["index"] == 7
    assert report.first[0]["got"] == int(z[7]) ^ 2


def test_cost_wrapper_certificate_and_folder(tmp_path: Path) -> None:
    assert estimate(TOY).area_um2 > 0
    assert ".z_ready(in[" in wrapper(TOY.interface, TOY.slug)
    certificate = generate(TOY, tmp_path / "toy")
    document = json.loads((tmp_path / "toy" / "manifest.json").read_text())
    assert document["certificate"]["vectors"] == dict(certificate.vectors)
    text = (tmp_path / "toy" / f"{TOY.slug}.v").read_text()
    assert "Takes from both streams at once" in text
    header = json.loads((tmp_path / "toy" / "vectors.txt").read_text().splitlines()[0])
    assert [stream["name"] for stream in header["streams"]] == ["x", "y", "z"]


def test_traces_are_checked() -> None:
    trace = prepare(TOY.unit, TOY, "quick", 0).trace
    x = trace.transfers["x"]
    for transfers, after, reason in [
        ({"x": x}, {}, "the unit has"),
        ({**trace.transfers, "x": {"other": x[""]}}, trace.after, "with fields"),
        ({**trace.transfers, "x": {"": x[""][:3]}}, trace.after, "of the 3 of x"),
        (trace.transfers, {"z": np.arange(200)[::-1]}, "out of order"),
    ]:
        with pytest.raises(VerificationError, match=reason):
            dataclasses.replace(trace, transfers=transfers, after=after)


def test_axi4_stream_takes_one_stream_in_and_one_out() -> None:
    with pytest.raises(SpecError, match="has other streams than one in and one out"):
        Axis().interface(TOY)
