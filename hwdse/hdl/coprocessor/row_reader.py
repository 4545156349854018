"""Takes rows of results from the array, and gives out their elements one by one."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from hwdse.hdl.component import Component


class RowReader(Component):
    """Gives out the elements of the rows and columns that a tile has, and drops the others.

    A row is taken while no other is held. Its first element is offered one cycle later, then one
    per cycle while the receiver is ready.

    Args:
        rows: rows of the array, and so of a whole tile.
        cols: elements of a row.
        bits: bits of an element.

    Ports:
        start: the next rows are those of a tile of `lines` rows and `count` columns, which stay so
            while `busy` is high.
        busy: not all rows have come, or elements of the last are left.
        row_valid, row_ready, row: a row from the array, column 0 in the low bits.
        valid, ready, o, column, last: an element, its column, and whether it is the last of a row.
    """

    def __init__(self, rows: int, cols: int, bits: int) -> None:
        self._rows, self._cols, self._bits = rows, cols, bits
        super().__init__(
            {
                "start": In(1),
                "lines": In(range(rows + 1)),
                "count": In(range(cols + 1)),
                "busy": Out(1),
                **{"row_valid": In(1), "row_ready": Out(1), "row": In(cols * bits)},
                **{"valid": Out(1), "ready": In(1), "o": Out(bits)},
                **{"column": Out(range(max(cols, 2))), "last": Out(1)},
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        # Rows that have not come yet, and rows of those that are not of the tile.
        left, held = Signal(range(self._rows + 1)), Signal(len(self.row), reset_less=True)
        beyond = Signal(range(self._rows + 1))
        m.d.comb += [
            beyond.eq(self._rows - self.lines),
            self.row_ready.eq(~self.valid),
            self.busy.eq((left != 0) | self.valid),
            self.o.eq(held[: self._bits]),
            self.last.eq(self.column == self.count - 1),
        ]
        with m.If(self.row_valid & self.row_ready):
            m.d.sync += [
                left.eq(left - 1),
                held.eq(self.row),
                self.column.eq(0),
                self.valid.eq(left > beyond),
            ]
        with m.If(self.valid & self.ready):
            m.d.sync += [
                held.eq(held >> self._bits),
                self.column.eq(Mux(self.last, 0, self.column + 1)),
                self.valid.eq(~self.last),
            ]
        with m.If(self.start):
            m.d.sync += left.eq(self._rows)
        return m
