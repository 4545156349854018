"""Encoder of binary floats: leading-zero count, normalising shift, one rounding, packing."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib.wiring import In, Out

from hwdse.errors import SpecError
from hwdse.formats import BinaryFloat, FlushedFloat, UnpackedShape
from hwdse.hdl.blocks import above, leading_zero_count, normalised
from hwdse.hdl.component import Component
from hwdse.hdl.encode import encoder
from hwdse.hdl.rounding import overflow_goes_to_inf, round_increment
from hwdse.hdl.targets import Target, target_of
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
from hwdse.primitives.primitive import Mux as MuxBlock
from hwdse.primitives.structure import Structure


@encoder.register
def binary_float_encoder(
    number_format: BinaryFloat, shape: UnpackedShape, rounding: str
) -> Component:
    """The encoder of a binary float.

    Raises:
        SpecError: float64 cannot hold the format's values, so their sums are out of reach.
    """
    if not number_format.fits_float64:
        raise SpecError(
            f"format {number_format} has no hardware encoder: its values span "
            f"2^{number_format.lsb_exponent} to 2^{number_format.max_exponent}, allowed is what "
            "float64 can hold"
        )
    return BinaryFloatEncoder(number_format, shape, rounding)


class BinaryFloatEncoder(Component):
    """Normalises, rounds once and packs; a record of the format's own bounds is packed as it is.

    Combinational: latency 0, one code per cycle.

    The normalising shift is the leading-zero count, or less if the count would pass the lowest
    binade. In a word of one exponent, a one inserted at the place where the shift has to stop ends
    the count. Magnitudes below the lowest binade's top bit get zeros in front of the significand,
    so that one left shifter serves normal and subnormal results. The rows of the shifter keep only
    the bits that can still reach the top. A result without a hidden bit is subnormal or zero and
    has field 0. A single increment rounds and also steps into the next binade.

    Overflow is detected before rounding. If infinity has the code after the largest value, the
    increment of the largest value gives infinity. Otherwise the largest value is not incremented.

    An exact sum of one exponent can have bits above the largest value and bits below the guard bit
    of subnormals. The bits above only report overflow, and the bits below become one bit. None of
    these bits is normalised.

    A format that flushes subnormals has no such shift: below the lowest binade, only a value that
    rounds up to the smallest normal is not zero. A format without zero (a scale) ends at its first
    value; zero and negative values become NaN. An unsigned format gives 0 for negative values, or
    NaN if it has infinity.

    Args:
        number_format: the format.
        shape: bounds of the records.
        rounding: rounding direction.
        to_infinity: an overflow gives infinity in any rounding direction, if the format has
            infinity.
        signed_zero: a value rounded to zero keeps its sign; otherwise it becomes +0.
    """

    def __init__(
        self,
        number_format: BinaryFloat,
        shape: UnpackedShape,
        rounding: str,
        *,
        to_infinity: bool = False,
        signed_zero: bool = True,
    ) -> None:
        self._to_infinity = to_infinity
        self._signed_zero = signed_zero and number_format.has_negative_zero
        self._flush = isinstance(number_format, FlushedFloat)
        self._gradual = number_format.subnormals and not self._flush
        self._format, self._shape, self._rounding = number_format, shape, rounding
        self._own = shape == number_format.unpacked
        self._cut = _Cut(number_format, shape)
        least_limit = self._cut.limit(shape.exponent_min)
        precision = number_format.precision
        # Zeros in front of the significand turn a right shift into a shorter left shift.
        self._front_zeros = min(max(-least_limit, 0), precision + 1) if self._gradual else 0
        self._width = self._cut.width + self._front_zeros
        self._most_zeros = self._cut.leading_zeros + self._front_zeros
        self._least_limit = least_limit + self._front_zeros
        self._greatest_limit = self._cut.limit(shape.exponent_max) + self._front_zeros
        super().__init__({"i": In(unpacked_signature(shape)), "o": Out(number_format.bits)})

    @property
    def structure(self) -> Structure:
        """Gates only for a record of the format's bounds; otherwise normalise, round, pack."""
        f, shape = self._format, self._shape
        specials = Gates(width=f.bits if f.has_nan else 0)
        if self._own:
            mask = Gates(width=f.bits - f.signed if self._flush else f.exponent_bits)
            return Structure(parts=(mask, specials), path=(mask, specials))
        cut = self._cut
        negate = Incrementer(width=cut.width if shape.twos_complement else 0)
        most_zeros = self._most_zeros
        if cut.fixed and self._gradual:
            most_zeros = min(most_zeros, max(self._least_limit, 0))
        count = LeadingZeroCounter(width=min(cut.leading_zeros, most_zeros) + 1)
        limit_bits = max(self._greatest_limit, self._width).bit_length() + 1
        limit = Incrementer(width=limit_bits if shape.exponent_bits else 0)
        field = Adder(width=limit_bits)
        bounded = self._gradual and not cut.fixed and self._least_limit < self._most_zeros
        choose = MuxBlock(width=limit_bits if bounded else 0, ways=2)
        # The rows keep only the bits that can still reach the top.
        kept = min(self._width, f.precision + 1)
        shift = Shifter(
            width=min(most_zeros + f.precision + 1, self._width),
            max_shift=most_zeros,
            input_width=kept,
        )
        sticky = Reduce(width=max(self._width - f.precision - 1, 0))
        # Short words have no bit to round off.
        rounds = self._rounding != "rtz" and self._width > f.precision
        rounding = Incrementer(width=f.bits if rounds else 0)
        # Words below the top binade cannot overflow.
        top = shape.exponent_max + shape.significand_bits - 1
        overflows = top >= f.max_exponent
        overflow = Reduce(width=f.bits + cut.above if overflows else 0)
        clamp = Gates(width=f.bits if overflows else kept)
        path: tuple[Primitive, ...] = (
            *(negate, count, field, choose, shift, sticky, rounding, clamp, specials),
        )
        return Structure(parts=(*path, limit, overflow), path=path)

    def elaborate(self, platform) -> Module:
        m = Module()
        record = Record(self._shape, self.i)
        sign = Signal()
        m.d.comb += sign.eq(record.sign)
        if self._own:
            magnitude = self._pack_own(record)
        else:
            magnitude = self._normalise_and_round(m, record, sign, target_of(platform))
        f = self._format
        code, code_sign = Signal(f.bits - f.signed), Signal()
        m.d.comb += [code.eq(magnitude), code_sign.eq(sign)]
        if self._shape.has_inf:
            with m.If(record.inf):
                m.d.comb += code.eq(f.max_code if f.inf_code is None else f.inf_code)
                m.d.comb += code_sign.eq(record.inf_sign)
        packed = Cat(code, code_sign if self._signed_zero else code_sign & code.any())
        m.d.comb += self.o.eq(packed)
        if self._shape.signed and not f.signed:
            with m.If(code_sign):
                m.d.comb += self.o.eq(Mux(code.any(), f.nan_code or 0, 0) if f.has_inf else 0)
        invalid = record.nan
        if not f.subnormals:
            invalid = invalid | (record.zero & ~record.inf) | code_sign
        if self._shape.has_nan or not f.subnormals:
            with m.If(invalid):
                m.d.comb += self.o.eq(f.nan_code or 0)
        return m

    def _pack_own(self, record: Record) -> Value:
        f = self._format
        hidden = record.significand[-1]
        field = record.exponent & hidden.replicate(f.exponent_bits)
        fraction = record.significand[: f.fraction_bits]
        if self._flush:
            fraction = fraction & hidden.replicate(f.fraction_bits)
        return Cat(fraction, field)

    def _normalise_and_round(self, m: Module, record: Record, sign: Value, target: Target) -> Value:
        f = self._format
        word, beyond = self._cut.magnitude(m, record, sign)
        limit, count, amount = self._shift(m, word, record)
        kept, sticky = normalised(
            m, Cat(word, Const(0, self._front_zeros)), amount, f.precision + 1, target
        )
        guard, kept = kept[0], kept[1:]

        # The code has no hidden bit: with subnormals, the lowest binade has field 1.
        field = Signal(signed(max(len(limit), len(count)) + 2))
        m.d.comb += field.eq(limit - count + f.subnormals)
        under = ~kept[-1] if self._gradual else (field < f.subnormals) | record.zero
        lsb = kept[0]
        if f.tie_on_exponent and f.fraction_bits == 0:
            # The parity of the binade. Verilator would take a bit of `field` itself for a loop.
            lsb = lsb & ~(limit ^ count ^ Const(0, 1))[0]
        increment = round_increment(self._rounding, sign, lsb, guard, sticky)
        fraction = kept[: f.fraction_bits]
        first_normal = Const(0, 1)
        if not self._gradual:
            fraction = fraction & (~under).replicate(f.fraction_bits)
            increment = increment & ~under
        if self._flush:
            # In steps of the subnormals, a fraction of all ones (which is odd) may round up to the
            # smallest normal.
            step = round_increment(self._rounding, sign, Const(1, 1), kept[0], guard | sticky)
            first_normal = (field == 0) & kept[1:].all() & step & ~record.zero
        digits = Signal(len(field) - 1 + f.fraction_bits)
        m.d.comb += digits.eq(
            Cat(fraction, (field[:-1] & (~under).replicate(len(field) - 1)) | first_normal)
        )
        return self._rounded(sign, digits, increment, beyond)

    def _shift(self, m: Module, word: Value, record: Record) -> tuple[Value, Value, Value]:
        """Three amounts for the normalising shift.

        They are the shift that would bring the lowest binade to the top, the leading-zero count,
        and the shift to take.
        """
        least, greatest = self._least_limit, self._greatest_limit
        if self._gradual:
            least = max(least, 0)
        limit = Signal(range(min(least, 0), max(greatest + 1, 2)))
        if self._cut.fixed:
            m.d.comb += limit.eq(max(greatest, least))
        else:
            below = record.exponent + (
                greatest - self._shape.exponent_max + self._shape.exponent_origin
            )
            clamp = self._gradual and self._least_limit < 0
            m.d.comb += limit.eq(Mux(below < 0, 0, below) if clamp else below)
        front = self._front_zeros
        # Only these bits can determine the number of leading zeros.
        leading = word[len(word) - 1 - self._cut.leading_zeros :]
        if self._gradual and self._cut.fixed and least < self._most_zeros:
            # A one at the place where the shift has to stop.
            stop = 1 << (self._most_zeros - least)
            count, _ = leading_zero_count(m, Cat(leading, Const(0, front)) | stop, "lzc")
            return limit, count, count
        count, _ = leading_zero_count(m, leading, "lzc")
        if not self._gradual or least >= self._most_zeros:
            return limit, count + front, count + front
        amount = Signal(range(self._most_zeros + 1))
        m.d.comb += amount.eq(Mux(limit < count + front, limit, count + front))
        return limit, count + front, amount

    def _rounded(self, sign: Value, digits: Value, increment: Value, beyond: Value) -> Value:
        """The code of `digits` plus `increment`, limited to the format's range."""
        f = self._format
        whole, part = divmod(f.max_code + 1, 1 << f.fraction_bits)
        if part:
            huge = beyond | above(digits, f.max_code)
        else:
            huge = beyond | above(digits[f.fraction_bits :], whole - 1)
        if f.inf_code != f.max_code + 1:
            increment = increment & (digits != f.max_code)
        limit: Value | int = f.max_code
        if f.has_inf:
            infinite = overflow_goes_to_inf(self._rounding, sign)
            limit = f.inf_code if self._to_infinity else Mux(infinite, f.inf_code, f.max_code)
        return Mux(huge, limit, (digits + increment)[: f.bits - f.signed])


