"""The weight-stationary systolic array: double-buffered weights, skew at the edges, kept sums."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from hwdse.hdl.component import Component
from hwdse.hdl.systolic.column import ColumnEnd, KeptSums, start_bits
from hwdse.hdl.systolic.skew import Skew
from hwdse.hdl.systolic.stationary_weights import StationaryRow
from hwdse.primitives.primitive import Adder, Register
from hwdse.primitives.structure import Child, Structure, UnitStructure
from hwdse.spec import Design
from hwdse.spec.engines.systolic import Systolic


class WeightStationaryArray(Component):
    """A systolic array with stationary weights, double-buffered, and skew at its edges.

    Cycles are counted without stalls, and a vector is accepted in cycle m. Its element i enters
    row i in cycle m + 1 + i. The sum of column j leaves the bottom at the end of cycle
    m + rows + j. All results of the vector are in `o_data` in cycle m + rows + cols. Initiation
    interval 1.

    A sum that leaves column 0 unfinished can enter again with a vector that is accepted from cycle
    m + rows + 2 on. Weights of the next tile are accepted from the cycle after `a_swap` on.

    Every register but the count of loaded rows and of free places advances only in cycles with
    `go`: nothing moves while a result waits for `o_ready`.

    Ports:
        w_valid, w_ready, w_data: weights of a row; row 0 first, `rows` transfers per tile.
        a_valid, a_ready, a_data: activations, one for each row.
        a_swap: the vector is the first with the weights loaded last.
        a_first, a_last: the vector starts sums, ends sums. Only with `sums`.
        o_valid, o_ready, o_data: results, one for each column.
    """

    def __init__(self, spec: Systolic, design: Design) -> None:
        self._spec, self._design = spec, design
        rows, cols = spec.rows, spec.cols
        self._row, self._end = StationaryRow(design, cols), ColumnEnd(design)
        # The flags that weights are swapped travel with the activations, one cycle ahead.
        self._skew_a, self._skew_swap = Skew(design.a.bits, rows), Skew(1, rows)
        self._skew_w = Skew(design.b.bits, cols)
        self._level = Skew(design.out.bits, cols, falling=True)
        self._kept = KeptSums(design, spec.sums) if spec.sums else None
        flags = {name: In(1) for name in ("a_swap", *(("a_first", "a_last") if spec.sums else ()))}
        super().__init__(
            {
                **{"w_valid": In(1), "w_ready": Out(1), "w_data": In(cols * design.b.bits)},
                **{"a_valid": In(1), "a_ready": Out(1), **flags},
                **{"a_data": In(rows * design.a.bits)},
                **{"o_valid": Out(1), "o_ready": In(1), "o_data": Out(cols * design.out.bits)},
            }
        )

    @property
    def structure(self) -> UnitStructure:
        """PEs, ends of columns, skew, and the kept sums."""
        spec, design, pe = self._spec, self._design, self._row.first
        rows, cols, count = spec.rows, spec.cols, spec.rows * spec.cols
        edges = [s.structure for s in (self._skew_a, self._skew_swap, self._skew_w, self._level)]
        loaded = rows.bit_length()
        control = [Register(width=rows + cols), Register(width=loaded), Adder(width=loaded)]
        if self._kept is not None:
            control.append(Register(width=rows + 1))
            for most in (spec.sums, spec.sums):
                control += [Register(width=most.bit_length()), Adder(width=most.bit_length())]
        own = Structure(parts=(Register(width=rows * design.a.bits), *control))
        # Nothing reads what the last column hands on.
        copies = ((pe.weights, count), (pe.handed_on, rows * (cols - 1)))
        children = [Child(structure=part, copies=times) for part, times in copies]
        children += [Child(structure=part) for part in (*edges, own)]
        blocks = {
            "decode": pe.lane.decode.times(count),
            "multiply": pe.lane.multiply.times(count),
            "accumulate": pe.accumulate.times(count),
            "encode": self._end.structure.times(cols),
            "registers": Structure(children=tuple(children)),
        }
        if self._kept is not None:
            blocks["sums"] = self._kept.structure(cols)
        return UnitStructure(
            blocks=blocks,
            stages=(("decode", "multiply", "accumulate"), ("encode",)),
            macs_per_cycle=count,
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        spec = self._spec
        go, taken, swapped = Signal(), Signal(), Signal()
        m.d.comb += [
            go.eq(~self.o_valid | self.o_ready),
            taken.eq(self.a_valid & self.a_ready),
            swapped.eq(taken & self.a_swap),
        ]
        may, ends = Const(1, 1), Const(1, 1)
        take, leaves = Const(0, 1), Const(0, 1)
        if spec.sums:
            may, take, leaves = self._counts(m, go, taken)
            ends = self.a_last
        loaded, loads = self._loads(m, go, swapped)
        m.d.comb += self.a_ready.eq(go & (~self.a_swap | loaded) & may)
        self._array(m, go, swapped, loads, take, leaves)
        coming = Signal(spec.rows + spec.cols)
        with m.If(go):
            m.d.sync += coming.eq(Cat(taken & ends, coming[:-1]))
        m.d.comb += self.o_valid.eq(coming[-1])
        return m

    def _counts(self, m: Module, go: Value, taken: Value) -> tuple[Value, Value, Value]:
        """Counts kept sums and free places.

        Returns:
            Whether the offered vector finds its sums or its places, whether it takes kept sums, and
            whether the state at the bottom of column 0 is to be kept.
        """
        most, rows = self._spec.sums, self._spec.rows
        kept, free = Signal(range(most + 1)), Signal(range(most + 1), init=most)
        coming = Signal(rows + 1)
        take, keep, put = Signal(), Signal(), Signal()
        m.d.comb += [
            take.eq(taken & ~self.a_first),
            keep.eq(taken & ~self.a_last),
            put.eq(go & coming[-1]),
        ]
        m.d.sync += [kept.eq(kept + put - take), free.eq(free + take - keep)]
        with m.If(go):
            m.d.sync += coming.eq(Cat(keep, coming[:-1]))
        # A vector that takes sums makes a place free.
        may = Mux(self.a_first, self.a_last | free.any(), kept.any())
        return may, take, coming[-1]

    def _loads(self, m: Module, go: Value, swapped: Value) -> tuple[Value, list[Value]]:
        """Takes the rows of a tile one after another.

        Returns:
            Whether all rows are there, and for each row whether it is loaded in this cycle.
        """
        rows = self._spec.rows
        count, loaded, loading = Signal(range(rows + 1)), Signal(), Signal()
        m.d.comb += [
            loaded.eq(count == rows),
            self.w_ready.eq(go & ~loaded),
            loading.eq(self.w_valid & self.w_ready),
        ]
        with m.If(swapped):
            m.d.sync += count.eq(0)
        with m.Elif(loading):
            m.d.sync += count.eq(count + 1)
        return loaded, [loading & (count == row) for row in range(rows)]

    def _array(  # noqa: PLR0917 - what enters the array
        self,
        m: Module,
        go: Value,
        swapped: Value,
        loads: Sequence[Value],
        take: Value,
        put: Value,
    ) -> None:
        """Connects rows, skew, and what lies at the ends of the columns."""
        spec, design = self._spec, self._design
        vector = Signal(len(self.a_data), reset_less=True)
        m.submodules.skew_a, m.submodules.skew_swap = self._skew_a, self._skew_swap
        m.submodules.skew_w, m.submodules.level = self._skew_w, self._level
        with m.If(go):
            m.d.sync += vector.eq(self.a_data)
        for skew in (self._skew_a, self._skew_swap, self._skew_w, self._level):
            m.d.comb += skew.go.eq(go)
        m.d.comb += [
            self._skew_a.i.eq(vector),
            self._skew_swap.i.eq(swapped.replicate(spec.rows)),
            self._skew_w.i.eq(self.w_data),
            self.o_data.eq(self._level.o),
        ]
        rows = [self._row, *(StationaryRow(design, spec.cols) for _ in range(spec.rows - 1))]
        bits = len(self._row.s) // spec.cols
        top, bottom = Signal(len(self._row.s)), rows[-1].s_next
        for number, row in enumerate(rows):
            m.submodules[f"row{number}"] = row
            m.d.comb += [
                row.go.eq(go),
                row.a.eq(self._skew_a.o.word_select(number, design.a.bits)),
                row.swap.eq(self._skew_swap.o[number]),
                row.load.eq(loads[number]),
                row.w.eq(self._skew_w.o),
                row.s.eq(rows[number - 1].s_next if number else top),
            ]
        for column in range(spec.cols):
            end = self._end if column == 0 else ColumnEnd(design)
            m.submodules[f"end{column}"] = end
            m.d.comb += [
                end.s.eq(bottom.word_select(column, bits)),
                self._level.i.word_select(column, design.out.bits).eq(end.o),
            ]
            state: Value = Const(start_bits(self._row.first.step), bits)
            if self._kept is not None:
                kept = self._kept if column == 0 else KeptSums(design, spec.sums)
                m.submodules[f"kept{column}"] = kept
                m.d.comb += [
                    kept.go.eq(go),
                    kept.put.eq(put),
                    kept.take.eq(take),
                    kept.i.eq(bottom.word_select(column, bits)),
                ]
                state, put, take = kept.o, kept.put_next, kept.take_next
            m.d.comb += top.word_select(column, bits).eq(state)
