"""Encoder of dINT."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from hwdse.formats import DInt, UnpackedShape
from hwdse.hdl.component import Component
from hwdse.hdl.encode import encoder
from hwdse.hdl.rounding import round_increment
from hwdse.hdl.unpacked import Record, unpacked_signature
from hwdse.hdl.window import Window
from hwdse.primitives.primitive import Adder, Gates, Incrementer
from hwdse.primitives.primitive import Mux as MuxBlock
from hwdse.primitives.structure import Structure

#: Below one, levels are one half apart, so that rounding needs quarters.
_QUARTER = -2


@encoder.register(DInt)
class DIntEncoder(Component):
    """Rounds the magnitude to an integer, or to a half below one, and counts levels.

    Combinational: latency 0, one code per cycle. From one upwards, the level is the integer part
    plus one, because the level of one half comes before. Below one, the level is the bit of one
    half. The rounding increment uses the same carry chain. NaN encodes as 0.
    """

    def __init__(self, number_format: DInt, shape: UnpackedShape, rounding: str) -> None:
        self._format, self._shape, self._rounding = number_format, shape, rounding
        self._window = Window(shape, _QUARTER, number_format.bits - 1)
        super().__init__({"i": In(unpacked_signature(shape)), "o": Out(number_format.bits)})

    @property
    def structure(self) -> Structure:
        """The window, one adder and a clamp; in two's complement also a negation."""
        width = self._format.bits - 1
        window = self._window.parts(magnitude=True)
        select, add, clamp = MuxBlock(width=3, ways=2), Adder(width=width), Gates(width=width)
        negate = Incrementer(width=width if self._format.twos_complement else 0)
        nan = Gates(width=self._format.bits * self._shape.has_nan)
        parts = (*window, select, add, clamp, negate, nan)
        return Structure(parts=parts, path=parts)

    def elaborate(self, platform) -> Module:
        m = Module()
        record = Record(self._shape, self.i)
        cut = self._window.magnitude(m, record)
        width = self._format.bits - 1
        quarter, half, whole = cut.word[0], cut.word[1], cut.word[2:]
        small = ~whole.any()
        guard, sticky = Mux(small, quarter, half), cut.sticky | (quarter & ~small)
        # The level before rounding is odd if the integer is even.
        odd = Mux(small, half, ~whole[0])
        increment = round_increment(self._rounding, cut.negative, odd, guard, sticky)
        level = Signal(width + 1)
        m.d.comb += level.eq((whole | (small & half)) + ~small + increment)
        if self._format.twos_complement:
            # The negative side has one more level, 2^width.
            limit = (1 << width) - 1
            magnitude = Signal(width + 1)
            m.d.comb += magnitude.eq(Mux(level > limit, limit + cut.negative, level))
            code = Mux(cut.negative, -magnitude, magnitude)
        else:
            code = Cat(level[:-1] | level[-1].replicate(width), cut.negative)
        m.d.comb += self.o.eq(Mux(record.nan, Const(0, 1), code))
        return m
