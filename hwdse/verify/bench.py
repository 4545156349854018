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
from hwdse.verify.ports import interleaved, ports
from hwdse.verify.stimulus import Block, Stimulus

#: Ports that the benches drive and check by themselves.
_NO_COLUMNS = ("clk", "rst", "i_valid", "o_valid")
_INT64_BITS = 63
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
    """The vector file's text: a JSON header line, then an input's codes in hexadecimal a line.

    Its columns are the unit's data ports in order, `i_first` first where sums start, `o` last.
    """
    names = [port.name for port in ports(design)]
    shown = [name for name in names if name not in _NO_COLUMNS]
    header = {
        "spec": str(design),
        "ports": names,
        "columns": shown,
        "latency": design.unit.latency,
        "interleave": interleaved(design),
        "seed": seed,
    }
    row = " ".join(["%x"] * len(shown)).__mod__
    lines = [json.dumps(header)]
    for block, outputs in zip(stimulus.blocks, expected, strict=True):
        columns = {"i_first": _firsts(block), "i_a": _words(block.a, design.a.bits)}
        columns |= {"i_b": _words(block.b, design.b.bits), "o": outputs.ravel().tolist()}
        if block.c is not None:
            columns["i_c"] = block.c.ravel().tolist()
        lines += map(row, zip(*(columns[name] for name in shown), strict=True))
    return "\n".join(lines) + "\n"


def _firsts(block: Block) -> list[int]:
    sums, groups = block.a.shape[:2]
    return ([1] + [0] * (groups - 1)) * sums if groups else []


def _words(codes: Array, bits: int) -> list[int]:
    """Lanes joined to one port word, lane 0 in the low bits; last axis is lanes."""
    codes = codes.reshape(-1, codes.shape[-1])
    if codes.shape[-1] == 1:
        alone: list[int] = codes[:, 0].tolist()
        return alone
    wide = codes if bits * codes.shape[-1] < _INT64_BITS else codes.astype(object)
    words = wide[:, -1]
    for lane in range(codes.shape[-1] - 2, -1, -1):
        words = (words << bits) | wide[:, lane]
    joined: list[int] = words.tolist()
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
    run = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    try:
        return report_of(run.stdout)
    except ValueError as error:
        said = " / ".join((run.stderr + _tail(build_dir)).strip().splitlines()[-_LOG_LINES:])
        raise ToolError(f"the simulation of {top} did not run: {said}") from error


def report_of(output: str) -> Report:
    """The report that a bench prints as the last line of its output.

    Raises:
        ValueError: the output ends with something else.
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
    """With `got` as a number: one that JSON cannot hold exactly comes in hexadecimal."""
    got = found["got"]
    if isinstance(got, str) and got.startswith("0x"):
        return {**found, "got": int(got, 16)}
    return found


def _tail(build_dir: Path) -> str:
    logs = (build_dir / name for name in ("build.log", "test.log"))
    return "".join(log.read_text(errors="replace")[-2000:] for log in logs if log.exists())
