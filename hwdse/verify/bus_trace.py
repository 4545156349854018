"""Converts traces of units to traces of the buses around the units."""

from functools import singledispatch

import numpy as np

from hwdse.errors import SpecError
from hwdse.formats.unpacked import Array
from hwdse.spec import Axis, Bus, Design, Plain, Stream
from hwdse.spec.bus import whole_bytes
from hwdse.verify.trace import Trace
from hwdse.verify.turns import Turns

_WORD_BITS = 63


@singledispatch
def on_bus(bus: Bus, design: Design, trace: Trace) -> Trace:
    """Return the transfers of a unit's trace as transfers on the bus."""
    raise SpecError(f"interface {bus.keyword} has no bench")


@on_bus.register
def _(bus: Plain, design: Design, trace: Trace) -> Trace:
    return trace


@on_bus.register
def _(bus: Axis, design: Design, trace: Trace) -> Trace:
    source, sink = bus.streams(design)
    columns = trace.transfers[source.name]
    count = trace.count(source.name)
    order, turns = _dealt(trace, source)
    last = np.zeros(count, np.int64)
    if source.starts:
        starts = np.flatnonzero(columns[source.starts])
        last[np.append(starts[1:], count) - 1] = 1
    data, low = np.zeros(count, object), 0
    for part in bus.operands(source):
        data = data | (columns[part.name].astype(object) << low)
        low += whole_bytes(part.width)
    (result,) = sink.fields
    outputs = trace.transfers[sink.name][result.name][order]
    answering = np.flatnonzero(last[order]) if source.starts else np.arange(count)
    words = data[order]
    inputs = {"data": words.astype(np.int64) if low < _WORD_BITS else words, "last": last[order]}
    results = {"data": outputs[answering], "last": last[order][answering]}
    if design.interface.turns > 1:
        inputs["id"] = turns
        results["id"] = turns[answering]
    interface = bus.interface(design)
    return Trace(
        interface=interface,
        transfers={"s_axis_t": inputs, "m_axis_t": results},
        after={"m_axis_t": answering},
    )


def _dealt(trace: Trace, source: Stream) -> tuple[Array, Array]:
    """Return the transfers in the order on the bus, and the turn of each transfer."""
    turns, count = Turns(trace, source), trace.count(source.name)
    order: list[int] = []
    whose: list[int] = []
    cycle = 0
    while len(order) < count:
        index = turns.take()
        if index is not None:
            order.append(index)
            whose.append(cycle % trace.interface.turns)
        turns.pass_on()
        cycle += 1
    return np.array(order, np.int64), np.array(whose, np.int64)
