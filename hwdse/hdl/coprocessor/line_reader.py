"""The reading half of the DMA: lines of memory come in as numbered words."""

from amaranth.hdl import Module, Signal
from amaranth.lib.wiring import In, Out

from hwdse.hdl.component import Component
from hwdse.hdl.coprocessor.bursts import ADDRESS_BITS, ADDRESS_CHANNEL, STRIDE_BITS, Bursts


class LineReader(Component):
    """Reads lines of memory. Each word comes out with the number of its line and its place there.

    Many bursts may be on their way at once: there is always room for their words, so `rready` is
    always high. Throughput: one word per cycle. The command is that of `Bursts`.

    Args:
        word_bytes: bytes of a word of the data bus.
        lines: most lines of a command.
        words: most words of a line.

    Ports:
        start, address, stride, lines, words: a command; only while `busy` is low.
        busy: not all words have come.
        failed: memory has answered a word of the command with an error.
        put: a word has come, in this cycle.
        put_line, put_place, put_data: the number of its line, its place in the line, the word.
        ar..., r...: the channels of AXI4.
    """

    def __init__(self, word_bytes: int, lines: int, words: int) -> None:
        self._bursts = Bursts(word_bytes, lines, words)
        bits = 8 * word_bytes
        super().__init__(
            {
                "start": In(1),
                "address": In(ADDRESS_BITS),
                "stride": In(STRIDE_BITS),
                "lines": In(range(lines + 1)),
                "words": In(range(words + 1)),
                "busy": Out(1),
                "failed": Out(1),
                "put": Out(1),
                "put_line": Out(range(max(lines, 2))),
                "put_place": Out(range(max(words, 2))),
                "put_data": Out(bits),
                **{"arvalid": Out(1), "arready": In(1)},
                **{f"ar{name}": Out(width) for name, width in ADDRESS_CHANNEL.items()},
                **{"rvalid": In(1), "rready": Out(1), "rdata": In(bits), "rresp": In(2)},
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.bursts = bursts = self._bursts
        for name in ("start", "address", "stride", "lines", "words"):
            m.d.comb += getattr(bursts, name).eq(getattr(self, name))
        for name in ("valid", *ADDRESS_CHANNEL):
            m.d.comb += getattr(self, f"ar{name}").eq(getattr(bursts, name))
        left, last = Signal(len(self.lines)), Signal(len(self.put_place))
        m.d.comb += [
            bursts.ready.eq(self.arready),
            self.busy.eq(bursts.busy | (left != 0)),
            self.rready.eq(1),
            self.put.eq(self.rvalid),
            self.put_data.eq(self.rdata),
        ]
        with m.If(self.rvalid):
            m.d.sync += self.put_place.eq(self.put_place + 1)
            with m.If(self.rresp[1]):
                m.d.sync += self.failed.eq(1)
            with m.If(self.put_place == last):
                m.d.sync += [
                    self.put_place.eq(0),
                    self.put_line.eq(self.put_line + 1),
                    left.eq(left - 1),
                ]
        with m.If(self.start):
            m.d.sync += [
                left.eq(self.lines),
                last.eq(self.words - 1),
                self.put_place.eq(0),
                self.put_line.eq(0),
                self.failed.eq(0),
            ]
        return m
