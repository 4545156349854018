"""Encoder of binary floats: leading-zero count, normalising shift, one rounding, pack."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib.wiring import Component, In, Out

from hwdse.formats import Minifloat, UnpackedShape
from hwdse.hdl.blocks import above, leading_zero_count, shift_left
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


@encoder.register(Minifloat)
class MinifloatEncoder(Component):
    """Normalises, rounds once and packs; a record of the format's own bounds is packed as it is.

    Combinational: latency 0, one code per cycle.

    The normalising shift is the leading-zero count, or less where that would pass the lowest
    binade. Magnitudes below the lowest binade's top bit are handled by zeros in front of the
    significand, so that a left shifter alone serves normal and subnormal results. The hidden bit is
    added into the exponent field together with the rounding increment: one carry chain both rounds
    and steps into the next binade.
    """

    def __init__(self, number_format: Minifloat, shape: UnpackedShape, rounding: str) -> None:
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
        self._front_zeros = min(max(-least_limit, 0), precision + 1)
        self._clamp_limit = least_limit + self._front_zeros < 0
        self._may_be_subnormal = least_limit < self._width - 1
        super().__init__({"i": In(unpacked_signature(shape)), "o": Out(number_format.bits)})

    @property
    def structure(self) -> Structure:
        """Gates alone for the format's own record; otherwise normalise, round and pack."""
        f, shape = self._format, self._shape
        specials = Gates(width=f.bits if f.has_nan else 0)
        if self._own:
            mask = Gates(width=f.exponent_bits)
            return Structure(parts=(mask, specials), path=(mask, specials))
        shifted = max(self._width + self._front_zeros, f.precision + 2)
        negate = Incrementer(width=self._width if shape.twos_complement else 0)
        count = LeadingZeroCounter(width=self._width)
        limit_bits = max(self._greatest_limit, self._width).bit_length() + 1
        limit = Incrementer(width=limit_bits if shape.exponent_bits else 0)
        field = Adder(width=limit_bits)
        choose = MuxBlock(width=limit_bits if self._may_be_subnormal else 0, ways=2)
        shift = Shifter(
            width=shifted, max_shift=min(shifted - 1, self._width - 1 + self._front_zeros)
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
        if self._shape.has_nan:
            with m.If(record.nan):
                m.d.comb += self.o.eq(f.nan_code or 0)
        return m

    def _pack_own(self, record: Record) -> Value:
        f = self._format
        hidden = record.significand[-1]
        field = record.exponent & hidden.replicate(f.exponent_bits)
        return Cat(record.significand[: f.fraction_bits], field)

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

        behind = max(f.precision + 2 - self._width - self._front_zeros, 0)
        total = self._width + self._front_zeros + behind
        in_place = Cat(Const(0, behind), magnitude, Const(0, self._front_zeros))
        bounded = limit + self._front_zeros
        if self._clamp_limit:
            bounded = Mux(bounded < 0, 0, bounded)
        amount = Signal(range(max(self._width + self._front_zeros, 2)))
        m.d.comb += amount.eq(Mux(subnormal, bounded, count + self._front_zeros))
        shifted = shift_left(m, in_place, amount, total, "normalise")

        kept, rest = shifted[total - f.precision :], shifted[: total - f.precision]
        increment = round_increment(self._rounding, sign, kept[0], rest[-1], rest[:-1].any())
        field = Signal(max(self._greatest_limit, 1).bit_length() + 1)
        code = Signal(len(field) + f.precision + 1)
        m.d.comb += [
            field.eq(Mux(subnormal | zero, 0, binade)),
            code.eq((field << f.fraction_bits) + kept + increment),
        ]
        beyond = f.max_code
        if f.has_inf:
            beyond = Mux(overflow_goes_to_inf(self._rounding, sign), f.inf_code, f.max_code)
        return Mux(above(code, f.max_code), beyond, code)
