"""Scales that share a code with a zero point."""

from amaranth.hdl import Module
from amaranth.lib.wiring import In, Out

from hwdse.formats.blocks.zero_points import ScaleWithZeroPoint
from hwdse.hdl.component import Component
from hwdse.hdl.decode import decoder
from hwdse.hdl.unpacked import connect, unpacked_signature
from hwdse.primitives.structure import Structure


@decoder.register(ScaleWithZeroPoint)
class ScaleOfCode(Component):
    """The record of the scale. Combinational: the zero point above it is left out.

    Ports:
        i: code.
        o: record of the scale.
    """

    def __init__(self, number_format: ScaleWithZeroPoint) -> None:
        self._decoder = decoder(number_format.scale)
        super().__init__(
            {"i": In(number_format.bits), "o": Out(unpacked_signature(number_format.unpacked))}
        )

    @property
    def structure(self) -> Structure:
        """That of the decoder of the scale."""
        return self._decoder.structure

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.scale = scale = self._decoder
        m.d.comb += scale.i.eq(self.i)
        connect(m, self.o, scale.o)
        return m
