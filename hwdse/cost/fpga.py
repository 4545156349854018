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
from hwdse.hdl import emit
from hwdse.spec import Design
from hwdse.tools.nextpnr import find_nextpnr
from hwdse.tools.yosys import find_yosys, run_yosys

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
    yosys = find_yosys()
    nextpnr = find_nextpnr(target.nextpnr)
    files = {"design.v": emit(design), "wrapper.v": wrapper(design.interface, design.slug)}
    kept = ["unit.json", "wrapped.json"]
    _, mapped = run_yosys(files, _script(target, design.slug), kept=kept)
    counted = json.loads(mapped["unit.json"])
    used = [cell["type"] for cell in counted["modules"][design.slug]["cells"].values()]
    arguments = [
        *(*target.options, "--json", "wrapped.json"),
        *("--report", "report.json", "--seed", str(SEED), "--freq", "400"),
        "--timing-allow-fail",
    ]
    _, routed = nextpnr.run(
        arguments, {"wrapped.json": mapped["wrapped.json"]}, kept=["report.json"]
    )
    report = json.loads(routed["report.json"])
    clocks = [clock["achieved"] for clock in report["fmax"].values()]
    if not clocks:
        raise ToolError(f"{target.nextpnr} reported no clock frequency for {design}")
    return FpgaResult(
        device=target.device,
        luts=sum(target.luts.get(cell, 0) for cell in used),
        flip_flops=sum(cell in target.flip_flops for cell in used),
        multipliers=sum(cell in target.multipliers for cell in used),
        fmax_mhz=round(min(clocks), 2),
        tool=f"{yosys.name}, {nextpnr.name}",
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
