"""Runs a cocotb bench on Verilog files, in a separate process."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hwdse.errors import ToolError
from hwdse.resources import resource

_LOG_LINES = 5


@dataclass(frozen=True, kw_only=True)
class Report:
    """The report of a bench run.

    Attributes:
        vectors: number of output transfers in the vector file.
        checked: number of compared output transfers.
        mismatches: number of outputs that differed, were missing, or came at the wrong time.
        first: the first mismatches, each with `stream` (name), `index` (number of the transfer in
            the stream), `field` (number of the field) and `got`.
    """

    vectors: int
    checked: int
    mismatches: int
    first: tuple[dict[str, Any], ...]


def run_bench(
    *,
    verilog: Sequence[Path],
    top: str,
    bench: Path,
    vectors: Path,
    build_dir: Path,
    object_cache: Path,
    coverage: bool = False,
) -> Report:
    """Build Verilog files with Verilator and run a bench on them.

    With `coverage`, the run writes `coverage.dat` to the build folder.

    Raises:
        ToolError: the simulator or the compiler is missing, or the build or the simulation failed.
    """
    command = [
        *(sys.executable, str(resource("sims", "run_bench.py"))),
        *("--verilog", *map(str, verilog), "--top", top, "--bench", str(bench)),
        *("--vectors", str(vectors), "--build-dir", str(build_dir)),
        *("--object-cache", str(object_cache)),
        *(["--coverage"] if coverage else []),
    ]
    run = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    try:
        return report_of(run.stdout)
    except ValueError as error:
        said = " / ".join((run.stderr + _tail(build_dir)).strip().splitlines()[-_LOG_LINES:])
        raise ToolError(f"the simulation of {top} did not run: {said}") from error


def report_of(output: str) -> Report:
    """Read the report that a bench prints as the last line of its output.

    Raises:
        ValueError: the last line of the output is not a report.
    """
    try:
        found = json.loads(output.strip().splitlines()[-1])
        return Report(
            vectors=found["vectors"],
            checked=found["checked"],
            mismatches=found["mismatches"],
            first=tuple(map(_mismatch, found["first_mismatches"])),
        )
    except (IndexError, KeyError, TypeError) as error:
        raise ValueError(f"no report in {output!r}") from error


def _mismatch(found: dict[str, Any]) -> dict[str, Any]:
    """Convert a hexadecimal `got` to a number. JSON cannot hold large numbers exactly."""
    got = found["got"]
    if isinstance(got, str) and got.startswith("0x"):
        return {**found, "got": int(got, 16)}
    return found


def _tail(build_dir: Path) -> str:
    logs = (build_dir / name for name in ("build.log", "test.log"))
    return "".join(log.read_text(errors="replace")[-2000:] for log in logs if log.exists())
