"""Names that every Verilog tool accepts unchanged: no escapes, no `$`, no reserved words."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

# Reserved in IEEE 1364-2005 or IEEE 1800-2017.
_RESERVED_TEXT = """
accept_on alias always always_comb always_ff always_latch and assert assign assume automatic
before begin bind bins binsof bit break buf bufif0 bufif1 byte case casex casez cell chandle
checker class clocking cmos config const constraint context continue cover covergroup coverpoint
cross deassign default defparam design disable dist do edge else end endcase endchecker endclass
endclocking endconfig endfunction endgenerate endgroup endinterface endmodule endpackage
endprimitive endprogram endproperty endsequence endspecify endtable endtask enum event eventually
expect export extends extern final first_match for force foreach forever fork forkjoin function
generate genvar global highz0 highz1 if iff ifnone ignore_bins illegal_bins implements implies
import incdir include initial inout input inside instance int integer interconnect interface
intersect join join_any join_none large let liblist library local localparam logic longint
macromodule matches medium modport module nand negedge nettype new nexttime nmos nor
noshowcancelled not notif0 notif1 null or output package packed parameter pmos posedge primitive
priority program property protected pull0 pull1 pulldown pullup pulsestyle_ondetect
pulsestyle_onevent pure rand randc randcase randsequence rcmos real realtime ref reg reject_on
release repeat restrict return rnmos rpmos rtran rtranif0 rtranif1 s_always s_eventually
s_nexttime s_until s_until_with scalared sequence shortint shortreal showcancelled signed small
soft solve specify specparam static string strong strong0 strong1 struct super supply0 supply1
sync_accept_on sync_reject_on table tagged task this throughout time timeprecision timeunit tran
tranif0 tranif1 tri tri0 tri1 triand trior trireg type typedef union unique unique0 unsigned until
until_with untyped use uwire var vectored virtual void wait wait_order wand weak weak0 weak1 while
wildcard wire with within wor xnor xor
"""
#: Reserved words of Verilog and SystemVerilog.
RESERVED = frozenset(_RESERVED_TEXT.split())
_NOT_A_WORD = re.compile(r"[^A-Za-z0-9_]+")
_NUMBERED = re.compile(r"\$\d+$")


def plain_name(name: str) -> str:
    """A public name as a Verilog identifier. Different names may give the same identifier."""
    word = _NOT_A_WORD.sub("_", _NUMBERED.sub("", name)).replace("__", "_").strip("_")
    if not word or word[0].isdigit():
        word = f"n_{word}"
    return f"{word}_" if word in RESERVED else word


class _Taken:
    """The names used so far in one module."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._next: dict[str, int] = {}

    def unused(self, word: str) -> str:
        """The word, with a number appended if the word is already used."""
        candidate = word
        while candidate in self._names:
            self._next[word] = self._next.get(word, 1) + 1
            candidate = f"{word}_{self._next[word]}"
        self._names.add(candidate)
        return candidate


def plain_names(names: Iterable[str]) -> dict[str, str]:
    """New names of modules or of one module's ports; the keys are the old names."""
    taken = _Taken()
    return {name: taken.unused(plain_name(name)) for name in names}


def renamed(
    module: Mapping[str, Any],
    modules: Mapping[str, str],
    ports_of: Mapping[str, Mapping[str, str]],
    own: Mapping[str, str],
) -> dict[str, Any]:
    """The module with plain names throughout, in the schema of Yosys's `write_json`.

    Args:
        module: the module.
        modules: new names of all modules.
        ports_of: for each module, the new names of its ports.
        own: new names of the ports of this module.
    """
    taken = _Taken()
    for name in own.values():
        taken.unused(name)
    names = {}
    order = sorted(module["netnames"], key=lambda n: (module["netnames"][n]["hide_name"], len(n)))
    for name in order:
        word = _hidden(name) if module["netnames"][name]["hide_name"] else plain_name(name)
        names[name] = own[name] if name in own else taken.unused(word)
    memories = {
        name: taken.unused(_hidden(name) if facts["hide_name"] else plain_name(name))
        for name, facts in module.get("memories", {}).items()
    }
    cells = {}
    for name, cell in module["cells"].items():
        word = _hidden(name) if cell["hide_name"] else plain_name(name)
        cells[taken.unused(word)] = {
            **_with_pins(cell, ports_of, memories),
            "type": modules.get(cell["type"], cell["type"]),
        }
    return {
        **module,
        "ports": {own[name]: port for name, port in module["ports"].items()},
        "netnames": {
            names[name]: {**net, "hide_name": 0} for name, net in module["netnames"].items()
        },
        "memories": {
            memories[name]: {**facts, "hide_name": 0}
            for name, facts in module.get("memories", {}).items()
        },
        "cells": cells,
    }


def _with_pins(
    cell: Mapping[str, Any],
    ports_of: Mapping[str, Mapping[str, str]],
    memories: Mapping[str, str],
) -> dict[str, Any]:
    new = {**cell, "hide_name": 0}
    if cell["type"] in ports_of:
        pins = ports_of[cell["type"]]
        for part in ("connections", "port_directions"):
            new[part] = {pins[pin]: value for pin, value in cell[part].items()}
    memory = cell["parameters"].get("MEMID")
    if memory is not None:
        old = memory.removeprefix("\\") if memory.startswith("\\") else memory
        new["parameters"] = {**cell["parameters"], "MEMID": f"\\{memories[old]}"}
    return new


def _hidden(name: str) -> str:
    r"""A plain name for a hidden name, from the path of the instances.

    `$flatten\accumulate.\add.$procmux$16_Y` becomes `accumulate_add_n`.
    """
    path = [part.lstrip("\\") for part in name.removeprefix("$flatten").split(".")]
    words = [part for part in path if part and "$" not in part]
    return plain_name("_".join([*words, "n"]))
