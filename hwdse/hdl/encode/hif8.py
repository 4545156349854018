"""Encoder of HiFloat8."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib.wiring import In, Out

from hwdse.formats import HiF8, UnpackedShape
from hwdse.hdl.blocks import leading_zero_count, shift_left
from hwdse.hdl.component import Component
from hwdse.hdl.encode import encoder
from hwdse.hdl.rounding import overflow_goes_to_inf, round_increment
from hwdse.hdl.unpacked import Record, unpacked_signature
from hwdse.hdl.window import Window
from hwdse.primitives.primitive import (
    Adder,
    Gates,
    Incrementer,
    LeadingZeroCounter,
    Primitive,
    Reduce,
    Shifter,
)
from hwdse.primitives.primitive import Mux as MuxBlock
from hwdse.primitives.structure import Structure

_FRACTION_BITS = 3
#: Exponents of the largest power of two, of the smallest normal number, and of the level below the
#: denormals, which counts as denormal level 0.
_HIGHEST, _LEAST_NORMAL, _BELOW = 15, -15, -23


@encoder.register(HiF8)
class HiF8Encoder(Component):
    """Normalises, rounds at the place that the exponent says, and writes the prefix code.

    Combinational: latency 0, one code per cycle. A fixed-point word is first cut to the 39 bits of
    the range. Exponent and fraction form one word. The increment is added at the last bit of the
    mantissa (for denormals, at the last bit of the exponent), so that a carry steps into the next
    exponent.
    """

    def __init__(self, number_format: HiF8, shape: UnpackedShape, rounding: str) -> None:
        self._format, self._shape, self._rounding = number_format, shape, rounding
        self._window = None
        self._width, self._lsb = shape.significand_bits, shape.exponent_origin
        if shape.exponent_min == shape.exponent_max:
            # At least two bits, so that a number out of range exceeds the largest power of two.
            self._lsb = min(max(shape.exponent_min, _BELOW), _HIGHEST - 1)
            top = min(shape.exponent_max + shape.significand_bits, _HIGHEST + 1)
            top = max(top, self._lsb + 1)
            self._window, self._width = Window(shape, self._lsb, top), top - self._lsb
        super().__init__({"i": In(unpacked_signature(shape)), "o": Out(number_format.bits)})

    @property
    def structure(self) -> Structure:
        """Window or negation, normalising shift, rounding, and the prefix code."""
        shape, bits = self._shape, self._format.bits
        front: tuple[Primitive, ...] = (
            Incrementer(width=self._width if shape.twos_complement else 0),
        )
        if self._window:
            front = self._window.parts(magnitude=True)
        exponent_bits = max(shape.exponent_bits, 6) + 1
        shifted = max(self._width, _FRACTION_BITS + 2)
        path = (
            *front,
            LeadingZeroCounter(width=self._width),
            Shifter(width=shifted, max_shift=self._width - 1),
            Reduce(width=shifted - _FRACTION_BITS - 2),
            MuxBlock(width=3, ways=4),
            Incrementer(width=6 + _FRACTION_BITS),
            Incrementer(width=4),
            MuxBlock(width=7, ways=6),
            Gates(width=2 * bits),
        )
        exponent = Adder(width=exponent_bits)
        classes = Gates(width=12)
        return Structure(parts=(*path, exponent, classes), path=path)

    def elaborate(self, platform) -> Module:
        m = Module()
        f, record = self._format, Record(self._shape, self.i)
        negative, word, lost = self._magnitude(m, record)
        exponent, fraction, sticky, nothing = self._normalise(m, word, lost)
        rounded, beyond = self._round(
            m,
            negative=negative,
            exponent=exponent,
            fraction=fraction,
            sticky=sticky,
            nothing=nothing,
        )
        low = Signal(f.bits - 1)
        m.d.comb += low.eq(self._prefix_code(m, rounded[_FRACTION_BITS:], rounded[:_FRACTION_BITS]))
        code_sign = Signal()
        m.d.comb += code_sign.eq(negative & low.any())
        with m.If(beyond):
            largest = f.inf_code - 1
            to_inf = overflow_goes_to_inf(self._rounding, negative)
            m.d.comb += [low.eq(Mux(to_inf, f.inf_code, largest)), code_sign.eq(negative)]
        if self._shape.has_inf:
            with m.If(record.inf):
                m.d.comb += [low.eq(f.inf_code), code_sign.eq(record.inf_sign)]
        m.d.comb += self.o.eq(Cat(low, code_sign))
        if self._shape.has_nan:
            with m.If(record.nan):
                m.d.comb += self.o.eq(f.nan_code)
        return m

    def _magnitude(self, m: Module, record: Record) -> tuple[Value, Value, Value]:
        """The sign, the significand, and whether there are more bits below the significand."""
        if self._window:
            cut = self._window.magnitude(m, record)
            return cut.negative, cut.word, cut.sticky
        negative, magnitude = Signal(), Signal(self._width)
        number = record.significand
        if self._shape.twos_complement:
            number = Mux(record.sign, -number, number)
        m.d.comb += [negative.eq(record.sign), magnitude.eq(number)]
        return negative, magnitude, Const(0, 1)

    def _normalise(self, m: Module, word: Value, lost: Value) -> tuple[Value, Value, Value, Value]:
        """Exponent of the leading one, 4 fraction bits, sticky bit, and whether the word is 0."""
        count, nothing = leading_zero_count(m, word, "lzc")
        behind = max(_FRACTION_BITS + 2 - self._width, 0)
        total = self._width + behind
        shifted = shift_left(m, Cat(Const(0, behind), word), count, total, "normalise")
        top, span = self._lsb + self._width - 1, 0
        exponent_field: Value = Const(0, 1)
        if not self._window:
            exponent_field = Record(self._shape, self.i).exponent
            span = (1 << len(exponent_field)) - 1
        exponent = Signal(range(min(top - self._width, 0), max(top + span, 0) + 1))
        m.d.comb += exponent.eq(exponent_field - count + top)
        fraction = shifted[total - 2 - _FRACTION_BITS : total - 1]
        sticky = Signal()
        m.d.comb += sticky.eq(shifted[: total - 2 - _FRACTION_BITS].any() | lost)
        return exponent, fraction, sticky, nothing

    def _round(
        self,
        m: Module,
        *,
        negative: Value,
        exponent: Value,
        fraction: Value,
        sticky: Value,
        nothing: Value,
    ) -> tuple[Value, Value]:
        """The rounded word of exponent and fraction, and whether it exceeds the largest value."""
        low, lowest = Signal(), Signal()
        m.d.comb += [
            low.eq((exponent < _BELOW) | nothing),
            lowest.eq((exponent <= _BELOW) | nothing),
        ]
        clamped = Signal(signed(6))
        m.d.comb += clamped.eq(Mux(lowest, _BELOW, exponent))
        # The range of the exponent's magnitude gives the mantissa width; denormals have no
        # mantissa.
        denormal = clamped < _LEAST_NORMAL
        three = (clamped < 4) & (clamped > -4)
        one_or_less = (clamped > 7) | (clamped < -7)
        two = ~three & ~one_or_less
        one = one_or_less & ~denormal
        leading, middle, last, beyond_last = (fraction[k] for k in (3, 2, 1, 0))
        lsb, guard, rest = Signal(), Signal(), Signal()
        with m.If(three):
            m.d.comb += [lsb.eq(last), guard.eq(beyond_last), rest.eq(sticky)]
        with m.Elif(two):
            m.d.comb += [lsb.eq(middle), guard.eq(last), rest.eq(beyond_last | sticky)]
        with m.Elif(one):
            m.d.comb += [lsb.eq(leading), guard.eq(middle), rest.eq(fraction[:2].any() | sticky)]
        with m.Else():
            # Denormals have no mantissa: their guard bit is the first fraction bit. Below the
            # smallest denormal, the guard bit tells whether the number reaches half of the smallest
            # denormal.
            m.d.comb += [
                lsb.eq(~clamped[0]),
                guard.eq(Mux(lowest, ~low, leading)),
                rest.eq(fraction[:3].any() | sticky | (lowest & (leading | (low & ~nothing)))),
            ]
        increment = round_increment(self._rounding, negative, lsb, guard, rest)
        kept = Cat(last & three, middle & (three | two), leading & ~denormal)
        place = Cat(three, two, one, denormal)
        rounded = Signal(signed(len(clamped) + _FRACTION_BITS))
        m.d.comb += rounded.eq(
            Cat(kept, clamped).as_signed() + (place & increment.replicate(len(place)))
        )
        limit = (_HIGHEST << _FRACTION_BITS) + (1 << (_FRACTION_BITS - 1))
        return rounded, (rounded >= limit) | ((exponent > _HIGHEST) & ~nothing)

    def _prefix_code(self, m: Module, exponent: Value, fraction: Value) -> Value:
        """The code without its sign."""
        back = exponent[-1]
        magnitude, code = Signal(4), Signal(7)
        m.d.comb += magnitude.eq(Mux(back, -exponent[:4], exponent[:4]))
        with m.If(back & (~exponent[4] | ~exponent[:4].any())):
            m.d.comb += code.eq((exponent - _BELOW)[:3])
        with m.Elif(magnitude[3]):
            m.d.comb += code.eq(Cat(fraction[2], magnitude[:3], back, Const(0b11, 2)))
        with m.Elif(magnitude[2]):
            m.d.comb += code.eq(Cat(fraction[1:], magnitude[:2], back, Const(0b10, 2)))
        with m.Elif(magnitude[1]):
            m.d.comb += code.eq(Cat(fraction, magnitude[0], back, Const(0b01, 2)))
        with m.Elif(magnitude[0]):
            m.d.comb += code.eq(Cat(fraction, back, Const(0b001, 3)))
        with m.Else():
            m.d.comb += code.eq(Cat(fraction, Const(0b0001, 4)))
        return code
