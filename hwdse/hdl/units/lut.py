"""The table-lookup engine: tables for rows of activations, columns of weights that look up."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib.wiring import In, Out

from hwdse.hdl.component import Component
from hwdse.hdl.lut.column import LutColumn
from hwdse.hdl.lut.table import Sizes, TableRow
from hwdse.hdl.units import unit
from hwdse.primitives.primitive import Register
from hwdse.primitives.structure import Child, Structure, UnitStructure
from hwdse.spec import Design
from hwdse.spec.engines.lut import TableLookup


@unit.register(TableLookup)
class LutUnit(Component):
    """Matrix products by table lookup, with bit-serial weights and the build of the tables.

    A slice that is accepted in cycle m fills the tables at the end of that cycle. Its bit planes
    are added in the cycles m + 1 to m + planes, the least significant first. Initiation interval
    `planes`: the next slice is accepted in the cycle of the last bit plane, so tables need no
    second buffer. The results of row r are in `o_data` in cycle m + planes + 1 + r, if the slice is
    the last of its sums and nothing stalls.

    The sums leave from the registers that they grow in. So the last bit plane of the next slice
    waits until the last row of the results leaves; without stalls, it waits only if there are more
    rows than bit planes.

    Ports:
        w_valid, w_ready, w_data: weights of a slice, column by column.
        a_valid, a_ready, a_data: activations of a slice, row by row.
        a_last: the slice is the last of its sums.
        o_valid, o_ready, o_data: results of a row, one for each column; `rows` transfers, row 0
            first.
    """

    def __init__(self, spec: TableLookup, design: Design) -> None:
        self._spec, self._design = spec, design
        self._sizes = Sizes(spec, design)
        self._row, self._column = TableRow(spec, design), LutColumn(spec, design)
        super().__init__(
            {
                **{"w_valid": In(1), "w_ready": Out(1)},
                "w_data": In(spec.cols * spec.group * design.b.bits),
                **{"a_valid": In(1), "a_ready": Out(1), "a_last": In(1)},
                "a_data": In(spec.rows * spec.group * design.a.bits),
                **{"o_valid": Out(1), "o_ready": In(1)},
                "o_data": Out(spec.cols * design.out.bits),
            }
        )

    @property
    def structure(self) -> UnitStructure:
        """Tables of all rows, weights of all columns, cells, and encoders of all columns."""
        rows, cols, cell = self._spec.rows, self._spec.cols, self._column.cell
        # Bit planes, results that wait, and two flags.
        control = Structure(parts=(Register(width=self._sizes.planes + rows + 2),))
        return UnitStructure(
            blocks={
                "decode": self._row.decode.times(rows),
                "table": self._row.sums.times(rows),
                "weights": self._column.weights.times(cols),
                "lookup": cell.lookup.times(rows * cols),
                "accumulate": cell.accumulate.times(rows * cols),
                "encode": self._column.encode.times(cols),
                "registers": Structure(children=(Child(structure=control),)),
            },
            stages=(("decode", "table"), ("weights", "lookup", "accumulate"), ("encode",)),
            macs_per_cycle=self._spec.macs_per_cycle,
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        rows, planes = self._spec.rows, self._sizes.planes
        # One bit for the bit plane of this cycle, one for the row that is offered; or none.
        plane, row = Signal(planes), Signal(rows)
        load, ready, free, ends = Signal(), Signal(), Signal(), Signal()
        last, clear = Signal(reset_less=True), Signal(init=1)
        m.d.comb += [
            free.eq(~self.o_valid | (self.o_ready & row[-1])),
            ends.eq(plane[-1] & free),
            ready.eq(~plane.any() | ends),
            load.eq(ready & self.a_valid & self.w_valid),
            self.a_ready.eq(ready & self.w_valid),
            self.w_ready.eq(ready & self.a_valid),
            self.o_valid.eq(row.any()),
        ]
        active = plane[:-1].any() if planes > 1 else None
        with m.If(load):
            m.d.sync += [plane.eq(1), last.eq(self.a_last)]
        with m.Elif(ends if active is None else ends | active):
            m.d.sync += plane.eq(plane << 1)
        with m.If(ends):
            m.d.sync += clear.eq(last)
        with m.If(ends & last):
            m.d.sync += row.eq(1)
        with m.Elif(self.o_ready):
            m.d.sync += row.eq(row << 1)
        common = {"load": load, "ends": ends, "clear": clear}
        if active is not None:
            common |= {"active": active, "first": plane[0]}
        if rows > 1:
            common |= {"row": row}
        self._connect(m, common)
        return m

    def _connect(self, m: Module, common: dict[str, Signal]) -> None:
        """Hands the tables of all rows to all columns."""
        spec, design, group = self._spec, self._design, self._spec.group
        made: dict[str, list[Signal]] = {}
        for number in range(spec.rows):
            table = self._row if number == 0 else TableRow(spec, design)
            m.submodules[f"table{number}"] = table
            taken = self.a_data.word_select(number, group * design.a.bits)
            m.d.comb += [table.load.eq(common["load"]), table.a.eq(taken)]
            for name, member in table.signature.members.items():
                if member.flow == Out:
                    made.setdefault(name, []).append(getattr(table, name))
        for number in range(spec.cols):
            column = self._column if number == 0 else LutColumn(spec, design)
            m.submodules[f"column{number}"] = column
            weights = self.w_data.word_select(number, group * design.b.bits)
            m.d.comb += column.w.eq(weights)
            m.d.comb += [getattr(column, name).eq(value) for name, value in common.items()]
            m.d.comb += [getattr(column, name).eq(Cat(*rows)) for name, rows in made.items()]
            m.d.comb += self.o_data.word_select(number, design.out.bits).eq(column.o)
