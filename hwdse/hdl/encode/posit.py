"""Encoder of posits."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib.wiring import In, Out

from hwdse.formats import Posit, UnpackedShape, clog2
from hwdse.hdl.blocks import above, incremented, leading_zero_count, normalised
from hwdse.hdl.component import Component
from hwdse.hdl.encode import encoder
from hwdse.hdl.rounding import floor_increment, round_increment
from hwdse.hdl.targets import target_of
from hwdse.hdl.unpacked import Record, unpacked_signature
from hwdse.primitives.primitive import (
    Adder,
    Gates,
    Incrementer,
    LeadingZeroCounter,
    Primitive,
    Reduce,
    Shifter,
)
from hwdse.primitives.structure import Structure


@encoder.register(Posit)
class PositEncoder(Component):
    """Normalises, writes `regime | exponent | fraction` as one shifted word, and rounds that.

    Combinational: latency 0, one code per cycle.

    A two's-complement record is never negated. After normalisation its value is (1 + f) 2^t or (-2
    + f) 2^t. The code of (-2 + f) 2^t is the string of the inverted bits of t and the unchanged
    bits of f (Standard for Posit Arithmetic 2022, section 3.2). Cutting the string rounds down. One
    increment turns this into the required rounding. The string of a negative magnitude is negated
    by the increment of the rounding.

    The regime is a right shift of `10` (or `01`, for a negative exponent) that repeats the first
    bit. Beyond the range, the shift has its full length and the last bit is set. This gives the
    largest or the smallest value without rounding.

    Many bits of an exact sum do not matter. Bits above the largest value only report overflow. Bits
    far below the smallest value become one bit.
    """

    def __init__(self, number_format: Posit, shape: UnpackedShape, rounding: str) -> None:
        self._format, self._shape, self._rounding = number_format, shape, rounding
        width, es = number_format.width, number_format.es
        # Fraction bits in the string, which has the code's bits after the sign and the guard bit.
        self._fraction = max(width - 2 - es, 0)
        self._window = _Window(number_format, shape)
        super().__init__({"i": In(unpacked_signature(shape)), "o": Out(width)})

    @property
    def structure(self) -> Structure:
        """Normalise, shift by the regime, round."""
        f, window = self._format, self._window
        string = self._fraction + 2 + f.es
        exponent_bits = window.exponent_bits
        differs = Gates(width=window.width if self._shape.twos_complement else 0)
        count = LeadingZeroCounter(width=window.leading_zeros + 1)
        normalise = Shifter(
            width=window.width + self._fraction,
            max_shift=window.leading_zeros,
            input_width=self._fraction + 1,
        )
        below = Reduce(width=window.width)
        scale = Adder(width=exponent_bits if window.adds else 0)
        amount, clamp = Gates(width=exponent_bits), Reduce(width=exponent_bits)
        shift = Shifter(width=string, max_shift=max(f.width - 3, 0), sticky=True)
        step, specials = Incrementer(width=f.width - 1), Gates(width=f.width)
        path: tuple[Primitive, ...] = (
            *(differs, count, scale, amount, clamp, shift, step, specials),
        )
        outside = Reduce(width=window.above + window.cut)
        return Structure(parts=(*path, normalise, below, outside), path=path)

    def elaborate(self, platform) -> Module:
        f, shape, window = self._format, self._shape, self._window
        m = Module()
        record = Record(shape, self.i)
        sign, negative = Signal(), Signal()
        m.d.comb += [sign.eq(record.sign), negative.eq(sign & shape.twos_complement)]

        word, beyond = window.of(record.significand, negative)
        number = Signal(window.width)
        m.d.comb += number.eq(word)
        leading = (number ^ negative.replicate(len(number)))[-1 - window.leading_zeros :]
        count, empty = leading_zero_count(m, leading, "lzc")
        kept, rest = normalised(m, number, count, self._fraction + 1, target_of(platform))
        zero = empty & ~beyond if shape.leading_zeros is None else record.zero

        # The exponent t of the leading bit. Its upper bits are the regime.
        scale = Signal(signed(window.exponent_bits))
        m.d.comb += scale.eq(window.scale(record.exponent, count))
        if len(scale) <= f.es:
            scale = Cat(scale, scale[-1].replicate(f.es + 1 - len(scale))).as_signed()
        small = scale[-1] & ~beyond
        run = scale[f.es : -1] ^ scale[-1].replicate(len(scale) - 1 - f.es)
        outside = beyond | above(run, f.width - 3) if f.width > 2 else Const(1, 1)
        amount_bits = max(f.width - 3, 0).bit_length()
        amount = Cat(run, Const(0, amount_bits))[:amount_bits] | outside.replicate(amount_bits)

        first = ~(small ^ negative)
        exponent = scale[: f.es] ^ negative.replicate(f.es)
        string = Cat(kept[: self._fraction], exponent, ~first, first)
        string, lost = regime_shift(m, string, amount, first)
        cut = len(string) - (f.width - 1)
        low, guard = string[cut:], string[cut - 1]
        sticky = rest | lost | string[: cut - 1].any()
        code = Signal(f.width - 1)
        inside = ~outside
        if shape.twos_complement:
            step = floor_increment(self._rounding, sign, low[0], guard, sticky)
            m.d.comb += code.eq((low | outside) + (step & inside))
        else:
            step = round_increment(self._rounding, sign, low[0], guard, sticky) & inside
            inverted = (low | outside) ^ sign.replicate(f.width - 1)
            m.d.comb += code.eq(incremented(m, inverted, step ^ sign, "code", target_of(platform)))
        real = ~zero & ~(record.nan | record.inf)
        top = (sign & ~zero) | record.nan | record.inf
        m.d.comb += self.o.eq(Cat(code & real.replicate(f.width - 1), top))
        return m


class _Window:
    """The bits of a significand that are normalised, and the exponents of their places.

    Attributes:
        width: number of bits. In two's complement, one more than the bits below the sign: a
            negative power of two has its leading bit one place below the leading bit of its
            magnitude.
        above: number of bits above the largest value; they are left out.
        cut: number of bits far below the smallest value; they become one bit.
        fixed: all records have one exponent.
        leading_zeros: most zeros above the highest set bit of a number that is not zero.
        exponent_bits: width of the exponent of the leading bit, with its sign.
    """

    def __init__(self, number_format: Posit, shape: UnpackedShape) -> None:
        self._shape = shape
        self.above = self.cut = self._padding = 0
        self.fixed = shape.exponent_min == shape.exponent_max
        top = shape.exponent_min + shape.magnitude_bits
        if self.fixed:
            # The place below the smallest value decides whether a number rounds to this value.
            limit = number_format.max_exponent
            self.above = max(min(top - limit, shape.magnitude_bits - 1), 0)
            self.cut = max(-limit - 1 - shape.exponent_min, 0)
            self.cut = min(self.cut, shape.magnitude_bits - self.above - 1)
            top -= self.above
        self.width = shape.magnitude_bits - self.above - self.cut
        self.width += (self.cut > 0) + shape.twos_complement
        if self.fixed and top > 0:
            # If the exponent above the top bit is a power of two, the exponent is the inverted
            # count.
            padding = (1 << clog2(top)) - top
            if clog2(self.width + padding) == clog2(self.width):
                self._padding = padding
        self.width += self._padding
        self.leading_zeros = self.width - 1
        if shape.leading_zeros is not None and not self.fixed:
            self.leading_zeros = shape.most_leading_zeros
        base = shape.exponent_min if self.fixed else shape.exponent_origin
        self._top = base + shape.magnitude_bits - self.above + self._padding - 1
        ends = (self._top + shape.exponent_max - base, self._top - self.width + 1)
        self.exponent_bits = 1 + max((end if end >= 0 else ~end).bit_length() for end in ends)

    @property
    def adds(self) -> bool:
        """Whether the exponent needs an adder."""
        return not self.fixed or self._top & (self._top + 1) != 0

    def of(self, significand: Value, negative: Value) -> tuple[Value, Value]:
        """The word to normalise, and whether the number lies beyond this word."""
        bits = self._shape.magnitude_bits
        word = significand[self.cut : bits - self.above]
        if self.cut:
            word = Cat(significand[: self.cut].any(), word)
        if self._shape.twos_complement:
            word = Cat(Const(0, 1), word)
        upper = significand[bits - self.above : bits]
        beyond = (upper ^ negative.replicate(self.above)).any() if self.above else Const(0, 1)
        return Cat(word, negative.replicate(self._padding)), beyond

    def scale(self, exponent: Value, count: Value) -> Value:
        """Exponent of the leading bit below `count` zeros."""
        if len(count) == 1:
            # The inverted count can become the carry of an adder.
            return (0 if self.fixed else exponent) + (self._top - 1) + ~count
        return (0 if self.fixed else exponent) + self._top - count


def regime_shift(m: Module, word: Value, amount: Value, fill: Value) -> tuple[Value, Value]:
    """`word` shifted right with `fill` coming in, and the OR of all bits shifted out.

    `amount` alone selects the bits that go out. This logic works in parallel with the rows of the
    shifter, which is faster and smaller than logic behind the rows.
    """
    most = min((1 << len(amount)) - 1, len(word))
    lost = Signal(most, name="regime_lost")
    m.d.comb += lost.eq(word[:most] & Cat(amount > place for place in range(most)))
    for k in range(len(amount)):
        step = min(1 << k, len(word))
        row = Signal(len(word), name=f"regime_row{k}")
        m.d.comb += row.eq(Mux(amount[k], Cat(word[step:], fill.replicate(step)), word))
        word = row
    return word, lost.any()
