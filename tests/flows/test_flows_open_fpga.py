"""ECP5 and iCE40 with open tools, and the wrapper that any unit fits in."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from flows_folder import BARE, CLOCKED, PIPELINED, package, write

from hwdse import flows
from hwdse.errors import SpecError
from hwdse.flows.wrapper import WRAPPER, wrapper
from hwdse.hdl import Target


def test_the_wrapper_registers_every_port_and_needs_four_pins():
    given = package("a=int8,acc=int:32,unit=dot,lanes=3,stages=1")
    text = wrapper(given.interface, given.top)
    # rst, i_valid, i_first and two words of three lanes; o_valid and the sum.
    assert "reg [50:0] in;" in text
    assert "wire [32:0] result;" in text
    assert text.count("\n    .") == len(given.interface.ports()) == 8
    assert "input clk, input si, input load, output so" in text


def test_the_wrapper_of_a_bare_unit_gives_it_no_clock():
    given = package(BARE)
    assert ".clk(clk)" not in wrapper(given.interface, given.top)


def make(folder: Path, family: str, *options: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(
        ["make", "-f", f"Makefile.{family}", *options],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PATH": path, "PYTHONWARNINGS": "ignore"},
    )


def test_multipliers_with_registers_become_cells_of_their_family(tmp_path):
    given = package(PIPELINED, target=Target.parse("ecp5"))
    texts = flows.files(["ecp5", "ice40"], given)
    (cells,) = (name for name in texts if name.endswith("_cells_ecp5.v"))
    assert texts[cells] == given.mapping
    assert texts[cells].count("MULT18X18D #(") == 1
    assert f"techmap -map {cells}; synth_ecp5" in texts["Makefile.ecp5"]
    assert "techmap" not in texts["Makefile.ice40"]
    assert "techmap" not in flows.files(["ecp5"], package(PIPELINED))["Makefile.ecp5"]
    write(given, tmp_path, "ecp5")
    changed = make(tmp_path, "ecp5", "-n", "YOSYS=my-yosys").stdout.replace("\\\n\t", "")
    assert f"{cells}; synth_ecp5" in " ".join(changed.split())


@pytest.mark.parametrize(("family", "routed"), [("ecp5", "config"), ("ice40", "asc")])
def test_tools_can_be_named(family, routed, tmp_path):
    given = package(CLOCKED)
    write(given, tmp_path, family)
    options = ["-n", "-s", "YOSYS=my-yosys", "NEXTPNR=my-nextpnr", "PACK=my-pack", "BUILD=out"]
    run = make(tmp_path, family, *options)
    assert run.returncode == 0, run.stderr
    lines = [line.strip() for line in run.stdout.replace("\\\n", "").splitlines()]
    tools = [line for line in lines if line.startswith("my-")]
    assert [line.split()[0] for line in tools] == ["my-yosys", "my-nextpnr", "my-pack"]
    assert tools[1].endswith(f"out/{given.top}.{routed}")
    assert tools[2] == f"my-pack out/{given.top}.{routed} out/{given.top}.bit"


def test_yosys_that_writes_nothing_is_a_failure(tmp_path):
    write(package(BARE), tmp_path, "ecp5")
    run = make(tmp_path, "ecp5", "YOSYS=true", "NEXTPNR=true", "PACK=true")
    assert run.returncode != 0
    assert "test -s" in run.stdout


def test_a_unit_called_like_the_wrapper_is_refused():
    named = replace(package(BARE), top=WRAPPER, verilog={f"{WRAPPER}.v": ""})
    with pytest.raises(SpecError, match="hwdse_wrapper is the module around the unit"):
        flows.files(["ice40"], named)


@pytest.mark.long
@pytest.mark.parametrize("family", ["ecp5", "ice40"])
@pytest.mark.parametrize(
    ("spec", "target"),
    [(CLOCKED, "cells"), (BARE, "cells"), (PIPELINED, "ecp5")],
    ids=["clocked", "bare", "pipelined"],
)
def test_units_become_bitstreams(family, spec, target, tmp_path):
    given = package(spec, target=Target.parse(target))
    write(given, tmp_path, family)
    run = make(tmp_path, family)
    assert run.returncode == 0, run.stdout + run.stderr
    assert (tmp_path / f"build-{family}" / f"{given.top}.bit").stat().st_size > 10_000
    report = json.loads((tmp_path / f"build-{family}" / "report.json").read_text())
    assert all(clock["achieved"] > 20 for clock in report["fmax"].values())
    assert report["fmax"]
