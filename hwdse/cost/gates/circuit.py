"""A mapped netlist as arrays, for static timing and for event simulation.

Each output of a combinational cell is one gate. A gate has input pins, a truth table, delays and
energies. Gates of the same cell and output share a `Kind`, which holds everything that does not
depend on the nets. Flip-flops are kept apart: they only start and end paths.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hwdse.cost.liberty import Cell, Library, WireLoad
from hwdse.errors import ToolError

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

MAX_INPUTS = 10
"""Most input pins of a cell: a truth table has 2**10 bits."""


class GateArrays(NamedTuple):
    """The gates of a circuit, for compiled code; see `MappedNetlist`."""

    order: Ints
    kind: Ints
    pins: Ints
    output: Ints
    load_ff: Floats


@dataclass(frozen=True, kw_only=True, eq=False)
class Kind:
    """One output of a combinational cell.

    Attributes:
        cell: the cell.
        output: name of the output pin.
        inputs: names of all input pins of the cell; bit i of a state is the value of pin i.
    """

    cell: Cell
    output: str

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of all input pins of the cell; bit i of a state is the value of pin i."""
        return self.cell.inputs


@dataclass(frozen=True, kw_only=True, eq=False)
class FlipFlopInstance:
    """A flip-flop of a netlist.

    Attributes:
        cell: the cell.
        inputs: net of each input pin, in the order of `cell.inputs`.
        outputs: net by output pin.
    """

    cell: Cell
    inputs: tuple[int, ...]
    outputs: dict[str, int]

    def net_of(self, pin: str) -> int:
        """Net of an input pin."""
        return self.inputs[self.cell.inputs.index(pin)]

    @property
    def output(self) -> tuple[int, bool]:
        """Net of the first connected output, and whether it is the inverted state."""
        assert self.cell.flip_flop is not None
        for name, net in self.outputs.items():
            state = self.cell.words[self.cell.flip_flop.state[0]]
            return net, self.cell.words[name] != state
        return -1, False


