"""Units without running sum: what is fed to them, and that a broken one fails."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sampled import some
from verify_broken import broken

from hwdse import Design, golden
from hwdse.errors import VerificationError
from hwdse.tools.verilator import object_cache
from hwdse.verify import generate, verify
from hwdse.verify.expected import expected_outputs
from hwdse.verify.stimulus import stimulus
from hwdse.verify.verification import collect_evidence

FMA = Design.parse("a=e5m2,unit=fma")
MUL = Design.parse("a=e4m3fn,unit=mul")


@pytest.mark.parametrize(
    "spec",
    some(
        [
            "a=e5m2,unit=fma",
            "a=e4m3fn,b=int4,c=bf16,unit=fma,stages=2,rounding=down",
            "a=posit8_0,unit=mul",
            "a=bf16,unit=mul,stages=1",
        ],
        4,
    ),
)
def test_units_pass(spec: str) -> None:
    assert verify(Design.parse(spec), "quick").total > 500


@pytest.mark.parametrize(
    ("design", "condition", "given"),
    some(
        [
            (FMA, "i_a == i_b && i_c == 8'h80", "c=0x80 (-0)"),
            (MUL, "i_a == 8'h7f", "a=0x7f (nan)"),
            (Design.parse("a=e4m3fn,unit=mul,stages=1"), "i_a == 8'h7f", "expected 0x"),
        ],
        2,
        ["fma", "mul", "registered"],
    ),
)
def test_a_broken_unit_is_found(design: Design, condition: str, given: str) -> None:
    with pytest.raises(VerificationError, match=r"mismatches in \d+ outputs") as caught:
        collect_evidence(design, "quick", verilog=broken(design, condition))
    assert given in str(caught.value)
    assert "of its sum" not in str(caught.value)


def test_a_wrong_latency_is_found() -> None:
    late = Design.parse("a=e4m3fn,unit=mul,stages=2")
    early = Design.parse("a=e4m3fn,unit=mul,stages=1")
    from hwdse.hdl import emit

    text = emit(late).replace(late.slug, early.slug)
    with pytest.raises(VerificationError, match=r"mismatches in \d+ outputs"):
        collect_evidence(early, "quick", verilog=text)


def test_full_fma_stimulus_holds_what_makes_sums_special() -> None:
    fed = stimulus(FMA.unit, FMA, "full", 0)
    counts = fed.counts()
    pairs = fed.blocks[0]
    assert len(set(zip(pairs.a.ravel().tolist(), pairs.b.ravel().tolist(), strict=True))) == 65536
    assert counts["corners"] > 1000
    assert counts["random"] >= 100_000
    a, b, c, out = (
        np.concatenate(parts)
        for parts in zip(
            *(
                (block.a.ravel(), block.b.ravel(), block.c.ravel(), outputs.ravel())
                for block, outputs in zip(fed.blocks, expected_outputs(FMA, fed), strict=True)
                if block.c is not None and block.purpose == "cancelling"
            ),
            strict=True,
        )
    )
    product = FMA.a.decode(a) * FMA.b.decode(b)
    addend, result = FMA.c.decode(c), FMA.out.decode(out)
    assert np.count_nonzero((product == -addend) & (product != 0)) > 1000
    assert np.count_nonzero((result != 0) & (np.abs(result) <= np.abs(addend) / 4)) > 1000


@pytest.mark.parametrize("unit", ["fma", "mul"])
@pytest.mark.parametrize("level", ["quick", "full"])
def test_expected_outputs_are_golden(unit: str, level: str) -> None:
    design = Design.parse(f"a=e4m3fn,b=e5m2,unit={unit},out=bf16")
    fed = stimulus(design.unit, design, level, 1)
    for block, outputs in zip(fed.blocks, expected_outputs(design, fed), strict=True):
        part = slice(0, 50)
        assert outputs.shape == block.a.shape[:2]
        operands = [x[part, 0, 0] for x in (block.a, block.b, block.c) if x is not None]
        want = getattr(golden, unit)(design, *operands)
        np.testing.assert_array_equal(outputs[part, 0], want)


def test_ports_say_what_the_module_has() -> None:
    names = {spec: [port.name for port in Design.parse(spec).interface.ports()] for spec in (
        "a=e5m2,unit=fma", "a=e5m2,unit=mul,stages=1", "a=int8,acc=int:32"
    )}  # fmt: skip
    assert names == {
        "a=e5m2,unit=fma": ["i_a", "i_b", "i_c", "o"],
        "a=e5m2,unit=mul,stages=1": ["clk", "i_a", "i_b", "o"],
        "a=int8,acc=int:32": ["clk", "rst", "i_valid", "i_first", "i_a", "i_b", "o_valid", "o"],
    }


@pytest.mark.parametrize(
    ("spec", "level"),
    some(
        [
            ("a=int8,out=int16,unit=mul,stages=1", "quick"),
            ("a=int8,out=int16,unit=mul,stages=1", "full"),
            ("a=e5m2,unit=fma", "full"),
        ],
        3,
    ),
)
def test_generated_folder_runs_by_itself(spec: str, level: str, tmp_path: Path) -> None:
    design = Design.parse(spec)
    folder = tmp_path / "made"
    certificate = generate(design, folder, level)
    document = json.loads((folder / "manifest.json").read_text())
    assert [port["name"] for port in document["ports"]] == [
        port.name for port in design.interface.ports()
    ]
    assert document["latency_cycles"] == design.unit.latency
    assert document["initiation_interval_cycles"] == 1
    constraints = (folder / f"{design.slug}.sdc").read_text()
    assert ("[get_ports clk]" in constraints) == bool(design.unit.stages)
    assert ("set_max_delay" in constraints) != bool(design.unit.stages)
    header = (folder / f"{design.slug}.v").read_text().split("module")[0]
    assert "Combinational." in header or "No reset." in header
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
    run = subprocess.run(
        ["make", "test", f"PYTHON={sys.executable}", f"OBJECT_CACHE={object_cache()}"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout.strip().splitlines()[-1])["checked"] == certificate.total
