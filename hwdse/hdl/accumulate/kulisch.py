"""The exact fixed-point accumulator (Kulisch 2002; quire)."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib.wiring import Component

from hwdse.hdl.accumulate import accumulator, accumulator_ports, product_records
from hwdse.hdl.fixed_point import fixed_point_sum, sticky_flags, to_fixed_point
from hwdse.hdl.structure import Adder, Gates, Register, Structure
from hwdse.hdl.unpacked import drive
from hwdse.spec import Design, Kulisch


@accumulator.register(Kulisch)
class KulischAccumulator(Component):
    """Shifts every product into place and adds all of them to one wide register.

    Latency 1, one group per cycle. The register wraps in two's complement.
    """

    def __init__(self, acc: Kulisch, design: Design) -> None:
        self._product, self._state = design.product, design.state
        self._lanes = design.unit.lanes
        self._design = design
        super().__init__(accumulator_ports(design))

    @property
    def structure(self) -> Structure:
        """A shifter a lane, the adder tree, the register and its clearing gates."""
        width = self._state.significand_bits
        group = fixed_point_sum(self._product, self._lanes)
        clear, add = Gates(width=width), Adder(width=width)
        flags = self._state.has_nan + 2 * self._state.has_inf
        parts = (clear, add, Register(width=width + flags), Gates(width=2 * flags))
        return Structure.series([group, Structure(parts=parts, path=(add,))])

    def elaborate(self, platform) -> Module:
        m = Module()
        products = product_records(self, self._design)
        register = Signal(signed(self._state.significand_bits))
        total = Mux(self.i_first, 0, register)
        group = sum(
            (to_fixed_point(m, p, f"lane{k}") for k, p in enumerate(products[1:], 1)),
            start=to_fixed_point(m, products[0], "lane0"),
        )
        with m.If(self.i_valid):
            m.d.sync += register.eq(total + group)
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
