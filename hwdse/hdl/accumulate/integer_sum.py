"""The integer accumulator, wrapping or saturating."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib.wiring import Component

from hwdse.hdl.accumulate import accumulator, accumulator_ports, product_ports
from hwdse.hdl.compress import plus
from hwdse.hdl.group_sum import group_sum
from hwdse.hdl.structure import Adder, Gates, Register, Structure
from hwdse.hdl.structure import Mux as MuxBlock
from hwdse.spec import Design, IntegerSum


@accumulator.register(IntegerSum)
class IntegerAccumulator(Component):
    """Adds a group of products to a register that counts in units of their least bit.

    Latency 1, one group per cycle. The group and the register are added exactly, then wrapped or
    saturated once.
    """

    def __init__(self, acc: IntegerSum, design: Design) -> None:
        self._saturate = acc.saturate
        self._state = design.state
        self._group = group_sum(design.mul, design)
        self._design = design
        super().__init__(accumulator_ports(design))

    @property
    def structure(self) -> Structure:
        """The adder tree, the register and its clearing gates; a clamp when saturating."""
        width = self._state.significand_bits
        clear, add, register = Gates(width=width), Adder(width=width), Register(width=width)
        clamp = MuxBlock(width=width if self._saturate else 0, ways=2)
        own = Structure(parts=(clear, add, clamp, register), path=(add, clamp))
        return Structure.series([self._group.structure, own])

    def elaborate(self, platform) -> Module:
        m = Module()
        group, carry = self._group.add(m, product_ports(self, self._design))
        width = self._state.significand_bits
        register = Signal(signed(width))
        total = plus(Mux(self.i_first, 0, register), group, carry)
        # Both terms may be full-width: exact sums need more bits than the register.
        exact = Signal(signed(max(width, len(total))))
        m.d.comb += exact.eq(total)
        following = exact[:width]
        if self._saturate:
            limit = 1 << (width - 1)
            following = Mux(exact < -limit, -limit, Mux(exact >= limit, limit - 1, exact))
        with m.If(self.i_valid):
            m.d.sync += register.eq(following)
        m.d.comb += self.o.significand.eq(register)
        return m
