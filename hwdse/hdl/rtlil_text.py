"""Writes a netlist as RTLIL text, which the pinned Yosys can read.

This Yosys cannot read its own JSON netlists.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hwdse.hdl.netlist import Bit

_INTEGER_BITS = 32

Place = tuple[str, int]
"""A bit: the name of a wire, and the position of the bit in this wire."""


def rtlil_text(name: str, module: Mapping[str, Any]) -> str:
    """RTLIL of one module in the schema of Yosys's `write_json`, without attributes."""
    places: dict[int, Place] = {}
    widths: dict[str, int] = {}
    aliases = []
    lines = [f"module \\{name}"]
    ports = {port: number for number, port in enumerate(module["ports"], 1)}
    # The name of a bit comes from an input if possible, else from an output, else from another wire
    # with a public name.
    rank = {"input": 0, "output": 1, "": 2}
    order = sorted(
        module["netnames"].items(),
        key=lambda item: (
            rank[module["ports"][item[0]]["direction"] if item[0] in ports else ""],
            item[1]["hide_name"],
        ),
    )
    for plain, net in order:
        wire = plain if net["hide_name"] else f"\\{plain}"
        direction = module["ports"][plain]["direction"] if plain in ports else ""
        port = f"{direction} {ports[plain]} " if direction else ""
        lines.append(f"  wire width {len(net['bits'])} {port}{wire}")
        widths[wire] = len(net["bits"])
        free = all(isinstance(bit, int) and bit not in places for bit in net["bits"])
        if free and len(set(net["bits"])) == len(net["bits"]):
            places.update({bit: (wire, k) for k, bit in enumerate(net["bits"])})
        else:
            aliases.append((wire, net["bits"]))
    for wire, bits in aliases:
        for k, bit in enumerate(bits):
            if isinstance(bit, int):
                places.setdefault(bit, (wire, k))
    for memory, facts in module.get("memories", {}).items():
        called = memory if facts["hide_name"] else f"\\{memory}"
        lines.append(f"  memory width {facts['width']} size {facts['size']} {called}")
    for cell, facts in module["cells"].items():
        lines += _cell(cell, facts, places, widths)
    for wire, bits in aliases:
        other = [not isinstance(bit, int) or places[bit] != (wire, k) for k, bit in enumerate(bits)]
        for low, high in runs([k for k, differs in enumerate(other) if differs]):
            joined = _sigspec(bits[low : high + 1], places, widths)
            lines.append(f"  connect {_term(wire, low, high, widths)} {joined}")
    return "\n".join([*lines, "end", ""])


def runs(places: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The first and last place of each run of consecutive places. `places` are in rising order."""
    start = 0
    for k in range(1, len(places) + 1):
        if k == len(places) or places[k] != places[k - 1] + 1:
            yield places[start], places[k - 1]
            start = k


def _cell(
    name: str, cell: Mapping[str, Any], places: Mapping[int, Place], widths: Mapping[str, int]
) -> Iterator[str]:
    kind = cell["type"] if cell["type"].startswith("$") else f"\\{cell['type']}"
    yield f"  cell {kind} {name if cell['hide_name'] else f'{chr(92)}{name}'}"
    for parameter, value in cell["parameters"].items():
        yield f"    parameter \\{parameter} {_constant(value)}"
    for pin, bits in cell["connections"].items():
        yield f"    connect \\{pin} {_sigspec(bits, places, widths)}"
    yield "  end"


def _constant(value: str) -> str:
    if set(value) <= set("01xz"):
        whole = len(value) == _INTEGER_BITS and set(value) <= set("01")
        return str(int(value, 2)) if whole else f"{len(value)}'{value}"
    # In the JSON, a text that looks like a number ends in an additional space.
    text = value.removesuffix(" ") if set(value.rstrip()) <= set("01xz") else value
    return '"' + text.replace("\\", "\\\\") + '"'


def _sigspec(bits: Sequence[Bit], places: Mapping[int, Place], widths: Mapping[str, int]) -> str:
    """The shortest concatenation of wires and constants for some bits, lowest bit first."""
    terms: list[tuple[str, int, int]] = []
    for bit in bits:
        wire, position = ("", 0) if isinstance(bit, str) else places[bit]
        if terms:
            last, low, high = terms[-1]
            if not wire and not last.startswith(("\\", "$")):
                terms[-1] = (str(bit) + last, 0, high + 1)
                continue
            if wire == last and position == high + 1:
                terms[-1] = (last, low, position)
                continue
        terms.append((wire, position, position) if wire else (str(bit), 0, 0))
    texts = [_term(*term, widths) for term in reversed(terms)]
    return texts[0] if len(texts) == 1 else "{ " + " ".join(texts) + " }"


def _term(name: str, low: int, high: int, widths: Mapping[str, int]) -> str:
    if not name.startswith(("\\", "$")):
        return f"{len(name)}'{name}"
    if low == 0 and high == widths[name] - 1:
        return name
    return f"{name} [{low}]" if low == high else f"{name} [{high}:{low}]"
