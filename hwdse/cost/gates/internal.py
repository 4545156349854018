"""Energy inside cells per transition: which entry of the library holds in which state.

A library states internal energies per pin, edge, causing input and condition (`when`). For each
kind of gate, a group is one combination of entries that hold together: the entries of all supplies
for one causing pin, edge and state. The energy of a group depends on the slew at the pin and on the
load at the output, so each gate of a netlist has one energy per group.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from hwdse.cost.gates.circuit import Floats, GateArrays, Ints, Kind, MappedNetlist
from hwdse.cost.gates.timing import FlatTables, StaticTiming, look_up
from hwdse.cost.liberty import FALL, RISE, Cell, LookupTable, Power
from hwdse.jit import compiled

_EDGES = (RISE, FALL)


def holding(
    cell: Cell, powers: Sequence[Power], edge: int, state: int
) -> list[tuple[LookupTable, float]]:
    """Tables that hold in a state of a cell, each with its weight; their energies add up.

    Per supply, the entries whose condition holds count. If there is none, those without a condition
    count. The library should state one; several are averaged.
    """
    chosen: list[tuple[LookupTable, float]] = []
    for supply in dict.fromkeys(power.supply for power in powers):
        own = [p for p in powers if p.supply == supply and edge in p.energy]
        met = [p for p in own if p.when and cell.truth(p.when) >> state & 1]
        met = met or [p for p in own if not p.when]
        chosen += [(power.energy[edge], 1 / len(met)) for power in met]
    return chosen


def caused_by(cell: Cell, output: str, related: str) -> list[Power]:
    """Energies of an output pin for edges that an input pin causes."""
    powers = cell.pins[output].powers
    return [p for p in powers if p.related == related] or [p for p in powers if not p.related]


class InternalEnergy:
    """Internal energies of all gates of a circuit.

    Attributes:
        start: shape (gates,): place of each gate in `energy_fj`.
        energy_fj: energies of the groups of all gates. Group 0 of each gate has energy 0.
        index_start: shape (kinds,): place of each kind in `of_output` and `of_input`.
        of_output: group number for index ((pin * 2 + edge of the output) << inputs) + state. The
            state is that after the input's edge.
        of_input: the same for the edge of the pin itself.
    """

    def __init__(self, circuit: MappedNetlist, timing: StaticTiming) -> None:
        tables = FlatTables()
        self._group_pin: list[int] = []
        self._entry_first = [0]
        self._entries: list[tuple[int, float]] = []
        first_group = [0]
        index_start: list[int] = []
        of_output: list[int] = []
        of_input: list[int] = []
        for kind in circuit.kinds:
            index_start.append(len(of_output))
            found: dict[tuple[int, tuple[tuple[int, float], ...]], int] = {}
            self._new_group(0, ())
            output, own = self._groups(kind, tables, found)
            of_output += output
            of_input += own
            first_group.append(len(self._group_pin))
        self.index_start = np.array(index_start, np.int64)
        self.of_output = np.array(of_output, np.int64)
        self.of_input = np.array(of_input, np.int64)
        firsts = np.array(first_group, np.int64)
        counts = np.diff(firsts)[circuit.kind_of] if len(circuit.kind_of) else np.zeros(0, np.int64)
        self.start = np.concatenate([[0], np.cumsum(counts)])[:-1].astype(np.int64)
        self.energy_fj = np.zeros(int(counts.sum()))
        sizes, numbers = tables.arrays()
        groups = _Groups(
            first=firsts,
            pin=np.array(self._group_pin, np.int64),
            first_entry=np.array(self._entry_first, np.int64),
            entry=np.array([table for table, _ in self._entries], np.int64),
            weight=np.array([weight for _, weight in self._entries]),
            sizes=sizes,
            numbers=numbers,
        )
        slew = timing.slew_ps.mean(axis=1)
        _fill(circuit.arrays, slew, groups, self.start, self.energy_fj)

    def _new_group(self, pin: int, entries: tuple[tuple[int, float], ...]) -> None:
        self._group_pin.append(pin)
        self._entries += entries
        self._entry_first.append(len(self._entries))

    def _groups(
        self,
        kind: Kind,
        tables: FlatTables,
        found: dict[tuple[int, tuple[tuple[int, float], ...]], int],
    ) -> tuple[list[int], list[int]]:
        cell = kind.cell
        states = 1 << len(kind.inputs)
        both: tuple[list[int], list[int]] = ([], [])
        # The edges of an input cost energy once per cell, not once per output.
        first = kind.output == cell.outputs[0]
        for pin, name in enumerate(kind.inputs):
            of_input = cell.pins[name].powers if first else ()
            for edge in _EDGES:
                for powers, numbers in zip(
                    (caused_by(cell, kind.output, name), of_input), both, strict=True
                ):
                    for state in range(states):
                        entries = tuple(
                            (tables.place(table), weight)
                            for table, weight in holding(cell, powers, edge, state)
                        )
                        if entries and (pin, entries) not in found:
                            found[pin, entries] = len(found) + 1
                            self._new_group(pin, entries)
                        numbers.append(found[pin, entries] if entries else 0)
        return both


class _Groups(NamedTuple):
    """Groups of all kinds of gates.

    Attributes:
        first: shape (kinds + 1,): first group of each kind.
        pin: shape (groups,): the pin whose slew counts.
        first_entry: shape (groups + 1,): first entry of each group.
        entry: table of each entry.
        weight: weight of each entry.
        sizes: see `FlatTables.arrays`.
        numbers: see `FlatTables.arrays`.
    """

    first: Ints
    pin: Ints
    first_entry: Ints
    entry: Ints
    weight: Floats
    sizes: Ints
    numbers: Floats


@compiled
def _fill(gates: GateArrays, slew: Floats, groups: _Groups, start: Ints, energy: Floats) -> None:
    """Fill in the energy of every group of every gate."""
    for gate in range(len(gates.kind)):
        kind = gates.kind[gate]
        load = gates.load_ff[gates.output[gate]]
        for group in range(groups.first[kind], groups.first[kind + 1]):
            steep = slew[gates.pins[gate, groups.pin[group]]]
            total = 0.0
            for entry in range(groups.first_entry[group], groups.first_entry[group + 1]):
                table = groups.entry[entry]
                value = look_up(groups.sizes, groups.numbers, table, steep, load)
                total += groups.weight[entry] * value
            energy[start[gate] + group - groups.first[kind]] = total


class FlipFlopEnergy:
    """Internal energies of one flip-flop, averaged over the states that the counts do not tell.

    Attributes:
        clock_fj: shape (4,): energy of a whole clock cycle, by old state + 2 * new state, without
            the edges of the outputs.
        output_fj: shape (2,): energy per edge of the stored state, over all outputs.
        data_fj: by input pin but the clock: shape (2,), energy per edge of the pin.
    """

    def __init__(self, circuit: MappedNetlist, timing: StaticTiming, number: int) -> None:
        flop = circuit.flip_flops[number]
        cell = flop.cell
        stored = cell.flip_flop
        assert stored is not None
        clock = stored.clock
        place = {name: 1 << i for i, name in enumerate(cell.variables)}
        #: Values of the pins of this instance that never change, such as an unused reset.
        fixed = {n: net for n, net in zip(cell.inputs, flop.inputs, strict=True) if net < 2}
        legal = [
            state
            for state in range(1 << len(cell.variables))
            if all(bool(state & place[name]) == bool(value) for name, value in fixed.items())
        ]
        following = cell.truth(stored.next_state)
        self.clock_fj = np.zeros(4)
        powers = cell.pins[clock].powers
        for case in range(4):
            old, new = case & 1, case >> 1
            for edge in _EDGES:
                # While the first edge comes, the state is the old one; at the second, the new one.
                active = edge == (RISE if stored.rising else FALL)
                held = old if active else new
                states = [
                    s
                    for s in legal
                    if bool(s & place[stored.state[0]]) == bool(held)
                    and (not active or following >> s & 1 == new)
                ]
                self.clock_fj[case] += _mean(cell, powers, edge, states)
        self.output_fj = np.zeros(2)
        for name, net in flop.outputs.items():
            inverted = cell.words[name] != cell.words[stored.state[0]]
            for edge in _EDGES:
                own = edge ^ int(inverted)
                self.output_fj[edge] += _mean(
                    cell,
                    caused_by(cell, name, clock),
                    own,
                    legal,
                    load=float(circuit.load_ff[net]),
                )
        self.data_fj: dict[str, Floats] = {}
        for name, net in zip(cell.inputs, flop.inputs, strict=True):
            if name != clock and net > 1:
                slew = float(timing.slew_ps[net].mean())
                powers = cell.pins[name].powers
                self.data_fj[name] = np.array(
                    [_mean(cell, powers, edge, legal, slew=slew) for edge in _EDGES]
                )


def _mean(
    cell: Cell,
    powers: Sequence[Power],
    edge: int,
    states: Sequence[int],
    *,
    slew: float = 0.0,
    load: float = 0.0,
) -> float:
    """Mean energy of an edge over some states of a cell."""
    if not powers or not states:
        return 0.0
    total = 0.0
    for state in states:
        total += sum(t.at(slew, load) * weight for t, weight in holding(cell, powers, edge, state))
    return total / len(states)