class MappedNetlist:
    """A flat netlist of library cells.

    Net 0 is constant 0 and net 1 is constant 1.

    Attributes:
        library: the cell library.
        wires: the model of the wires.
        ports: nets by port name, lowest bit first.
        inputs: names of the input ports.
        kinds: the kinds of gates that occur.
        kind_of: shape (gates,): place in `kinds`.
        pins: shape (gates, most inputs): net of each input pin; 0 beyond the last pin.
        output_of: shape (gates,): net of the output.
        order: gates in an order in which every gate comes after its drivers.
        flip_flops: the flip-flops.
        load_ff: shape (nets,): capacitance of the wire and the driven pins.
        fanout: shape (nets,): number of driven pins, and 1 for an output port.
        leakage_nw: leakage of all cells.
        area_um2: area of all cells.

    Raises:
        ToolError: a cell is not in the library, has no function or too many inputs, or the netlist
            contains a combinational loop.
    """

    def __init__(
        self, netlist: Mapping[str, Any], library: Library, wires: WireLoad | None = None
    ) -> None:
        self.library = library
        self._nets: dict[int, int] = {}
        self.ports = {
            name: tuple(self.net(bit) for bit in port["bits"])
            for name, port in netlist["ports"].items()
        }
        self.inputs: list[str] = [
            n for n, port in netlist["ports"].items() if port["direction"] == "input"
        ]
        self.kinds: list[Kind] = []
        self.flip_flops: list[FlipFlopInstance] = []
        self.area_um2 = self.leakage_nw = 0.0
        self._gates: list[tuple[int, tuple[int, ...], int]] = []
        self._sinks: list[tuple[int, float]] = []
        self._by_kind: dict[tuple[str, str], int] = {}
        for instance in netlist["cells"].values():
            self._add(instance)
        self.wires = library.wires(self.area_um2) if wires is None else wires
        self._arrange()
        self._measure_loads()

    @property
    def nets(self) -> int:
        """Number of nets, the two constants among them."""
        return len(self.load_ff)

    @property
    def arrays(self) -> GateArrays:
        """The gates for compiled code."""
        return GateArrays(self.order, self.kind_of, self.pins, self.output_of, self.load_ff)

    def port_bits(self, names: Sequence[str]) -> list[int]:
        """Nets of some ports, lowest bit of the first port first."""
        return [net for name in names for net in self.ports[name]]

    @cached_property
    def clock(self) -> str:
        """Name of the clock port; empty for combinational circuits."""
        if not self.flip_flops:
            return ""
        first = self.flip_flops[0]
        assert first.cell.flip_flop is not None
        net = first.net_of(first.cell.flip_flop.clock)
        for name in self.inputs:
            if net in self.ports[name]:
                return name
        raise ToolError(
            "the clock of the flip-flops is not an input port: only one clock without gates works"
        )

    def net(self, bit: int | str) -> int:
        """Number of the net of a bit of the netlist; an unknown or floating bit is taken for 0."""
        if isinstance(bit, str):
            return int(bit == "1")
        return self._nets.setdefault(bit, len(self._nets) + 2)

    def _add(self, instance: Mapping[str, Any]) -> None:
        cell = self.library.cells.get(instance["type"])
        if cell is None:
            raise ToolError(f"cell {instance['type']} is not in library {self.library.name}")
        if len(cell.inputs) > MAX_INPUTS:
            raise ToolError(
                f"cell {cell.name} has {len(cell.inputs)} inputs: at most {MAX_INPUTS} work"
            )
        wires = {pin: self.net(bits[0]) for pin, bits in instance["connections"].items() if bits}
        inputs = tuple(wires.get(name, 0) for name in cell.inputs)
        self.area_um2 += cell.area_um2
        self.leakage_nw += cell.leakage_nw
        for name, net in zip(cell.inputs, inputs, strict=True):
            self._sinks.append((net, cell.pins[name].capacitance_ff))
        outputs = {name: wires[name] for name in cell.outputs if name in wires}
        if cell.flip_flop is not None:
            self.flip_flops.append(FlipFlopInstance(cell=cell, inputs=inputs, outputs=outputs))
            return
        if not cell.outputs:
            raise ToolError(f"cell {cell.name} of library {self.library.name} has no function")
        for name, net in outputs.items():
            key = (cell.name, name)
            if key not in self._by_kind:
                self._by_kind[key] = len(self.kinds)
                self.kinds.append(Kind(cell=cell, output=name))
            self._gates.append((self._by_kind[key], inputs, net))

    def _arrange(self) -> None:
        most = max((len(inputs) for _, inputs, _ in self._gates), default=1)
        self.kind_of = np.array([kind for kind, _, _ in self._gates], np.int64)
        self.pins = np.zeros((len(self._gates), most), np.int64)
        for gate, (_, inputs, _) in enumerate(self._gates):
            self.pins[gate, : len(inputs)] = inputs
        self.output_of = np.array([net for _, _, net in self._gates], np.int64)
        driver = {net: gate for gate, (_, _, net) in enumerate(self._gates)}
        graph = {
            gate: [driver[net] for net in inputs if net in driver]
            for gate, (_, inputs, _) in enumerate(self._gates)
        }
        try:
            self.order = np.array(list(TopologicalSorter(graph).static_order()), np.int64)
        except CycleError as error:
            raise ToolError("the netlist contains a combinational loop") from error

    def _measure_loads(self) -> None:
        count = len(self._nets) + 2
        pins = np.zeros(count)
        self.fanout = np.zeros(count, np.int64)
        for net, capacitance in self._sinks:
            pins[net] += capacitance
            self.fanout[net] += 1
        for name, nets in self.ports.items():
            if name not in self.inputs:
                for net in nets:
                    self.fanout[net] += 1
        lengths = np.array(
            [self.wires.length(fanout) for fanout in range(self.fanout.max(initial=0) + 1)]
        )
        self.wire_ff = lengths[self.fanout] * self.wires.capacitance_ff
        # A balanced tree: each of n branches has one n-th of the resistance and of the capacitance.
        branches = np.maximum(self.fanout, 1)
        self.branch_kohm = lengths[self.fanout] * self.wires.resistance_kohm / branches
        self.branch_ff = self.wire_ff / branches
        self.load_ff = pins + self.wire_ff
        self.load_ff[:2] = 0.0

    def cell_at(self, net: int) -> str:
        """What drives a net: the name of a cell and of its output, or the name of a port."""
        found: str = self._drivers.get(net, "")
        return found

    @cached_property
    def _drivers(self) -> dict[int, str]:
        found = {net: name for name in self.inputs for net in self.ports[name]}
        for gate, net in enumerate(self.output_of.tolist()):
            kind = self.kinds[self.kind_of[gate]]
            found[net] = f"{kind.cell.name}/{kind.output}"
        for flop in self.flip_flops:
            found |= {net: f"{flop.cell.name}/{name}" for name, net in flop.outputs.items()}
        return found

    def wire_delay_ps(self, net: int, pin_ff: float) -> float:
        """Elmore delay of the branch of a net that leads to a pin."""
        return float(self.branch_kohm[net] * (self.branch_ff[net] + pin_ff))
