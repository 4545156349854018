"""Constraints that leave nothing unconstrained."""

import subprocess
from pathlib import Path

import pytest
from flows_folder import BARE, CLOCKED, package

from hwdse.tools.yosys import run_yosys


def test_ports_of_a_clocked_unit_are_timed():
    lines = package(CLOCKED).constraints.splitlines()
    assert "create_clock -name clk -period $clk_period [get_ports clk]" in lines
    for direction, ports in (
        ("input", "rst i_valid i_first i_a[*] i_b[*]"),
        ("output", "o_valid o[*]"),
    ):
        delay = f"set_{direction}_delay [expr {{0.3 * $clk_period}}] -clock clk"
        assert f"{delay} [get_ports {{{ports}}}]" in lines


def test_a_unit_without_clock_has_a_virtual_one():
    lines = package(BARE).constraints.splitlines()
    assert "create_clock -name virtual -period $clk_period" in lines
    assert "set_max_delay $clk_period -from [all_inputs] -to [all_outputs]" in lines


_MAP = """\
read_verilog {files}
synth -flatten -top {top}
dfflibmap -liberty toy.lib
abc -liberty toy.lib
splitnets
opt_clean -purge
write_verilog -noattr -simple-lhs mapped.v
"""

_CHECK = """\
read_liberty toy.lib
read_verilog mapped.v
link_design {top}
source {sdc}
check_setup -verbose
report_checks -path_delay max -from [all_inputs] -format end
report_checks -path_delay max -to [all_outputs] -format end
"""


@pytest.mark.long
@pytest.mark.parametrize("spec", [CLOCKED, BARE], ids=["clocked", "bare"])
def test_opensta_finds_nothing_unconstrained(spec, tmp_path):
    given = package(spec)
    library = (Path(__file__).parents[1] / "cost" / "toy.lib").read_text()
    script = _MAP.format(files=" ".join(given.verilog), top=given.top)
    files = {**given.verilog, "toy.lib": library}
    _, kept = run_yosys(files, script, kept=["mapped.v"])
    texts = {**kept, "toy.lib": library, "run.tcl": _CHECK.format(top=given.top, sdc=given.sdc)}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)

    def checked(constraints: str) -> str:
        (tmp_path / given.sdc).write_text(constraints)
        command = ["sta", "-no_splash", "-exit", "run.tcl"]
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        assert "Error" not in run.stdout + run.stderr
        return run.stdout

    said = checked(given.constraints)
    assert "no input delay" not in said
    assert "unconstrained" not in said
    assert said.count("(MET)") + said.count("(VIOLATED)") == 2
    # The check finds what it looks for.
    lines = given.constraints.splitlines(keepends=True)
    without = "".join(line for line in lines if "delay" not in line)
    assert "unconstrained" in checked(without)
