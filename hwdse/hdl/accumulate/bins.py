"""Remainder bins: a register for each constant, weighted once at the output."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib.wiring import Component

from hwdse.formats import clog2
from hwdse.hdl.accumulate import accumulator, accumulator_ports, product_records
from hwdse.hdl.fixed_point import adder_tree, fixed_point_sum, to_fixed_point
from hwdse.hdl.structure import Adder, Gates, Register, Structure
from hwdse.hdl.structure import Mux as MuxBlock
from hwdse.hdl.unpacked import Record, drive, unpacked_signature
from hwdse.hdl.weighted_sum import plan, weighted_sum
from hwdse.spec import Bins, Design
from hwdse.spec.multiply.log_tables import LogShape


@accumulator.register(Bins)
class BinsAccumulator(Component):
    """Adds every product's power of two to the register that its logarithm's fraction selects.

    Latency 1, one group per cycle. A single lane has one adder: it reads the selected register and
    writes it back. Several lanes need one adder tree a register. The weighting comes after the
    registers, by adders that its constants share.
    """

    def __init__(self, acc: Bins, design: Design) -> None:
        assert isinstance(design.product, LogShape)  # `state` has seen to it
        self._design, self._antilog = design, design.product.antilog
        self._addend, self._register = acc.addend(design.product), acc.register(design.product)
        self._state, self._lanes = design.state, design.unit.lanes
        self._weights = plan(self._antilog.constants)
        super().__init__(accumulator_ports(design))

    @property
    def structure(self) -> Structure:
        """Shifters, the registers with what adds to them, and the weighting."""
        width, bins = self._register.significand_bits, len(self._antilog.constants)
        lane = fixed_point_sum(self._addend, 1)
        if self._lanes == 1:
            choose, add = MuxBlock(width=width, ways=bins), Adder(width=width)
            update = Structure(parts=(choose, Gates(width=width), add), path=(choose, add))
        else:
            masks = Gates(width=(self._addend.fixed_point_bits + 1) * self._lanes)
            tree = adder_tree(self._addend.fixed_point_bits + 1, self._lanes)
            add = Adder(width=width)
            own = Structure(parts=(masks, Gates(width=width), add), path=(masks, add))
            update = Structure.series([tree, own]).times(bins)
        registers = Structure(parts=(Register(width=width),) * bins)
        adders = (Adder(width=self._state.significand_bits),) * self._weights.adders
        weigh = Structure(parts=adders, path=adders[: clog2(len(adders) + 1)])
        return Structure.series([lane.times(self._lanes), update, registers, weigh])

    def elaborate(self, platform) -> Module:
        m = Module()
        low, bins = self._antilog.low_bits, len(self._antilog.constants)
        width = self._register.significand_bits
        registers = [Signal(signed(width), name=f"bin{k}") for k in range(bins)]
        products = product_records(self, self._design)
        addends = [self._placed(m, p, f"lane{k}") for k, p in enumerate(products)]
        index = [p.log[low : self._antilog.fraction_bits] for p in products]
        here = [
            [Const(1, 1) if bins == 1 else chosen == k for chosen in index] for k in range(bins)
        ]
        if self._lanes == 1:
            held, total = Signal(signed(width)), Signal(signed(width))
            m.d.comb += [
                held.eq(Mux(self.i_first, 0, _selected(registers, index[0]))),
                total.eq(held + addends[0]),
            ]
            for k, register in enumerate(registers):
                with m.If(self.i_valid & here[k][0]):
                    m.d.sync += register.eq(total)
                with m.Elif(self.i_valid & self.i_first):
                    m.d.sync += register.eq(0)
        else:
            for k, register in enumerate(registers):
                masked = [
                    Mux(mine, addend, 0) for mine, addend in zip(here[k], addends, strict=True)
                ]
                with m.If(self.i_valid):
                    m.d.sync += register.eq(
                        Mux(self.i_first, 0, register) + sum(masked[1:], start=masked[0])
                    )
        word = weighted_sum(m, registers, self._weights, self._state.significand_bits, "weighted")
        m.d.comb += self.o.significand.eq(word)
        return m

    def _placed(self, m: Module, product: Record, name: str) -> Value:
        """+-2^q, or +-2^q (1 + r_L/gamma), in units of the registers' least bit."""
        addend = unpacked_signature(self._addend).create(path=(name,))
        low = self._antilog.low_bits
        fraction = self._antilog.linear_bits
        factor = Cat(product.log[:low], Const(0, fraction - low), Const(1, 1))
        drive(
            m,
            addend,
            sign=product.sign,
            significand=factor & (~product.zero).replicate(len(factor)),
            exponent=product.log[self._antilog.fraction_bits :],
            zero=product.zero,
        )
        return to_fixed_point(m, Record(self._addend, addend), name)


def _selected(words: list[Signal], index: Value) -> Value:
    """The word of a number, by a tree of multiplexers."""
    if len(words) == 1:
        return words[0]
    half = len(words) // 2
    low, high = _selected(words[:half], index[:-1]), _selected(words[half:], index[:-1])
    return Mux(index[-1], high, low)
