"""Mitchell's logarithmic multiplier: leading ones, one adder, one shifter."""

import numpy as np
from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from hwdse.formats import Format
from hwdse.hdl.blocks import leading_zero_count, shift_left
from hwdse.hdl.component import Component
from hwdse.hdl.lookup import lookup_table
from hwdse.hdl.multiply import multiplier
from hwdse.hdl.unpacked import Record, drive, unpacked_signature
from hwdse.primitives.primitive import Adder, Gates, Incrementer, LeadingZeroCounter, Shifter
from hwdse.primitives.structure import Structure
from hwdse.spec import Mitchell

#: Widest operand of which synthesis finds the normalised numbers one by one.
_NARROW_BITS = 5


@multiplier.register(Mitchell)
class MitchellMultiplier(Component):
    """Adds characteristics and fractions of both operands as one number.

    Combinational: latency 0, one product per cycle. Significands that need not begin with a one are
    shifted until they do. Products of integers are shifted back into place.
    """

    def __init__(self, mul: Mitchell, a: Format, b: Format) -> None:
        self._formats = a, b
        self._shapes = a.unpacked, b.unpacked
        self._product = mul.product(a, b)
        self._fraction = mul.fraction(a, b)
        self._in_place = mul.in_fixed_point(a, b)
        self._leading = tuple(mul.has_leading_one(f) for f in (a, b))
        super().__init__(
            {
                "a": In(unpacked_signature(self._shapes[0])),
                "b": In(unpacked_signature(self._shapes[1])),
                "o": Out(unpacked_signature(self._product)),
            }
        )

    @property
    def structure(self) -> Structure:
        """The normaliser of each operand, the adder, and the shift back."""
        operands = Structure.parallel(
            [
                _normaliser(number_format, leading=leading)
                for number_format, leading in zip(self._formats, self._leading, strict=True)
            ]
        )
        # Below the shorter fraction, the sum is the longer fraction as it stands.
        shorter = min(self._fraction, *(shape.magnitude_bits - 1 for shape in self._shapes))
        add = Adder(width=shorter + max(self._product.exponent_bits, 4))
        mask = Gates(width=self._fraction + 2)
        width = self._product.significand_bits
        back = Shifter(
            width=width, max_shift=width * self._in_place, input_width=self._fraction + 1
        )
        rest = Structure(parts=(add, mask, back), path=(add, mask, back))
        return Structure.series([operands, rest])

    def elaborate(self, platform) -> Module:
        m = Module()
        a, b = Record(self._shapes[0], self.a), Record(self._shapes[1], self.b)
        bits = self._fraction
        words, deficit = [], 0
        for record, leading, name in zip((a, b), self._leading, "ab", strict=True):
            word, missing = self._logarithm(m, record, name, leading=leading)
            words.append(word)
            deficit += missing
        total = Signal(max(map(len, words)) + 1)
        m.d.comb += total.eq(words[0] + words[1])
        zero = a.zero | b.zero
        significand = Cat(total[:bits] & (~zero).replicate(bits), ~zero)
        characteristic = total[bits:]
        if self._in_place:
            # All bits below the point, and below the surplus of the counters, are zero.
            below = bits + deficit
            width = self._product.significand_bits + below
            extended = Signal(width)
            m.d.comb += extended.eq(significand)
            significand = shift_left(m, extended, characteristic, width, "back")[below:]
        twos = any(shape.twos_complement for shape in self._shapes)
        drive(
            m,
            self.o,
            significand=significand,
            exponent=characteristic,
            sign=(a.sign ^ b.sign) & ~zero if twos else a.sign ^ b.sign,
            zero=zero,
            nan=a.nan | b.nan | (a.inf & b.zero) | (a.zero & b.inf),
            inf=a.inf | b.inf,
        )
        return m

    def _logarithm(
        self, m: Module, operand: Record, name: str, *, leading: bool
    ) -> tuple[Value, int]:
        """Fraction and characteristic as one number, and the surplus of the characteristic.

        If the significand has a leading one, the characteristic is the exponent. Otherwise the
        inverted leading-zero count is added. The inverted count is too large, because it starts
        from a power of two minus one.
        """
        shape, word = operand.shape, operand.significand
        characteristic, too_much = operand.exponent, 0
        if self._in_place or not shape.exponent_bits:
            # A single exponent. A float has a field for it all the same, which need not be 0.
            characteristic = Const(0, 0)
        if shape.twos_complement:
            magnitude = Signal(len(word), name=f"{name}_magnitude")
            m.d.comb += magnitude.eq(Mux(word[-1], -word, word))
            word = magnitude
        if not leading:
            count, _ = leading_zero_count(m, word, f"{name}_zeros")
            too_much = (1 << len(count)) - len(word)
            word = shift_left(m, word, count, len(word), f"{name}_up")
            longer = max(len(characteristic), len(count))
            added = Signal(longer + bool(len(characteristic)), name=f"{name}_weight")
            m.d.comb += added.eq(characteristic + ~count)
            characteristic = added
        fraction = word[:-1]
        if shape.twos_complement:
            # The last bit is always zero. Only the most negative number is not shifted up, and its
            # bits after the leading one are zeros.
            fraction = fraction[1:]
        cut = len(fraction) - self._fraction
        fraction = fraction[cut:] if cut > 0 else Cat(Const(0, -cut), fraction)
        return Cat(fraction, characteristic), too_much


def _normaliser(number_format: Format, *, leading: bool) -> Structure:
    """Magnitude, counter and shifter of an operand; of a narrow one, what synthesis makes of them.

    Args:
        number_format: format of the operand.
        leading: whether the significand begins with a one.
    """
    shape = number_format.unpacked
    width = shape.significand_bits
    if number_format.bits <= _NARROW_BITS and not leading:
        codes = np.arange(1 << number_format.bits)
        magnitudes = np.abs(number_format.unpack(codes).exact().significand).tolist()
        lengths = [int(magnitude).bit_length() for magnitude in magnitudes]
        words = [
            (magnitude << width - length) << width.bit_length() | length
            for magnitude, length in zip(magnitudes, lengths, strict=True)
        ]
        table = lookup_table(number_format.bits, words, width + width.bit_length())
        return Structure(parts=(table,), path=(table,))
    magnitude = Incrementer(width=width * shape.twos_complement)
    count = LeadingZeroCounter(width=0 if leading else width)
    shift = Shifter(width=width, max_shift=0 if leading else width - 1)
    path = (magnitude, count, shift)
    return Structure(parts=path, path=path)
