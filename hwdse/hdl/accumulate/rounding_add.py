"""An adder of two floats with one rounding: the operator of floating-point libraries."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from hwdse.formats import BinaryFloat, UnpackedShape
from hwdse.hdl.accumulate.float_group import with_specials
from hwdse.hdl.blocks import shift_right_sticky
from hwdse.hdl.component import Component
from hwdse.hdl.encode import encoder
from hwdse.hdl.targets import target_of
from hwdse.hdl.unpacked import Record, connect, drive, unpacked_signature
from hwdse.primitives.primitive import Adder, Gates, Shifter
from hwdse.primitives.primitive import Mux as MuxBlock
from hwdse.primitives.structure import Structure

# Guard, round and sticky bit. A subtraction with a distance above one has at most one leading zero
# to fill. Then a round bit above the sticky bit remains.
_BELOW = 3


class FloatAdd(Component):
    """Adds two values of one format, ready for one rounding.

    Combinational: latency 0, one sum per cycle. The smaller magnitude is shifted right to the
    exponent of the larger magnitude, so that the difference is never negative.

    Ports: `a`, `b`, and `o`. The output `o` is a sign-magnitude record with the bounds `shape` and
    without special values. Its LSB is a sticky bit.
    """

    def __init__(self, number_format: BinaryFloat, rounding: str) -> None:
        self._operand, self._rounding = number_format.unpacked, rounding
        operand = self._operand
        self._width = operand.significand_bits + _BELOW
        self.shape = UnpackedShape(
            significand_bits=self._width + 1,
            exponent_min=operand.exponent_min - _BELOW,
            exponent_max=operand.exponent_max - _BELOW,
            exponent_origin=operand.exponent_origin - _BELOW,
        )
        ports = unpacked_signature(operand)
        super().__init__({"a": In(ports), "b": In(ports), "o": Out(unpacked_signature(self.shape))})

    @property
    def structure(self) -> Structure:
        """Comparison, swap, exponent difference, aligning shifter and adder."""
        exponent, bits = self._operand.exponent_bits, self._operand.significand_bits
        compare, swap = Adder(width=exponent + bits), MuxBlock(width=2 * (exponent + bits), ways=2)
        difference = Adder(width=exponent)
        shift = Shifter(
            width=self._width - 1, max_shift=self._width - 1, sticky=True, input_width=bits
        )
        flip, add = Gates(width=self._width), Adder(width=self._width + 1)
        path = (compare, swap, difference, shift, flip, add)
        return Structure(parts=path, path=path)

    def elaborate(self, platform) -> Module:
        m = Module()
        a, b = Record(self._operand, self.a), Record(self._operand, self.b)
        bits = self._operand.significand_bits
        a_word, b_word = Cat(a.significand, a.exponent), Cat(b.significand, b.exponent)
        swap = Signal()
        large, small = Signal(len(a_word)), Signal(len(a_word))
        m.d.comb += [
            swap.eq(a_word < b_word),
            large.eq(Mux(swap, b_word, a_word)),
            small.eq(Mux(swap, a_word, b_word)),
        ]
        most = self._width - 1
        distance = Signal(max(len(a_word) - bits, 1))
        amount = Signal(range(most + 1))
        m.d.comb += [
            distance.eq(large[bits:] - small[bits:]),
            amount.eq(Mux(distance > most, most, distance)),
        ]
        word = Cat(Const(0, _BELOW - 1), small[:bits])
        aligned, sticky = shift_right_sticky(m, word, amount, "align", target_of(platform))
        subtract, total = Signal(), Signal(self._width + 1)
        term = Cat(sticky, aligned, Const(0, 1)) ^ subtract.replicate(self._width + 1)
        zero = Signal()
        m.d.comb += [
            subtract.eq(a.sign ^ b.sign),
            total.eq(Cat(Const(0, _BELOW), large[:bits]) + term + subtract),
            zero.eq(~total.any()),
        ]
        drive(
            m,
            self.o,
            sign=Mux(zero & subtract, self._rounding == "down", Mux(swap, b.sign, a.sign)),
            significand=total,
            exponent=large[bits:],
            zero=zero,
        )
        return m


class RoundingAdd(Component):
    """The sum or difference of two values of a format, rounded to that format.

    Combinational: latency 0, one sum per cycle. Ports `a`, `b` (records) and `o` (a code).
    """

    def __init__(
        self, number_format: BinaryFloat, rounding: str, *, subtract: bool = False
    ) -> None:
        self._format, self._subtract = number_format, subtract
        self._add = FloatAdd(number_format, rounding)
        self._encode = encoder(number_format, self._add.shape, rounding)
        ports = unpacked_signature(number_format.unpacked)
        super().__init__({"a": In(ports), "b": In(ports), "o": Out(number_format.bits)})

    @property
    def structure(self) -> Structure:
        """Adder, encoder and special values."""
        gates = Gates(width=self._format.bits if self._format.has_nan else 0)
        specials = Structure(parts=(gates,), path=(gates,))
        return Structure.series([self._add.structure, self._encode.structure, specials])

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.add = add = self._add
        m.submodules.encode = encode = self._encode
        shape = self._format.unpacked
        connect(m, add.a, self.a)
        for name in unpacked_signature(shape).members:
            flip = self._subtract and name == "sign"
            value = getattr(self.b, name)
            m.d.comb += getattr(add.b, name).eq(~value if flip else value)
        connect(m, encode.i, add.o)
        terms = [Record(shape, add.a), Record(shape, add.b)]
        m.d.comb += self.o.eq(with_specials(m, self._format, terms, encode.o))
        return m
