"""Runs programs that read and write files. Each run gets a new folder and must reach its end."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hwdse.errors import ToolError
from hwdse.resources import cache_base
from hwdse.temporary import temporary_folder


class ToolTimeoutError(ToolError):
    """A run took too long and was stopped.

    Attributes:
        log: the output of the program up to the stop.
    """

    def __init__(self, message: str, log: str) -> None:
        super().__init__(message)
        self.log = log


@dataclass(frozen=True, kw_only=True)
class Tool:
    """An installed program.

    Attributes:
        command: words of the command line that start the program.
        name: name of the program, followed by the version if the version is known.
        ending: text that the program prints when it reaches its end. Exit code 0 is not enough:
            ABC in WebAssembly may stop in the middle with exit code 0.
    """

    command: tuple[str, ...]
    name: str
    ending: str = ""

    def run(
        self,
        arguments: Sequence[str],
        files: Mapping[str, str],
        *,
        kept: Sequence[str] = (),
        purpose: str = "",
        timeout_s: float | None = None,
    ) -> tuple[str, dict[str, str]]:
        """Run the program in a new folder that holds the given files.

        Args:
            arguments: arguments of the command line. They name files without a folder.
            files: text of each input file, by file name.
            kept: names of the output files whose texts are returned.
            purpose: name of the work for error messages, such as `the synthesis of mac`.
            timeout_s: time limit in seconds. By default there is no limit.

        Returns:
            The output of the program (stdout, then stderr), and the texts of the files in `kept`.

        Raises:
            ToolTimeoutError: the program took longer than `timeout_s`.
            ToolError: the program failed or did not reach its end.
        """
        with temporary_folder("tool") as folder:
            # File names are relative: a WebAssembly program sees a different /tmp.
            for file, text in files.items():
                (folder / file).write_text(text, encoding="utf-8")
            try:
                done = subprocess.run(
                    [*self.command, *arguments],
                    cwd=folder,
                    capture_output=True,
                    text=True,
                    errors="replace",
                    check=False,
                    timeout=timeout_s,
                    env=environment(),
                )
            except subprocess.TimeoutExpired as error:
                said = error.stdout or b""
                log = said.decode(errors="replace") if isinstance(said, bytes) else said
                message = f"{self.name} did not end within {timeout_s:g} s"
                raise ToolTimeoutError(message, log) from error
            log = done.stdout + done.stderr
            if done.returncode or self.ending not in log:
                work = f" {purpose}" if purpose else ""
                raise ToolError(f"{self.name} did not finish{work}: {reason(log)}")
            return log, {file: (folder / file).read_text(encoding="utf-8") for file in kept}


def environment() -> dict[str, str]:
    """Return the environment variables of programs.

    The cache folder keeps compiled WebAssembly programs, so that each is compiled only once.
    """
    return {**os.environ, "PYTHONWARNINGS": "ignore", "XDG_CACHE_HOME": str(cache_base())}


def webassembly(package: str, function: str) -> tuple[str, ...]:
    """Return the command that starts a program from a YoWASP Python package."""
    run = f"import sys; from {package} import {function}; sys.exit({function}(sys.argv[1:]))"
    return (sys.executable, "-c", run)


def reason(log: str) -> str:
    """Return the reason of a failure from a log: the last error line, or else the last line."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    errors = [line for line in lines if "ERROR" in line]
    return (errors or lines or ["no output"])[-1]
