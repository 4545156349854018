"""LibreLane and ORFS: configurations that name files which are there."""

import subprocess

import pytest
import yaml
from flows_folder import BARE, CLOCKED, package, write


@pytest.mark.parametrize(("spec", "clock"), [(CLOCKED, "clk"), (BARE, None)])
def test_librelane(spec, clock, tmp_path):
    given = package(spec)
    write(given, tmp_path, "librelane")
    config = yaml.safe_load((tmp_path / "config.yaml").read_text())
    assert config["DESIGN_NAME"] == given.top
    assert config["CLOCK_PORT"] == clock
    assert config["CLOCK_PERIOD"] == 10.0
    named = [config["PNR_SDC_FILE"], config["SIGNOFF_SDC_FILE"], *config["VERILOG_FILES"]]
    files = [name.removeprefix("dir::") for name in named]
    assert files == [given.sdc, given.sdc, *given.verilog]
    assert all((tmp_path / file).is_file() for file in files)


@pytest.mark.parametrize("spec", [CLOCKED, BARE], ids=["clocked", "bare"])
def test_orfs(spec, tmp_path):
    given = package(spec)
    write(given, tmp_path, "orfs")
    config = tmp_path / "flow" / "designs" / "nangate45" / given.top / "config.mk"
    # Some tools of the flow take blanks at the end for a part of the name.
    assert f"export DESIGN_NAME = {given.top}\n" in config.read_text()
    shown = tmp_path / "show.mk"
    shown.write_text(
        f"DESIGN_HOME := {tmp_path}/flow/designs\ninclude {config}\n"
        "show:\n\t@for file in $(VERILOG_FILES) $(SDC_FILE); do echo $$file; done\n"
    )
    run = subprocess.run(["make", "-s", "-f", shown], capture_output=True, text=True, check=True)
    *verilog, sdc = [tmp_path / line for line in run.stdout.splitlines()]
    assert {path.name: path.read_text() for path in verilog} == dict(given.verilog)
    assert sdc.read_text() == given.constraints
    # ORFS takes the period from this line.
    assert "\nset clk_period 10.0\n" in given.constraints
