"""Decoder of ternary numbers."""

from amaranth.hdl import Cat, Module
from amaranth.lib.wiring import Component, In, Out

from hwdse.formats import Ternary
from hwdse.hdl.decode import decoder
from hwdse.hdl.structure import Gates, Structure
from hwdse.hdl.unpacked import unpacked_signature


@decoder.register(Ternary)
class TernaryDecoder(Component):
    """Wires and one gate: the code is the integer, but for 10, which reads as 0.

    Combinational: latency 0, one code per cycle.
    """

    def __init__(self, number_format: Ternary) -> None:
        super().__init__(
            {
                "i": In(number_format.bits),
                "o": Out(unpacked_signature(number_format.unpacked)),
            }
        )

    @property
    def structure(self) -> Structure:
        """One gate."""
        gate = Gates(width=1)
        return Structure(parts=(gate,), path=(gate,))

    def elaborate(self, platform) -> Module:
        m = Module()
        m.d.comb += self.o.significand.eq(Cat(self.i[0], self.i.all()).as_signed())
        return m
