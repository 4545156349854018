"""Event simulation of a mapped netlist with gate delays: how often every net switches.

Gates have inertial delays: a pulse at the inputs that is shorter than the delay does not reach the
output. So every net makes the transitions that it would make in hardware, glitches among them. The
simulator is a timing wheel in compiled code with integer time. Per clock cycle, flip-flops and
ports change shortly after the clock edge. Then the circuit settles, and the next cycle starts. So a
cycle is as long as its slowest transition.

A gate with several changed inputs takes the shortest of their delays. A new value of the gate
replaces a value that still waits. If the output has the new value already, nothing waits. Path
delays in Verilog behave so too (IEEE 1364-2005, section 14).
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hwdse.cost.gates.circuit import Circuit, Floats, Ints
from hwdse.cost.gates.internal import InternalEnergy
from hwdse.cost.gates.timing import Timing
from hwdse.errors import ToolError
from hwdse.jit import compiled, inner

Bits = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint64]

TICKS_PER_DELAY = 64
"""Time steps of the simulator per median delay of a gate."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Activity:
    """What happened in the counted cycles of a simulation.

    Attributes:
        cycles: number of counted cycles.
        edges: shape (nets, 2): rising and falling transitions, glitches among them.
        settled: shape (nets,): cycles at whose end the net has a new value.
        stored: shape (flip-flops, 4): clock edges by old state + 2 * new state.
        gate_fj: shape (gates,): internal energy of each gate in all counted cycles.
        events: transitions in all cycles, the uncounted ones among them.
        longest_ps: longest time that a cycle took to settle.
    """

    cycles: int
    edges: Ints
    settled: Ints
    stored: Ints
    gate_fj: Floats
    events: int
    longest_ps: float


class _Gates(NamedTuple):
    """Gates: truth tables by kind, pins, outputs, delays, and the pins that each net drives."""

    order: Ints
    kind: Ints
    inputs: Ints
    pins: Ints
    output: Ints
    delay: Ints
    truth_start: Ints
    truth: Words
    fan_start: Ints
    fan_gate: Ints
    fan_pin: Ints


class _Sources(NamedTuple):
    """Input bits and, from number `ports` on, outputs of flip-flops."""

    net: Ints
    delay: Ints
    ports: int
    flop: Ints
    inverted: Bits


class _Flops(NamedTuple):
    """Flip-flops: input nets and truth tables of the next state."""

    pins: Ints
    inputs: Ints
    truth: Ints


class _Energies(NamedTuple):
    """Internal energies: see `InternalEnergy`."""

    index_start: Ints
    of_output: Ints
    of_input: Ints
    start: Ints
    fj: Floats


class _State(NamedTuple):
    """What changes in a simulation.

    Attributes:
        value: value of each net.
        inputs: state of the inputs of each gate, one bit per pin.
        settling: output that each gate has or will have for these inputs.
        kept: state of each flip-flop.
        head: first event of each slot of the timing wheel; -1 for none.
        following: next event in the same slot. Event g is gate g, event gates + k is source k.
        preceding: event before in the same slot.
        due: time of each event; -1 if it does not wait.
        cost: internal energy of the waiting edge of each gate.
        changed: pins that have changed in this time step.
        work: gates with changed pins.
    """

    value: Bits
    inputs: Ints
    settling: Bits
    kept: Bits
    head: Ints
    following: Ints
    preceding: Ints
    due: Ints
    cost: Floats
    changed: Ints
    work: Ints


class _Counts(NamedTuple):
    """What is counted: see `Activity`."""

    edges: Ints
    settled: Ints
    stored: Ints
    gate_fj: Floats


@inner
def _bit(truth: Words, start: int, state: int) -> Any:
    """Value of a truth table in a state."""
    return (truth[start + (state >> 6)] >> np.uint64(state & 63)) & np.uint64(1)


@inner
def _schedule(head: Ints, following: Ints, preceding: Ints, event: int, slot: int) -> None:
    """Let an event wait in a slot of the timing wheel."""
    first = head[slot]
    following[event] = first
    preceding[event] = -1
    if first >= 0:
        preceding[first] = event
    head[slot] = event


@inner
def _cancel(head: Ints, following: Ints, preceding: Ints, event: int, slot: int) -> None:
    """Take an event that waits out of its slot."""
    before, after = preceding[event], following[event]
    if before >= 0:
        following[before] = after
    else:
        head[slot] = after
    if after >= 0:
        preceding[after] = before


