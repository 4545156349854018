"""A word for each column of a tile, such as its bias."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hwdse.hdl.component import Component
from hwdse.hdl.select import selected
from hwdse.spec.coprocessor import PARAMETER_BYTES

_BITS = 8 * PARAMETER_BYTES


class ColumnTable(Component):
    """Keeps a number of 32 bits for each column of a tile.

    A word of the bus may hold two numbers, and the first column's number may be the second of its
    word: `skip` says so. Reading is combinational.

    Args:
        cols: most columns of a tile.
        word_bytes: bytes of a word of the data bus.

    Ports:
        put, put_place, put_data: keep a word.
        skip: numbers in the first word before that of column 0.
        column: the column to read.
        used: the table is read; otherwise `o` is `instead`.
        instead: what all columns have if the table is not used.
        o: the number of the column.
    """

    def __init__(self, cols: int, word_bytes: int) -> None:
        self._cols, self._word_bytes = cols, word_bytes
        self._per_word = word_bytes // PARAMETER_BYTES
        self.words = -(-(cols + self._per_word - 1) // self._per_word)
        super().__init__(
            {
                "put": In(1),
                "put_place": In(range(max(self.words, 2))),
                "put_data": In(8 * word_bytes),
                "skip": In(1),
                "column": In(range(max(cols, 2))),
                "used": In(1),
                "instead": In(_BITS),
                "o": Out(_BITS),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.kept = kept = Memory(
            shape=8 * self._word_bytes, depth=max(self.words, 2), init=[]
        )
        write, read = kept.write_port(), kept.read_port(domain="comb")
        place = Signal(range(self.words * self._per_word + 1))
        select = (self._per_word - 1).bit_length()
        m.d.comb += [
            write.addr.eq(self.put_place),
            write.data.eq(self.put_data),
            write.en.eq(self.put),
            place.eq(self.column + self.skip),
            read.addr.eq(place[select:]),
        ]
        numbers = [read.data[low : low + _BITS] for low in range(0, len(read.data), _BITS)]
        found = selected(numbers, place[:select])
        m.d.comb += self.o.eq(Mux(self.used, found, self.instead))
        return m
