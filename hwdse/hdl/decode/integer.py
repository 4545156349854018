"""Decoder of two's-complement integers."""

from amaranth.hdl import Module
from amaranth.lib.wiring import Component, In, Out

from hwdse.formats import Integer
from hwdse.hdl.decode import decoder
from hwdse.hdl.structure import Structure
from hwdse.hdl.unpacked import unpacked_signature


@decoder.register(Integer)
class IntegerDecoder(Component):
    """Wires: the code is the significand. Combinational: latency 0, one code per cycle."""

    def __init__(self, number_format: Integer) -> None:
        super().__init__(
            {
                "i": In(number_format.bits),
                "o": Out(unpacked_signature(number_format.unpacked)),
            }
        )

    @property
    def structure(self) -> Structure:
        """Nothing but wires."""
        return Structure()

    def elaborate(self, platform) -> Module:
        m = Module()
        m.d.comb += self.o.significand.eq(self.i)
        return m
