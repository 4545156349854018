"""Encoder of two's-complement integers."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib.wiring import Component, In, Out

from hwdse.formats import Integer, UnpackedShape
from hwdse.hdl.blocks import shift_right_sticky
from hwdse.hdl.encode import encoder
from hwdse.hdl.rounding import round_increment
from hwdse.hdl.structure import Adder, Incrementer, Primitive, Reduce, Shifter, Structure
from hwdse.hdl.structure import Mux as MuxBlock
from hwdse.hdl.unpacked import Record, unpacked_signature


@encoder.register(Integer)
class IntegerEncoder(Component):
    """Aligns to the integer grid, rounds once and clamps; NaN gives 0.

    Combinational: latency 0, one code per cycle. A two's-complement integer record of no more bits
    is sign-extended as it is, a wider one is clamped.
    """

    def __init__(self, number_format: Integer, shape: UnpackedShape, rounding: str) -> None:
        self._bits, self._shape, self._rounding = number_format.bits, shape, rounding
        self._integral = (
            shape.twos_complement
            and shape.exponent_min == shape.exponent_max == 0
            and not shape.has_nan
        )
        super().__init__({"i": In(unpacked_signature(shape)), "o": Out(number_format.bits)})

    @property
    def structure(self) -> Structure:
        """A clamp for integers; otherwise shift, round, clamp and negate."""
        shape, bits = self._shape, self._bits
        clamp = MuxBlock(width=bits if shape.significand_bits > bits else 0, ways=2)
        if self._integral:
            return Structure(parts=(clamp,), path=(clamp,))
        highest = min(shape.exponent_max, bits)
        width = shape.significand_bits + max(highest, 0) + 1
        negate_in = Incrementer(width=shape.significand_bits if shape.twos_complement else 0)
        amount = Adder(width=shape.exponent_bits)
        shift = Shifter(
            width=width, max_shift=min(highest - shape.exponent_min, width), sticky=True
        )
        sticky, rounding = Reduce(width=bits), Incrementer(width=bits)
        negate_out = Incrementer(width=bits)
        clamp = MuxBlock(width=bits, ways=2)
        path: tuple[Primitive, ...] = (
            negate_in,
            amount,
            shift,
            sticky,
            rounding,
            clamp,
            negate_out,
        )
        return Structure(parts=path, path=path)

    def elaborate(self, platform) -> Module:
        m = Module()
        record = Record(self._shape, self.i)
        largest = (1 << (self._bits - 1)) - 1
        if self._integral:
            number = record.significand
            if self._shape.significand_bits > self._bits:
                number = Mux(
                    number > largest, largest, Mux(number < -largest - 1, -largest - 1, number)
                )
            m.d.comb += self.o.eq(number)
            return m
        sign, rounded, beyond = self._round(m, record)
        magnitude = Signal(self._bits)
        m.d.comb += magnitude.eq(Mux(beyond | (rounded > largest + sign), largest + sign, rounded))
        m.d.comb += self.o.eq(Mux(record.nan, 0, Mux(sign, -magnitude, magnitude)))
        return m

    def _round(self, m: Module, record: Record):
        """Sign, magnitude rounded to an integer, and whether it is out of range anyway."""
        shape = self._shape
        width = shape.significand_bits
        sign = Signal()
        m.d.comb += sign.eq(Mux(record.inf, record.inf_sign, record.sign))
        magnitude = Signal(width)
        if shape.twos_complement:
            m.d.comb += magnitude.eq(Mux(record.sign, -record.significand, record.significand))
        else:
            m.d.comb += magnitude.eq(record.significand)
        # At the highest exponent that can still be in range, the word is shifted by nothing.
        highest = min(shape.exponent_max, self._bits)
        up = max(highest, 0)
        exponent_of_highest = highest - shape.exponent_origin
        large = (record.exponent > exponent_of_highest) & ~record.zero
        if shape.exponent_max <= highest:
            large = Const(0, 1)
        word = Cat(Const(0, 1 + up), magnitude)
        span = min(highest - min(shape.exponent_min, highest), len(word))
        distance = Signal(range(max(exponent_of_highest + 1, 2)))
        m.d.comb += distance.eq(exponent_of_highest - record.exponent)
        amount = Signal(range(span + 1))
        m.d.comb += amount.eq(Mux(distance > span, span, distance))
        shifted, lost = shift_right_sticky(m, word, amount, "align")
        # One fraction bit, and `highest - up` more when even the highest exponent is negative.
        fraction = 1 + up - highest
        padded = Cat(shifted, Const(0, fraction + 1))
        whole, guard = padded[fraction:], padded[fraction - 1]
        sticky = lost | padded[: fraction - 1].any()
        rounded = Signal(len(whole) + 1)
        m.d.comb += rounded.eq(
            whole + round_increment(self._rounding, sign, whole[0], guard, sticky)
        )
        return sign, rounded, large | record.inf
