"""The exact fixed-point accumulator (Kulisch 2002; quire)."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib.wiring import Component

from hwdse.hdl.accumulate import (
    accumulator,
    accumulator_ports,
    product_ports,
    product_records,
)
from hwdse.hdl.compress import plus
from hwdse.hdl.fixed_point import sticky_flags
from hwdse.hdl.group_sum import group_sum
from hwdse.hdl.structure import Adder, Gates, Register, Structure
from hwdse.hdl.unpacked import drive
from hwdse.spec import Design, Kulisch


@accumulator.register(Kulisch)
class KulischAccumulator(Component):
    """Shifts every product into place and adds all of them to one wide register.

    Latency 1, one group per cycle. The register wraps in two's complement.
    """

    def __init__(self, acc: Kulisch, design: Design) -> None:
        self._state = design.state
        self._group = group_sum(design.mul, design)
        self._design = design
        super().__init__(accumulator_ports(design))

    @property
    def structure(self) -> Structure:
        """A shifter a lane, the adder tree, the register and its clearing gates."""
        width = self._state.significand_bits
        clear, add = Gates(width=width), Adder(width=width)
        flags = self._state.has_nan + 2 * self._state.has_inf
        parts = (clear, add, Register(width=width + flags), Gates(width=2 * flags))
        return Structure.series([self._group.structure, Structure(parts=parts, path=(add,))])

    def elaborate(self, platform) -> Module:
        m = Module()
        products = product_records(self, self._design)
        register = Signal(signed(self._state.significand_bits))
        group, carry = self._group.add(m, product_ports(self, self._design))
        with m.If(self.i_valid):
            m.d.sync += register.eq(plus(Mux(self.i_first, 0, register), group, carry))
        flags = sticky_flags(m, products, self.i_valid, self.i_first, self._state)
        drive(
            m,
            self.o,
            significand=register,
            nan=flags.nan,
            inf=flags.inf,
            inf_sign=flags.inf_sign,
        )
        return m
