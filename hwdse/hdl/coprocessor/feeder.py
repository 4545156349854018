"""Feeds the array: one step per cycle from both buffers."""

from amaranth.hdl import Module, Signal
from amaranth.lib.wiring import In, Out

from hwdse.hdl.component import Component


class Feeder(Component):
    """Takes terms from the buffers, in order, and offers each to the array.

    The first step is offered two cycles after `start`, then one per cycle while the array is ready.

    Args:
        terms: most terms of a command.

    Ports:
        start: take the command in `count` and `ends`; only while `busy` is low.
        count: number of terms, at least 1.
        ends: the sums end with the last of them.
        busy: the array has not taken all terms.
        take, take_term: read this term from the buffers; it is there in the next cycle.
        valid, ready, last: a step is offered, and taken; it ends the sums.
    """

    def __init__(self, terms: int) -> None:
        super().__init__(
            {
                "start": In(1),
                "count": In(range(terms + 1)),
                "ends": In(1),
                "busy": Out(1),
                "take": Out(1),
                "take_term": Out(range(terms)),
                "valid": Out(1),
                "ready": In(1),
                "last": Out(1),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        left, ends = Signal(len(self.count)), Signal()
        m.d.comb += [
            self.busy.eq((left != 0) | self.valid),
            self.take.eq((left != 0) & (~self.valid | self.ready)),
        ]
        with m.If(self.ready):
            m.d.sync += self.valid.eq(0)
        with m.If(self.take):
            m.d.sync += [
                self.valid.eq(1),
                self.last.eq(ends & (left == 1)),
                self.take_term.eq(self.take_term + 1),
                left.eq(left - 1),
            ]
        with m.If(self.start):
            m.d.sync += [left.eq(self.count), ends.eq(self.ends), self.take_term.eq(0)]
        return m