@inner
def _settle_at_once(gates: _Gates, sources: _Sources, now: _State) -> None:
    """Set all values without delays, for flip-flops and inputs that are 0."""
    now.value[1] = 1
    for source in range(sources.ports, len(sources.net)):
        now.value[sources.net[source]] = sources.inverted[source - sources.ports]
    for gate in gates.order:
        for pin in range(gates.inputs[gate]):
            if now.value[gates.pins[gate, pin]]:
                now.inputs[gate] |= 1 << pin
        new = _bit(gates.truth, gates.truth_start[gates.kind[gate]], now.inputs[gate])
        now.settling[gate] = new
        now.value[gates.output[gate]] = new


@inner
def _clock(  # noqa: PLR0917
    gates: _Gates, flops: _Flops, sources: _Sources, now: _State, stored: Ints, row: Bits
) -> int:
    """Store the next state of all flip-flops and schedule all sources that change.

    Returns:
        The number of scheduled sources.
    """
    for flop in range(len(flops.inputs)):
        held = now.kept[flop]
        state = np.int64(held) << flops.inputs[flop]
        for pin in range(flops.inputs[flop]):
            state |= np.int64(now.value[flops.pins[flop, pin]]) << pin
        now.kept[flop] = _bit(gates.truth, flops.truth[flop], state)
        stored[flop, held + 2 * now.kept[flop]] += 1
    waiting = 0
    for source in range(len(sources.net)):
        if source < sources.ports:
            wanted = row[source]
        else:
            place = source - sources.ports
            wanted = now.kept[sources.flop[place]] ^ sources.inverted[place]
        if wanted != now.value[sources.net[source]]:
            event = len(gates.kind) + source
            slot = sources.delay[source, 1 - wanted] % len(now.head)
            _schedule(now.head, now.following, now.preceding, event, slot)
            waiting += 1
    return waiting


@inner
def _run_cycle(  # noqa: PLR0915, PLR0917
    gates: _Gates,
    sources: _Sources,
    energies: _Energies,
    now: _State,
    counts: _Counts,
    waiting: int,
) -> tuple[int, int]:
    """Process events until none waits.

    Everything is one loop over local names: calls with tuples of arrays in it would make it seven
    times slower.

    Returns:
        The number of events, and the time of the last one in ticks.
    """
    value, inputs, settling = now.value, now.inputs, now.settling
    head, following, preceding, due = now.head, now.following, now.preceding, now.due
    cost, changed, work = now.cost, now.changed, now.work
    kind, pins_of, output = gates.kind, gates.inputs, gates.output
    delay, truth_start, truth = gates.delay, gates.truth_start, gates.truth
    fan_start, fan_gate, fan_pin = gates.fan_start, gates.fan_gate, gates.fan_pin
    source_net, index_start, fj = sources.net, energies.index_start, energies.fj
    of_output, of_input, start = energies.of_output, energies.of_input, energies.start
    edges, gate_fj = counts.edges, counts.gate_fj
    number, wheel = len(kind), len(head)
    events, time = 0, -1
    while waiting:
        time += 1
        event = head[time % wheel]
        if event < 0:
            continue
        head[time % wheel] = -1
        found = 0
        while event >= 0:
            net = source_net[event - number] if event >= number else output[event]
            after = following[event]
            waiting -= 1
            events += 1
            new = 1 - value[net]
            value[net] = new
            edges[net, 1 - new] += 1
            if event < number:
                due[event] = -1
                gate_fj[event] += cost[event]
            for fan in range(fan_start[net], fan_start[net + 1]):
                gate, pin = fan_gate[fan], fan_pin[fan]
                inputs[gate] ^= 1 << pin
                place = ((pin * 2 + 1 - new) << pins_of[gate]) + inputs[gate]
                gate_fj[gate] += fj[start[gate] + of_input[index_start[kind[gate]] + place]]
                if changed[gate] == 0:
                    work[found] = gate
                    found += 1
                changed[gate] |= 1 << pin
            event = after
        for entry in range(found):
            gate = work[entry]
            bits = changed[gate]
            changed[gate] = 0
            bit = _bit(truth, truth_start[kind[gate]], inputs[gate])
            if bit == settling[gate]:
                continue
            settling[gate] = bit
            if due[gate] >= 0:
                _cancel(head, following, preceding, gate, due[gate] % wheel)
                due[gate] = -1
                waiting -= 1
            if bit == value[output[gate]]:
                continue
            edge = 1 - np.int64(bit)
            shortest, cause = np.int64(1) << 60, 0
            for pin in range(pins_of[gate]):
                if bits >> pin & 1 and delay[gate, pin, edge] < shortest:
                    shortest, cause = delay[gate, pin, edge], pin
            place = ((cause * 2 + edge) << pins_of[gate]) + inputs[gate]
            cost[gate] = fj[start[gate] + of_output[index_start[kind[gate]] + place]]
            due[gate] = time + shortest
            _schedule(head, following, preceding, gate, due[gate] % wheel)
            waiting += 1
    return events, time


