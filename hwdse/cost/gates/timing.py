"""Static timing of a mapped netlist: delays of all gates and the shortest clock period.

All ports are between registers: each input comes from a flip-flop and a buffer of the library, each
output goes to a flip-flop. So the period of a unit without registers of its own is a clock period
as well. The clock is ideal: it has no skew and no slew.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from hwdse.cost.gates.circuit import Floats, GateArrays, Ints, MappedNetlist
from hwdse.cost.liberty import FALL, RISE, Cell, Library, LookupTable
from hwdse.errors import TechnologyError
from hwdse.jit import compiled, inner

_EDGES = (RISE, FALL)
_NEVER = -1e18


class FlatTables:
    """Lookup tables one after the other in arrays, for compiled code."""

    def __init__(self) -> None:
        self._places: dict[int, int] = {}
        self._kept: list[LookupTable] = []
        self._sizes: list[tuple[int, int, int]] = []
        self._numbers: list[Floats] = []
        self._used = 0

    def place(self, table: LookupTable) -> int:
        """Number of a table; the same table has the same number."""
        if id(table) not in self._places:
            self._places[id(table)] = len(self._sizes)
            self._kept.append(table)
            self._sizes.append((self._used, len(table.slews_ps), len(table.loads_ff)))
            numbers = [table.slews_ps, table.loads_ff, table.values.ravel()]
            self._numbers += numbers
            self._used += sum(len(part) for part in numbers)
        return self._places[id(table)]

    def arrays(self) -> tuple[Ints, Floats]:
        """Shape (tables, 3): start, slews and loads of each table; and all numbers."""
        sizes = np.array(self._sizes, np.int64).reshape(-1, 3)
        return sizes, np.concatenate(self._numbers) if self._numbers else np.zeros(0)


@inner
def _segment(numbers: Floats, start: int, count: int, value: float) -> tuple[int, float]:
    """Place of a value on an axis, and its share of the way to the next place."""
    if count == 1:
        return 0, 0.0
    place = 0
    while place < count - 2 and numbers[start + place + 1] < value:
        place += 1
    low, high = numbers[start + place], numbers[start + place + 1]
    return place, (value - low) / (high - low)


@inner
def look_up(sizes: Ints, numbers: Floats, table: int, slew: float, load: float) -> Any:
    """Value of a table, like `LookupTable.at`."""
    start, slews, loads = sizes[table, 0], sizes[table, 1], sizes[table, 2]
    row, across = _segment(numbers, start, slews, slew)
    column, along = _segment(numbers, start + slews, loads, load)
    base = start + slews + loads + row * loads + column
    value = numbers[base]
    if loads > 1:
        value += along * (numbers[base + 1] - value)
    if slews > 1:
        below = numbers[base + loads]
        if loads > 1:
            below += along * (numbers[base + loads + 1] - below)
        value += across * (below - value)
    return value


class _Arcs(NamedTuple):
    """Delay arcs of all kinds of gates.

    Attributes:
        first: shape (kinds + 1,): first row of each kind.
        rows: shape (arcs, 5): pin, edge of the input, edge of the output, delay table, slew table.
        sizes: see `FlatTables.arrays`.
        numbers: see `FlatTables.arrays`.
    """

    first: Ints
    rows: Ints
    sizes: Ints
    numbers: Floats


class _Times(NamedTuple):
    """What static timing fills in; see `StaticTiming`. `cause` is 2 * net + edge, -1 for none."""

    arrival: Floats
    slew: Floats
    cause: Ints
    delay: Floats


@compiled
def _propagate(gates: GateArrays, wire_ps: Floats, arcs: _Arcs, times: _Times) -> None:
    """Fill in arrivals, slews, causes of the latest edges, and delays for events."""
    arrival, slew, delay = times.arrival, times.slew, times.delay
    counts = np.zeros((gates.pins.shape[1], 2))
    for gate in gates.order:
        kind, net = gates.kind[gate], gates.output[gate]
        counts[:] = 0.0
        load = gates.load_ff[net]
        for arc in range(arcs.first[kind], arcs.first[kind + 1]):
            pin, into, out = arcs.rows[arc, 0], arcs.rows[arc, 1], arcs.rows[arc, 2]
            source = gates.pins[gate, pin]
            steep = slew[source, into]
            time = look_up(arcs.sizes, arcs.numbers, arcs.rows[arc, 3], steep, load)
            # The mean over all arcs of a pin and an edge serves events.
            counts[pin, out] += 1.0
            delay[gate, pin, out] += (time - delay[gate, pin, out]) / counts[pin, out]
            if source < 2:
                continue  # a constant
            reached = arrival[source, into] + wire_ps[gate, pin] + time
            if reached > arrival[net, out]:
                arrival[net, out] = reached
                times.cause[net, out] = 2 * source + into
            steepness = look_up(arcs.sizes, arcs.numbers, arcs.rows[arc, 4], steep, load)
            slew[net, out] = max(slew[net, out], steepness)


@dataclass(frozen=True, kw_only=True)
class Outside:
    """What lies outside the ports: a flip-flop of the library and a buffer."""

    flip_flop: Cell
    buffer: Cell

    @classmethod
    def of(cls, library: Library) -> "Outside":
        """The smallest flip-flop without reset and enable, if there is, and the median buffer.

        The weakest buffer would make every wide shifter look slow. The strongest would hide the
        fan-out of the inputs.

        Raises:
            TechnologyError: the library has no flip-flop or no buffer.
        """
        flops = [
            c for c in library.cells.values() if c.flip_flop and c.flip_flop.rising and c.outputs
        ]
        buffers = []
        for cell in library.cells.values():
            single = len(cell.inputs) == len(cell.outputs) == 1 and cell.flip_flop is None
            if (
                single
                and cell.area_um2
                and len({cell.words[name] for name in cell.pins if name in cell.words}) == 1
            ):
                buffers.append(cell)
        if not flops or not buffers:
            missing = "buffer" if flops else "flip-flop"
            raise TechnologyError(f"library {library.name} has no {missing}")
        buffers.sort(key=lambda cell: (cell.area_um2, cell.name))
        flop = min(flops, key=lambda cell: (len(cell.inputs), cell.area_um2, cell.name))
        return cls(flip_flop=flop, buffer=buffers[len(buffers) // 2])


def launch(
    cell: Cell, output: str, load_ff: float
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Delay from the clock to an output of a flip-flop, and slew there, both by edge in ps."""
    assert cell.flip_flop is not None
    delays, slews = [], []
    for edge in _EDGES:
        found = [
            (arc.delay[edge].at(0.0, load_ff), arc.slew[edge].at(0.0, load_ff))
            for arc in cell.pins[output].arcs
            if arc.related == cell.flip_flop.clock and edge in arc.delay and edge in arc.slew
        ]
        delays.append(max((delay for delay, _ in found), default=0.0))
        slews.append(max((slew for _, slew in found), default=0.0))
    return (delays[0], delays[1]), (slews[0], slews[1])


