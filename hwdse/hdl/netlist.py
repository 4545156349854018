"""Reads a flat word-level netlist as a list of nodes with inputs, outputs and delays.

The netlist is a module in the schema of Yosys's `write_json`: bits are numbers, and constants are
the strings "0", "1", "x". The delays of cells come from a target (`hwdse.hdl.targets`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hwdse.errors import ToolError
from hwdse.hdl.targets import CellTiming, Target
from hwdse.hdl.targets.target import CHAINS, GATES

Bit = int | str


@dataclass(frozen=True, kw_only=True)
class Node:
    """A cell, a register word, or a port.

    Attributes:
        name: name of the cell or port.
        kind: `input`, `output`, `cell` or `register`.
        inputs: bits that the node waits for, each once. Constants are left out, and so are bits
            that depend only on reset and constants.
        outputs: bits that the node drives.
        timing: delays of a cell; None for other kinds.
    """

    name: str
    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    timing: CellTiming | None = None


_OUTPUT_PINS = {"$dff": "Q", "$memrd_v2": "DATA"}
_UNTIMED = frozenset({"$meminit", "$meminit_v2"})


def read_nodes(module: Mapping[str, Any], target: Target, reset: str = "rst") -> list[Node]:
    """Nodes of a module: first the inputs, then cells and registers, then the outputs.

    Within these three parts, the nodes have the order of the module. Clock and reset are not part
    of the graph, because they reach every stage in every cycle.

    Args:
        module: flat netlist.
        target: target whose delay laws give the delays of cells.
        reset: name of the reset port.

    Raises:
        ToolError: a cell has no delay law.
    """
    timeless = _timeless(module, reset)
    chained = _chained(module)

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
        inputs = timed(input_bits(cell))
        timing = _timing(cell, timeless, chained, target)
        nodes.append(Node(name=name, kind="cell", inputs=inputs, outputs=outputs, timing=timing))
    nodes += [
        Node(name=name, kind="output", inputs=timed(port["bits"]), outputs=())
        for name, port in module["ports"].items()
        if port["direction"] == "output"
    ]
    return nodes


def output_pin(cell: Mapping[str, Any]) -> str:
    """Name of the output pin of a cell that has one output."""
    return _OUTPUT_PINS.get(cell["type"], "Y")


def output_bits(cell: Mapping[str, Any]) -> list[int]:
    """The bits that a cell drives.

    Raises:
        ToolError: the cell lacks the output pin, such as a memory with write ports.
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
    """The bits of clock and reset, and all bits that depend only on clock, reset and constants."""
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


def _chained(module: Mapping[str, Any]) -> set[Bit]:
    """Bits that adders, comparisons or multiplications read."""
    cells = (cell for cell in module["cells"].values() if cell["type"] in CHAINS)
    return {bit for cell in cells for bit in input_bits(cell)}


def _timing(
    cell: Mapping[str, Any], timeless: set[int], chained: set[Bit], target: Target
) -> CellTiming:
    """Delays of a cell, by the delay laws of the target.

    A gate gets an additional delay if a chain reads the output of the gate (`into_chain_ps`).
    """
    pins = {
        name: tuple(b if isinstance(b, int) and b not in timeless else None for b in bits)
        for name, bits in cell["connections"].items()
    }
    timing = target.timing(cell, pins, output_pin(cell))
    late = target.into_chain_ps() if cell["type"] in GATES else 0
    if not late:
        return timing
    outputs = cell["connections"][output_pin(cell)]
    # A gate with a constant operand is only a wire and has no delay.
    delays = (
        delay + late if delay and bit in chained else delay
        for bit, delay in zip(outputs, timing.delays, strict=True)
    )
    return replace(timing, delays=tuple(delays))
