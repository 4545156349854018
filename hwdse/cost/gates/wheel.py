"""The compiled loop of the event simulator: a timing wheel over arrays.

`hwdse.cost.gates.events` says what is simulated. Each slot of the wheel is a doubly linked list of
the events of one time step, so that a value that is replaced leaves its slot at once.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hwdse.cost.gates.circuit import Floats, Ints
from hwdse.jit import compiled, inner

Bits = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint64]


class GatesArrays(NamedTuple):
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


class SourcesArrays(NamedTuple):
    """Input bits and, from number `ports` on, outputs of flip-flops."""

    net: Ints
    delay: Ints
    ports: int
    flop: Ints
    inverted: Bits


class FlopsArrays(NamedTuple):
    """Flip-flops: input nets and truth tables of the next state."""

    pins: Ints
    inputs: Ints
    truth: Ints


class EnergiesArrays(NamedTuple):
    """Internal energies: see `InternalEnergy`."""

    index_start: Ints
    of_output: Ints
    of_input: Ints
    start: Ints
    fj: Floats


class StateArrays(NamedTuple):
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


class CountsArrays(NamedTuple):
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
def _settle_at_once(gates: GatesArrays, sources: SourcesArrays, now: StateArrays) -> None:
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
    gates: GatesArrays,
    flops: FlopsArrays,
    sources: SourcesArrays,
    now: StateArrays,
    stored: Ints,
    row: Bits,
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
    gates: GatesArrays,
    sources: SourcesArrays,
    energies: EnergiesArrays,
    now: StateArrays,
    counts: CountsArrays,
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
def run_cycles(  # noqa: PLR0917
    stimulus: Bits,
    warm_up: int,
    gates: GatesArrays,
    sources: SourcesArrays,
    flops: FlopsArrays,
    energies: EnergiesArrays,
    now: StateArrays,
    counts: CountsArrays,
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
