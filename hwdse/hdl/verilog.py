"""Writes Verilog for review by people: plain names, a comment per module, no unread wires."""

import re
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from hwdse.hdl.naming import plain_names, renamed
from hwdse.hdl.netlist import Bit
from hwdse.hdl.operand_widths import extend_operands
from hwdse.hdl.rtlil_text import rtlil_text, runs
from hwdse.spec import Port

_MODULE = re.compile(r"^module (\w+)\((.*?)\);\n(.*?)^endmodule\n", re.M | re.S)
_DECLARED = re.compile(r"^  (input|output|wire|reg) (\[\d+:\d+\] )?(\w+);\n", re.M)
_REPEATED = re.compile(r"(?<![\w\].])(\w+(?:\[\d+\])?)(?:, \1(?![\w\[:])){2,}")
_WIDTH = 100

Module = Mapping[str, Any]


def verilog(
    modules: Mapping[str, Module],
    *,
    top: str,
    comments: Mapping[str, str],
    ports: Sequence[Port],
    write: Callable[[str], str],
) -> str:
    """Verilog-2005 text of modules, in the given order.

    Args:
        modules: the modules by name, in the schema of Yosys's `write_json`, top module first.
        top: name of the top module.
        comments: text of the comment before a module, by module name.
        ports: ports of the top module. The meaning of each port becomes a comment beside the port.
        write: function that converts RTLIL text to Verilog text with Yosys.
    """
    own = {name: plain_names(module["ports"]) for name, module in modules.items()}
    names = {name: re.sub(r"\W+", "_", name) for name in modules}
    plain = {names[name]: _pruned(renamed(m, names, own, own[name])) for name, m in modules.items()}
    # Yosys changes the order of the modules: the loop below restores the order.
    text = write("\n".join(extend_operands(rtlil_text(name, m)) for name, m in plain.items()))
    written = {match[1]: match for match in _MODULE.finditer(text)}
    meanings = {port.name: port.meaning for port in ports}
    head = text[: text.index("module ")].strip()
    parts = [f"{head}\n"]
    for name, module in plain.items():
        comment = _AtCommas(_WIDTH - 3, break_on_hyphens=False).wrap(comments.get(name, ""))
        body = _module(written[name], module, meanings if name == top else {})
        parts.append("".join(f"// {line}\n" for line in comment) + body)
    return "\n".join(parts)


class _AtCommas(textwrap.TextWrapper):
    """Breaks lines at spaces and after commas: the text of a design has no spaces."""

    wordsep_simple_re = re.compile(r"(\s+|(?<=,))")


def split_modules(text: str) -> dict[str, str]:
    """Split Verilog text into modules: the text of each module by module name, in order.

    The comment before a module belongs to the text of the module. The head of the file belongs to
    the first module. All texts joined give the input again.
    """
    ends = [match.end() for match in re.finditer(r"^endmodule\n", text, re.M)]
    parts = [text[a:b] for a, b in zip([0, *ends], [*ends[:-1], len(text)], strict=False)]
    return {match[1]: part for part in parts if (match := re.search(r"^module (\w+)", part, re.M))}


def _module(written: re.Match[str], module: Module, meanings: Mapping[str, str]) -> str:
    """One module: ports in the header with their meanings, and a sink for unread bits."""
    name, _, body = written.groups()
    kinds: dict[str, str] = {}
    for kind, width, net in _DECLARED.findall(body):
        if net in module["ports"]:
            # Yosys may declare an output twice, the second time as `reg`.
            kinds.setdefault(net, f"{kind} {width}")
            if kind == "reg":
                kinds[net] = kinds[net].replace("output ", "output reg ")
    body = _DECLARED.sub(lambda m: "" if m[3] in module["ports"] else m[0], body)
    body = _REPEATED.sub(lambda m: f"{{{m[0].count(',') + 1}{{{m[1]}}}}}", body)
    unused = list(_unread(module))
    sink = _sink(unused) if unused else ""
    return f"module {name} (\n{_header(kinds, module, meanings)});\n{body}{sink}endmodule\n"


def _header(kinds: Mapping[str, str], module: Module, meanings: Mapping[str, str]) -> str:
    """The list of ports, one port per line."""
    names = list(module["ports"])
    lines = [f"  {kinds[name]}{name}{',' * (name != names[-1])}" for name in names]
    if meanings:
        width = max(map(len, lines))
        lines = [f"{line:<{width}}  // {meanings[n]}" for line, n in zip(lines, names, strict=True)]
    return "".join(f"{line}\n" for line in lines)


def _pruned(module: Module) -> dict[str, Any]:
    """The module with one name per bit.

    A bit of a port keeps the name of the port. Any other bit that a cell drives keeps the name of
    the widest wire with this bit. All other names are removed.
    """
    nets, seen = {}, set()
    ports = module["ports"]
    driven = _bits(module, "output")
    for name, net in module["netnames"].items():
        if name in ports:
            nets[name] = net
            seen.update(net["bits"])
    others = [(name, net) for name, net in module["netnames"].items() if name not in ports]
    for name, net in sorted(others, key=lambda item: -len(item[1]["bits"])):
        distinct = dict.fromkeys(net["bits"])
        bits = [bit for bit in distinct if bit in driven and bit not in seen]
        if bits:
            nets[name] = {**net, "bits": bits}
            seen.update(bits)
    order = {name: nets[name] for name in module["netnames"] if name in nets}
    return {**module, "netnames": order}


def _bits(module: Module, direction: str) -> set[Bit]:
    """Bits that cells drive (`output`) or that cells and output ports read (`input`)."""
    found: set[Bit] = set()
    for cell in module["cells"].values():
        for pin, bits in cell["connections"].items():
            if cell["port_directions"][pin] == direction:
                found.update(bits)
    if direction == "input":
        for port in module["ports"].values():
            if port["direction"] == "output":
                found.update(port["bits"])
    return found


def _unread(module: Module) -> Iterator[str]:
    """Bits of wires and inputs that nothing reads, as Verilog expressions."""
    read = _bits(module, "input")
    for name, net in module["netnames"].items():
        if name in module["ports"] and module["ports"][name]["direction"] == "output":
            continue
        places = [k for k, bit in enumerate(net["bits"]) if bit not in read]
        if len(places) == len(net["bits"]):
            yield name
            continue
        for low, high in runs(places):
            yield f"{name}[{low}]" if low == high else f"{name}[{high}:{low}]"


def _sink(unused: Sequence[str]) -> str:
    """A wire that reads all otherwise unread bits, so that linters accept them as intended."""
    terms = textwrap.wrap(", ".join(unused), _WIDTH - 10, break_long_words=False)
    joined = "\n    ".join(terms)
    return (
        "  // What no part of this module needs.\n"
        "  (* unused *) wire unused;\n"
        f"  assign unused = &{{1'b0,\n    {joined}}};\n"
    )
