"""Decoder of integers and fixed-point numbers."""

from amaranth.hdl import Module
from amaranth.lib.wiring import In, Out

from hwdse.formats import FixedPoint
from hwdse.hdl.component import Component
from hwdse.hdl.decode import decoder
from hwdse.hdl.unpacked import drive, unpacked_signature
from hwdse.primitives.primitive import Reduce
from hwdse.primitives.structure import Structure


@decoder.register(FixedPoint)
class FixedPointDecoder(Component):
    """Wires: the code is the significand. Combinational: latency 0, one code per cycle."""

    def __init__(self, number_format: FixedPoint) -> None:
        self._format = number_format
        super().__init__(
            {
                "i": In(number_format.bits),
                "o": Out(unpacked_signature(number_format.unpacked)),
            }
        )

    @property
    def structure(self) -> Structure:
        """Nothing but wires; an unsigned number also needs a test for zero."""
        if self._format.signed:
            return Structure()
        zero = Reduce(width=self._format.bits)
        return Structure(parts=(zero,), path=(zero,))

    def elaborate(self, platform) -> Module:
        m = Module()
        drive(m, self.o, significand=self.i, zero=~self.i.any())
        return m
