"""Encoder of posits."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib.wiring import In, Out

from hwdse.formats import Posit, UnpackedShape, clog2
from hwdse.hdl.blocks import above, incremented, leading_zero_count, normalised
from hwdse.hdl.component import Component
from hwdse.hdl.encode import encoder
from hwdse.hdl.rounding import floor_increment, round_increment
from hwdse.hdl.structure import (
    Adder,
    Gates,
    Incrementer,
    LeadingZeroCounter,
    Primitive,
    Reduce,
    Shifter,
    Structure,
)
from hwdse.hdl.targets import target_of
from hwdse.hdl.unpacked import Record, unpacked_signature


@encoder.register(Posit)
class PositEncoder(Component):
    """Normalises, writes `regime | exponent | fraction` as one shifted word, and rounds that.

    Combinational: latency 0, one code per cycle.

    A two's-complement record is never negated. Normalised, it is (1 + f) 2^t or (-2 + f) 2^t, and
    the code of the latter is the string of f and the inverted bits of t as they stand (Standard for
    Posit Arithmetic 2022, section 3.2): cutting it rounds down, one increment makes that the
    rounding asked for. Of a magnitude, the string is negated by the rounding's own increment.

    The regime is a right shift of `10` (or `01`, for a negative exponent) that repeats its first
    bit. Beyond the range the shift is as far as it goes and the last bit is set, which gives the
    largest and the smallest value without rounding.

    An exact sum has many bits that cannot matter: those above the largest value only say so, and
    of those far below the smallest it is enough that there are any.
    """

    def __init__(self, number_format: Posit, shape: UnpackedShape, rounding: str) -> None:
        self._format, self._shape, self._rounding = number_format, shape, rounding
        width, es = number_format.width, number_format.es
        # Of the string, the code's bits after the sign and the one that rounding looks at.
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

        # The exponent t of the leading bit; its upper bits are the regime.
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
    """The bits of a significand that are normalised, and what their places mean.

    Attributes:
        width: bits; in two's complement one more than there are below the sign, as a negative power
            of two has its leading bit one place below its magnitude's.
        above: bits beyond the largest value, left out.
        cut: bits far below the smallest value, made one.
        fixed: all records have one exponent.
        leading_zeros: most zeros above the highest set bit of a number that is not zero.
        exponent_bits: of the leading bit's exponent, with its sign.
    """

    def __init__(self, number_format: Posit, shape: UnpackedShape) -> None:
        self._shape = shape
        self.above = self.cut = self._padding = 0
        self.fixed = shape.exponent_min == shape.exponent_max
        top = shape.exponent_min + shape.magnitude_bits
        if self.fixed:
            # One place below the smallest value decides on rounding to it.
            limit = number_format.max_exponent
            self.above = max(min(top - limit, shape.magnitude_bits - 1), 0)
            self.cut = max(-limit - 1 - shape.exponent_min, 0)
            self.cut = min(self.cut, shape.magnitude_bits - self.above - 1)
            top -= self.above
        self.width = shape.magnitude_bits - self.above - self.cut
        self.width += (self.cut > 0) + shape.twos_complement
        if self.fixed and top > 0:
            # With a power of two above the top bit, the exponent is the count of zeros inverted.
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
        """The word to normalise, and whether the number lies beyond it."""
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
        """Exponent of the leading bit below `count` others."""
        if len(count) == 1:
            # Its inverse can go into an adder as the carry.
            return (0 if self.fixed else exponent) + (self._top - 1) + ~count
        return (0 if self.fixed else exponent) + self._top - count


def regime_shift(m: Module, word: Value, amount: Value, fill: Value) -> tuple[Value, Value]:
    """`word` shifted right with `fill` coming in, and the OR of all bits shifted out.

    The amount says which bits go out, beside the rows and not behind them: faster, and smaller.
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
