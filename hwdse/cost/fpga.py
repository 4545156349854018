"""Open FPGA flow: a design placed and routed, with what it uses and how fast its clock may be.

Yosys maps the design, nextpnr places and routes it; both come from the `synthesis` extra, and a
native nextpnr on PATH is taken instead. The ports lead to registers in a wrapper, so that any unit
fits and every path of it lies between two registers. The wrapper is not counted.
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

#: Seed of the placement, the same for every design.
SEED = 1
_MAPPING = "cells.v"


@dataclass(frozen=True, kw_only=True)
class Family:
    """A family of FPGAs: how its tools are called, and which cells count as what.

    Attributes:
        device: the part, as people call it.
        target: target of the Verilog that goes there.
        synthesis: Yosys pass that maps to it.
        nextpnr: name of the place-and-route tool; its Python package has underscores.
        options: of that tool, to choose the part.
        luts, flip_flops, multipliers: cell names by prefix, with how many LUTs one stands for.
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
    """Emit for the family, map, place and route a design.

    Args:
        design: what to build.
        family: a key of `FAMILIES`.

    Raises:
        ToolError: a tool is missing, did not reach its end, or the family is unknown.
        SpecError: no generator for a part of the design.
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
    """Check that a family is a key of `FAMILIES`.

    Raises:
        ToolError: the family is unknown.
    """
    if family not in FAMILIES:
        raise ToolError(f"unknown FPGA family {family!r}: known are {', '.join(FAMILIES)}")


def _script(family: Family, top: str, *, mapped: bool = False) -> str:
    """The unit is mapped and written alone, then in its wrapper, where it stays as it is.

    With `mapped`, modules that are cells of the family become such before all other passes.
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
