"""Converts the trace of a verification to a list of clock cycles, for a driver without protocol.

The list contains the same checks as the benches make: idle cycles with random data lie between the
inputs, interleaved sums get their cycles in turn, and `valid` is checked in every cycle.
"""

import random
from collections import deque
from collections.abc import Iterator
from itertools import chain

import numpy as np
import numpy.typing as npt

from hwdse.spec import Design
from hwdse.spec.interface import Interface, Stream
from hwdse.spec.port_words import PortWord, port_words
from hwdse.verify.prepare import prepare
from hwdse.verify.trace import Trace
from hwdse.verify.turns import Turns

_IDLE_ONE_IN = 16

#: Values of the input ports in a cycle, and the number of the transfer (None in idle cycles).
_Cycle = tuple[dict[str, int], int | None]


def cycles(design: Design, level: str, seed: int) -> npt.NDArray[np.uint32]:
    """Return rows of 32-bit words: inputs, expected outputs after the clock edge, and a mask.

    The mask selects the output bits that are compared. The interface of the design must have a
    fixed timing.
    """
    trace = prepare(design.unit, design, level, seed).trace
    interface = trace.interface
    (source,), (sink,) = interface.inputs, interface.outputs
    into, out = port_words(interface)
    flow = _with_idle(trace, source, into, sink, seed) if source.valid else _bare(trace, source)
    # An output comes `latency` clock edges after the input. The edge that samples the input is the
    # first of these edges.
    latency = sink.latency or 0
    delay = max(latency - 1, 0) if interface.clocked else 0
    due: deque[int | None] = deque([None] * delay)
    counted = (1 << out.width) - 1
    valid = {sink.valid: 1} if sink.valid else {}
    rows, quiet = [], 0
    for inputs, index in chain(flow, [({}, None)] * delay):
        due.append(index)
        ready = due.popleft()
        quiet = quiet + 1 if inputs.get(interface.reset) else latency
        # In the first cycles of a reset, outputs of earlier inputs may still come.
        expected, mask = 0, out.join(valid) if quiet >= latency else 0
        if ready is not None:
            expected, mask = out.join({**valid, **_words_of(trace, sink, ready)}), counted
        rows.append(
            _bytes((into.join(inputs), into.words), (expected, out.words), (mask, out.words))
        )
    return np.frombuffer(b"".join(rows), np.uint32)


def has_fixed_timing(interface: Interface) -> bool:
    """Return True if a list of clock cycles can describe all behaviour of an interface.

    The interface must have one input stream and one output stream, a fixed latency, no `ready`
    signals, and a reset that is active high.
    """
    streams = interface.streams
    return (
        (len(interface.inputs), len(interface.outputs)) == (1, 1)
        and interface.outputs[0].latency is not None
        and not any(stream.ready for stream in streams)
        and not interface.reset_low
    )


def _words_of(trace: Trace, stream: Stream, index: int) -> dict[str, int]:
    columns = trace.transfers[stream.name]
    return {stream.port_of(part): int(columns[part.name][index]) for part in stream.fields}


def _bytes(*numbers: tuple[int, int]) -> bytes:
    return b"".join(number.to_bytes(words * 4, "little") for number, words in numbers)


def _bare(trace: Trace, source: Stream) -> Iterator[_Cycle]:
    for index in range(trace.count(source.name)):
        yield _words_of(trace, source, index), index


def _with_idle(
    trace: Trace, source: Stream, into: PortWord, sink: Stream, seed: int
) -> Iterator[_Cycle]:
    noise = random.Random(seed)
    interface, latency = trace.interface, sink.latency or 0
    start = f"{source.name}_{source.starts}"

    def idle() -> dict[str, int]:
        junk = {name: noise.getrandbits(width) for name, width in into.widths.items()}
        return junk | {interface.reset: 0, source.valid: 0}

    def reset() -> Iterator[_Cycle]:
        # Inputs during a reset must have no effect.
        for _ in range(interface.reset_cycles + latency):
            yield idle() | {interface.reset: 1, source.valid: noise.getrandbits(1)}, None

    yield from reset()
    # The reset has cleared all sums. So the first sum of each turn needs no start flag.
    cleared = interface.turns
    turns = Turns(trace, source)
    left = trace.count(source.name)
    while left:
        index = None
        if noise.randrange(_IDLE_ONE_IN):
            index = turns.take()
        turns.pass_on()
        if index is None:
            yield idle(), None
            continue
        inputs = _words_of(trace, source, index) | {source.valid: 1}
        if cleared and inputs.get(start):
            inputs[start] = 0
            cleared -= 1
        yield inputs, index
        left -= 1
    for _ in range(latency):
        yield idle(), None
    # Inputs during a reset give no outputs, neither during the reset nor later.
    yield from reset()
    for _ in range(latency):
        yield idle(), None
