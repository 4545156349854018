"""Remainder bins: one register per constant of the table, weighted once at the output."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib.data import StructLayout

from hwdse.formats import clog2
from hwdse.hdl.accumulate import Read, Step, read, step
from hwdse.hdl.fixed_point import adder_tree, fixed_point_sum, to_fixed_point
from hwdse.hdl.unpacked import Record, drive, unpacked_signature
from hwdse.hdl.weighted_sum import plan, weighted_sum
from hwdse.primitives.primitive import Adder, Gates
from hwdse.primitives.primitive import Mux as MuxBlock
from hwdse.primitives.structure import Structure
from hwdse.spec import Bins, Design
from hwdse.spec.multiply.log_tables import LogShape


@step.register(Bins)
class BinsStep(Step):
    """Adds every product's power of two to the bin that its logarithm's fraction selects.

    Combinational: latency 0, one group per cycle. A single lane needs one adder, which reads the
    selected bin and writes it back. Several lanes need one adder tree per bin.
    """

    def __init__(self, acc: Bins, design: Design) -> None:
        assert isinstance(design.product, LogShape)  # `state` checks this
        self._design, self._antilog = design, design.product.antilog
        self._addend, self._register = acc.addend(design.product), acc.register(design.product)
        self._lanes = design.unit.group
        bins = range(len(self._antilog.constants))
        width = signed(self._register.significand_bits)
        super().__init__(design, {f"bin{k}": width for k in bins})

    @property
    def structure(self) -> Structure:
        """The shifters, and the adders of the bins."""
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
        return Structure.series([lane.times(self._lanes), update])

    def elaborate(self, platform) -> Module:
        m = Module()
        low, bins = self._antilog.low_bits, len(self._antilog.constants)
        width = self._register.significand_bits
        before = [self.state[f"bin{k}"] for k in range(bins)]
        after = [self.next[f"bin{k}"] for k in range(bins)]
        products = self.records
        addends = [self._placed(m, p, f"lane{k}") for k, p in enumerate(products)]
        index = [p.log[low : self._antilog.fraction_bits] for p in products]
        here = [
            [Const(1, 1) if bins == 1 else chosen == k for chosen in index] for k in range(bins)
        ]
        if self._lanes == 1:
            held, total = Signal(signed(width)), Signal(signed(width))
            m.d.comb += [
                held.eq(Mux(self.clear, 0, _selected(before, index[0]))),
                total.eq(held + addends[0]),
            ]
            for k in range(bins):
                kept = Mux(self.clear, 0, before[k])
                m.d.comb += after[k].eq(Mux(here[k][0], total, kept))
        else:
            for k in range(bins):
                masked = [
                    Mux(mine, addend, 0) for mine, addend in zip(here[k], addends, strict=True)
                ]
                kept = Mux(self.clear, 0, before[k])
                m.d.comb += after[k].eq(kept + sum(masked[1:], start=masked[0]))
        return m

    def _placed(self, m: Module, product: Record, name: str) -> Value:
        """+-2^q, or +-2^q (1 + r_L/gamma), in units of the registers' LSB."""
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


@read.register(Bins)
class BinsRead(Read):
    """The weighted sum of the bins, by adders that the weights share.

    Combinational: latency 0.
    """

    def __init__(self, acc: Bins, design: Design, layout: StructLayout) -> None:
        assert isinstance(design.product, LogShape)  # `state` checks this
        self._weights = plan(design.product.antilog.constants)
        self._width, self._names = design.state.significand_bits, list(layout.members)
        super().__init__(design, layout)

    @property
    def structure(self) -> Structure:
        """The adders of the weighted sum."""
        adders = (Adder(width=self._width),) * self._weights.adders
        return Structure(parts=adders, path=adders[: clog2(len(adders) + 1)])

    def elaborate(self, platform) -> Module:
        m = Module()
        bins = [self.state[name] for name in self._names]
        word = weighted_sum(m, bins, self._weights, self._width, "weighted")
        m.d.comb += self.o.significand.eq(word)
        return m


def _selected(words: list[Value], index: Value) -> Value:
    """The word of the given index, by a tree of multiplexers."""
    if len(words) == 1:
        return words[0]
    half = len(words) // 2
    low, high = _selected(words[:half], index[:-1]), _selected(words[half:], index[:-1])
    return Mux(index[-1], high, low)
