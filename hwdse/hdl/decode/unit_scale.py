"""The scale of operands that have none."""

from amaranth.hdl import Module
from amaranth.lib.wiring import Out

from hwdse.formats.blocks.unscaled import UnitScale
from hwdse.hdl.component import Component
from hwdse.hdl.decode import decoder
from hwdse.hdl.unpacked import drive, unpacked_signature
from hwdse.primitives.structure import Structure


@decoder.register(UnitScale)
class UnitScaleConstant(Component):
    """The record of 1. Combinational: a constant, without an input."""

    def __init__(self, number_format: UnitScale) -> None:
        super().__init__({"o": Out(unpacked_signature(number_format.unpacked))})

    @property
    def structure(self) -> Structure:
        """Nothing."""
        return Structure()

    def elaborate(self, platform) -> Module:
        m = Module()
        drive(m, self.o, significand=1)
        return m
