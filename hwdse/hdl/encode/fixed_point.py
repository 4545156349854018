"""Encoder of integers and fixed-point numbers."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib.wiring import In, Out

from hwdse.formats import FixedPoint, UnpackedShape
from hwdse.hdl.blocks import shift_right_sticky
from hwdse.hdl.component import Component
from hwdse.hdl.encode import encoder
from hwdse.hdl.rounding import floor_increment, round_increment
from hwdse.hdl.unpacked import Record, unpacked_signature
from hwdse.primitives.primitive import Adder, Incrementer, Primitive, Reduce, Shifter
from hwdse.primitives.primitive import Mux as MuxBlock
from hwdse.primitives.structure import Structure


@encoder.register(FixedPoint)
class FixedPointEncoder(Component):
    """Aligns to the format's grid, rounds once and clamps; NaN gives 0.

    Combinational: latency 0, one code per cycle. A two's-complement record of one exponent (an
    integer or an exact sum) stays in two's complement. The bits below the grid are cut off, which
    rounds down. One increment turns this into the required rounding. A record that is already on
    the grid is only sign-extended or clamped. Other records are rounded as magnitudes. An unsigned
    format gives 0 for negative values.
    """

    def __init__(self, number_format: FixedPoint, shape: UnpackedShape, rounding: str) -> None:
        self._format, self._shape, self._rounding = number_format, shape, rounding
        self._bits = number_format.bits
        self._largest = (1 << (self._bits - number_format.signed)) - 1
        self._lowest = -(self._largest + (not number_format.symmetric)) * number_format.signed
        self._one_word = shape.twos_complement and shape.exponent_min == shape.exponent_max
        # Exponents counted from the format's LSB.
        self._exponent_min = shape.exponent_min + number_format.fraction_bits
        self._exponent_max = shape.exponent_max + number_format.fraction_bits
        self._exponent_origin = shape.exponent_origin + number_format.fraction_bits
        super().__init__({"i": In(unpacked_signature(shape)), "o": Out(self._bits)})

    @property
    def structure(self) -> Structure:
        """A clamp for words on the grid; otherwise shift, round, clamp and negate."""
        shape, bits = self._shape, self._bits
        if self._one_word:
            kept = shape.significand_bits + self._exponent_min
            clamp = MuxBlock(width=bits if kept > bits or self._format.symmetric else 0, ways=2)
            if self._exponent_min >= 0:
                return Structure(parts=(clamp,), path=(clamp,))
            clamp = MuxBlock(width=bits, ways=2)
            sticky = Reduce(width=min(-self._exponent_min, shape.significand_bits))
            step = Incrementer(width=bits if self._rounding != "down" else 0)
            beyond = Reduce(width=max(kept - bits, 0))
            return Structure(parts=(sticky, step, beyond, clamp), path=(sticky, step, clamp))
        highest = min(self._exponent_max, bits)
        width = shape.significand_bits + max(highest, 0) + 1
        negate_in = Incrementer(width=shape.significand_bits if shape.twos_complement else 0)
        amount = Adder(width=shape.exponent_bits)
        shift = Shifter(
            width=width,
            max_shift=max(min(highest - min(self._exponent_min, highest), width), 0),
            sticky=True,
        )
        sticky, rounding = Reduce(width=bits), Incrementer(width=bits)
        negate_out = Incrementer(width=bits if self._format.signed else 0)
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
        if self._one_word:
            number = self._round_word(m, record)
            if self._shape.has_inf:
                extreme = Mux(record.inf_sign, self._lowest, self._largest)
                number = Mux(record.inf, extreme, number)
            m.d.comb += self.o.eq(Mux(record.nan, 0, number) if self._shape.has_nan else number)
            return m
        sign, rounded, beyond = self._round_magnitude(m, record)
        magnitude = Signal(self._bits)
        if not self._format.signed:
            m.d.comb += magnitude.eq(
                Mux(beyond | (rounded > self._largest), self._largest, rounded)
            )
            m.d.comb += self.o.eq(Mux(record.nan | sign, 0, magnitude))
            return m
        largest = self._largest if self._format.symmetric else self._largest + sign
        m.d.comb += magnitude.eq(Mux(beyond | (rounded > largest), largest, rounded))
        m.d.comb += self.o.eq(Mux(record.nan, 0, Mux(sign, -magnitude, magnitude)))
        return m

    def _round_word(self, m: Module, record: Record) -> Value:
        """The two's-complement word, rounded to the format's grid and clamped to its range."""
        number, drop = record.significand, -self._exponent_min
        if drop <= 0:
            number = Cat(Const(0, -drop), number).as_signed() if drop else number
            return self._clamped(number, number)
        # Only the lowest bits are incremented. A value out of range stays out of range, or comes
        # exactly to the end of the range.
        whole = Signal(signed(max(len(number) - drop, 1)))
        guard, sticky = Signal(), Signal()
        m.d.comb += [
            whole.eq(number >> drop),
            guard.eq(number >> (drop - 1)),
            sticky.eq(number[: drop - 1].any()),
        ]
        low = whole[: self._bits] if len(whole) > self._bits else whole
        low = low.as_signed() if self._format.signed or len(whole) <= self._bits else low
        rounded = Signal(signed(len(low) + 2))
        m.d.comb += rounded.eq(
            low + floor_increment(self._rounding, number[-1], low[0], guard, sticky)
        )
        return self._clamped(whole, rounded)

    def _clamped(self, number: Value, rounded: Value) -> Value:
        """`rounded`, or the end of the range if `number` or a rounding carry passes this end."""
        within = len(number) <= self._bits
        if within and self._format.signed and not self._format.symmetric and rounded is number:
            return number
        if rounded is number:
            clamped = Mux(number < self._lowest, self._lowest, number)
            return Mux(number > self._largest, self._largest, clamped)
        # Far below the range, the lowest bits mean nothing: test for this first.
        high = (number > self._largest) | (rounded > self._largest)
        return Mux(number < self._lowest, self._lowest, Mux(high, self._largest, rounded))

    def _round_magnitude(self, m: Module, record: Record) -> tuple[Value, Value, Value]:
        """The sign, the magnitude rounded to the grid, and whether it is surely out of range."""
        shape = self._shape
        width = shape.significand_bits
        sign = Signal()
        m.d.comb += sign.eq(Mux(record.inf, record.inf_sign, record.sign))
        magnitude = Signal(width)
        if shape.twos_complement:
            m.d.comb += magnitude.eq(Mux(record.sign, -record.significand, record.significand))
        else:
            m.d.comb += magnitude.eq(record.significand)
        # At the highest exponent that can still be in range, the shift is zero.
        highest = min(self._exponent_max, self._bits)
        up = max(highest, 0)
        exponent_of_highest = highest - self._exponent_origin
        large = (record.exponent > exponent_of_highest) & ~record.zero
        if self._exponent_max <= highest:
            large = Const(0, 1)
        word = Cat(Const(0, 1 + up), magnitude)
        span = min(highest - min(self._exponent_min, highest), len(word))
        distance = Signal(range(max(exponent_of_highest + 1, 2)))
        m.d.comb += distance.eq(exponent_of_highest - record.exponent)
        amount = Signal(range(span + 1))
        m.d.comb += amount.eq(Mux(distance > span, span, distance))
        shifted, lost = shift_right_sticky(m, word, amount, "align")
        # One fraction bit. If the highest exponent is negative, `up - highest` more fraction bits.
        fraction = 1 + up - highest
        padded = Cat(shifted, Const(0, fraction + 1))
        whole, guard = padded[fraction:], padded[fraction - 1]
        sticky = lost | padded[: fraction - 1].any()
        rounded = Signal(len(whole) + 1)
        m.d.comb += rounded.eq(
            whole + round_increment(self._rounding, sign, whole[0], guard, sticky)
        )
        return sign, rounded, large | record.inf
