"""Open FPGA flow: a design placed and routed, with what it uses and how fast its clock may be.

Yosys maps the design, nextpnr places and routes it; both come from the `synthesis` extra, and a
native nextpnr on PATH is taken instead. The ports lead to registers in a wrapper, so that any unit
fits and every path of it lies between two registers. The wrapper is not counted.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hwdse.cost.synthesis import find_yosys, last_line
from hwdse.errors import ToolError
from hwdse.flows.wrapper import WRAPPER, wrapper
from hwdse.hdl import emit
from hwdse.resources import cache_base, how_to_get
from hwdse.spec import Design
from hwdse.temporary import temporary_folder

SEED = 1


@dataclass(frozen=True, kw_only=True)
class Family:
    """A family of FPGAs: how its tools are called, and which cells count as what.

    Attributes:
        device: the part, as people call it.
        synthesis: Yosys pass that maps to it.
        nextpnr: name of the place-and-route tool; its Python package has underscores.
        options: of that tool, to choose the part.
        luts, flip_flops, multipliers: cell names by prefix, with how many LUTs one stands for.
    """

    device: str
    synthesis: str
    nextpnr: str
    options: tuple[str, ...]
    luts: Mapping[str, int]
    flip_flops: tuple[str, ...]
    multipliers: tuple[str, ...]


FAMILIES = {
    "ecp5": Family(
        device="Lattice ECP5 LFE5U-85F-6",
        synthesis="synth_ecp5",
        nextpnr="nextpnr-ecp5",
        options=("--85k", "--package", "CABGA756", "--speed", "6", "--lpf-allow-unconstrained"),
        # A carry cell takes two LUTs; wide multiplexers (PFUMX, L6MUX21) take none.
        luts={"LUT4": 1, "CCU2C": 2},
        flip_flops=("TRELLIS_FF",),
        multipliers=("MULT18X18D",),
    )
}


@dataclass(frozen=True, kw_only=True)
class FpgaResult:
    """A design on an FPGA.

    Attributes:
        device: the part.
        luts: look-up tables with 4 inputs, those of carry chains included.
        flip_flops: of the unit alone.
        multipliers: hard multiplier blocks.
        fmax_mhz: fastest clock after routing, for all paths between registers, ports included.
        tool: names and versions.
    """

    device: str
    luts: int
    flip_flops: int
    multipliers: int
    fmax_mhz: float
    tool: str

    def to_json(self) -> dict[str, Any]:
        """Plain data that `json.dumps` takes."""
        return asdict(self)


def place_and_route(design: Design, family: str = "ecp5") -> FpgaResult:
    """Emit, map, place and route a design.

    Args:
        design: what to build.
        family: a key of `FAMILIES`.

    Raises:
        ToolError: a tool is missing, did not reach its end, or the family is unknown.
        SpecError: no generator for a part of the design.
    """
    if family not in FAMILIES:
        raise ToolError(f"unknown FPGA family {family!r}: known are {', '.join(FAMILIES)}")
    target = FAMILIES[family]
    yosys, yosys_name = find_yosys()
    nextpnr = _find_nextpnr(target.nextpnr)
    verilog = emit(design)
    with temporary_folder("fpga") as folder:
        (folder / "design.v").write_text(verilog, encoding="utf-8")
        (folder / "wrapper.v").write_text(wrapper(design.interface, design.slug), encoding="utf-8")
        (folder / "run.ys").write_text(_script(target, design.slug), encoding="utf-8")
        _run([*yosys, "-s", "run.ys"], folder, "End of script")
        counted = json.loads((folder / "unit.json").read_text(encoding="utf-8"))
        used = [cell["type"] for cell in counted["modules"][design.slug]["cells"].values()]
        command = [
            *(*nextpnr, *target.options, "--json", "wrapped.json"),
            *("--report", "report.json", "--seed", str(SEED), "--freq", "400"),
            "--timing-allow-fail",
        ]
        _run(command, folder, "Program finished normally")
        report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    clocks = [clock["achieved"] for clock in report["fmax"].values()]
    if not clocks:
        raise ToolError(f"{target.nextpnr} reported no clock frequency for {design}")
    return FpgaResult(
        device=target.device,
        luts=sum(target.luts.get(cell, 0) for cell in used),
        flip_flops=sum(cell in target.flip_flops for cell in used),
        multipliers=sum(cell in target.multipliers for cell in used),
        fmax_mhz=round(min(clocks), 2),
        tool=f"{yosys_name}, {target.nextpnr}",
    )


def _script(target: Family, top: str) -> str:
    """The unit is mapped and written alone, then in its wrapper, where it stays as it is."""
    return f"""read_verilog design.v
{target.synthesis} -top {top}
write_json unit.json
setattr -mod -unset top {top}
select {top}
write_rtlil -selected unit.il
design -reset
read_rtlil unit.il
read_verilog wrapper.v
{target.synthesis} -top {WRAPPER} -json wrapped.json
"""


@cache
def _find_nextpnr(tool: str) -> tuple[str, ...]:
    native = shutil.which(tool)
    if native:
        return (native,)
    package = f"yowasp_{tool.replace('-', '_')}"
    if find_spec(package) is None:
        raise ToolError(
            f"no {tool}: neither on PATH nor the Python package {package.replace('_', '-')}; "
            + how_to_get("synthesis")
        )
    run = f"run_{tool.replace('-', '_')}"
    return (
        *(sys.executable, "-c"),
        f"import sys; from {package} import {run}; sys.exit({run}(sys.argv[1:]))",
    )


def _run(command: Sequence[str], folder: Path, ending: str) -> None:
    """Run a tool; both can end early with exit code 0, so the last line has to be there."""
    done = subprocess.run(
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
        env={**os.environ, "PYTHONWARNINGS": "ignore", "XDG_CACHE_HOME": str(cache_base())},
    )
    if done.returncode or ending not in done.stdout:
        errors = [line for line in done.stdout.splitlines() if "ERROR" in line]
        reason = errors[-1].strip() if errors else last_line(done.stdout)
        raise ToolError(f"the FPGA tools did not finish: {reason}")
