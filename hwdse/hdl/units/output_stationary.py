"""The output-stationary systolic array: sums of any length, skew at the edges, overlapped drain."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from hwdse.hdl.component import Component
from hwdse.hdl.systolic.column import ColumnEnd
from hwdse.hdl.systolic.skew import Skew
from hwdse.hdl.systolic.stationary_sums import FLAGS, SumRow
from hwdse.primitives.primitive import Register
from hwdse.primitives.structure import Child, Structure, UnitStructure
from hwdse.spec import Design
from hwdse.spec.engines.systolic import Systolic


class OutputStationaryArray(Component):
    """A systolic array with stationary sums, and skew at its edges.

    Cycles are counted without stalls, and step k of a tile is accepted in cycle k. The PE of row
    i, from the top, and column j takes it in cycle k + 1 + i + j. After K steps, that PE ends its
    sum at the end of cycle K + i + j. The results move down and leave at the bottom: row m of the
    result is in `o_data` in cycle K - 1 + rows + cols + m. Row m of the result lies in row
    `rows` - 1 - m, from the top, so that row 0 leaves first.

    Initiation interval 1. The last step of a tile waits until `rows` cycles have passed since that
    of the tile before it; so tiles of at least `rows` steps follow one another without a pause.

    Every register but the flag that a tile begins advances only in cycles with `go`: nothing moves
    while a result waits for `o_ready`.

    Ports:
        a_valid, a_ready, a_data: a column of the first matrix, one element per row.
        a_last: the step is the last of a tile.
        w_valid, w_ready, w_data: a row of the second matrix, one element per column.
        o_valid, o_ready, o_data: a row of the result; `rows` transfers per tile.
    """

    def __init__(self, spec: Systolic, design: Design) -> None:
        self._spec, self._design = spec, design
        rows, cols = spec.rows, spec.cols
        self._row, self._end = SumRow(design, cols), ColumnEnd(design)
        self._skew_a = Skew(design.a.bits + len(FLAGS), rows)
        self._skew_w = Skew(design.b.bits, cols)
        self._level = Skew(design.out.bits, cols, falling=True)
        super().__init__(
            {
                **{"w_valid": In(1), "w_ready": Out(1), "w_data": In(cols * design.b.bits)},
                **{"a_valid": In(1), "a_ready": Out(1), "a_last": In(1)},
                **{"a_data": In(rows * design.a.bits)},
                **{"o_valid": Out(1), "o_ready": In(1), "o_data": Out(cols * design.out.bits)},
            }
        )

    @property
    def structure(self) -> UnitStructure:
        """PEs, ends of columns, and skew."""
        spec, design, pe = self._spec, self._design, self._row.first_pe
        rows, cols, count = spec.rows, spec.cols, spec.rows * spec.cols
        edges = [s.structure for s in (self._skew_a, self._skew_w, self._level)]
        # Steps, tiles that end, rows that shift, results that come, and the flag of a tile's begin.
        control = (len(FLAGS), rows + cols - 1, rows - 1, rows, 1)
        widths = (rows * design.a.bits, cols * design.b.bits, *control)
        own = Structure(parts=tuple(Register(width=width) for width in widths if width))
        # Nothing reads what the last column hands on, and the last row hands down.
        copies = (
            (pe.result, count),
            (pe.handed_on, rows * (cols - 1)),
            (pe.handed_down, (rows - 1) * cols),
        )
        children = [Child(structure=part, copies=times) for part, times in copies]
        children += [Child(structure=part) for part in (*edges, own)]
        return UnitStructure(
            blocks={
                "decode": pe.lane.decode.times(count),
                "multiply": pe.lane.multiply.times(count),
                "accumulate": pe.accumulate.times(count),
                "encode": self._end.structure.times(cols),
                "registers": Structure(children=tuple(children)),
            },
            stages=(("decode", "multiply", "accumulate"), ("encode",)),
            macs_per_cycle=count,
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        rows, cols = self._spec.rows, self._spec.cols
        go, taken, ends, begins = Signal(), Signal(), Signal(), Signal(init=1)
        ended = Signal(rows + cols - 1)
        may = go & (~self.a_last | ~ended[: rows - 1].any())
        m.d.comb += [
            go.eq(~self.o_valid | self.o_ready),
            self.a_ready.eq(may & self.w_valid),
            self.w_ready.eq(may & self.a_valid),
            taken.eq(self.a_valid & self.a_ready),
            ends.eq(taken & self.a_last),
        ]
        with m.If(taken):
            m.d.sync += begins.eq(self.a_last)
        coming, shifts = Signal(rows), Signal(max(rows - 1, 1), reset_less=True)
        with m.If(go):
            m.d.sync += [
                ended.eq(Cat(ends, ended[:-1])),
                # Row i, from the top, takes results from above in i cycles.
                shifts.eq(Mux(ended[rows - 1], ~0, shifts << 1)),
                coming.eq(Mux(ended[-1], ~0, coming >> 1)),
            ]
        m.d.comb += self.o_valid.eq(coming[0])
        self._array(m, go, Cat(taken, begins, ends), shifts)
        return m

    def _array(self, m: Module, go: Value, flags: Value, shifts: Value) -> None:
        """Connects rows, skew, and the ends of the columns."""
        rows, cols, design = self._spec.rows, self._spec.cols, self._design
        vector = Signal(len(self.a_data), reset_less=True)
        weights = Signal(len(self.w_data), reset_less=True)
        told = Signal(len(FLAGS), reset_less=True)
        with m.If(go):
            m.d.sync += [vector.eq(self.a_data), weights.eq(self.w_data), told.eq(flags)]
        m.submodules.skew_a, m.submodules.skew_w = self._skew_a, self._skew_w
        m.submodules.level = self._level
        for skew in (self._skew_a, self._skew_w, self._level):
            m.d.comb += skew.go.eq(go)
        a_bits, width = design.a.bits, design.a.bits + len(FLAGS)
        elements = [Cat(vector.word_select(rows - 1 - row, a_bits), told) for row in range(rows)]
        m.d.comb += [
            self._skew_a.i.eq(Cat(*elements)),
            self._skew_w.i.eq(weights),
            self.o_data.eq(self._level.o),
        ]
        above: Value = self._skew_w.o
        results: Value = Const(0, len(self._row.s))
        for number in range(rows):
            row = self._row if number == 0 else SumRow(design, cols)
            m.submodules[f"row{number}"] = row
            element = self._skew_a.o.word_select(number, width)
            m.d.comb += [
                row.go.eq(go),
                row.a.eq(element[:a_bits]),
                *(
                    getattr(row, name).eq(element[a_bits + place])
                    for place, name in enumerate(FLAGS)
                ),
                row.shift.eq(shifts[number - 1] if number else 0),
                row.w.eq(above),
                row.s.eq(results),
            ]
            above, results = row.w_next, row.s_next
        bits = len(self._row.s) // cols
        for column in range(cols):
            end = self._end if column == 0 else ColumnEnd(design)
            m.submodules[f"end{column}"] = end
            m.d.comb += [
                end.s.eq(results.word_select(column, bits)),
                self._level.i.word_select(column, design.out.bits).eq(end.o),
            ]
