"""OpenSTA, the static timing analyzer for netlists."""

import shutil
import subprocess
from collections.abc import Mapping
from functools import cache

from hwdse.errors import ToolError
from hwdse.tools.tool import Tool


@cache
def find_opensta() -> Tool:
    """Find the program `sta` on PATH and read its version.

    Raises:
        ToolError: `sta` is not on PATH.
    """
    path = shutil.which("sta")
    if path is None:
        raise ToolError(
            "no OpenSTA: the program `sta` is not on PATH (Debian and Ubuntu: apt install opensta)"
        )
    text = subprocess.run([path, "-version"], capture_output=True, text=True, check=False).stdout
    version = text.split()[0] if text.split() else "of unknown version"
    return Tool(command=(path,), name=f"OpenSTA {version}")


def run_opensta(files: Mapping[str, str], script: str) -> str:
    """Run a Tcl script in OpenSTA and return the log. The script reads `files` by their names.

    Raises:
        ToolError: OpenSTA is missing, or it failed.
    """
    log, _ = find_opensta().run(["-no_splash", "-exit", "run.tcl"], {**files, "run.tcl": script})
    return log
