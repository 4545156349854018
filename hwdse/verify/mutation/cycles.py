"""The verification's trace as a list of clock cycles, for a driver that knows no protocol.

The same as the benches do: idle cycles with random inputs between the inputs, sequences that take
turns dealt to the turns, and `valid` checked in every cycle.
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

#: Inputs of a cycle by port, and the number of the transfer that they are, if they are one.
_Cycle = tuple[dict[str, int], int | None]


def cycles(design: Design, level: str, seed: int) -> npt.NDArray[np.uint32]:
    """Rows of 32-bit words: inputs, outputs after the clock edge, a mask of those that count.

    The design's interface has a fixed timing.
    """
    trace = prepare(design.unit, design, level, seed).trace
    interface = trace.interface
    (source,), (sink,) = interface.inputs, interface.outputs
    into, out = port_words(interface)
    flow = _with_idle(trace, source, into, sink, seed) if source.valid else _bare(trace, source)
    # An output comes `latency` edges after its input's; a register's own edge is the first of them.
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
        # In the first cycles of a reset, outputs of before it may still come.
        expected, mask = 0, out.join(valid) if quiet >= latency else 0
        if ready is not None:
            expected, mask = out.join({**valid, **_words_of(trace, sink, ready)}), counted
        rows.append(
            _bytes((into.join(inputs), into.words), (expected, out.words), (mask, out.words))
        )
    return np.frombuffer(b"".join(rows), np.uint32)


def has_fixed_timing(interface: Interface) -> bool:
    """Whether a list of clock cycles says all that may happen: one stream in, one out, no waiting.

    The reset has to be active high.
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
        # Whatever comes in during a reset must not matter.
        for _ in range(interface.reset_cycles + latency):
            yield idle() | {interface.reset: 1, source.valid: noise.getrandbits(1)}, None

    yield from reset()
    # A reset has cleared all sums: the first ones need no start.
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
    # Inputs during a reset give nothing, then or later.
    yield from reset()
    for _ in range(latency):
        yield idle(), None
