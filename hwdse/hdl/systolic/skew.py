"""Delays that grow from element to element, at the edges of a systolic array."""

from amaranth.hdl import Module, Signal
from amaranth.lib.wiring import In, Out

from hwdse.hdl.component import Component
from hwdse.primitives.primitive import Register
from hwdse.primitives.structure import Structure


class Skew(Component):
    """Delays element k of a word by k cycles, or the other way round.

    Throughput: one word per cycle with `go`. Rank k of the registers holds the elements that are
    delayed by more than k cycles.

    Args:
        bits: bits per element.
        elements: elements per word.
        falling: if True, element k is delayed by `elements` - 1 - k cycles instead.

    Ports: `go` (clock enable), `i` and `o` (words, element 0 in the low bits).
    """

    def __init__(self, bits: int, elements: int, *, falling: bool = False) -> None:
        self._bits, self._elements, self._falling = bits, elements, falling
        super().__init__({"go": In(1), "i": In(bits * elements), "o": Out(bits * elements)})

    @property
    def structure(self) -> Structure:
        """The ranks of registers."""
        held = (self._bits * count for count in range(1, self._elements))
        return Structure(parts=tuple(Register(width=width) for width in held))

    def elaborate(self, platform) -> Module:
        m = Module()
        bits, count = self._bits, self._elements
        before = self.i
        for rank in range(count):
            # The element that leaves at this rank, at one end of the word.
            place = count - 1 - rank if self._falling else rank
            own = 0 if not self._falling else len(before) - bits
            m.d.comb += self.o.word_select(place, bits).eq(before[own : own + bits])
            rest = before[:own] if self._falling else before[bits:]
            if len(rest):
                held = Signal(len(rest), name=f"rank{rank}", reset_less=True)
                with m.If(self.go):
                    m.d.sync += held.eq(rest)
                before = held
        return m
