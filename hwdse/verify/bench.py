"""Runs a cocotb bench on Verilog text, in a process of its own."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hwdse.errors import ToolError
from hwdse.formats.unpacked import Array
from hwdse.resources import resource
from hwdse.spec import Design
from hwdse.verify.stimulus import Stimulus

_INPUTS = ("i_valid", "i_first", "i_a", "i_b")
_OUTPUTS = ("o_valid", "o")
_LOG_LINES = 5


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a bench run found.

    Attributes:
        vectors: inputs in the vector file.
        checked: outputs compared.
        mismatches: outputs that differed, and `o_valid` at the wrong time.
        first: the first mismatches, each with `index` (into the inputs) and `got`.
    """

    vectors: int
    checked: int
    mismatches: int
    first: tuple[dict[str, Any], ...]


def vector_lines(design: Design, stimulus: Stimulus, expected: list[Array], seed: int) -> str:
    """The vector file's text: a JSON header line, then `first a b expected` in hexadecimal."""
    header = {
        "spec": str(design),
        "inputs": _INPUTS,
        "outputs": _OUTPUTS,
        "latency": design.unit.latency,
        "seed": seed,
    }
    lines = [json.dumps(header)]
    for block, outputs in zip(stimulus.blocks, expected, strict=True):
        a, b = _words(block.a, design.a.bits), _words(block.b, design.b.bits)
        for sum_a, sum_b, sum_outputs in zip(a, b, outputs.tolist(), strict=True):
            for group, step in enumerate(zip(sum_a, sum_b, sum_outputs, strict=True)):
                lines.append(f"{int(group == 0):x} {step[0]:x} {step[1]:x} {step[2]:x}")
    return "\n".join(lines) + "\n"


def _words(codes: Array, bits: int) -> list[list[int]]:
    """Lanes joined to one port word, lane 0 in the low bits; last axis is lanes."""
    words = codes[..., -1].astype(object)
    for lane in range(codes.shape[-1] - 2, -1, -1):
        words = (words << bits) | codes[..., lane].astype(object)
    joined: list[list[int]] = words.tolist()
    return joined


def run_bench(
    *, verilog: Path, top: str, bench: Path, vectors: Path, build_dir: Path, object_cache: Path
) -> Report:
    """Build `verilog` with Verilator and run `bench` on it.

    Raises:
        ToolError: simulator or compiler missing, or the build failed.
    """
    command = [
        *(sys.executable, str(resource("sims", "run_bench.py"))),
        *("--verilog", str(verilog), "--top", top, "--bench", str(bench)),
        *("--vectors", str(vectors), "--build-dir", str(build_dir)),
        *("--object-cache", str(object_cache)),
    ]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    last_line = run.stdout.strip().splitlines()[-1:]
    try:
        found = json.loads(last_line[0])
        return Report(
            vectors=found["vectors"],
            checked=found["checked"],
            mismatches=found["mismatches"],
            first=tuple(found["first_mismatches"]),
        )
    except (IndexError, ValueError, KeyError) as error:
        said = " / ".join((run.stderr + _tail(build_dir)).strip().splitlines()[-_LOG_LINES:])
        raise ToolError(f"the simulation of {top} did not run: {said}") from error


def _tail(build_dir: Path) -> str:
    logs = (build_dir / name for name in ("build.log", "test.log"))
    return "".join(log.read_text()[-2000:] for log in logs if log.exists())
