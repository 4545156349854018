"""Decoder of bipolar integers and of binary, the shortest of them."""

from amaranth.hdl import Cat, Const, Module
from amaranth.lib.wiring import Component, In, Out

from hwdse.formats import Binary, Bipolar
from hwdse.hdl.decode import decoder
from hwdse.hdl.structure import Structure
from hwdse.hdl.unpacked import unpacked_signature


@decoder.register(Bipolar)
@decoder.register(Binary)
class BipolarDecoder(Component):
    """Wires: 2 code + 1 - 2^n, which in two's complement inverts one bit.

    Combinational: latency 0, one code per cycle.
    """

    def __init__(self, number_format: Bipolar | Binary) -> None:
        super().__init__(
            {
                "i": In(number_format.bits),
                "o": Out(unpacked_signature(number_format.unpacked)),
            }
        )

    @property
    def structure(self) -> Structure:
        """Nothing but wires; the inverter goes into whatever follows."""
        return Structure()

    def elaborate(self, platform) -> Module:
        m = Module()
        m.d.comb += self.o.significand.eq(Cat(Const(1, 1), self.i[:-1], ~self.i[-1]).as_signed())
        return m
