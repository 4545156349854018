"""The bare fused multiply-add: a * b + c, rounded once."""

from dataclasses import replace

from amaranth.hdl import Module
from amaranth.lib.wiring import In, Out

from hwdse.formats import Format, UnpackedShape
from hwdse.hdl.component import Component
from hwdse.hdl.decode import decoder
from hwdse.hdl.encode import encoder
from hwdse.hdl.fixed_add import FixedAdd
from hwdse.hdl.fused_add import FusedAdd, FusedWindow
from hwdse.hdl.multiply import multiplier, operand_decoder
from hwdse.hdl.units import unit
from hwdse.hdl.unpacked import Record, connect, drive, fields
from hwdse.primitives.primitive import Gates
from hwdse.primitives.structure import Structure, UnitStructure
from hwdse.spec import Design, Fma


@unit.register(Fma)
class FmaUnit(Component):
    """Decodes three operands, multiplies, adds exactly and encodes.

    Combinational: latency 0, one result per cycle. `stages` insert registers into the flat netlist.

    The sum is computed in a window around the product. If all values of product and addend span
    fewer bits than the window, the sum is computed in fixed point instead.

    Ports: `i_a`, `i_b`, `i_c`: operand codes; `o`: code of a * b + c. The unit has no clock, reset
    or valid bit.
    """

    def __init__(self, spec: Fma, design: Design) -> None:
        assert design.c is not None  # the unit uses it
        self._design, self._addend = design, design.c.unpacked
        operands = [operand_decoder(design.mul, f) for f in (design.a, design.b)]
        self._decoders = [*operands, decoder(design.c)]
        self._multiply = multiplier(design.mul, design.a, design.b)
        self._add = exact_add(design.product, design.c, design.out)
        infinite = design.product.has_inf or self._addend.has_inf
        self._sum = replace(
            self._add.shape,
            has_inf=infinite,
            has_nan=infinite or design.product.has_nan or self._addend.has_nan,
        )
        self._encode = encoder(design.out, self._sum, design.rounding)
        super().__init__(
            {
                "i_a": In(design.a.bits),
                "i_b": In(design.b.bits),
                "i_c": In(design.c.bits),
                "o": Out(design.out.bits),
            }
        )

    @property
    def structure(self) -> UnitStructure:
        """Three decoders side by side, multiplier, adder, encoder, and the special values."""
        flags = Gates(width=4 * self._sum.has_inf + self._sum.has_nan)
        blocks = {
            "decode": Structure.parallel([d.structure for d in self._decoders]),
            "multiply": self._multiply.structure,
            "add": self._add.structure,
            "encode": self._encode.structure,
            "specials": Structure(parts=(flags,)),
        }
        return UnitStructure(blocks=blocks, stages=(("decode", "multiply", "add", "encode"),))

    def elaborate(self, platform) -> Module:
        m = Module()
        decoders = self._decoders
        for name, decode in zip("abc", decoders, strict=True):
            m.submodules[f"decode_{name}"] = decode
            m.d.comb += decode.i.eq(getattr(self, f"i_{name}"))
        m.submodules.multiply = multiply = self._multiply
        m.submodules.add = add = self._add
        m.submodules.encode = encode = self._encode
        connect(m, multiply.a, decoders[0].o)
        connect(m, multiply.b, decoders[1].o)
        connect(m, add.p, multiply.o)
        connect(m, add.a, decoders[2].o)
        p, c = Record(self._design.product, multiply.o), Record(self._addend, decoders[2].o)
        zero_sign = p.sign | c.sign if self._design.rounding == "down" else p.sign & c.sign
        m.d.comb += add.zero_sign.eq(zero_sign)

        total, special = fields(add.o), p.inf | c.inf
        infinite_sign = (p.inf & p.inf_sign) | (c.inf & c.inf_sign)
        if self._sum.has_inf and "sign" in total:
            # In a sign-magnitude record, numbers and infinities share one sign.
            total["sign"] = (total["sign"] & ~special) | infinite_sign
        drive(
            m,
            encode.i,
            **total,
            nan=p.nan | c.nan | (p.inf & c.inf & (p.inf_sign ^ c.inf_sign)),
            inf=special,
            inf_sign=infinite_sign,
        )
        m.d.comb += self.o.eq(encode.o)
        return m


def exact_add(product: UnpackedShape, addend: Format, out: Format) -> Component:
    """The exact adder of product and addend with the narrower sum.

    The adder works in fixed point or in a window.
    """
    fixed = FixedAdd.bounds(product, addend.unpacked)
    if fixed.magnitude_bits <= FusedWindow(product, addend, out).shape.magnitude_bits:
        return FixedAdd(product, addend.unpacked, signed_zero=out.has_negative_zero)
    return FusedAdd(product, addend, out)
