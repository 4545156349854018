"""Programs that read and write files: each run has a folder of its own and has to reach its end."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hwdse.errors import ToolError
from hwdse.resources import cache_base
from hwdse.temporary import temporary_folder


class ToolTimeoutError(ToolError):
    """A run that was ended because it took too long.

    Attributes:
        log: what it had said by then.
    """

    def __init__(self, message: str, log: str) -> None:
        super().__init__(message)
        self.log = log


@dataclass(frozen=True, kw_only=True)
class Tool:
    """An installed program.

    Attributes:
        command: what starts it.
        name: its name, with its version where that is known.
        ending: what it says at its end. A program may end in the middle with exit code 0, as ABC
            does in WebAssembly; only its last lines tell.
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
        """Run the program in a new folder that holds some files.

        Args:
            arguments: its command line; files by their names.
            files: text of each file, by name.
            kept: names of files that it writes, to be returned.
            purpose: what it was to do, for messages, such as `the synthesis of mac`.
            timeout_s: seconds that it may take; no limit by default.

        Returns:
            What it said, and the texts of the files in `kept`.

        Raises:
            ToolTimeoutError: it took longer than `timeout_s`.
            ToolError: it failed or did not reach its end.
        """
        with temporary_folder("tool") as folder:
            # Relative names only: WebAssembly programs have a /tmp of their own.
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
    """Environment of programs; those in WebAssembly are compiled once and kept."""
    return {**os.environ, "PYTHONWARNINGS": "ignore", "XDG_CACHE_HOME": str(cache_base())}


def webassembly(package: str, function: str) -> tuple[str, ...]:
    """The command of a program that a Python package of YoWASP carries."""
    run = f"import sys; from {package} import {function}; sys.exit({function}(sys.argv[1:]))"
    return (sys.executable, "-c", run)


def reason(log: str) -> str:
    """Why a program failed, from what it said: its last error, or else its last line."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    errors = [line for line in lines if "ERROR" in line]
    return (errors or lines or ["no output"])[-1]
