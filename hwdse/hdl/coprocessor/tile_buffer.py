"""The rows of a matrix that an edge of the array takes, one element of each row per step."""

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hwdse.hdl.component import Component
from hwdse.hdl.select import selected


class TileBuffer(Component):
    """Keeps the next terms of some rows of a matrix, and gives one term of all rows at once.

    The terms come out one cycle after `take`, and stay until the next. Throughput: one word in and
    one step out per cycle.

    Args:
        rows: number of rows.
        words: words of each row.
        element_bits: bits of an element in memory.
        bits: bits of its code, the lowest of them.
        word_bits: bits of a word.

    Ports:
        put: keep the word `put_data` at `put_place` of row `put_line`.
        take: read term `take_term` of all rows.
        o: the terms, row 0 in the low bits.
    """

    def __init__(self, rows: int, words: int, element_bits: int, bits: int, word_bits: int) -> None:
        self._rows, self._words, self._bits = rows, words, bits
        self._element_bits, self._per_word = element_bits, word_bits // element_bits
        super().__init__(
            {
                "put": In(1),
                "put_line": In(range(max(rows, 2))),
                "put_place": In(range(words)),
                "put_data": In(word_bits),
                "take": In(1),
                "take_term": In(range(words * self._per_word)),
                "o": Out(rows * bits),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        elements = [
            self.put_data.word_select(place, self._element_bits)[: self._bits]
            for place in range(self._per_word)
        ]
        select_bits = (self._per_word - 1).bit_length()
        chosen = Signal(range(max(self._per_word, 2)))
        with m.If(self.take):
            m.d.sync += chosen.eq(self.take_term[:select_bits])
        for row in range(self._rows):
            width = self._bits * self._per_word
            m.submodules[f"row{row}"] = kept = Memory(shape=width, depth=self._words, init=[])
            write, read = kept.write_port(), kept.read_port()
            m.d.comb += [
                write.addr.eq(self.put_place),
                write.data.eq(Cat(elements)),
                write.en.eq(self.put & (self.put_line == row)),
                read.addr.eq(self.take_term[select_bits:]),
                read.en.eq(self.take),
                self.o.word_select(row, self._bits).eq(
                    selected(_words(read.data, self._bits), chosen)
                ),
            ]
        return m


def _words(value: Value, bits: int) -> list[Value]:
    """The words of a value, the lowest first."""
    return [value[low : low + bits] for low in range(0, len(value), bits)]
