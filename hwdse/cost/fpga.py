"""Open FPGA flow: places and routes a design, and reports cell counts and the clock frequency.

Yosys maps the design to cells of the FPGA. nextpnr places and routes these cells. Both tools come
with the `synthesis` extra. A native nextpnr on PATH is preferred. A wrapper connects all ports to
registers, so that any unit fits the FPGA and every path of the unit lies between two registers.
The cell counts do not include the wrapper.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from hwdse.errors import ToolError
from hwdse.flows.wrapper import WRAPPER, wrapper
from hwdse.hdl import Target, emit, multipliers
from hwdse.spec import Design
from hwdse.tools.nextpnr import find_nextpnr
from hwdse.tools.yosys import find_yosys, run_yosys

#: Seed of the placement. All designs use the same seed.
SEED = 1
_MAPPING = "cells.v"


@dataclass(frozen=True, kw_only=True)
class Family:
    """A family of FPGAs: the names and options of the tools, and the cells to count.

    Attributes:
        device: the usual name of the part.
        target: target of the Verilog for this family.
        synthesis: Yosys pass that maps a design to this family.
        nextpnr: name of the place-and-route program.
        options: options of the place-and-route program that choose the part.
        luts: for each cell type that contains LUTs, the number of LUTs in the cell.
        flip_flops: cell types that count as flip-flops.
        multipliers: cell types that count as multipliers.
    """

    device: str
    target: Target
    synthesis: str
    nextpnr: str
    options: tuple[str, ...]
    luts: Mapping[str, int]
    flip_flops: tuple[str, ...]
    multipliers: tuple[str, ...]


FAMILIES = {
    "ecp5": Family(
        device="Lattice ECP5 LFE5U-85F-6",
        target=Target.parse("ecp5"),
        synthesis="synth_ecp5",
        nextpnr="nextpnr-ecp5",
        options=("--85k", "--package", "CABGA756", "--speed", "6", "--lpf-allow-unconstrained"),
        # A carry cell takes two LUTs. Wide multiplexers (PFUMX, L6MUX21) take no LUT.
        luts={"LUT4": 1, "CCU2C": 2},
        flip_flops=("TRELLIS_FF",),
        multipliers=("MULT18X18D",),
    )
}


@dataclass(frozen=True, kw_only=True)
class FpgaResult:
    """The result of place and route for one design.

    Attributes:
        device: name of the part.
        luts: number of look-up tables with 4 inputs, including the LUTs of carry chains.
        flip_flops: number of flip-flops of the unit, without the wrapper.
        multipliers: number of hard multiplier blocks.
        fmax_mhz: highest clock frequency after routing in MHz. All paths between registers count,
            also the paths from and to the wrapper's registers at the ports.
        tool: names and versions of Yosys and nextpnr.
    """

    device: str
    luts: int
    flip_flops: int
    multipliers: int
    fmax_mhz: float
    tool: str

    def to_json(self) -> dict[str, Any]:
        """Return the attributes as plain data for `json.dumps`."""
        return asdict(self)


def place_and_route(design: Design, family: str = "ecp5") -> FpgaResult:
    """Emit a design for an FPGA family, then map, place and route the design.

    Args:
        design: the design.
        family: a key of `FAMILIES`.

    Raises:
        ToolError: the family is unknown, a tool is missing, a tool did not finish, or nextpnr
            reported no clock frequency.
        SpecError: a part of the design has no generator.
    """
    check_family(family)
    chosen = FAMILIES[family]
    yosys = find_yosys()
    nextpnr = find_nextpnr(chosen.nextpnr)
    files = {
        "design.v": emit(design, target=chosen.target),
        "wrapper.v": wrapper(design.interface, design.slug),
    }
    own = multipliers(design, target=chosen.target)
    if own:
        files[_MAPPING] = chosen.target.mapped(own)
    script = _script(chosen, design.slug, mapped=bool(own))
    _, mapped = run_yosys(files, script, kept=["unit.json", "wrapped.json"])
    counted = json.loads(mapped["unit.json"])
    used = [cell["type"] for cell in counted["modules"][design.slug]["cells"].values()]
    arguments = [
        *(*chosen.options, "--json", "wrapped.json"),
        *("--report", "report.json", "--seed", str(SEED), "--freq", "400"),
        "--timing-allow-fail",
    ]
    _, routed = nextpnr.run(
        arguments, {"wrapped.json": mapped["wrapped.json"]}, kept=["report.json"]
    )
    report = json.loads(routed["report.json"])
    clocks = [clock["achieved"] for clock in report["fmax"].values()]
    if not clocks:
        raise ToolError(f"{chosen.nextpnr} reported no clock frequency for {design}")
    return FpgaResult(
        device=chosen.device,
        luts=sum(chosen.luts.get(cell, 0) for cell in used),
        flip_flops=sum(cell in chosen.flip_flops for cell in used),
        multipliers=sum(cell in chosen.multipliers for cell in used),
        fmax_mhz=round(min(clocks), 2),
        tool=f"{yosys.name}, {nextpnr.name}",
    )


def check_family(family: str) -> None:
    """Check that `family` is a key of `FAMILIES`.

    Raises:
        ToolError: the family is unknown.
    """
    if family not in FAMILIES:
        raise ToolError(f"unknown FPGA family {family!r}: known are {', '.join(FAMILIES)}")


def _script(family: Family, top: str, *, mapped: bool = False) -> str:
    """The Yosys script: map and write the unit alone, then map the wrapper around the mapped unit.

    The second mapping does not change the cells of the unit. With `mapped`, the script first
    replaces the modules of registered multipliers by cells of the family.
    """
    techmap = f"techmap -map {_MAPPING}\n" if mapped else ""
    return f"""read_verilog design.v
{techmap}{family.synthesis} -top {top}
write_json unit.json
setattr -mod -unset top {top}
select {top}
write_rtlil -selected unit.il
design -reset
read_rtlil unit.il
read_verilog wrapper.v
{family.synthesis} -top {WRAPPER} -json wrapped.json
"""
