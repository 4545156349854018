"""Multiplications in the hard multipliers of a target, with the registers inside them.

Before registers are placed, `in_parts` takes each multiplication apart. The parts are the wires to
a hard multiplier, its logic before the register in its middle, and its logic after that register.
Registers may then lie between the parts, at their true delays. Afterwards `closed` puts a
multiplication and the registers beside it into one module, in plain Verilog. The `mapped`
of the hard multiplier says which cell replaces that module.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any

from hwdse.hdl.netlist import Bit, output_pin
from hwdse.hdl.targets.multiplier import (
    MULTIPLY,
    OPERANDS,
    PRODUCT,
    HardMultiplier,
    RegisteredMultiplier,
)

Module = Mapping[str, Any]

_LEAST_BITS = 2


def in_parts(module: Module, hard: HardMultiplier) -> Module:
    """The netlist with each multiplication in parts that registers may lie between.

    A multiplication stays whole if it is wider than the hard multiplier, or so narrow
    that synthesis builds it from gates.
    """
    cells: dict[str, Any] = {}
    nets = dict(module["netnames"])
    fresh = _fresh(module)
    for name, cell in module["cells"].items():
        pins = cell["connections"]
        if cell["type"] != "$mul" or not _fits(pins, hard):
            cells[name] = cell
            continue
        sources = list(dict.fromkeys(b for b in (*pins["A"], *pins["B"]) if isinstance(b, int)))
        inner = [next(fresh) for _ in sources]
        raw = [next(fresh) for _ in pins["Y"]]
        moved: dict[Bit, Bit] = dict(zip(sources, inner, strict=True))
        cells[_part(name, "operands")] = _wires(OPERANDS, sources, inner)
        cells[name] = {
            **cell,
            "type": MULTIPLY,
            "connections": {
                **{pin: [moved.get(bit, bit) for bit in pins[pin]] for pin in "AB"},
                "Y": raw,
            },
        }
        cells[_part(name, "product")] = _wires(PRODUCT, raw, pins["Y"])
        for what, bits in (("operands", inner), ("product", raw)):
            nets[_part(name, what)] = {"hide_name": 1, "bits": bits, "attributes": {}}
    return {**module, "cells": cells, "netnames": nets}


def _fresh(module: Module) -> Iterator[int]:
    """Numbers of bits that the module does not have."""
    nets = module["netnames"].values()
    return count(1 + max(bit for net in nets for bit in net["bits"] if isinstance(bit, int)))


def _fits(pins: Mapping[str, Sequence[Bit]], hard: HardMultiplier) -> bool:
    widths = [len(pins[pin]) for pin in "AB"]
    variable = all(any(isinstance(bit, int) for bit in pins[pin]) for pin in "AB")
    most = hard.max_bits
    narrow = max(widths) <= most and len(pins["Y"]) <= 2 * most
    return variable and narrow and min(widths) >= _LEAST_BITS


def _part(name: str, what: str) -> str:
    return f"{name}${what}"


def _wires(kind: str, source: Sequence[Bit], sink: Sequence[Bit]) -> dict[str, Any]:
    return {
        "hide_name": 1,
        "type": kind,
        "parameters": {},
        "attributes": {},
        "port_directions": {"A": "input", "Y": "output"},
        "connections": {"A": list(source), "Y": list(sink)},
    }


def joined(module: Module) -> Module:
    """The netlist with every multiplication in one piece again, registers beside it."""
    return _without_wires({**module, "cells": dict(module["cells"])})


def closed(module: Module) -> tuple[Module, dict[str, RegisteredMultiplier]]:
    """The netlist with modules for multiplications that registers lie beside.

    Returns:
        The netlist, and each type of its new cells with the multiplier that it is.
    """
    cells = dict(module["cells"])
    nets = dict(module["netnames"])
    readers, fresh = _readers(module), _fresh(module)
    kinds: dict[str, RegisteredMultiplier] = {}
    clock = module["ports"].get("clk", {"bits": []})["bits"]
    for name, cell in module["cells"].items():
        if cell["type"] != MULTIPLY:
            continue
        before = _chain(module, readers, module["cells"][_part(name, "operands")])
        inside = _chain(module, readers, cell)
        behind = _chain(module, readers, module["cells"][_part(name, "product")])
        # What is behind the multiplication is the same value wherever its registers lie. One
        # register is best at the end, where it takes the wires from the product as well.
        taken_inside = inside[:2]
        taken_behind = behind[: 2 - len(taken_inside)]
        if not (before or taken_inside or taken_behind):
            continue
        pins = cell["connections"]
        a, b = pins["A"], pins["B"]
        if before:
            last = module["cells"][before[-1]]["connections"]
            earlier = dict(zip(last["Q"], last["D"], strict=True))
            a, b = ([earlier.get(bit, bit) for bit in word] for word in (a, b))
        y: list[Bit] = list(pins["Y"])
        for register in taken_inside:
            y = _behind(y, module["cells"][register], fresh)
        if taken_behind:
            # All registers inside are taken as well: nothing else reads what comes after them.
            wires = cells.pop(_part(name, "product"))["connections"]
            y = [dict(zip(wires["A"], wires["Y"], strict=True))[bit] for bit in y]
            for register in taken_behind:
                y = _behind(y, module["cells"][register], fresh)
        ranks = len(taken_inside) + len(taken_behind)
        kind = RegisteredMultiplier(
            a_bits=len(a),
            b_bits=len(b),
            product_bits=len(y),
            signed=bool(int(cell["parameters"]["A_SIGNED"], 2)),
            operands=bool(before),
            middle=ranks > 1,
            product=ranks > 0,
        )
        kinds[kind.name] = kind
        for register in (*before[-1:], *taken_inside, *taken_behind):
            del cells[register]
        directions = {"clk": "input", "a": "input", "b": "input", "y": "output"}
        cells[name] = {
            **cell,
            "type": kind.name,
            "parameters": {},
            "port_directions": directions,
            "connections": {"clk": clock, "a": a, "b": b, "y": y},
        }
        nets[_part(name, "held")] = {"hide_name": 1, "bits": y, "attributes": {}}
    return _without_wires({**module, "cells": cells, "netnames": nets}), kinds


def module_of(kind: RegisteredMultiplier) -> dict[str, Any]:
    """The module of a multiplication with its registers, in the schema of Yosys's `write_json`."""
    numbers = iter(range(2, 1 << 20))

    def word(width: int) -> list[int]:
        return [next(numbers) for _ in range(width)]

    cells: dict[str, Any] = {}
    nets: dict[str, list[int]] = {"clk": word(1), "a": word(kind.a_bits), "b": word(kind.b_bits)}

    def register(source: list[int], name: str) -> list[int]:
        nets[name] = word(len(source))
        connections = {"CLK": nets["clk"], "D": source, "Q": nets[name]}
        width = f"{len(source):032b}"
        parameters = {"CLK_POLARITY": "1", "WIDTH": width}
        cells[f"${name}"] = _cell("$dff", parameters, connections, "Q")
        return nets[name]

    a, b = nets["a"], nets["b"]
    if kind.operands:
        a, b = register(a, "held_a"), register(b, "held_b")
    y = nets["product_now" if kind.product else "y"] = word(kind.product_bits)
    parameters = {
        **{f"{pin}_SIGNED": f"{int(kind.signed):032b}" for pin in "AB"},
        **{f"{pin}_WIDTH": f"{len(bits):032b}" for pin, bits in (("A", a), ("B", b), ("Y", y))},
    }
    cells["$mul"] = _cell("$mul", parameters, {"A": a, "B": b, "Y": y}, "Y")
    if kind.middle:
        y = register(y, "product_middle")
    if kind.product:
        register(y, "y")
    ports = {"clk": "input", "a": "input", "b": "input", "y": "output"}
    return {
        "attributes": {},
        "ports": {name: {"direction": way, "bits": nets[name]} for name, way in ports.items()},
        "cells": cells,
        "netnames": {
            name: {"hide_name": 0, "bits": bits, "attributes": {}} for name, bits in nets.items()
        },
    }


