"""The writing half of the DMA: elements of lines become bursts of words with strobes."""

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib.wiring import In, Out

from hwdse.hdl.component import Component
from hwdse.hdl.coprocessor.bursts import (
    ADDRESS_BITS,
    ADDRESS_CHANNEL,
    BURST_WORDS,
    STRIDE_BITS,
    Bursts,
)


class LineWriter(Component):
    """Writes lines of elements to memory. A line may begin and end within a word.

    Addresses and data go out independently, and many bursts may be on their way at once. A word is
    offered one cycle after its last element. Throughput: one element per cycle.

    Args:
        word_bytes: bytes of a word of the data bus.
        element_bytes: bytes of an element.
        bits: bits of its code, the lowest of them; those above are written as 0.
        lines: most lines of a command.
        elements: most elements of a line.

    Ports:
        start: take the command; only while `busy` is low.
        address: address of the first element in bytes, whole elements.
        stride: bytes from line to line, whole words.
        lines: number of lines, at least 1.
        count: elements of each line, at least 1.
        busy: memory has not answered to all bursts.
        failed: memory has answered to a burst of the command with an error.
        in_valid, in_ready, in_data, in_last: an element, and whether it is the last of its line.
        aw..., w..., b...: the channels of AXI4.
    """

    def __init__(
        self, word_bytes: int, element_bytes: int, bits: int, lines: int, elements: int
    ) -> None:
        self._word_bytes, self._element_bytes = word_bytes, element_bytes
        self._per_word = word_bytes // element_bytes
        words = -(-(elements + self._per_word - 1) // self._per_word)
        self._bursts = Bursts(word_bytes, lines, words)
        self._most_bursts = lines * -(-(words + BURST_WORDS - 1) // BURST_WORDS)
        super().__init__(
            {
                "start": In(1),
                "address": In(ADDRESS_BITS),
                "stride": In(STRIDE_BITS),
                "lines": In(range(lines + 1)),
                "count": In(range(elements + 1)),
                "busy": Out(1),
                "failed": Out(1),
                **{"in_valid": In(1), "in_ready": Out(1), "in_data": In(bits), "in_last": In(1)},
                **{"awvalid": Out(1), "awready": In(1)},
                **{f"aw{name}": Out(width) for name, width in ADDRESS_CHANNEL.items()},
                **{"wvalid": Out(1), "wready": In(1), "wlast": Out(1)},
                **{"wdata": Out(8 * word_bytes), "wstrb": Out(word_bytes)},
                **{"bvalid": In(1), "bready": Out(1), "bresp": In(2)},
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.bursts = bursts = self._bursts
        for name in ("start", "address", "stride", "lines"):
            m.d.comb += getattr(bursts, name).eq(getattr(self, name))
        for name in ("valid", *ADDRESS_CHANNEL):
            m.d.comb += getattr(self, f"aw{name}").eq(getattr(bursts, name))
        left = Signal(len(self.lines))
        open_bursts = Signal(range(self._most_bursts + 1))
        m.d.comb += [
            bursts.ready.eq(self.awready),
            self.bready.eq(1),
            self.busy.eq(bursts.busy | (left != 0) | self.wvalid | (open_bursts != 0)),
        ]
        m.d.sync += open_bursts.eq(
            open_bursts + (self.awvalid & self.awready) - (self.bvalid & self.bready)
        )
        with m.If(self.bvalid & self.bresp[1]):
            m.d.sync += self.failed.eq(1)
        with m.If(self.in_valid & self.in_ready & self.in_last):
            m.d.sync += left.eq(left - 1)
        with m.If(self.start):
            m.d.sync += [left.eq(self.lines), self.failed.eq(0)]
        self._pack(m)
        return m

    def _pack(self, m: Module) -> None:
        """Puts elements into words, and words into bursts."""
        element = (self._element_bytes - 1).bit_length()
        word = (self._word_bytes - 1).bit_length()
        burst = (BURST_WORDS - 1).bit_length()
        # Where the next element lies in its word, and the line's first; the same of words in the
        # place of a burst.
        lane, first_lane = (Signal(range(max(self._per_word, 2))) for _ in range(2))
        place, first_place = Signal(burst), Signal(burst)
        stride = Signal(burst)
        data, strobes = Signal(len(self.wdata)), Signal(len(self.wstrb))
        padded = Cat(self.in_data, Const(0, 8 * self._element_bytes - len(self.in_data)))
        new_data, new_strobes = Signal(len(self.wdata)), Signal(len(self.wstrb))
        m.d.comb += [new_data.eq(data), new_strobes.eq(strobes)]
        for number in range(self._per_word):
            with m.If(lane == number):
                m.d.comb += [
                    new_data.word_select(number, len(padded)).eq(padded),
                    new_strobes.word_select(number, self._element_bytes).eq(~0),
                ]
        full, taken = Signal(), Signal()
        m.d.comb += [
            full.eq(self.in_last | (lane == self._per_word - 1)),
            self.in_ready.eq(~full | ~self.wvalid | self.wready),
            taken.eq(self.in_valid & self.in_ready),
        ]
        with m.If(self.wready):
            m.d.sync += self.wvalid.eq(0)
        with m.If(taken):
            m.d.sync += [data.eq(new_data), strobes.eq(new_strobes), lane.eq(lane + 1)]
        with m.If(taken & full):
            m.d.sync += [
                self.wvalid.eq(1),
                self.wdata.eq(new_data),
                self.wstrb.eq(new_strobes),
                self.wlast.eq(self.in_last | (place == BURST_WORDS - 1)),
                data.eq(0),
                strobes.eq(0),
                lane.eq(0),
                place.eq(place + 1),
            ]
        following = Signal(burst)
        m.d.comb += following.eq(first_place + stride)
        with m.If(taken & self.in_last):
            m.d.sync += [lane.eq(first_lane), place.eq(following), first_place.eq(following)]
        lane_in = self.address[element:word] if self._per_word > 1 else Const(0, 1)
        place_in = self.address[word : word + burst]
        with m.If(self.start):
            m.d.sync += [
                *(first_lane.eq(lane_in), lane.eq(lane_in)),
                *(first_place.eq(place_in), place.eq(place_in)),
                stride.eq(self.stride[word : word + burst]),
            ]
        whole = lane_in + self.count + (self._per_word - 1)
        m.d.comb += self._bursts.words.eq(whole >> (word - element))
