"""Floats on the multiplier of integers of several widths."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from hwdse.formats import clog2
from hwdse.hdl.component import Component
from hwdse.hdl.composed import Composed
from hwdse.hdl.decode import decoder
from hwdse.hdl.unpacked import Record, drive, unpacked_signature
from hwdse.primitives.primitive import Adder, Gates, Incrementer
from hwdse.primitives.primitive import Mux as MuxBlock
from hwdse.primitives.structure import Structure
from hwdse.spec import Design
from hwdse.spec.engines.scalable import Scalable


class ComposedFloats(Component):
    """The sum of the products of integers, or the product of two floats, as one term.

    Combinational: latency 0. The significands of floats are multiplied as the widest integers,
    without sign.

    Ports:
        mode: number of the mode; see `hwdse.spec.engines.scalable.Scalable.modes`. All numbers
            above the modes of integers mean floats.
        a, b: words of elements, each in the low bits of its slot.
        o: record of the term, with the bounds of the product of the design.
    """

    def __init__(self, spec: Scalable, design: Design) -> None:
        assert spec.number_format is not None  # the unit has asked
        self._spec, self._floats = spec, spec.number_format
        self._width, self._shape = design.a.bits, design.product
        self._decode_a, self._decode_b = decoder(self._floats), decoder(self._floats)
        self._composed = Composed(spec.levels, spec.modes)
        origin = 2 * self._floats.unpacked.exponent_origin
        #: What exponents of products and of integers count from, relative to the record.
        self._offset, self._whole = (
            origin - self._shape.exponent_origin,
            -self._shape.exponent_origin,
        )
        super().__init__(
            {
                "mode": In(spec.mode_bits),
                "a": In(spec.word_bits),
                "b": In(spec.word_bits),
                "o": Out(unpacked_signature(self._shape)),
            }
        )

    @property
    def decode(self) -> Structure:
        """The decoders of both floats."""
        structure: Structure = self._decode_a.structure
        return structure.times(2)

    @property
    def multiply(self) -> Structure:
        """The choice of the operands, the multiplier, and the sign; exponents beside."""
        shape = self._shape
        choose = MuxBlock(width=self._width, ways=2)
        negate = (Gates(width=shape.significand_bits), Incrementer(width=shape.significand_bits))
        words = Structure(parts=(choose, choose), path=(choose,))
        exponents = (
            Adder(width=self._floats.unpacked.exponent_bits + 1),
            Adder(width=shape.exponent_bits if self._offset else 0),
            MuxBlock(width=shape.exponent_bits, ways=2),
            Gates(width=3 * shape.has_nan + 4 * shape.has_inf),
        )
        path = Structure.series(
            [words, self._composed.structure, Structure(parts=negate, path=negate)]
        )
        return Structure.parallel([path, Structure(parts=exponents)])

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.decode_a, m.submodules.decode_b = self._decode_a, self._decode_b
        m.submodules.integers = integers = self._composed
        m.d.comb += [
            self._decode_a.i.eq(self.a[: self._floats.bits]),
            self._decode_b.i.eq(self.b[: self._floats.bits]),
        ]
        shape = self._floats.unpacked
        a, b = Record(shape, self._decode_a.o), Record(shape, self._decode_b.o)
        floating, negative = Signal(), Signal()
        m.d.comb += [
            floating.eq(self.mode >= len(self._spec.modes)),
            negative.eq(floating & (a.sign ^ b.sign)),
            integers.mode.eq(Mux(floating, 0, self.mode)[: clog2(len(self._spec.modes))]),
            integers.a_signed.eq(~floating),
            integers.b_signed.eq(~floating),
        ]
        for word, taken, x in ((self.a, integers.a, a), (self.b, integers.b, b)):
            low = Signal(self._width, name=f"{word.name}_low")
            m.d.comb += [
                low.eq(Mux(floating, x.significand, word[: self._width])),
                taken.eq(Cat(low, word[self._width :])),
            ]
        product = integers.o.as_unsigned() ^ negative.replicate(len(integers.o))
        drive(
            m,
            self.o,
            significand=product.as_signed() + negative,
            exponent=Mux(floating, a.exponent + b.exponent + self._offset, self._whole),
            nan=floating & (a.nan | b.nan | (a.inf & b.zero) | (a.zero & b.inf)),
            inf=floating & (a.inf | b.inf),
            inf_sign=a.sign ^ b.sign,
        )
        return m
