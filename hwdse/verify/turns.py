"""Sequences of transfers that take turns: each turn takes the next one when its own has ended."""

from collections import deque
from collections.abc import Iterator

import numpy as np

from hwdse.spec.interface import Stream
from hwdse.verify.trace import Trace


class Turns:
    """Deals the transfers of an input stream to its turns, cycle by cycle.

    Args:
        trace: the transfers.
        source: the stream.
    """

    def __init__(self, trace: Trace, source: Stream) -> None:
        self._sequences = _sequences(trace, source)
        # What is left of the sequence of each turn; the first is the one whose turn it is.
        self._turns: deque[Iterator[int]] = deque(iter(()) for _ in range(trace.interface.turns))

    def take(self) -> int | None:
        """The number of the next transfer of this turn; None if there is none left for it."""
        index = next(self._turns[0], None)
        if index is None:
            self._turns[0] = iter(next(self._sequences, ()))
            index = next(self._turns[0], None)
        return index

    def pass_on(self) -> None:
        """It is the next turn's cycle."""
        self._turns.rotate(-1)


def _sequences(trace: Trace, source: Stream) -> Iterator[range]:
    count = trace.count(source.name)
    if not source.starts:
        return iter([range(count)])
    starts = np.flatnonzero(trace.transfers[source.name][source.starts]).tolist()
    return map(range, starts, [*starts[1:], count])
