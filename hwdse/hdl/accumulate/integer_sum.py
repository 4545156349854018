"""The integer accumulator, wrapping or saturating."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib.data import StructLayout

from hwdse.hdl.accumulate import Read, Step, read, step
from hwdse.hdl.compress import plus
from hwdse.hdl.group_sum import group_sum
from hwdse.hdl.targets import target_of
from hwdse.primitives.primitive import Adder, Gates
from hwdse.primitives.primitive import Mux as MuxBlock
from hwdse.primitives.structure import Structure
from hwdse.spec import Design, IntegerSum


@step.register(IntegerSum)
class IntegerStep(Step):
    """Adds a group of products to a word that counts in units of their least bit.

    Combinational: latency 0, one group per cycle. The group and the word are added exactly. The sum
    is then wrapped or saturated once.
    """

    def __init__(self, acc: IntegerSum, design: Design) -> None:
        self._saturate = acc.saturate
        self._state = design.state
        self._group = group_sum(design.mul, design)
        super().__init__(design, {"total": signed(design.state.significand_bits)})

    @property
    def structure(self) -> Structure:
        """The adder tree, the clearing gates, and a clamp if the word saturates."""
        width = self._state.significand_bits
        clear, add = Gates(width=width), Adder(width=width)
        clamp = MuxBlock(width=width if self._saturate else 0, ways=2)
        own = Structure(parts=(clear, add, clamp), path=(add, clamp))
        return Structure.series([self._group.structure, own])

    def elaborate(self, platform) -> Module:
        m = Module()
        group, carry = self._group.add(m, self.products, target_of(platform))
        width = self._state.significand_bits
        total = plus(Mux(self.clear, 0, self.state.total), group, carry)
        # Each term may be as wide as the state: the exact sum then needs more bits.
        exact = Signal(signed(max(width, len(total))))
        m.d.comb += exact.eq(total)
        following = exact[:width]
        if self._saturate:
            limit = 1 << (width - 1)
            following = Mux(exact < -limit, -limit, Mux(exact >= limit, limit - 1, exact))
        m.d.comb += self.next.total.eq(following)
        return m


@read.register(IntegerSum)
class IntegerRead(Read):
    """The word as it is.

    Combinational: latency 0.
    """

    def __init__(self, acc: IntegerSum, design: Design, layout: StructLayout) -> None:
        super().__init__(design, layout)

    def elaborate(self, platform) -> Module:
        m = Module()
        m.d.comb += self.o.significand.eq(self.state.total)
        return m
