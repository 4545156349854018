"""Yosys scripts, each run in a folder of its own."""

import os
import subprocess
from collections.abc import Mapping, Sequence

from hwdse.cost.synthesis import find_yosys
from hwdse.errors import ToolError
from hwdse.resources import cache_base
from hwdse.temporary import temporary_folder


class YosysTimeoutError(ToolError):
    """A run that was ended because it took too long.

    Attributes:
        log: what it had said by then.
    """

    def __init__(self, message: str, log: str) -> None:
        super().__init__(message)
        self.log = log


def run_yosys(
    files: Mapping[str, str], script: str, *, kept: Sequence[str] = (), timeout_s: float = 3600.0
) -> tuple[str, dict[str, str]]:
    """Run a script that reads `files` by their names.

    Returns:
        The log, and the texts of the files named in `kept`, which the script writes.

    Raises:
        YosysTimeoutError: the script took longer than `timeout_s`.
        ToolError: Yosys is missing or did not reach the end of its script.
    """
    command, tool = find_yosys()
    with temporary_folder("yosys") as folder:
        # Relative names only: the WebAssembly build has a /tmp of its own.
        for file, text in files.items():
            (folder / file).write_text(text, encoding="utf-8")
        (folder / "run.ys").write_text(script, encoding="utf-8")
        try:
            done = subprocess.run(
                [*command, "-s", "run.ys"],
                cwd=folder,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                timeout=timeout_s,
                env={**os.environ, "PYTHONWARNINGS": "ignore", "XDG_CACHE_HOME": str(cache_base())},
            )
        except subprocess.TimeoutExpired as error:
            said = error.stdout or b""
            log = said.decode(errors="replace") if isinstance(said, bytes) else said
            raise YosysTimeoutError(f"{tool} did not end within {timeout_s:g} s", log) from error
        # The WebAssembly build can end in the middle with exit code 0: only the last lines tell.
        if done.returncode != 0 or "End of script" not in done.stdout:
            lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
            errors = [line for line in lines if "ERROR" in line]
            reason = (errors or lines or ["no output"])[-1].strip()
            raise ToolError(f"{tool} did not finish: {reason}")
        return done.stdout, {file: (folder / file).read_text(encoding="utf-8") for file in kept}