@inner
def _count_settled(value: Bits, before: Bits, settled: Ints) -> None:
    for net in range(len(before)):
        settled[net] += value[net] != before[net]
        before[net] = value[net]


@compiled
def _run(  # noqa: PLR0917
    stimulus: Bits,
    warm_up: int,
    gates: _Gates,
    sources: _Sources,
    flops: _Flops,
    energies: _Energies,
    now: _State,
    counts: _Counts,
) -> tuple[int, int]:
    """Simulate all cycles; the counts are those from cycle `warm_up` on.

    Returns:
        The number of events, and the longest time of a cycle in ticks.
    """
    _settle_at_once(gates, sources, now)
    before = now.value.copy()
    events, longest = 0, 0
    for cycle in range(len(stimulus)):
        if cycle == warm_up:
            counts.edges[:] = 0
            counts.settled[:] = 0
            counts.stored[:] = 0
            counts.gate_fj[:] = 0.0
        waiting = _clock(gates, flops, sources, now, counts.stored, stimulus[cycle])
        more, last = _run_cycle(gates, sources, energies, now, counts, waiting)
        _count_settled(now.value, before, counts.settled)
        events += more
        longest = max(longest, last)
    return events, longest


class Simulator:
    """Event simulator of one circuit.

    Attributes:
        circuit: the circuit.
        tick_ps: time step.
        delay: shape (gates, most inputs, 2): delays in ticks, at least 1.
        source_net: nets that input bits and outputs of flip-flops drive.
        source_delay: shape (sources, 2): delay of each source after the clock edge, in ticks.
    """

    def __init__(self, circuit: Circuit, timing: Timing) -> None:
        self.circuit = circuit
        self._energy = InternalEnergy(circuit, timing)
        delays = timing.delay_ps[timing.delay_ps > 0]
        self.tick_ps = float(np.median(delays)) / TICKS_PER_DELAY if len(delays) else 1.0
        self.delay = np.maximum(np.rint(timing.delay_ps / self.tick_ps), 1).astype(np.int64)
        flops = circuit.flip_flops
        clock = set(circuit.ports.get(circuit.clock, ()))
        self.input_bits = [
            (name, place)
            for name in circuit.inputs
            for place, net in enumerate(circuit.ports[name])
            if net not in clock
        ]
        ports = [circuit.ports[name][place] for name, place in self.input_bits]
        driven = [
            (number, net, flop.cell.words[name] != flop.cell.words[flop.cell.variables[-1]])
            for number, flop in enumerate(flops)
            for name, net in flop.outputs.items()
        ]
        self._ports = len(ports)
        self.source_net = np.array(ports + [net for _, net, _ in driven], np.int64)
        arrival = timing.arrival_ps[self.source_net] if len(self.source_net) else np.zeros((0, 2))
        self.source_delay = np.maximum(np.rint(arrival / self.tick_ps), 1).astype(np.int64)
        self._flop_of_source = np.array([number for number, _, _ in driven], np.int64)
        self._inverted = np.array([inverted for _, _, inverted in driven], np.uint8)
        self._collect_truths()
        self._collect_fanout()

    def _collect_truths(self) -> None:
        circuit = self.circuit
        words: list[int] = []

        def add(truth: int, variables: int) -> int:
            start = len(words)
            words.extend(truth >> low & (2**64 - 1) for low in range(0, 1 << variables, 64))
            return start

        starts = [add(k.cell.words[k.output], len(k.inputs)) for k in circuit.kinds]
        self._truth_start = np.array(starts, np.int64)
        following: dict[str, int] = {}
        flops = circuit.flip_flops
        for flop in flops:
            cell = flop.cell
            if cell.name not in following:
                assert cell.flip_flop is not None
                truth = cell.truth(cell.flip_flop.next_state)
                following[cell.name] = add(truth, len(cell.variables))
        self._flop_truth = np.array([following[flop.cell.name] for flop in flops], np.int64)
        self._truth = np.array(words, np.uint64)
        most = max((len(flop.inputs) for flop in flops), default=1)
        self._flop_inputs = np.array([len(flop.inputs) for flop in flops], np.int64)
        self._flop_pins = np.zeros((len(flops), most), np.int64)
        for number, flop in enumerate(flops):
            self._flop_pins[number, : len(flop.inputs)] = flop.inputs
        inputs = np.array([len(kind.inputs) for kind in circuit.kinds], np.int64)
        self._inputs_of = inputs[circuit.kind_of] if len(inputs) else np.zeros(0, np.int64)

    def _collect_fanout(self) -> None:
        pins = self.circuit.pins
        used = np.arange(pins.shape[1])[None, :] < self._inputs_of[:, None]
        gate, pin = np.nonzero(used & (pins > 1))
        net = pins[gate, pin]
        by_net = np.argsort(net, kind="stable")
        self._fan_gate, self._fan_pin = gate[by_net], pin[by_net]
        counts = np.bincount(net, minlength=self.circuit.nets)
        self._fan_start = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)

    def run(self, stimulus: Bits, *, warm_up: int = 1) -> Activity:
        """Simulate from the state in which all flip-flops and inputs are 0.

        Args:
            stimulus: shape (cycles, bits): value of each bit of `input_bits` in each cycle.
            warm_up: number of cycles before counting starts, at least 1.

        Raises:
            ToolError: the stimulus has the wrong number of bits or too few cycles.
        """
        if stimulus.ndim != 2 or stimulus.shape[1] != self._ports or len(stimulus) <= warm_up:
            raise ToolError(
                f"a stimulus of shape {stimulus.shape}: needed are more than {warm_up} cycles of "
                f"{self._ports} bits"
            )
        circuit, energy = self.circuit, self._energy
        gates, now = self._gates(), self._fresh()
        sources = _Sources(
            net=self.source_net,
            delay=self.source_delay,
            ports=self._ports,
            flop=self._flop_of_source,
            inverted=self._inverted,
        )
        flops = _Flops(pins=self._flop_pins, inputs=self._flop_inputs, truth=self._flop_truth)
        energies = _Energies(
            index_start=energy.index_start,
            of_output=energy.of_output,
            of_input=energy.of_input,
            start=energy.start,
            fj=energy.energy_fj,
        )
        counts = _Counts(
            edges=np.zeros((circuit.nets, 2), np.int64),
            settled=np.zeros(circuit.nets, np.int64),
            stored=np.zeros((len(circuit.flip_flops), 4), np.int64),
            gate_fj=np.zeros(len(circuit.kind_of)),
        )
        rows = np.ascontiguousarray(stimulus, np.uint8)
        events, longest = _run(rows, warm_up, gates, sources, flops, energies, now, counts)
        return Activity(
            cycles=len(stimulus) - warm_up,
            edges=counts.edges,
            settled=counts.settled,
            stored=counts.stored,
            gate_fj=counts.gate_fj,
            events=int(events),
            longest_ps=float(longest * self.tick_ps),
        )

    def _gates(self) -> _Gates:
        circuit = self.circuit
        return _Gates(
            order=circuit.order,
            kind=circuit.kind_of,
            inputs=self._inputs_of,
            pins=circuit.pins,
            output=circuit.output_of,
            delay=self.delay,
            truth_start=self._truth_start,
            truth=self._truth,
            fan_start=self._fan_start,
            fan_gate=self._fan_gate,
            fan_pin=self._fan_pin,
        )

    def _fresh(self) -> _State:
        gates, events = len(self._inputs_of), len(self._inputs_of) + len(self.source_net)
        slowest = max(self.delay.max(initial=1), self.source_delay.max(initial=1))
        return _State(
            value=np.zeros(self.circuit.nets, np.uint8),
            inputs=np.zeros(gates, np.int64),
            settling=np.zeros(gates, np.uint8),
            kept=np.zeros(len(self.circuit.flip_flops), np.uint8),
            head=np.full(int(slowest) + 1, -1, np.int64),
            following=np.full(events, -1, np.int64),
            preceding=np.full(events, -1, np.int64),
            due=np.full(events, -1, np.int64),
            cost=np.zeros(gates),
            changed=np.zeros(gates, np.int64),
            work=np.zeros(gates, np.int64),
        )
