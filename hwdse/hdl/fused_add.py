"""Exact addition of a product (or a sum of products) and a float, ready for one rounding."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib.wiring import Component, In, Out

from hwdse.formats import Minifloat, UnpackedShape
from hwdse.hdl.blocks import shift_right_sticky
from hwdse.hdl.structure import Adder, Gates, Incrementer, Reduce, Shifter, Structure
from hwdse.hdl.structure import Mux as MuxBlock
from hwdse.hdl.unpacked import Record, drive, unpacked_signature


class FusedAdd(Component):
    """Adds product `p` and float `a` in one window, with a sticky bit for what lies below it.

    Combinational: latency 0, one sum per cycle.

    The product is fixed in the window and the addend is shifted right from two places above it, as
    in the classical fused multiply-add (Montoye, Hokenek and Runyon 1990). Unlike there, neither
    operand is normalised, so the window reaches precision + 1 bits below the product's LSB: if any
    bit of the addend is lost there, the addend is below a quarter of the product's LSB, and the
    sum's last kept bit is still in the window. If the addend lies entirely above, or the product is
    zero, the addend is kept where it is and the product only decides the direction.

    Ports `zero_sign` (sign of an exact zero sum), `p`, `a`, and `o`, a sign-magnitude record of the
    bounds `shape` without special values; the sticky bit is its LSB.
    """

    def __init__(self, product: UnpackedShape, addend: Minifloat) -> None:
        self._product, self._addend = product, addend.unpacked
        a, p = self._addend, product
        width = p.magnitude_bits
        highest, lowest = a.exponent_max - p.exponent_min, a.exponent_min - p.exponent_max
        self._below = min(a.significand_bits + 1, max(0, -lowest))
        self._place = max(min(width + 2, highest), -self._below)
        self._may_be_far = highest > self._place
        self._has_sticky = lowest < -self._below
        self._word = self._place + self._below + a.significand_bits
        self._max_shift = min(self._place - lowest, self._word)
        self._window = max(self._word, self._below + width)
        lsb = self._below + self._has_sticky
        self.shape = UnpackedShape(
            significand_bits=self._window + 1 + self._has_sticky,
            exponent_min=min(p.exponent_min, a.exponent_min - self._place) - lsb,
            exponent_max=max(p.exponent_max, a.exponent_max - self._place) - lsb,
        )
        super().__init__(
            {
                "zero_sign": In(1),
                "p": In(unpacked_signature(product)),
                "a": In(unpacked_signature(self._addend)),
                "o": Out(unpacked_signature(self.shape)),
            }
        )

    @property
    def structure(self) -> Structure:
        """Exponent difference, aligning shifter, adder and the negation of a negative sum."""
        exponent_bits = max(self._product.exponent_bits, self._addend.exponent_bits) + 1
        absolute = Incrementer(
            width=self._product.significand_bits if self._product.twos_complement else 0
        )
        difference = Adder(width=exponent_bits)
        clamp = Gates(width=exponent_bits)
        shift = Shifter(
            width=self._word,
            max_shift=self._max_shift,
            sticky=self._has_sticky,
            input_width=self._addend.significand_bits,
        )
        add, negate = Adder(width=self._window + 1), Incrementer(width=self._window + 1)
        zero, exponent = Reduce(width=self._window), MuxBlock(width=exponent_bits, ways=2)
        rebase = Incrementer(width=exponent_bits)
        return Structure(
            parts=(absolute, difference, clamp, shift, add, negate, zero, exponent, rebase),
            path=(absolute, difference, clamp, shift, add, negate),
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        p, a = Record(self._product, self.p), Record(self._addend, self.a)
        p_magnitude = Signal(self._product.magnitude_bits)
        if self._product.twos_complement:
            m.d.comb += p_magnitude.eq(Mux(p.sign, -p.significand, p.significand))
        else:
            m.d.comb += p_magnitude.eq(p.significand)
        p_zero, a_zero = p.zero, ~a.significand.any()

        # Right shift of the addend, from `place` above the product's LSB.
        distance = Signal(signed(max(len(p.exponent), len(a.exponent)) + 2 + self._offset_bits()))
        m.d.comb += distance.eq(p.exponent - a.exponent + self._offset())
        beyond = (distance < 0) & ~a_zero if self._may_be_far else Const(0, 1)
        far = Signal()
        m.d.comb += far.eq(p_zero | beyond)
        amount = Signal(range(self._max_shift + 1))
        m.d.comb += amount.eq(
            Mux(far | (distance < 0), 0, Mux(distance > self._max_shift, self._max_shift, distance))
        )
        word = Cat(Const(0, self._place + self._below), a.significand)
        aligned, sticky = shift_right_sticky(m, word, amount, "align")
        if not self._has_sticky:
            sticky = Const(0, 1)

        # A lost fraction makes a subtracted addend larger: leave out the carry that completes the
        # two's complement, and the sticky bit stands for what is then missing.
        subtract = Signal()
        m.d.comb += subtract.eq(p.sign ^ a.sign)
        term = Signal(signed(self._window + 1))
        total = Signal(signed(self._window + 2))
        magnitude = Signal(self._window + 1)
        m.d.comb += [
            term.eq(
                Cat(aligned, Const(0, self._window + 1 - len(word)))
                ^ subtract.replicate(self._window + 1)
            ),
            total.eq((p_magnitude << self._below) + term + (subtract & ~sticky)),
            magnitude.eq(Mux(total[-1], -total, total)),
        ]
        zero = Signal()
        m.d.comb += zero.eq(~magnitude.any() & ~sticky)
        from_addend = a.exponent + (
            self._addend.exponent_origin - self._place - self._product.exponent_origin
        )
        lsb = self._below + self._has_sticky
        rebase = self._product.exponent_origin - lsb - self.shape.exponent_origin
        drive(
            m,
            self.o,
            sign=Mux(zero, self.zero_sign, Mux(total[-1], a.sign, p.sign)),
            significand=Cat(sticky, magnitude) if self._has_sticky else magnitude,
            exponent=Mux(far, from_addend, p.exponent) + rebase,
            zero=zero,
        )
        return m

    def _offset(self) -> int:
        return self._place + self._product.exponent_origin - self._addend.exponent_origin

    def _offset_bits(self) -> int:
        return abs(self._offset()).bit_length()
