"""The bare multiplier: a * b, rounded once."""

from amaranth.hdl import Module
from amaranth.lib.wiring import In, Out

from hwdse.formats import FlushedFloat, Posit
from hwdse.hdl.component import Component
from hwdse.hdl.encode import encoder
from hwdse.hdl.multiply import multiplier, operand_decoder
from hwdse.hdl.posit_product import signed_blocks
from hwdse.hdl.units import unit
from hwdse.hdl.unpacked import connect
from hwdse.primitives.structure import Structure, UnitStructure
from hwdse.spec import Design, Exact, Mul


@unit.register(Mul)
class MulUnit(Component):
    """Decodes both operands, multiplies and encodes; of posits all in two's complement.

    Combinational: latency 0, one product per cycle. `stages` insert registers into the flat
    netlist.

    Ports: `i_a`, `i_b`: operand codes; `o`: code of the product. The unit has no clock, reset or
    valid bit.
    """

    def __init__(self, spec: Mul, design: Design) -> None:
        self._design = design
        signed = signed_blocks(design)
        blocks: tuple[Component, Component, Component, Component] = signed or (
            operand_decoder(design.mul, design.a),
            operand_decoder(design.mul, design.b),
            multiplier(design.mul, design.a, design.b),
            encoder(design.out, design.product, design.rounding),
        )
        self._decode_a, self._decode_b, self._multiply, self._encode = blocks
        # These encoders recognise the zero of normalised operands by its flag, so that the hidden
        # bits can be constant.
        self._flag_is_enough = (
            signed is None
            and isinstance(design.mul, Exact)
            and isinstance(design.out, Posit | FlushedFloat)
            and design.product.leading_zeros is not None
        )
        super().__init__(
            {"i_a": In(design.a.bits), "i_b": In(design.b.bits), "o": Out(design.out.bits)}
        )

    @property
    def structure(self) -> UnitStructure:
        """Two decoders side by side, multiplier, encoder."""
        blocks = {
            "decode": Structure.parallel([self._decode_a.structure, self._decode_b.structure]),
            "multiply": self._multiply.structure,
            "encode": self._encode.structure,
        }
        return UnitStructure(blocks=blocks, stages=(tuple(blocks),))

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.decode_a = decode_a = self._decode_a
        m.submodules.decode_b = decode_b = self._decode_b
        m.submodules.multiply = multiply = self._multiply
        m.submodules.encode = encode = self._encode
        m.d.comb += [decode_a.i.eq(self.i_a), decode_b.i.eq(self.i_b), self.o.eq(encode.o)]
        for sink, source in ((multiply.a, decode_a.o), (multiply.b, decode_b.o)):
            connect(m, sink, source)
            if self._flag_is_enough:
                m.d.comb += sink.significand[-1].eq(1)
        connect(m, encode.i, multiply.o)
        return m
