"""Decoder of dINT."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from hwdse.formats import DInt
from hwdse.hdl.component import Component
from hwdse.hdl.decode import decoder
from hwdse.hdl.unpacked import drive, unpacked_signature
from hwdse.primitives.primitive import Gates, Incrementer, Reduce
from hwdse.primitives.structure import Structure


@decoder.register(DInt)
class DIntDecoder(Component):
    """Twice the value as an integer: the magnitude minus one, shifted, and the code of one half.

    Combinational: latency 0, one code per cycle. In two's complement, the step of one goes toward
    zero.
    """

    def __init__(self, number_format: DInt) -> None:
        self._format = number_format
        super().__init__(
            {
                "i": In(number_format.bits),
                "o": Out(unpacked_signature(number_format.unpacked)),
            }
        )

    @property
    def structure(self) -> Structure:
        """A short incrementer, and the detection of one half."""
        width = self._format.bits - 1
        half, step, keep = Reduce(width=width), Incrementer(width=width), Gates(width=1)
        return Structure(parts=(half, step, keep), path=(half, step))

    def elaborate(self, platform) -> Module:
        m = Module()
        code = self.i
        if not self._format.twos_complement:
            magnitude = code[:-1]
            whole = Signal(len(magnitude))
            m.d.comb += whole.eq(magnitude - magnitude.any())
            half = magnitude == 1
            drive(
                m,
                self.o,
                sign=code[-1],
                significand=Cat(half, whole),
                zero=~magnitude.any(),
            )
            return m
        # Code -1 is minus one half: the integer part is -1, and the bit of one half is set.
        minus_half = code.all()
        whole = Signal(len(code))
        toward_zero = Mux(code[-1], ~minus_half, -code.any())
        m.d.comb += whole.eq(code + toward_zero)
        m.d.comb += self.o.significand.eq(Cat((code == 1) | minus_half, whole).as_signed())
        return m
