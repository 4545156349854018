"""A column of the table-lookup engine: weights, their bit planes, and one cell for each row."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from hwdse.hdl.component import Component
from hwdse.hdl.lookup import lookup, lookup_table
from hwdse.hdl.lut.cell import LutCell
from hwdse.hdl.lut.table import Sizes, selected
from hwdse.hdl.systolic.column import ColumnEnd
from hwdse.primitives.primitive import Gates, Register
from hwdse.primitives.primitive import Mux as MuxBlock
from hwdse.primitives.structure import Child, Structure
from hwdse.spec import Design
from hwdse.spec.bit_planes import BitPlanes, bit_planes
from hwdse.spec.engines.lut import TableLookup


class Recode(Component):
    """The plane word of a weight, and whether the weight is above or below zero.

    Combinational: latency 0. Ports: `i` (code), `o` (plane word), `positive`, `negative`.
    """

    def __init__(self, own: BitPlanes, bits: int) -> None:
        self._own, self._bits = own, bits
        numbers = [2 * word - (1 << own.planes) + 1 + (own.offset or 0) for word in own.words]
        self._signs = [(number > 0) | (number < 0) << 1 for number in numbers]
        super().__init__(
            {"i": In(bits), "o": Out(own.planes), "positive": Out(1), "negative": Out(1)}
        )

    def structure(self, *, signs: bool) -> Structure:
        """The table of plane words, unless they are the codes with some bits inverted."""
        tables = []
        if self._own.inverted is None:
            tables.append(lookup_table(self._bits, self._own.words, self._own.planes))
        if signs:
            tables.append(lookup_table(self._bits, self._signs, 2))
        return Structure(parts=tuple(tables), path=tuple(tables[:1]))

    def elaborate(self, platform) -> Module:
        m, own = Module(), self._own
        if own.inverted is not None:
            m.d.comb += self.o.eq(self.i ^ own.inverted)
        else:
            m.d.comb += self.o.eq(lookup(m, self.i, own.words, own.planes, "word"))
        signs = lookup(m, self.i, self._signs, 2, "sign")
        m.d.comb += Cat(self.positive, self.negative).eq(signs)
        return m


class LutColumn(Component):
    """The weights of a column, and the sums of its rows.

    The codes of a slice are loaded as plane words. They move down by one bit plane in each cycle
    with `active`. The bits of bit plane 0, one per weight, select a table entry for all rows. The
    tables hold only the entries for which the bit of the last weight is 1. If it is 0, all bits are
    inverted, and the entry is subtracted.

    Ports:
        load: take the weights in this cycle.
        w: codes of the weights, the first in the low bits.
        table, odd, start, nan, plus, minus: as of `TableRow`, row 0 in the low bits.
        active, first, ends, clear: as of `LutCell`.
        row: one bit for each row, set for the one whose result is `o`. Only with several rows.
        o: code of the result.
    """

    def __init__(self, spec: TableLookup, design: Design) -> None:
        self._spec, self._design = spec, design
        self._sizes = sizes = Sizes(spec, design)
        self._own, self._shape = bit_planes(design.b), design.a.unpacked
        self._recode = Recode(self._own, design.b.bits)
        self.cell, self.end = LutCell(spec, design), ColumnEnd(design)
        rows = spec.rows
        #: Bits per row of what the rows hand to the cells.
        self._of_row = {"table": sizes.entries * sizes.stored, "odd": 1}
        if sizes.start:
            self._of_row["start"] = sizes.start
        if self._shape.has_nan:
            self._of_row["nan"] = 1
        if self._shape.has_inf:
            self._of_row |= {"plus": sizes.group, "minus": sizes.group}
        self._common = ["ends", "clear", *(["active", "first"] if sizes.planes > 1 else [])]
        super().__init__(
            {
                "load": In(1),
                "w": In(sizes.group * design.b.bits),
                **{name: In(rows * bits) for name, bits in self._of_row.items()},
                **{name: In(1) for name in self._common},
                **({"row": In(rows)} if rows > 1 else {}),
                "o": Out(design.out.bits),
            }
        )

    @property
    def weights(self) -> Structure:
        """Plane words in registers, index and sign."""
        sizes, signs = self._sizes, self._shape.has_inf
        held = Register(width=sizes.group * (1 + 2 * signs))
        moving = Register(width=sizes.group * (sizes.planes - 1), control=False)
        index = Gates(width=sizes.group - 1)
        decode = Gates(width=sizes.entries * max(sizes.group - 2, 0))
        shift = MuxBlock(width=sizes.group * (sizes.planes - 1), ways=2)
        recode = self._recode.structure(signs=signs)
        return Structure(
            parts=(held, moving, index, decode, shift),
            children=(Child(structure=recode, copies=sizes.group),),
            path=(index, decode),
        )

    @property
    def encode(self) -> Structure:
        """The choice of a row, and the encoder."""
        choose = MuxBlock(width=self.cell.step.layout.size, ways=self._spec.rows)
        return Structure.series([Structure(parts=(choose,), path=(choose,)), self.end.structure])

    def elaborate(self, platform) -> Module:
        m, rows = Module(), self._spec.rows
        chosen, negate, signs = self._chosen(m)
        states = []
        for row in range(rows):
            cell = self.cell if row == 0 else LutCell(self._spec, self._design)
            m.submodules[f"cell{row}"] = cell
            given = {name: getattr(self, name) for name in self._common}
            for name, bits in self._of_row.items():
                given[name] = getattr(self, name).word_select(row, bits)
            given |= {"chosen": chosen, "negate": negate, **signs}
            for name, value in given.items():
                m.d.comb += getattr(cell, name).eq(value)
            states.append(cell.state)
        m.submodules.end = self.end
        m.d.comb += [
            self.end.s.eq(states[0] if rows == 1 else selected(states, self.row)),
            self.o.eq(self.end.o),
        ]
        return m

    def _chosen(self, m: Module) -> tuple[Value, Value, dict[str, Value]]:
        """One bit for each entry, the sign, and which weights are above and below zero."""
        sizes, bits = self._sizes, self._design.b.bits
        words, positive, negative = [], [], []
        for k in range(sizes.group):
            recode = self._recode if k == 0 else Recode(self._own, bits)
            m.submodules[f"recode{k}"] = recode
            m.d.comb += recode.i.eq(self.w.word_select(k, bits))
            words.append(recode.o)
            positive.append(recode.positive)
            negative.append(recode.negative)
        loaded = [Cat(word[plane] for word in words) for plane in range(sizes.planes)]
        planes = [
            Signal(sizes.group, name=f"plane{t}", reset_less=True) for t in range(sizes.planes)
        ]
        # Only bit plane 0 may have to wait. Those above it move down in every cycle, and are used
        # up when it waits; so they need not be kept.
        for t in range(1, sizes.planes):
            above = planes[t + 1] if t + 1 < sizes.planes else loaded[t]
            m.d.sync += planes[t].eq(Mux(self.load, loaded[t], above))
        with m.If(self.load):
            m.d.sync += planes[0].eq(loaded[0])
        if sizes.planes > 1:
            with m.Elif(self.active):
                m.d.sync += planes[0].eq(planes[1])
        negate, chosen = Signal(), Signal(sizes.entries)
        index = Signal(max(sizes.group - 1, 1))
        m.d.comb += negate.eq(~planes[0][-1])
        m.d.comb += index.eq(planes[0][:-1] ^ negate.replicate(sizes.group - 1))
        m.d.comb += chosen.eq(Cat(index == entry for entry in range(sizes.entries)))
        signs: dict[str, Value] = {}
        if self._shape.has_inf:
            for name, values in (("positive", positive), ("negative", negative)):
                signs[name] = held = Signal(sizes.group, name=name, reset_less=True)
                with m.If(self.load):
                    m.d.sync += held.eq(Cat(values))
        return chosen, negate, signs
