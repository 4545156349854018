"""A flat word-level netlist as a graph: cells, what drives each bit, and what each bit's delay is.

The netlist is a module in the schema of Yosys's `write_json`: bits are numbers, constants the
strings "0", "1", "x". Cell delays are those of a target (`hwdse.hdl.targets`).
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


def read_nodes(module: Mapping[str, Any], target: Target, reset: str = "rst") -> list[Node]:
    """Nodes of a module: inputs, cells with registers, outputs; in the module's order.

    Clock and reset are not part of the graph: they reach every stage in every cycle.

    Raises:
        ToolError: a cell of a kind that has no delay law here.
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


def _chained(module: Mapping[str, Any]) -> set[Bit]:
    """Bits that adders, comparisons or multiplications read."""
    cells = (cell for cell in module["cells"].values() if cell["type"] in CHAINS)
    return {bit for cell in cells for bit in input_bits(cell)}


def _timing(
    cell: Mapping[str, Any], timeless: set[int], chained: set[Bit], target: Target
) -> CellTiming:
    """Delays of a cell by its kind."""
    pins = {
        name: tuple(b if isinstance(b, int) and b not in timeless else None for b in bits)
        for name, bits in cell["connections"].items()
    }
    timing = target.timing(cell, pins, output_pin(cell))
    late = target.into_chain_ps() if cell["type"] in GATES else 0
    if not late:
        return timing
    outputs = cell["connections"][output_pin(cell)]
    # A gate with a constant is a wire.
    delays = (
        delay + late if delay and bit in chained else delay
        for bit, delay in zip(outputs, timing.delays, strict=True)
    )
    return replace(timing, delays=tuple(delays))