class _Cut:
    """The bits of a significand that are normalised.

    With a fixed exponent, not all bits are normalised.

    Attributes:
        fixed: all records have one exponent.
        above: number of bits above the largest value's top bit; they only report overflow.
        below: number of bits below the guard bit of subnormals; they become one bit.
        width: number of bits to normalise.
        leading_zeros: most zeros above the highest set bit of a number that is not zero.
    """

    def __init__(self, number_format: BinaryFloat, shape: UnpackedShape) -> None:
        self._shape = shape
        self.above = self.below = 0
        self.fixed = shape.exponent_min == shape.exponent_max
        # As a magnitude, the most negative two's-complement word needs all of its bits.
        bits = shape.significand_bits
        if self.fixed:
            top = shape.exponent_min + bits - 1
            self.above = min(max(top - number_format.max_exponent, 0), bits - 1)
            below = number_format.lsb_exponent - 1 - shape.exponent_min
            self.below = min(max(below, 0), bits - self.above - 1)
        self.width = bits - self.above - self.below + (self.below > 0)
        self.leading_zeros = self.width - 1 if self.fixed else shape.most_leading_zeros
        self._top = bits - self.above - 1
        self._lowest_normal = number_format.lsb_exponent + number_format.fraction_bits

    def limit(self, exponent: int) -> int:
        """The left shift that brings the weight of the lowest binade to the top."""
        return exponent + self._top - self._lowest_normal

    def magnitude(self, m: Module, record: Record, sign: Value) -> tuple[Value, Value]:
        """The word to normalise, and whether the number lies beyond this word."""
        shape, below = self._shape, self.below
        number, lost = record.significand, record.significand[:below].any()
        if shape.twos_complement:
            number = (number[below:] ^ sign.replicate(len(number) - below)) + (sign & ~lost)
        else:
            number = number[below:]
        bits = shape.significand_bits - below - self.above
        word, beyond = Signal(self.width, name="magnitude"), Signal(name="beyond")
        m.d.comb += [
            word.eq(Cat(lost if below else Const(0, 0), number[:bits])),
            beyond.eq(number[bits : bits + self.above].any() if self.above else 0),
        ]
        return word, beyond
