"""Open FPGA flow: maps a design, places and routes it, and reports cells and clock frequency.

Yosys maps the design to cells of the FPGA. nextpnr places and routes these cells, for the families
that it knows (`hwdse.cost.fpga.families`). Both tools come
with the `synthesis` extra. A native nextpnr on PATH is preferred. A wrapper connects all ports to
registers, so that any unit fits the FPGA and every path of the unit lies between two registers.
The cell counts do not include the wrapper.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any

from hwdse.cost.fpga.families import FAMILIES, Family, check_family
from hwdse.errors import ToolError
from hwdse.flows.wrapper import WRAPPER, wrapper_of_ports
from hwdse.hdl import emit, multipliers
from hwdse.spec import Design
from hwdse.spec.port_words import PortWord, port_words
from hwdse.tools.nextpnr import find_nextpnr
from hwdse.tools.yosys import find_yosys, run_yosys

#: Seed of the placement. All designs use the same seed.
SEED = 1
_MAPPING = "cells.v"
_REGISTER_STEPS = ("clk-to-q", "setup")


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


@dataclass(frozen=True, kw_only=True)
class Module:
    """A Verilog module to place.

    Attributes:
        verilog: its text.
        top: its name.
        into: its input ports without the clock.
        out: its output ports.
        clock: name of its clock port; empty if it has none.
        mapping: Verilog that maps some of its modules to cells of the family; empty if none.
    """

    verilog: str
    top: str
    into: PortWord
    out: PortWord
    clock: str = ""
    mapping: str = ""


@dataclass(frozen=True, kw_only=True)
class PlacedModule:
    """A module on an FPGA.

    Attributes:
        cells: type of each cell of the module, without the wrapper.
        period_ns: shortest clock period after routing; None if the family is only mapped.
        register_ns: share of the clock-to-output and set-up times of registers in the period.
        tools: names and versions of the tools.
    """

    cells: tuple[str, ...]
    period_ns: float | None
    register_ns: float
    tools: tuple[str, ...]


def place_and_route(
    design: Design, family: str = "ecp5", *, dsp: bool = True, timeout_s: float | None = None
) -> FpgaResult:
    """Emit a design for an FPGA family, then map, place and route the design.

    A family without open place and route is only mapped: the clock frequency is then None.

    Args:
        design: the design.
        family: a key of `FAMILIES`.
        dsp: use hard multipliers where the family has any.
        timeout_s: time limit of each tool in seconds. By default there is no limit.

    Raises:
        ToolTimeoutError: a tool took longer than `timeout_s`.
        ToolError: the family is unknown, a tool is missing, a tool did not finish, or nextpnr
            reported no clock frequency.
        SpecError: a part of the design has no generator.
    """
    check_family(family)
    chosen = FAMILIES[family]
    into, out = port_words(design.interface)
    own = multipliers(design, target=chosen.target) if dsp else {}
    module = Module(
        verilog=emit(design, target=chosen.target),
        top=design.slug,
        into=into,
        out=out,
        clock=design.interface.clock if design.interface.clocked else "",
        mapping=chosen.target.mapped(own) if own else "",
    )
    placed = place(module, chosen, dsp=dsp, timeout_s=timeout_s)
    return FpgaResult(
        device=chosen.device,
        luts=chosen.luts_of(placed.cells),
        flip_flops=chosen.flip_flops_of(placed.cells),
        multipliers=chosen.multipliers_of(placed.cells),
        fmax_mhz=None if placed.period_ns is None else round(1000 / placed.period_ns, 2),
        tool=", ".join(placed.tools),
        dsp=dsp,
    )


def place(
    module: Module, family: Family, *, dsp: bool = True, timeout_s: float | None = None
) -> PlacedModule:
    """Map a module, then place and route it in its wrapper.

    Raises:
        ToolTimeoutError: a tool took longer than `timeout_s`.
        ToolError: a tool is missing or did not finish, or nextpnr reported no clock frequency.
    """
    files = {
        "design.v": module.verilog,
        "wrapper.v": wrapper_of_ports(module.top, module.into, module.out, module.clock),
    }
    if module.mapping:
        files[_MAPPING] = module.mapping
    script = _script(family, module.top, mapped=bool(module.mapping), dsp=dsp)
    kept = ["unit.json", *(["wrapped.json"] if family.nextpnr else [])]
    _, mapped = run_yosys(files, script, kept=kept, timeout_s=timeout_s)
    counted = json.loads(mapped["unit.json"])["modules"][module.top]["cells"].values()
    tools = [find_yosys().name]
    period, register = None, 0.0
    if family.nextpnr:
        period, register, tool = _route(family, module.top, mapped["wrapped.json"], timeout_s)
        tools.append(tool)
    return PlacedModule(
        cells=tuple(cell["type"] for cell in counted),
        period_ns=period,
        register_ns=register,
        tools=tuple(tools),
    )


def _route(
    family: Family, top: str, netlist: str, timeout_s: float | None
) -> tuple[float, float, str]:
    """Place and route a mapped module in its wrapper.

    Returns:
        The clock period in ns, the share of the registers in it, and the name of the tool.
    """
    nextpnr = find_nextpnr(family.nextpnr)
    arguments = [
        *(*family.options, "--json", "wrapped.json"),
        *("--report", "report.json", "--seed", str(SEED), "--freq", "400"),
        "--timing-allow-fail",
    ]
    _, routed = nextpnr.run(
        arguments, {"wrapped.json": netlist}, kept=["report.json"], timeout_s=timeout_s
    )
    report = json.loads(routed["report.json"])
    clocks = {name: clock["achieved"] for name, clock in report["fmax"].items()}
    if not clocks:
        raise ToolError(f"{family.nextpnr} reported no clock frequency for {top}")
    slowest = min(clocks, key=lambda name: clocks[name])
    register = sum(
        step["delay"]
        for path in report["critical_paths"]
        if path["from"] == path["to"] and slowest in path["from"]
        for step in path["path"]
        if step["type"] in _REGISTER_STEPS
    )
    return 1000 / clocks[slowest], register, nextpnr.name


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
