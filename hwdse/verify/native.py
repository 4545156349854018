"""Runs compiled simulations and reads their reports."""

import contextlib
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from hwdse.errors import ToolError
from hwdse.verify.bench import Report, report_of

_LOG_LINES = 5


def run(executable: Path, arguments: Iterable[str], stdin: Iterable[bytes] = ()) -> Report:
    """Run a simulation program whose last output line is a report in JSON.

    Args:
        executable: program from `hwdse.tools.verilator.build`.
        arguments: arguments of the command line.
        stdin: pieces of the standard input. The program may end before it has read all pieces.

    Raises:
        ToolError: the program ended without a report.
    """
    with tempfile.TemporaryFile("w+", errors="replace") as said:
        with subprocess.Popen(
            [str(executable), *arguments], stdin=subprocess.PIPE, stdout=said, stderr=said
        ) as process:
            assert process.stdin is not None  # it is a pipe
            with contextlib.suppress(BrokenPipeError), process.stdin as pipe:
                for piece in stdin:
                    pipe.write(piece)
        said.seek(0)
        output = said.read()
    try:
        return report_of(output)
    except ValueError as error:
        raise ToolError(f"{executable.name} did not run: {_tail(output)}") from error


def _tail(output: str) -> str:
    lines = [line for line in output.splitlines() if line.strip()]
    return " / ".join(lines[-_LOG_LINES:])
