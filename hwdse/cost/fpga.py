"""Open FPGA flow: maps a design, places and routes it, and reports cells and clock frequency.

Yosys maps the design to cells of the FPGA. nextpnr places and routes these cells, for the families
that it knows (`hwdse.cost.fpga_families`). Both tools come
with the `synthesis` extra. A native nextpnr on PATH is preferred. A wrapper connects all ports to
registers, so that any unit fits the FPGA and every path of the unit lies between two registers.
The cell counts do not include the wrapper.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any

from hwdse.cost.fpga_families import FAMILIES, Family
from hwdse.errors import ToolError
from hwdse.flows.wrapper import WRAPPER, wrapper
from hwdse.hdl import emit, multipliers
from hwdse.spec import Design
from hwdse.tools.nextpnr import find_nextpnr
from hwdse.tools.yosys import find_yosys, run_yosys

#: Seed of the placement. All designs use the same seed.
SEED = 1
_MAPPING = "cells.v"


@dataclass(frozen=True, kw_only=True)
class FpgaResult:
    """What one design takes on an FPGA.

    Attributes:
        device: name of the part.
        luts: number of look-up tables, including the LUTs of carry chains.
        flip_flops: number of flip-flops of the unit, without the wrapper.
        multipliers: number of hard multiplier blocks.
        fmax_mhz: highest clock frequency after routing in MHz. All paths between registers count,
            also the paths from and to the wrapper's registers at the ports. None: no open tool
            places and routes this family.
        dsp: True if synthesis may use hard multipliers.
        tool: names and versions of the tools.
    """

    device: str
    luts: int
    flip_flops: int
    multipliers: int
    fmax_mhz: float | None
    tool: str
    dsp: bool = True

    def to_json(self) -> dict[str, Any]:
        """Return the attributes as plain data for `json.dumps`."""
        return asdict(self)


def place_and_route(design: Design, family: str = "ecp5", *, dsp: bool = True) -> FpgaResult:
    """Emit a design for an FPGA family, then map, place and route the design.

    A family without open place and route is only mapped: the clock frequency is then None.

    Args:
        design: the design.
        family: a key of `FAMILIES`.
        dsp: use hard multipliers where the family has any.

    Raises:
        ToolError: the family is unknown, a tool is missing, a tool did not finish, or nextpnr
            reported no clock frequency.
        SpecError: a part of the design has no generator.
    """
    check_family(family)
    chosen = FAMILIES[family]
    yosys = find_yosys()
    files = {
        "design.v": emit(design, target=chosen.target),
        "wrapper.v": wrapper(design.interface, design.slug),
    }
    own = multipliers(design, target=chosen.target) if dsp else {}
    if own:
        files[_MAPPING] = chosen.target.mapped(own)
    script = _script(chosen, design.slug, mapped=bool(own), dsp=dsp)
    kept = ["unit.json", *(["wrapped.json"] if chosen.nextpnr else [])]
    _, mapped = run_yosys(files, script, kept=kept)
    counted = json.loads(mapped["unit.json"])
    used = [cell["type"] for cell in counted["modules"][design.slug]["cells"].values()]
    fmax, tools = None, [yosys.name]
    if chosen.nextpnr:
        fmax, tool = _route(chosen, design, mapped["wrapped.json"])
        tools.append(tool)
    return FpgaResult(
        device=chosen.device,
        luts=sum(chosen.luts.get(cell, 0) for cell in used),
        flip_flops=sum(cell.startswith(chosen.flip_flops) for cell in used),
        multipliers=sum(cell in chosen.multipliers for cell in used),
        fmax_mhz=fmax,
        tool=", ".join(tools),
        dsp=dsp,
    )


def _route(family: Family, design: Design, netlist: str) -> tuple[float, str]:
    """Place and route a mapped design in its wrapper; returns MHz, and the name of the tool."""
    nextpnr = find_nextpnr(family.nextpnr)
    arguments = [
        *(*family.options, "--json", "wrapped.json"),
        *("--report", "report.json", "--seed", str(SEED), "--freq", "400"),
        "--timing-allow-fail",
    ]
    _, routed = nextpnr.run(arguments, {"wrapped.json": netlist}, kept=["report.json"])
    report = json.loads(routed["report.json"])
    clocks = [clock["achieved"] for clock in report["fmax"].values()]
    if not clocks:
        raise ToolError(f"{family.nextpnr} reported no clock frequency for {design}")
    return round(min(clocks), 2), nextpnr.name


def check_family(family: str) -> None:
    """Check that `family` is a key of `FAMILIES`.

    Raises:
        ToolError: the family is unknown.
    """
    if family not in FAMILIES:
        raise ToolError(f"unknown FPGA family {family!r}: known are {', '.join(FAMILIES)}")


def _script(family: Family, top: str, *, mapped: bool, dsp: bool) -> str:
    """The Yosys script: map and write the unit alone, then map the wrapper around the mapped unit.

    The second mapping does not change the cells of the unit. With `mapped`, the script first
    replaces the modules of registered multipliers by cells of the family.
    """
    techmap = f"techmap -map {_MAPPING}\n" if mapped else ""
    synthesis = family.synthesis if dsp else family.synthesis_without_dsp
    unit = f"read_verilog design.v\n{techmap}{synthesis} -top {top}\nwrite_json unit.json\n"
    if not family.nextpnr:
        return unit
    return f"""{unit}\
setattr -mod -unset top {top}
select {top}
write_rtlil -selected unit.il
design -reset
read_rtlil unit.il
read_verilog wrapper.v
{synthesis} -top {WRAPPER} -json wrapped.json
"""
