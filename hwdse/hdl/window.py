"""Cuts a record to a narrow fixed-point word, for encoders whose levels lie in a range.

All bits below the word's LSB become one sticky bit. A number beyond the word's top becomes the
largest word with the sticky bit set, which lies beyond every level.
"""

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed

from hwdse.formats import UnpackedShape
from hwdse.hdl.blocks import shift_right_sticky
from hwdse.hdl.unpacked import Record
from hwdse.primitives.primitive import Adder, Gates, Incrementer, Primitive, Reduce, Shifter


@dataclass(frozen=True, kw_only=True)
class Magnitude:
    """Sign and magnitude of a number, in units of the window's LSB.

    The magnitude is `word`, or lies between `word` and `word` + 1 if `sticky` is set.
    """

    negative: Value
    word: Value
    sticky: Value


@dataclass(frozen=True, kw_only=True)
class WindowFloor:
    """A number rounded down, in units of the window's LSB.

    `word` is signed and one bit wider than the window. If `sticky` is set, the number lies between
    `word` and `word` + 1.
    """

    word: Value
    sticky: Value


class Window:
    """Cuts records of a shape to the magnitudes from 2^lsb to 2^top.

    A two's-complement word of one exponent is cut as it is. Any other record is cut as a magnitude.
    If the exponent varies, one shifter first moves the magnitude to the right. Infinities lie
    beyond the top. The result for NaN is undefined.

    Args:
        shape: bounds of the records.
        lsb: weight of the window's LSB (log2).
        top: weight of the place above the window (log2), more than `lsb`.
    """

    def __init__(self, shape: UnpackedShape, lsb: int, top: int) -> None:
        self._shape, self._lsb, self._width = shape, lsb, top - lsb
        self._fixed = shape.exponent_min == shape.exponent_max
        # With any larger exponent, only zero lies below the top.
        self._highest = max(min(shape.exponent_max, top - 1), shape.exponent_min)
        self._span = self._highest - shape.exponent_min
        self.signed_word = self._fixed and shape.twos_complement

    def parts(self, *, magnitude: bool) -> tuple[Primitive, ...]:
        """Primitives of `magnitude` if `magnitude` is set, else of `floor`, in path order."""
        shape = self._shape
        negate_in = shape.twos_complement and not self._fixed
        place = max(self._highest - self._lsb, 0)
        below = max(self._lsb - shape.exponent_min, 0)
        beyond = max(shape.top - self._lsb - self._width, 0)
        return (
            Incrementer(width=shape.significand_bits if negate_in else 0),
            Adder(width=shape.exponent_bits if self._span else 0),
            Shifter(
                width=shape.significand_bits + place,
                max_shift=min(self._span, shape.significand_bits + place),
                sticky=True,
                input_width=shape.significand_bits,
            ),
            Reduce(width=min(below if self._fixed else 0, shape.significand_bits)),
            Reduce(width=min(beyond, shape.significand_bits)),
            Gates(width=self._width if beyond or shape.has_inf else 0),
            Incrementer(width=self._width if magnitude == self.signed_word else 0),
        )

    def magnitude(self, m: Module, record: Record) -> Magnitude:
        """The sign and the magnitude of the record."""
        if not self.signed_word:
            return self._cut_magnitude(m, record)
        cut = self._cut_signed(m, record)
        negative = cut.word[-1]
        # -floor(x) is one too large if bits were cut off. -2^width does not fit.
        total = Signal(self._width + 1, name="window_total")
        word = Signal(self._width, name="window_magnitude")
        m.d.comb += [
            total.eq((cut.word[:-1] ^ negative.replicate(self._width)) + (negative & ~cut.sticky)),
            word.eq(total[:-1] | total[-1].replicate(self._width)),
        ]
        return Magnitude(negative=negative, word=word, sticky=cut.sticky | total[-1])

    def floor(self, m: Module, record: Record) -> WindowFloor:
        """The record rounded down."""
        if self.signed_word:
            return self._cut_signed(m, record)
        cut = self._cut_magnitude(m, record)
        flipped = Cat(cut.word, Const(0, 1)) ^ cut.negative.replicate(self._width + 1)
        word = Signal(signed(self._width + 1), name="window_floor")
        m.d.comb += word.eq(flipped + (cut.negative & ~cut.sticky))
        return WindowFloor(word=word, sticky=cut.sticky)

    def ordered(self, m: Module, record: Record) -> Value:
        """A signed word for `reaches`: words compare as their records do.

        The word needs no negation.
        """
        if self.signed_word:
            cut = self._cut_signed(m, record)
            return Cat(cut.sticky, cut.word).as_signed()
        magnitude = self._cut_magnitude(m, record)
        word = Cat(magnitude.sticky, magnitude.word, Const(0, 1))
        return (word ^ magnitude.negative.replicate(self._width + 2)).as_signed()

    def reaches(self, ordered: Value, point: int, *, strictly: bool) -> Value:
        """Whether a record is at least, or `strictly` above, `point` units of the window's LSB."""
        bound = 2 * point + strictly
        # Negative magnitudes are only inverted, so that the word is one too small.
        return ordered >= (bound if self.signed_word or bound > 0 else bound - 1)

    def _cut_signed(self, m: Module, record: Record) -> WindowFloor:
        shape, width = self._shape, self._width
        place = shape.exponent_min - self._lsb
        number, sticky = record.significand, Const(0, 1)
        if place > 0:
            number = Cat(Const(0, place), number).as_signed()
        elif place < 0:
            # If all bits lie below the LSB, the sign remains.
            sticky = number[:-place].any()
            number = number[min(-place, shape.significand_bits - 1) :].as_signed()
        word, any_lost = Signal(signed(width + 1), name="window_word"), Signal(name="window_lost")
        m.d.comb += [word.eq(number), any_lost.eq(sticky)]
        beyond, negative = Const(0, 1), number[-1]
        if len(number) > width + 1:
            upper = number[width:]
            beyond = upper.any() & ~upper.all()
        if shape.has_inf:
            beyond, negative = beyond | record.inf, Mux(record.inf, record.inf_sign, negative)
        if isinstance(beyond, Const):
            return WindowFloor(word=word, sticky=any_lost)
        with m.If(beyond):
            m.d.comb += [
                word.eq(Cat((~negative).replicate(width), negative)),
                any_lost.eq(1),
            ]
        return WindowFloor(word=word, sticky=any_lost)

    def _cut_magnitude(self, m: Module, record: Record) -> Magnitude:
        shape, width = self._shape, self._width
        negative = Signal(name="window_sign")
        m.d.comb += negative.eq(
            Mux(record.inf, record.inf_sign, record.sign) if shape.has_inf else record.sign
        )
        number = record.significand
        if shape.twos_complement:
            number = Signal(shape.significand_bits, name="window_in")
            m.d.comb += number.eq(Mux(record.sign, -record.significand, record.significand))
        place = self._highest - self._lsb
        full = Cat(Const(0, max(place, 0)), number)
        beyond, sticky = Const(0, 1), Const(0, 1)
        if self._span:
            full, sticky = self._shifted(m, record, full)
        if shape.exponent_max > self._highest:
            highest = self._highest - shape.exponent_origin
            beyond = (record.exponent > highest) & ~record.zero
        if place < 0:
            sticky = sticky | full[:-place].any()
            full = full[-place:]
        if len(full) > width:
            beyond = beyond | full[width:].any()
        if shape.has_inf:
            beyond = beyond | record.inf
        word, lost = Signal(width, name="window_word"), Signal(name="window_lost")
        if isinstance(beyond, Const):
            m.d.comb += [word.eq(full), lost.eq(sticky)]
        else:
            m.d.comb += [
                word.eq(full[:width] | beyond.replicate(width)),
                lost.eq(sticky | beyond),
            ]
        return Magnitude(negative=negative, word=word, sticky=lost)

    def _shifted(self, m: Module, record: Record, full: Value) -> tuple[Value, Value]:
        """`full`, placed for the highest exponent, shifted right to the record's exponent."""
        span = min(self._span, len(full))
        highest = self._highest - self._shape.exponent_origin
        distance = Signal(range(highest + 1), name="window_distance")
        amount = Signal(range(span + 1), name="window_amount")
        m.d.comb += [
            distance.eq(highest - record.exponent),
            amount.eq(Mux(distance > span, span, distance) if span < highest else distance),
        ]
        return shift_right_sticky(m, full, amount, "window_shift")
