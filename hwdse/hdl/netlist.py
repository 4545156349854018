"""A flat word-level netlist as a graph: cells, what drives each bit, and what each bit's delay is.

The netlist is a module in the schema of Yosys's `write_json`: bits are numbers, constants the
strings "0", "1", "x". Cell delays are those of the cost model's primitives, so that pipeline
registers are placed by the delays that the cost model states.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from hwdse.errors import ToolError
from hwdse.primitives import Technology, load_technology
from hwdse.primitives.primitive import (
    Adder,
    Gates,
    Incrementer,
    Multiplier,
    Mux,
    Primitive,
    Reduce,
    Shifter,
    Table,
)

Bit = int | str
PLACEMENT_TECHNOLOGY = "nangate45"
"""Whose delays place the registers: one, so that a design has one Verilog text."""


@dataclass(frozen=True, kw_only=True)
class CellTiming:
    """When the output bits of a cell are ready, in ps after its input bits.

    Output bit i waits for `columns[i]` and for `common`, and takes `delays[i]`; with a `step` it
    also waits for the output bit below it and so much longer (a carry chain).

    Attributes:
        columns: input bits by place.
        common: input bits that every output bit waits for.
        delays: by place.
        step: of a carry chain; None if there is none.
        last_only: the one output bit is the last of the chain, as in a comparison.
    """

    columns: tuple[tuple[int, ...], ...]
    common: tuple[int, ...]
    delays: tuple[int, ...]
    step: int | None = None
    last_only: bool = False


@dataclass(frozen=True, kw_only=True)
class Node:
    """A cell, a register word, or a port.

    Attributes:
        name: of the cell or port.
        kind: `input`, `output`, `cell` or `register`.
        inputs: bits it waits for, each once; no constants and nothing that only reset decides.
        outputs: bits it drives.
        timing: of a cell.
    """

    name: str
    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    timing: CellTiming | None = None


_OUTPUT_PINS = {"$dff": "Q", "$memrd_v2": "DATA"}
_UNTIMED = frozenset({"$meminit", "$meminit_v2"})
_FREE = frozenset({"$pos", "$not"})


def read_nodes(module: Mapping[str, Any], reset: str = "rst") -> list[Node]:
    """Nodes of a module: inputs, cells with registers, outputs; in the module's order.

    Clock and reset are not part of the graph: they reach every stage in every cycle.

    Raises:
        ToolError: a cell of a kind that has no delay law here.
    """
    timeless = _timeless(module, reset)

    def timed(bits: Sequence[Bit]) -> tuple[int, ...]:
        return tuple(dict.fromkeys(b for b in bits if isinstance(b, int) and b not in timeless))

    nodes = [
        Node(name=name, kind="input", inputs=(), outputs=timed(port["bits"]))
        for name, port in module["ports"].items()
        if port["direction"] == "input" and timed(port["bits"])
    ]
    for name, cell in module["cells"].items():
        if cell["type"] in _UNTIMED:
            continue
        outputs = tuple(b for b in output_bits(cell) if b not in timeless)
        if not outputs:
            continue
        if cell["type"] == "$dff":
            data = timed(cell["connections"]["D"])
            nodes.append(Node(name=name, kind="register", inputs=data, outputs=outputs))
            continue
        inputs, timing = timed(input_bits(cell)), _timing(cell, timeless)
        nodes.append(Node(name=name, kind="cell", inputs=inputs, outputs=outputs, timing=timing))
    nodes += [
        Node(name=name, kind="output", inputs=timed(port["bits"]), outputs=())
        for name, port in module["ports"].items()
        if port["direction"] == "output"
    ]
    return nodes


def output_pin(cell: Mapping[str, Any]) -> str:
    """Name of the one output of a cell."""
    return _OUTPUT_PINS.get(cell["type"], "Y")


def output_bits(cell: Mapping[str, Any]) -> list[int]:
    """The bits that a cell drives.

    Raises:
        ToolError: a cell of several outputs, such as a memory that is written.
    """
    pin = output_pin(cell)
    if pin not in cell["connections"]:
        raise ToolError(
            f"no delay law for cells {cell['type']}: registers are placed around logic, registers "
            "and read-only memories"
        )
    return [bit for bit in cell["connections"][pin] if isinstance(bit, int)]


def input_bits(cell: Mapping[str, Any]) -> list[Bit]:
    """The bits that a cell reads."""
    pin = output_pin(cell)
    return [bit for name, bits in cell["connections"].items() if name != pin for bit in bits]


def _timeless(module: Mapping[str, Any], reset: str) -> set[int]:
    """Clock, reset, and what follows from reset and constants alone."""
    ports = module["ports"]
    found = {b for name in ("clk", reset) if name in ports for b in ports[name]["bits"]}
    cells = [c for c in module["cells"].values() if c["type"] not in {"$dff", *_UNTIMED}]
    grown = True
    while grown:
        grown = False
        for cell in cells:
            outputs = output_bits(cell)
            known = all(isinstance(b, str) or b in found for b in input_bits(cell))
            if known and not found.issuperset(outputs):
                found.update(outputs)
                grown = True
    return found


@cache
def _delay_ps(primitive: Primitive) -> int:
    """Whole picoseconds, so that comparisons are exact on every machine."""
    return round(1000 * _technology().cost(primitive, "delay_ns"))


@cache
def _technology() -> Technology:
    return load_technology(PLACEMENT_TECHNOLOGY)


def _timing(cell: Mapping[str, Any], timeless: set[int]) -> CellTiming:
    """Delays of a cell by its kind."""
    kind = cell["type"]
    try:
        rule = _RULES[kind]
    except KeyError:
        raise ToolError(f"no delay law for cells {kind}: pipelining cannot place {cell}") from None
    pins = {
        name: tuple(b if isinstance(b, int) and b not in timeless else None for b in bits)
        for name, bits in cell["connections"].items()
    }
    return rule(cell, pins)


_Pins = Mapping[str, tuple[int | None, ...]]


def _real(bits: tuple[int | None, ...]) -> tuple[int, ...]:
    return tuple(bit for bit in bits if bit is not None)


def _columns(width: int, *words: tuple[int | None, ...]) -> list[tuple[int, ...]]:
    """Bits of the words by place; the top bit of a shorter word is repeated, as if extended."""
    return [_real(tuple(w[min(i, len(w) - 1)] for w in words if w)) for i in range(width)]


def _arithmetic(cell: Mapping[str, Any], pins: _Pins) -> CellTiming:
    a, b = pins["A"], pins.get("B", ())
    width = len(cell["connections"]["Y"])
    return _chain(_columns(width, a, b), two=bool(_real(a) and _real(b)))


def _comparison(_cell: Mapping[str, Any], pins: _Pins) -> CellTiming:
    a, b = pins["A"], pins["B"]
    columns = _columns(max(len(a), len(b)), a, b)
    return _chain(columns, two=bool(_real(a) and _real(b)), last_only=True)


def _chain(columns: list[tuple[int, ...]], *, two: bool, last_only: bool = False) -> CellTiming:
    law = Adder if two else Incrementer
    width = len(columns)
    whole, first = _delay_ps(law(width=width)), _delay_ps(law(width=1))
    step = max(whole - first, 0) // (width - 1) if width > 1 else 0
    return CellTiming(
        columns=tuple(columns),
        common=(),
        delays=(first,) * width,
        step=step,
        last_only=last_only,
    )


def _gates(cell: Mapping[str, Any], pins: _Pins) -> CellTiming:
    columns = _columns(len(cell["connections"]["Y"]), pins["A"], pins.get("B", ()))
    delay = 0 if cell["type"] in _FREE else _delay_ps(Gates(width=1))
    # A gate with a constant is a wire.
    delays = tuple(delay if len(column) > 1 else 0 for column in columns)
    return CellTiming(columns=tuple(columns), common=(), delays=delays)


def _mux(cell: Mapping[str, Any], pins: _Pins) -> CellTiming:
    width = len(cell["connections"]["Y"])
    words = len(pins["B"]) // width
    delay = _delay_ps(Mux(width=width, ways=words + 1))
    branches = [pins["B"][k * width : (k + 1) * width] for k in range(words)]
    return CellTiming(
        columns=tuple(_columns(width, pins["A"], *branches)),
        common=_real(pins["S"]),
        delays=(delay,) * width,
    )


def _word(
    primitives: Callable[[Mapping[str, Any], _Pins], tuple[Primitive, ...]],
) -> Callable[[Mapping[str, Any], _Pins], CellTiming]:
    """Every output bit waits for every input bit, through primitives in series."""

    def rule(cell: Mapping[str, Any], pins: _Pins) -> CellTiming:
        width = len(cell["connections"][output_pin(cell)])
        out = output_pin(cell)
        common = tuple(b for name, bits in pins.items() if name != out for b in _real(bits))
        delay = sum(map(_delay_ps, primitives(cell, pins)))
        return CellTiming(columns=((),) * width, common=common, delays=(delay,) * width)

    return rule


def _equality(_cell: Mapping[str, Any], pins: _Pins) -> tuple[Primitive, ...]:
    width = max(len(pins["A"]), len(pins["B"]))
    gates = Gates(width=width if _real(pins["A"]) and _real(pins["B"]) else 0)
    return gates, Reduce(width=width)


def _reduction(_cell: Mapping[str, Any], pins: _Pins) -> tuple[Primitive, ...]:
    return (Reduce(width=len(pins["A"])),)


def _logic(_cell: Mapping[str, Any], pins: _Pins) -> tuple[Primitive, ...]:
    return Reduce(width=max(len(pins["A"]), len(pins["B"]))), Gates(width=1)


def _product(cell: Mapping[str, Any], pins: _Pins) -> tuple[Primitive, ...]:
    signed = bool(int(cell["parameters"]["A_SIGNED"], 2))
    return (Multiplier(a_bits=len(pins["A"]), b_bits=len(pins["B"]), signed=signed),)


def _shift(cell: Mapping[str, Any], pins: _Pins) -> tuple[Primitive, ...]:
    width = len(cell["connections"]["Y"])
    amount = min(len(_real(pins["B"])), 10)
    return (Shifter(width=width, max_shift=(1 << amount) - 1, input_width=len(pins["A"])),)


def _table(cell: Mapping[str, Any], pins: _Pins) -> tuple[Primitive, ...]:
    return (
        Table(address_bits=len(_real(pins["ADDR"])), data_bits=len(cell["connections"]["DATA"])),
    )


def _selection(cell: Mapping[str, Any], pins: _Pins) -> tuple[Primitive, ...]:
    return (Mux(width=len(cell["connections"]["Y"]), ways=1 << len(_real(pins["S"]))),)


_RULES: dict[str, Callable[[Mapping[str, Any], _Pins], CellTiming]] = {
    **dict.fromkeys(("$add", "$sub", "$neg"), _arithmetic),
    **dict.fromkeys(("$lt", "$le", "$gt", "$ge"), _comparison),
    **dict.fromkeys(("$and", "$or", "$xor", "$xnor", *sorted(_FREE)), _gates),
    **dict.fromkeys(("$mux", "$pmux"), _mux),
    **dict.fromkeys(("$eq", "$ne", "$eqx", "$nex"), _word(_equality)),
    **dict.fromkeys(
        ("$reduce_and", "$reduce_or", "$reduce_xor", "$reduce_bool", "$logic_not"),
        _word(_reduction),
    ),
    **dict.fromkeys(("$logic_and", "$logic_or"), _word(_logic)),
    **dict.fromkeys(("$shl", "$shr", "$sshl", "$sshr", "$shift", "$shiftx"), _word(_shift)),
    "$mul": _word(_product),
    "$memrd_v2": _word(_table),
    "$bmux": _word(_selection),
}
