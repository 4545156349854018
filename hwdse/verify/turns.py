"""Interleaving of sequences of transfers.

A sequence is, for example, the inputs of one sum. The turns share the clock cycles in round-robin
order. When the sequence of a turn has ended, the turn takes the next sequence of the trace.
"""

from collections import deque
from collections.abc import Iterator

import numpy as np

from hwdse.spec.interface import Stream
from hwdse.verify.trace import Trace


class Turns:
    """Assigns the transfers of an input stream to turns, cycle by cycle.

    Args:
        trace: the transfers.
        source: the stream.
    """

    def __init__(self, trace: Trace, source: Stream) -> None:
        self._sequences = _sequences(trace, source)
        # The remaining transfers of each turn's sequence. The first entry is the current turn.
        self._turns: deque[Iterator[int]] = deque(iter(()) for _ in range(trace.interface.turns))

    def take(self) -> int | None:
        """Return the number of the next transfer of the current turn, or None if none is left."""
        index = next(self._turns[0], None)
        if index is None:
            self._turns[0] = iter(next(self._sequences, ()))
            index = next(self._turns[0], None)
        return index

    def pass_on(self) -> None:
        """Go on to the next turn, for the next cycle."""
        self._turns.rotate(-1)


def _sequences(trace: Trace, source: Stream) -> Iterator[range]:
    count = trace.count(source.name)
    if not source.starts:
        return iter([range(count)])
    starts = np.flatnonzero(trace.transfers[source.name][source.starts]).tolist()
    return map(range, starts, [*starts[1:], count])
