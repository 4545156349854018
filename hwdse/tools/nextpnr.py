"""nextpnr places and routes netlists on FPGAs.

A native nextpnr on PATH is preferred to the WebAssembly build of YoWASP.
"""

import shutil
from functools import cache
from importlib.util import find_spec

from hwdse.errors import ToolError
from hwdse.resources import how_to_get
from hwdse.tools.tool import Tool, webassembly

_ENDING = "Program finished normally"


@cache
def find_nextpnr(tool: str) -> Tool:
    """Find the nextpnr program of one FPGA family.

    Args:
        tool: name of the program, such as `nextpnr-ecp5`.

    Raises:
        ToolError: the program is neither on PATH nor installed as a Python package.
    """
    native = shutil.which(tool)
    if native:
        return Tool(command=(native,), name=tool, ending=_ENDING)
    package = f"yowasp_{tool.replace('-', '_')}"
    if find_spec(package) is None:
        raise ToolError(
            f"no {tool}: neither on PATH nor the Python package {package.replace('_', '-')}; "
            + how_to_get("synthesis")
        )
    command = webassembly(package, f"run_{tool.replace('-', '_')}")
    return Tool(command=command, name=tool, ending=_ENDING)
