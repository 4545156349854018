"""Decoder of sums of powers of two."""

from amaranth.hdl import Module
from amaranth.lib.wiring import Component, In, Out

from hwdse.formats import PowersOfTwo
from hwdse.hdl.decode import decoder
from hwdse.hdl.structure import Structure
from hwdse.hdl.unpacked import unpacked_signature


@decoder.register(PowersOfTwo)
class PowersOfTwoDecoder(Component):
    """Wires: the code is the integer. Combinational: latency 0, one code per cycle."""

    def __init__(self, number_format: PowersOfTwo) -> None:
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
        m.d.comb += self.o.significand.eq(self.i.as_signed())
        return m
