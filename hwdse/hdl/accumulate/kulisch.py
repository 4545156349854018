"""The exact fixed-point accumulator (Kulisch 2002; quire)."""

from amaranth.hdl import Module, Mux, signed
from amaranth.lib.data import StructLayout

from hwdse.hdl.accumulate import Read, Step, read, step
from hwdse.hdl.accumulate.specials import remember_specials, seen_fields, seen_specials
from hwdse.hdl.compress import plus
from hwdse.hdl.group_sum import group_sum
from hwdse.hdl.targets import target_of
from hwdse.hdl.unpacked import drive
from hwdse.primitives.primitive import Adder, Gates
from hwdse.primitives.structure import Structure
from hwdse.spec import Design, Kulisch


@step.register(Kulisch)
class KulischStep(Step):
    """Shifts every product into place and adds all of them to one wide word.

    Combinational: latency 0, one group per cycle. The word wraps in two's complement.
    """

    def __init__(self, acc: Kulisch, design: Design) -> None:
        self._state = design.state
        self._group = group_sum(design.mul, design)
        total = signed(design.state.significand_bits)
        super().__init__(design, {"total": total, **seen_fields(design.state)})

    @property
    def structure(self) -> Structure:
        """A shifter per lane, adder tree, clearing gates, and gates that keep special values."""
        width = self._state.significand_bits
        clear, add = Gates(width=width), Adder(width=width)
        flags = len(seen_fields(self._state))
        parts = (clear, add, Gates(width=2 * flags))
        return Structure.series([self._group.structure, Structure(parts=parts, path=(add,))])

    def elaborate(self, platform) -> Module:
        m = Module()
        group, carry = self._group.add(m, self.products, target_of(platform))
        total = plus(Mux(self.clear, 0, self.state.total), group, carry)
        m.d.comb += self.next.total.eq(total)
        remember_specials(m, self)
        return m


@read.register(Kulisch)
class KulischRead(Read):
    """The word as it is, and the special values seen.

    Combinational: latency 0.
    """

    def __init__(self, acc: Kulisch, design: Design, layout: StructLayout) -> None:
        super().__init__(design, layout)

    def elaborate(self, platform) -> Module:
        m = Module()
        drive(m, self.o, significand=self.state.total, **seen_specials(self.state))
        return m