def _cell(
    kind: str, parameters: dict[str, str], connections: dict[str, list[int]], output: str
) -> dict[str, Any]:
    return {
        "hide_name": 1,
        "type": kind,
        "parameters": parameters,
        "attributes": {},
        "port_directions": {pin: "output" if pin == output else "input" for pin in connections},
        "connections": connections,
    }


def _readers(module: Module) -> dict[Bit, list[str]]:
    """Names of the cells that read each bit; "" for an output of the module."""
    found: dict[Bit, list[str]] = {}
    for name, cell in module["cells"].items():
        for pin, bits in cell["connections"].items():
            if pin != output_pin(cell):
                for bit in bits:
                    found.setdefault(bit, []).append(name)
    for port in module["ports"].values():
        if port["direction"] == "output":
            for bit in port["bits"]:
                found.setdefault(bit, []).append("")
    return found


def _chain(module: Module, readers: Mapping[Bit, list[str]], cell: Mapping[str, Any]) -> list[str]:
    """Registers in a row behind a cell, as long as nothing but the next one reads its output."""
    chain: list[str] = []
    while True:
        bits = cell["connections"][output_pin(cell)]
        names = {name for bit in bits for name in readers.get(bit, ())}
        if len(names) != 1:
            return chain
        (name,) = names
        if not name or module["cells"][name]["type"] != "$dff":
            return chain
        cell = module["cells"][name]
        chain.append(name)


def _behind(word: Sequence[Bit], register: Mapping[str, Any], fresh: Iterator[int]) -> list[Bit]:
    """A word behind a register; bits that nothing reads, and it leaves out, become new ones."""
    pins = register["connections"]
    held = dict(zip(pins["D"], pins["Q"], strict=True))
    return [held[bit] if bit in held else next(fresh) for bit in word]


def _without_wires(module: Module) -> Module:
    """The netlist without the cells that only stand for wires."""
    same: dict[Bit, Bit] = {}
    cells = {}
    for name, cell in module["cells"].items():
        if cell["type"] in (OPERANDS, PRODUCT):
            pins = cell["connections"]
            same.update(zip(pins["Y"], pins["A"], strict=True))
        else:
            cells[name] = {**cell, "type": "$mul"} if cell["type"] == MULTIPLY else cell

    def real(bits: Sequence[Bit]) -> list[Bit]:
        return [same.get(bit, bit) for bit in bits]

    return {
        **module,
        "ports": {n: {**port, "bits": real(port["bits"])} for n, port in module["ports"].items()},
        "cells": {
            name: {
                **cell,
                "connections": {pin: real(bits) for pin, bits in cell["connections"].items()},
            }
            for name, cell in cells.items()
        },
        "netnames": {
            name: {**net, "bits": real(net["bits"])} for name, net in module["netnames"].items()
        },
    }
