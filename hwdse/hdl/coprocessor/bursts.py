"""Addresses of bursts: lines of memory as bursts of AXI4."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from hwdse.hdl.component import Component

#: Words of the longest burst, a power of two. A burst ends where a multiple of its bytes begins. So
#: no burst crosses a page of 4 KiB, which AXI4 forbids.
BURST_WORDS = 16
ADDRESS_BITS = 64
STRIDE_BITS = 32
_INCREASING, _BUFFERABLE = 1, 3
#: Name and width in bits of what an address channel carries.
ADDRESS_CHANNEL = {
    "id": 1,
    "addr": ADDRESS_BITS,
    "len": 8,
    "size": 3,
    "burst": 2,
    "cache": 4,
    "prot": 3,
}


class Bursts(Component):
    """Gives out the addresses of the bursts that lines of memory consist of.

    The first burst is offered two cycles after `start`, and then one in each cycle in which the
    receiver is ready. `start` comes only while `busy` is low.

    Args:
        word_bytes: bytes of a word of the data bus.
        lines: most lines of a command.
        words: most words of a line.

    Ports:
        start: take the command in `address`, `stride`, `lines` and `words`.
        address: address of the first line in bytes; what is below a word does not matter.
        stride: bytes from line to line, whole words.
        lines: number of lines, at least 1.
        words: words of each line, at least 1.
        busy: not all bursts have been taken.
        valid, ready, id, addr, len, size, burst, cache, prot: the address channel.
    """

    def __init__(self, word_bytes: int, lines: int, words: int) -> None:
        self._word_bytes = word_bytes
        super().__init__(
            {
                "start": In(1),
                "address": In(ADDRESS_BITS),
                "stride": In(STRIDE_BITS),
                "lines": In(range(lines + 1)),
                "words": In(range(words + 1)),
                "busy": Out(1),
                "valid": Out(1),
                "ready": In(1),
                **{name: Out(width) for name, width in ADDRESS_CHANNEL.items()},
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        word = (self._word_bytes - 1).bit_length()
        whole = word + (BURST_WORDS - 1).bit_length()
        # Addresses in words, of this line and of its next burst.
        line, at = Signal(ADDRESS_BITS - word), Signal(ADDRESS_BITS - word)
        below = Signal(len(self.lines))
        left, of_line = Signal(len(self.words)), Signal(len(self.words))
        stride = Signal(STRIDE_BITS - word)
        # Words up to the end of the burst's place in memory, and of the burst.
        room, count = Signal(range(BURST_WORDS + 1)), Signal(range(BURST_WORDS + 1))
        m.d.comb += [
            room.eq(BURST_WORDS - at[: whole - word]),
            count.eq(Mux(left < room, left, room)),
            self.busy.eq((left != 0) | self.valid),
            self.size.eq(word),
            self.burst.eq(_INCREASING),
            self.cache.eq(_BUFFERABLE),
        ]
        following = Signal(ADDRESS_BITS - word)
        m.d.comb += following.eq(line + stride)
        with m.If(self.ready):
            m.d.sync += self.valid.eq(0)
        with m.If((left != 0) & (~self.valid | self.ready)):
            m.d.sync += [
                self.valid.eq(1),
                self.addr.eq(Cat(Const(0, word), at)),
                self.len.eq(count - 1),
                at.eq(Cat(Const(0, whole - word), at[whole - word :] + 1)),
                left.eq(left - count),
            ]
            with m.If((left == count) & (below != 0)):
                m.d.sync += [
                    line.eq(following),
                    at.eq(following),
                    left.eq(of_line),
                    below.eq(below - 1),
                ]
        with m.If(self.start):
            m.d.sync += [
                line.eq(self.address[word:]),
                at.eq(self.address[word:]),
                left.eq(self.words),
                of_line.eq(self.words),
                below.eq(self.lines - 1),
                stride.eq(self.stride[word:]),
            ]
        return m
