"""A cell of the table-lookup engine: looks up, adds bit planes, and adds slices to its sum."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib.wiring import In, Out

from hwdse.hdl.accumulate import step
from hwdse.hdl.component import Component
from hwdse.hdl.compress import plus
from hwdse.hdl.lut.table import Sizes, selected
from hwdse.hdl.unpacked import drive
from hwdse.primitives.primitive import Adder, Gates, Reduce, Register
from hwdse.primitives.primitive import Mux as MuxBlock
from hwdse.primitives.structure import Structure
from hwdse.spec import Design
from hwdse.spec.bit_planes import bit_planes
from hwdse.spec.engines.lut import TableLookup
from hwdse.spec.slices import SliceSum


class LutCell(Component):
    """The sum of one row and one column.

    In each cycle with `active`, the entry that the bit plane selects is added to the running sum of
    the slice. This sum then moves down by one bit, so that its adder is little wider than an entry.
    In the cycle of the last bit plane, the whole sum of the slice is added to `state`.

    Ports:
        table, odd: entries of the row, as of `TableRow`.
        start: number from which the slice starts, if there is one.
        chosen: one bit for each entry, set for the one that the bit plane selects.
        negate: subtract the entry.
        active: add the bit plane in this cycle. Only with several bit planes.
        first: the bit plane is the first of the slice. Only with several bit planes.
        ends: the bit plane is the last of the slice, which is added to the sum.
        clear: the slice starts a new sum.
        nan: an activation of the row is NaN.
        plus, minus: activations that are infinite.
        positive, negative: weights that are above, below zero. Only if there are infinities.
        state: bits of the state of the sum.
    """

    def __init__(self, spec: TableLookup, design: Design) -> None:
        self._sizes = sizes = Sizes(spec, design)
        self._shape = design.a.unpacked
        self._lsb = bit_planes(design.b).lsb - design.b.unpacked.exponent_min
        inner = spec.summing(design)
        assert isinstance(inner.mul, SliceSum)
        self._carried = inner.mul.carried
        self.step = step(inner.accumulator, inner)
        several = ["active", "first"] if sizes.planes > 1 else []
        infinite = ["plus", "minus", "positive", "negative"] if self._shape.has_inf else []
        super().__init__(
            {
                "table": In(sizes.entries * sizes.stored),
                "odd": In(1),
                **({"start": In(signed(sizes.start))} if sizes.start else {}),
                "chosen": In(sizes.entries),
                **{name: In(1) for name in ("negate", "ends", "clear", *several)},
                **({"nan": In(1)} if self._shape.has_nan else {}),
                **{name: In(sizes.group) for name in infinite},
                "state": Out(self.step.layout.size),
            }
        )

    @property
    def lookup(self) -> Structure:
        """Selection, sign, and the running sum of the slice."""
        sizes = self._sizes
        select = MuxBlock(width=sizes.stored, ways=sizes.entries)
        invert = Gates(width=sizes.entry)
        begin = MuxBlock(width=sizes.partial if sizes.start else 0, ways=2)
        clear = Gates(width=0 if sizes.start else sizes.partial)
        add = Adder(width=0 if self._carried else sizes.total)
        held = sizes.partial + sizes.low
        special = Gates(width=8 * sizes.group * self._shape.has_inf)
        joined = Reduce(width=4 * sizes.group * self._shape.has_inf)
        parts = (select, invert, begin, clear, add, special, joined, Register(width=held))
        return Structure(parts=parts, path=(select, invert, add))

    @property
    def accumulate(self) -> Structure:
        """The step and the register of the sum."""
        register = Structure(parts=(Register(width=self.step.layout.size),))
        return Structure.series([self.step.structure, register])

    def elaborate(self, platform) -> Module:
        m, sizes = Module(), self._sizes
        m.submodules.step = adds = self.step
        entry = Signal(sizes.entry)
        entries = [self.table.word_select(k, sizes.stored) for k in range(sizes.entries)]
        plain = Cat(self.odd, selected(entries, self.chosen))
        m.d.comb += entry.eq(plain ^ self.negate.replicate(sizes.entry))
        drive(m, adds.i0, **self._slice(m, entry.as_signed()), **self._specials())
        state = Signal(adds.layout, init=adds.reset, reset_less=True)
        m.d.comb += [
            adds.clear.eq(self.clear),
            adds.state.eq(state),
            self.state.eq(state.as_value()),
        ]
        with m.If(self.ends):
            m.d.sync += state.eq(adds.next)
        return m

    def _slice(self, m: Module, entry: Value) -> dict[str, Value]:
        """The sum of the slice in its last cycle, as fields of the term."""
        sizes = self._sizes
        if self._carried:
            # The carry enters above the zeros below the word: ones there hand it on.
            word = Cat(self.negate.replicate(self._lsb), entry).as_signed()
            return {"significand": word, "word": word, "carry": self.negate}
        before: Value = self.start if sizes.start else Const(0, signed(1))
        total = Signal(signed(sizes.total))
        below: Value = Const(0, 0)
        if sizes.planes > 1:
            partial = Signal(signed(sizes.partial), reset_less=True)
            before = Mux(self.first, before, partial)
            with m.If(self.active):
                m.d.sync += partial.eq(total >> 1)
            if sizes.low:
                below = Signal(sizes.low, reset_less=True)
                with m.If(self.active):
                    m.d.sync += below.eq(Cat(below, total[0])[1:])
        m.d.comb += total.eq(plus(before, entry, self.negate))
        halved = total[1:] if sizes.planes == 1 and sizes.start else total
        return {"significand": Cat(Const(0, self._lsb), below, halved).as_signed()}

    def _specials(self) -> dict[str, Value]:
        """NaN and infinity of the slice."""
        nan: Value = self.nan if self._shape.has_nan else Const(0, 1)
        if not self._shape.has_inf:
            return {"nan": nan}
        up = ((self.plus & self.positive) | (self.minus & self.negative)).any()
        down = ((self.plus & self.negative) | (self.minus & self.positive)).any()
        times_zero = ((self.plus | self.minus) & ~(self.positive | self.negative)).any()
        return {"nan": nan | times_zero | (up & down), "inf": up | down, "inf_sign": down}
