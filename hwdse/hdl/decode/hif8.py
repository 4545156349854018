"""Decoder of HiFloat8."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from hwdse.formats import HiF8
from hwdse.hdl.component import Component
from hwdse.hdl.decode import decoder
from hwdse.hdl.unpacked import drive, unpacked_signature
from hwdse.primitives.primitive import Adder, Gates, Reduce
from hwdse.primitives.primitive import Mux as MuxBlock
from hwdse.primitives.structure import Structure

_FRACTION_BITS = 3


@decoder.register(HiF8)
class HiF8Decoder(Component):
    """Reads the dot field, a prefix code, and puts exponent and mantissa in place by it.

    Combinational: latency 0, one code per cycle. One small multiplexer selects between the four
    exponent widths, and one between the three mantissa widths.
    """

    def __init__(self, number_format: HiF8) -> None:
        self._format = number_format
        super().__init__(
            {
                "i": In(number_format.bits),
                "o": Out(unpacked_signature(number_format.unpacked)),
            }
        )

    @property
    def structure(self) -> Structure:
        """The prefix code, both multiplexers, and the sign and offset of the exponent."""
        dot, exponent = Reduce(width=5), MuxBlock(width=4, ways=4)
        offset, mantissa = Adder(width=6), MuxBlock(width=3, ways=3)
        choose, specials = MuxBlock(width=6, ways=2), Gates(width=14)
        return Structure(
            parts=(dot, exponent, offset, mantissa, choose, specials),
            path=(dot, exponent, offset, choose),
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        f, code = self._format, self.i
        low = code[:7]
        magnitude, back, fraction = Signal(4), Signal(), Signal(_FRACTION_BITS)
        denormal = ~low[3:].any()
        # Every exponent magnitude has a hidden leading one. The dot field determines its place.
        with m.If(low[5:].all()):
            m.d.comb += [magnitude.eq(Cat(low[1:4], 1)), back.eq(low[4])]
            m.d.comb += fraction.eq(Cat(Const(0, 2), low[0]))
        with m.Elif(low[6]):
            m.d.comb += [magnitude.eq(Cat(low[2:4], 1)), back.eq(low[4])]
            m.d.comb += fraction.eq(Cat(Const(0, 1), low[:2]))
        with m.Elif(low[5]):
            m.d.comb += [magnitude.eq(Cat(low[3], 1)), back.eq(low[4])]
            m.d.comb += fraction.eq(low[:3])
        with m.Else():
            m.d.comb += [magnitude.eq(low[4]), back.eq(low[3] & low[4])]
            m.d.comb += fraction.eq(Mux(denormal, 0, low[:3]))
        origin = f.unpacked.exponent_origin + _FRACTION_BITS
        exponent = Mux(
            denormal,
            # The least denormal has the origin as its exponent; zero has the same exponent.
            low[:3] - low.any(),
            Mux(back, -magnitude, magnitude) - origin,
        )
        drive(
            m,
            self.o,
            sign=code[-1],
            significand=Cat(fraction, low.any()),
            exponent=exponent,
            zero=~code.any(),
            nan=code == f.nan_code,
            inf=low == f.inf_code,
        )
        return m
