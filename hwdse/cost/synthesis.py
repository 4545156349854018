"""Synthesis with Yosys and ABC: maps Verilog to a netlist of standard cells and reports the area.

The mapping is Yosys's default ABC flow, followed by buffering of nets with high fan-out. There is
no gate sizing. The flow optimises area, without a timing target, so that the costs of the parts of
a design add up to the cost of the whole design.
"""

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hwdse.cost.liberty import Library, mapping_text
from hwdse.errors import ToolError
from hwdse.tools.yosys import find_yosys, run_yosys

# Yosys's default script for `abc -liberty` ends with `&put`. The commands `buffer -c` and `topo`
# are added.
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

# `-noalumacc` disables the pass `alumacc`. This pass fuses a multiplication with the following
# addition, and extends every partial product to the width of the sum. The fusion made an 8-bit MAC
# with a 32-bit accumulator 30 % larger.
_SCRIPT = """read_verilog design.v
synth -flatten -noalumacc -top {top}
dfflibmap -liberty cells.lib
abc -liberty cells.lib -script map.abc
opt_clean -purge
stat -liberty cells.lib
write_json netlist.json
write_verilog -noattr -noexpr -simple-lhs netlist.v
"""

RECIPE = _ABC + _SCRIPT
"""All commands of the synthesis, for keys of caches."""


@dataclass(frozen=True, kw_only=True)
class Synthesis:
    """A synthesized module.

    Attributes:
        area_um2: sum of the cell areas that the library states.
        cells: number of instances by cell type.
        netlist: the flat module in the JSON schema of Yosys's `write_json` (ports, cells,
            netnames).
        verilog: the netlist as structural Verilog.
        tool: name and version of the synthesizer.
    """

    area_um2: float
    cells: Mapping[str, int]
    netlist: Mapping[str, Any]
    verilog: str
    tool: str


def parse_area(log: str, top: str) -> float:
    """Read the area in um2 of module `top` from the log of `stat -liberty`.

    Raises:
        ToolError: the log has no area for module `top`, or the area of some cells is unknown.
    """
    if "contains unknown cell" in log or re.search(r"Area for cell type \S+ is unknown", log):
        raise ToolError(f"synthesis left cells in {top} that the library does not have")
    areas: list[str] = re.findall(rf"Chip area for module '\\{re.escape(top)}': ([\d.]+)", log)
    if not areas:
        raise ToolError(f"the synthesis log states no chip area for module {top}")
    return float(areas[-1])


def synthesize(
    verilog: str, *, top: str, library: Library, timeout_s: float | None = None
) -> Synthesis:
    """Map Verilog onto the cells of a Liberty file.

    Args:
        verilog: Verilog text of all modules of the design.
        top: name of the top module.
        library: the cell library.
        timeout_s: time limit in seconds. By default there is no limit.

    Raises:
        ToolTimeoutError: Yosys took longer than `timeout_s`.
        ToolError: Yosys is missing, or did not reach the end of its script.
    """
    files = {"cells.lib": mapping_text(library), "design.v": verilog, "map.abc": _ABC}
    log, texts = run_yosys(
        files,
        _SCRIPT.format(top=top),
        kept=["netlist.json", "netlist.v"],
        purpose=f"the synthesis of {top}",
        timeout_s=timeout_s,
    )
    module: dict[str, Any] = json.loads(texts["netlist.json"])["modules"][top]
    return Synthesis(
        area_um2=parse_area(log, top) if module["cells"] else 0.0,
        cells=dict(Counter(cell["type"] for cell in module["cells"].values())),
        netlist=module,
        verilog=texts["netlist.v"],
        tool=find_yosys().name,
    )