def setup_ps(cell: Cell, pin: str, edge: int, slew_ps: float) -> float:
    """Setup time of an input pin of a flip-flop; 0 if the library states none."""
    times = [arc.delay[edge].at(slew_ps, 0.0) for arc in cell.pins[pin].setups if edge in arc.delay]
    return max(times, default=0.0)


@dataclass(frozen=True, kw_only=True)
class PathStep:
    """A net on the critical path.

    Attributes:
        net: number of the net.
        edge: `RISE` or `FALL`.
        arrival_ps: time after the clock edge.
    """

    net: int
    edge: int
    arrival_ps: float


class StaticTiming:
    """Static timing of a circuit.

    Attributes:
        circuit: the circuit.
        arrival_ps: shape (nets, 2): latest time of each edge after the clock edge.
        slew_ps: shape (nets, 2): largest slew of each edge.
        delay_ps: shape (gates, most inputs, 2): delay of an event from a pin to the output, by edge
            of the output. The wire before the pin is included.
        period_ps: shortest clock period.
        path: nets of the slowest path, from its start to its end.
    """

    def __init__(self, circuit: MappedNetlist) -> None:
        self.circuit = circuit
        self._outside = Outside.of(circuit.library)
        self.arrival_ps = np.full((circuit.nets, 2), _NEVER)
        self.slew_ps = np.zeros((circuit.nets, 2))
        self._start()
        self.delay_ps = np.zeros((*circuit.pins.shape, 2))
        self._cause = np.full((circuit.nets, 2), -1, np.int64)
        self._run()
        self.period_ps, end = self._latest()
        self.path = self._trace(end)

    @property
    def register_ps(self) -> float:
        """What a register rank adds to a path: longest clock-to-output delay plus setup time."""
        longest = 0.0
        for flop in self.circuit.flip_flops:
            stored = flop.cell.flip_flop
            assert stored is not None
            setups = [
                setup_ps(flop.cell, name, edge, self.slew_ps[net, edge])
                for name, net in zip(flop.cell.inputs, flop.inputs, strict=True)
                if name != stored.clock and net > 1
                for edge in _EDGES
            ]
            delays = [
                max(launch(flop.cell, name, self.circuit.load_ff[net])[0])
                for name, net in flop.outputs.items()
            ]
            longest = max(longest, max(delays, default=0.0) + max(setups, default=0.0))
        return longest

    def _start(self) -> None:
        """Set arrivals and slews of the input ports and of the outputs of flip-flops."""
        circuit, outside = self.circuit, self._outside
        (first,) = outside.buffer.inputs
        (driven,) = outside.buffer.outputs
        output = outside.flip_flop.outputs[0]
        delay, slew = launch(outside.flip_flop, output, outside.buffer.pins[first].capacitance_ff)
        for net in circuit.port_bits(circuit.inputs):
            for arc in outside.buffer.pins[driven].arcs:
                for edge in _EDGES:
                    through = arc.delay[edge].at(slew[edge], circuit.load_ff[net])
                    self.arrival_ps[net, edge] = delay[edge] + through
                    self.slew_ps[net, edge] = arc.slew[edge].at(slew[edge], circuit.load_ff[net])
        for flop in circuit.flip_flops:
            for name, net in flop.outputs.items():
                self.arrival_ps[net], self.slew_ps[net] = launch(
                    flop.cell, name, circuit.load_ff[net]
                )

    def _run(self) -> None:
        circuit = self.circuit
        tables = FlatTables()
        arcs: list[tuple[int, int, int, int, int]] = []
        first = [0]
        for kind in circuit.kinds:
            for arc in kind.cell.pins[kind.output].arcs:
                if arc.related not in kind.inputs:
                    continue
                pin = kind.inputs.index(arc.related)
                for out in _EDGES:
                    if out not in arc.delay or out not in arc.slew:
                        continue
                    into = {"positive": (out,), "negative": (1 - out,)}.get(arc.sense, _EDGES)
                    places = tables.place(arc.delay[out]), tables.place(arc.slew[out])
                    arcs += [(pin, edge, out, *places) for edge in into]
            first.append(len(arcs))
        capacitance = [
            [kind.cell.pins[name].capacitance_ff for name in kind.inputs] for kind in circuit.kinds
        ]
        self._wire_ps = np.zeros(circuit.pins.shape)
        if circuit.branch_kohm.any():
            for gate, kind in enumerate(circuit.kind_of):
                for pin, load in enumerate(capacitance[kind]):
                    net = int(circuit.pins[gate, pin])
                    self._wire_ps[gate, pin] = circuit.wire_delay_ps(net, load)
        sizes, numbers = tables.arrays()
        _propagate(
            circuit.arrays,
            self._wire_ps,
            _Arcs(
                first=np.array(first, np.int64),
                rows=np.array(arcs, np.int64).reshape(-1, 5),
                sizes=sizes,
                numbers=numbers,
            ),
            _Times(
                arrival=self.arrival_ps, slew=self.slew_ps, cause=self._cause, delay=self.delay_ps
            ),
        )
        self.delay_ps += self._wire_ps[:, :, None]

    def _latest(self) -> tuple[float, tuple[int, int]]:
        """The shortest period and the net and edge that ends the slowest path."""
        circuit, outside = self.circuit, self._outside
        ends: list[tuple[int, Cell, str]] = []
        for flop in circuit.flip_flops:
            assert flop.cell.flip_flop is not None
            ends += [
                (net, flop.cell, name)
                for name, net in zip(flop.cell.inputs, flop.inputs, strict=True)
                if name != flop.cell.flip_flop.clock and net > 1
            ]
        cell = outside.flip_flop
        assert cell.flip_flop is not None
        data = next(name for name in cell.inputs if name != cell.flip_flop.clock)
        ends += [
            (net, outside.flip_flop, data)
            for name, nets in circuit.ports.items()
            if name not in circuit.inputs
            for net in nets
            if net > 1
        ]
        latest, where = 0.0, (-1, RISE)
        for net, cell, name in ends:
            wire = circuit.wire_delay_ps(net, cell.pins[name].capacitance_ff)
            for edge in _EDGES:
                arrival = self.arrival_ps[net, edge]
                if arrival > 0:
                    time = arrival + wire + setup_ps(cell, name, edge, self.slew_ps[net, edge])
                    if time > latest:
                        latest, where = float(time), (net, edge)
        return latest, where

    def _trace(self, end: tuple[int, int]) -> tuple[PathStep, ...]:
        steps: list[PathStep] = []
        net, edge = end
        while net >= 0:
            steps.append(PathStep(net=net, edge=edge, arrival_ps=float(self.arrival_ps[net, edge])))
            cause = int(self._cause[net, edge])
            net, edge = (cause >> 1, cause & 1) if cause >= 0 else (-1, 0)
        return tuple(reversed(steps))
