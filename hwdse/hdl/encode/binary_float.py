"""Encoder of binary floats: leading-zero count, normalising shift, one rounding, pack."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib.wiring import Component, In, Out

from hwdse.errors import SpecError
from hwdse.formats import BinaryFloat, FlushedFloat, UnpackedShape
from hwdse.hdl.blocks import above, leading_zero_count, normalised, shift_left
from hwdse.hdl.encode import encoder
from hwdse.hdl.rounding import overflow_goes_to_inf, round_increment
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
from hwdse.hdl.structure import Mux as MuxBlock
from hwdse.hdl.unpacked import Record, unpacked_signature


@encoder.register
def binary_float_encoder(
    number_format: BinaryFloat, shape: UnpackedShape, rounding: str
) -> Component:
    """The encoder of a binary float.

    Raises:
        SpecError: a format whose values float64 cannot hold: sums of them are out of reach.
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

    The normalising shift is the leading-zero count, or less where that would pass the lowest
    binade. Magnitudes below the lowest binade's top bit are handled by zeros in front of the
    significand, so that a left shifter alone serves normal and subnormal results. The hidden bit is
    added into the exponent field together with the rounding increment: one carry chain both rounds
    and steps into the next binade.

    A format that flushes subnormals has no such shift: below the lowest binade only a value that
    rounds up to the smallest normal is not zero. A format without zero (a scale) ends at its first
    value; zero and negative values are NaN there. An unsigned format has 0 for negative values, or
    NaN where it has infinity.
    """

    def __init__(self, number_format: BinaryFloat, shape: UnpackedShape, rounding: str) -> None:
        self._flush = isinstance(number_format, FlushedFloat)
        self._gradual = number_format.subnormals and not self._flush
        self._format, self._shape, self._rounding = number_format, shape, rounding
        self._own = shape == number_format.unpacked
        # The most negative two's-complement word needs all of its bits as a magnitude.
        self._width = shape.significand_bits
        precision = number_format.precision
        lowest_normal = number_format.lsb_exponent + number_format.fraction_bits
        top = shape.exponent_origin + self._width - 1
        self._limit_at_origin = top - lowest_normal
        least_limit = self._limit_at_origin + shape.exponent_min - shape.exponent_origin
        self._greatest_limit = self._limit_at_origin + shape.exponent_max - shape.exponent_origin
        self._front_zeros = min(max(-least_limit, 0), precision + 1) if self._gradual else 0
        self._clamp_limit = least_limit + self._front_zeros < 0
        self._may_be_subnormal = least_limit < self._width - 1
        super().__init__({"i": In(unpacked_signature(shape)), "o": Out(number_format.bits)})

    @property
    def structure(self) -> Structure:
        """Gates alone for the format's own record; otherwise normalise, round and pack."""
        f, shape = self._format, self._shape
        specials = Gates(width=f.bits if f.has_nan else 0)
        if self._own:
            mask = Gates(width=f.bits - f.signed if self._flush else f.exponent_bits)
            return Structure(parts=(mask, specials), path=(mask, specials))
        shifted = max(self._width + self._front_zeros, f.precision + 2)
        negate = Incrementer(width=self._width if shape.twos_complement else 0)
        count = LeadingZeroCounter(width=self._width)
        limit_bits = max(self._greatest_limit, self._width).bit_length() + 1
        limit = Incrementer(width=limit_bits if shape.exponent_bits else 0)
        field = Adder(width=limit_bits)
        choose = MuxBlock(
            width=limit_bits if self._may_be_subnormal and self._gradual else 0, ways=2
        )
        shift = Shifter(
            width=shifted, max_shift=min(shifted - 1, self._width - 1 + self._front_zeros)
        )
        if not self._gradual:
            # Rows keep only what can still reach the top.
            shift = Shifter(
                width=self._width + f.precision,
                max_shift=self._width - 1,
                input_width=f.precision + 1,
            )
        sticky = Reduce(width=max(shifted - f.precision - 1, 0))
        rounding = Incrementer(width=f.bits if self._rounding != "rtz" else 0)
        overflow = Reduce(width=f.bits)
        clamp = Gates(width=f.bits)
        path: tuple[Primitive, ...] = (
            negate,
            count,
            field,
            choose,
            shift,
            sticky,
            rounding,
            overflow,
            clamp,
            specials,
        )
        return Structure(parts=(*path, limit), path=path)

    def elaborate(self, platform) -> Module:
        m = Module()
        record = Record(self._shape, self.i)
        sign = Signal()
        m.d.comb += sign.eq(record.sign)
        if self._own:
            magnitude = self._pack_own(record)
        else:
            magnitude = self._normalise_and_round(m, record, sign)
        f = self._format
        code, code_sign = Signal(f.bits - f.signed), Signal()
        m.d.comb += [code.eq(magnitude), code_sign.eq(sign)]
        if self._shape.has_inf:
            with m.If(record.inf):
                m.d.comb += code.eq(f.max_code if f.inf_code is None else f.inf_code)
                m.d.comb += code_sign.eq(record.inf_sign)
        packed = Cat(code, code_sign if f.has_negative_zero else code_sign & code.any())
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

    def _normalise_and_round(self, m: Module, record: Record, sign: Value) -> Value:
        f, shape = self._format, self._shape
        magnitude = Signal(self._width)
        if shape.twos_complement:
            m.d.comb += magnitude.eq(Mux(sign, -record.significand, record.significand))
        else:
            m.d.comb += magnitude.eq(record.significand)
        count, zero = leading_zero_count(m, magnitude, "lzc")

        # Left shift that would put the weight of the lowest binade on top, front zeros aside.
        limit = Signal(
            range(
                min(self._limit_at_origin, 0),
                max(self._limit_at_origin + (1 << shape.exponent_bits), 1),
            )
        )
        m.d.comb += limit.eq(record.exponent + self._limit_at_origin)
        binade = Signal(signed(max(len(limit), len(count)) + 2))
        m.d.comb += binade.eq(limit - count)
        subnormal = binade < 0 if self._may_be_subnormal else Const(0, 1)

        if self._gradual:
            kept, rest = self._shifted(m, magnitude, count, limit, subnormal)
        else:
            top, below = normalised(m, magnitude, count, f.precision + 1)
            kept, rest = top[1:], Cat(below, top[0])
        lsb = kept[0]
        if f.tie_on_exponent and f.fraction_bits == 0:
            # The binade's parity; a bit of `binade` itself would look like a loop to Verilator.
            lsb = lsb & ~(limit ^ count ^ Const(0, 1))[0]
        increment = round_increment(self._rounding, sign, lsb, rest[-1], rest[:-1].any())
        field = Signal(max(self._greatest_limit, 1).bit_length() + 1)
        code = Signal(len(field) + f.precision + 1)
        # Without subnormals, field 0 is a binade like the others: its hidden bit is not written.
        written = kept if f.subnormals else kept[: f.fraction_bits]
        rounded = (field << f.fraction_bits) + written + increment
        m.d.comb += [
            field.eq(Mux(subnormal | zero, 0, binade)),
            code.eq(self._flushed(sign, rounded, kept, rest, binade)),
        ]
        beyond = f.max_code
        if f.has_inf:
            beyond = Mux(overflow_goes_to_inf(self._rounding, sign), f.inf_code, f.max_code)
        return Mux(above(code, f.max_code), beyond, code)

    def _shifted(
        self, m: Module, magnitude: Value, count: Value, limit: Value, subnormal: Value
    ) -> tuple[Value, Value]:
        """Bits kept and bits discarded, after a shift that does not pass the lowest binade."""
        f = self._format
        behind = max(f.precision + 2 - self._width - self._front_zeros, 0)
        total = self._width + self._front_zeros + behind
        in_place = Cat(Const(0, behind), magnitude, Const(0, self._front_zeros))
        bounded = limit + self._front_zeros
        if self._clamp_limit:
            bounded = Mux(bounded < 0, 0, bounded)
        amount = Signal(range(max(self._width + self._front_zeros, 2)))
        m.d.comb += amount.eq(Mux(subnormal, bounded, count + self._front_zeros))
        shifted = shift_left(m, in_place, amount, total, "normalise")

        return shifted[total - f.precision :], shifted[: total - f.precision]

    def _flushed(self, sign: Value, code: Value, kept: Value, rest: Value, binade: Value) -> Value:
        """The code where values below the lowest binade have no step of their own."""
        f = self._format
        if self._gradual or not self._may_be_subnormal:
            return code
        if not self._flush:
            return Mux(binade < 0, 0, code)
        # In steps of the subnormals, all ones (an odd fraction) may go up to the first normal.
        step = round_increment(self._rounding, sign, Const(1, 1), kept[0], rest.any())
        first_normal = (binade == -1) & kept[1:].all() & step
        return Mux(binade < 0, Cat(Const(0, f.fraction_bits), first_normal), code)
