"""Exact addition of a product (or a sum of products) and a float, ready for one rounding."""

from dataclasses import replace

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib.wiring import In, Out

from hwdse.formats import BinaryFloat, FlushedFloat, Format, UnpackedShape
from hwdse.hdl.blocks import absolute_sum, shift_right_sticky
from hwdse.hdl.component import Component
from hwdse.hdl.targets import target_of
from hwdse.hdl.unpacked import Record, drive, unpacked_signature
from hwdse.primitives.primitive import Adder, Gates, Incrementer, Shifter
from hwdse.primitives.primitive import Mux as MuxBlock
from hwdse.primitives.structure import Structure


class FusedWindow:
    """Layout of the window of a fused add: where product and addend lie.

    Attributes:
        product: bounds of the product.
        addend: bounds of the addend's magnitude.
        zeros: zeros appended below the addend's LSB, because the output can have bits there.
        below: bits of the window below the product's LSB.
        place: where the addend's LSB (with `zeros` appended) lies before any shift, counted from
            the product's LSB.
        may_be_far: the addend can lie above `place`.
        zero_is_low: an addend of zero has the least exponent.
        has_sticky: bits of the addend can be shifted out below the window.
        word: width of the addend's shifter, from the addend's highest place to the window's LSB.
        max_shift: longest right shift of the addend.
        bits: width of the window.
        carries: the sum can have one bit more than the window.
        shape: bounds of the sum.
        distance_at_origins: right shift of the addend if both exponent fields are 0.
    """

    def __init__(
        self,
        product: UnpackedShape,
        addend: Format,
        out: Format,
        reached: UnpackedShape | None = None,
    ) -> None:
        self.product, self.addend = product, _magnitude_shape(reached or addend.unpacked)
        precision = out.unpacked.magnitude_bits
        a, p, o = self.addend, _magnitude_shape(product), reached or out.unpacked
        finer = precision > a.significand_bits or o.exponent_min < a.exponent_min
        self.zeros = precision - 1 if finer else 0
        a = replace(
            a,
            significand_bits=a.significand_bits + self.zeros,
            exponent_min=a.exponent_min - self.zeros,
            exponent_max=a.exponent_max - self.zeros,
            exponent_origin=a.exponent_origin - self.zeros,
        )
        width = p.significand_bits
        highest, lowest = a.exponent_max - p.exponent_min, a.exponent_min - p.exponent_max
        # The least product is 2^sure in units of its LSB. FusedAdd explains the bits below it.
        sure = width - 1 - product.most_leading_zeros if product.leading_zeros is not None else 0
        self.below = max(precision, self.addend.significand_bits) + 1 - sure
        self.below = min(max(self.below, 0), max(0, -lowest))
        self.place = max(min(width + 2, highest), -self.below)
        self.may_be_far = highest > self.place
        # In these formats a zero has the least exponent. A product far below the output's LSB then
        # only decides the direction of the rounding.
        self.zero_is_low = (
            isinstance(addend, BinaryFloat)
            and addend.subnormals
            and o.exponent_min >= a.exponent_min
            and reached is None
        )
        self.has_sticky = lowest < -self.below
        self.word = self.place + self.below + a.significand_bits
        self.max_shift = min(self.place - lowest, self.word)
        self.bits = max(self.word, self.below + width)
        # Without a free place between both words, their sum can carry out.
        self.carries = self.place < width or self.bits > self.word
        lsb = self.below + self.has_sticky
        # In a format that flushes subnormals, zeros keep field 0, which is below the least
        # exponent.
        flushed = isinstance(addend, FlushedFloat) and reached is None
        anchored = (a.exponent_origin if flushed else a.exponent_min) - self.place
        least = anchored if self.zero_is_low else min(p.exponent_min, anchored)
        self.shape = UnpackedShape(
            significand_bits=self.bits + self.carries + self.has_sticky,
            exponent_min=least - lsb,
            exponent_max=max(p.exponent_max, a.exponent_max - self.place) - lsb,
            exponent_origin=min(p.exponent_origin, least) - lsb,
        )
        self.distance_at_origins = self.place + p.exponent_origin - a.exponent_origin


class FusedAdd(Component):
    """Adds product `p` and addend `a` in one window, with a sticky bit for what lies below it.

    Combinational: latency 0, one sum per cycle.

    The product has a fixed place in the window. The addend starts two places above the product and
    is shifted right, as in the classical fused multiply-add (Montoye, Hokenek and Runyon 1990).
    Unlike there, the operands may be unnormalised, so the window reaches precision + 1 bits below
    the least product. If a bit of the addend is lost there, the addend is less than a quarter of
    the product, and the sum's last kept bit is still in the window. If the addend lies entirely
    above the product, or the product is zero, the addend is not shifted, and the product only
    decides the direction of the rounding.

    Ports: `zero_sign` (sign of an exact zero sum), `p`, `a`, and `o`. The output `o` is a
    sign-magnitude record with the bounds `shape` and without special values. If bits can be shifted
    out, the LSB of its significand is the sticky bit.

    Args:
        product: bounds of the product.
        addend: format of the addend.
        out: format of the rounded sum; by default the addend's format.
        reached: bounds of the addends and the rounded sums that are not zero, if these bounds are
            tighter than the format's. An addend of zero may have a smaller exponent.
    """

    def __init__(
        self,
        product: UnpackedShape,
        addend: Format,
        out: Format | None = None,
        reached: UnpackedShape | None = None,
    ) -> None:
        self._window = FusedWindow(product, addend, out or addend, reached)
        self._product, self._addend = product, addend.unpacked
        self.shape = self._window.shape
        super().__init__(
            {
                "zero_sign": In(1),
                "p": In(unpacked_signature(product)),
                "a": In(unpacked_signature(addend.unpacked)),
                "o": Out(unpacked_signature(self.shape)),
            }
        )

    @property
    def structure(self) -> Structure:
        """Exponent difference, aligning shifter, and the adder with an end-around carry."""
        w = self._window
        exponent_bits = max(self._product.exponent_bits, self._addend.exponent_bits) + 1
        absolute = Incrementer(
            width=self._product.significand_bits if self._product.twos_complement else 0
        )
        difference = Adder(width=exponent_bits)
        clamp = Gates(width=exponent_bits)
        shift = Shifter(
            width=w.word,
            max_shift=w.max_shift,
            sticky=w.has_sticky,
            input_width=w.addend.significand_bits,
        )
        add, negate = Adder(width=w.bits), Gates(width=2 * w.bits)
        exponent = MuxBlock(width=exponent_bits, ways=2)
        rebase = Incrementer(width=exponent_bits)
        return Structure(
            parts=(absolute, difference, clamp, shift, add, negate, exponent, rebase),
            path=(absolute, difference, clamp, shift, add, negate),
        )

    def elaborate(self, platform) -> Module:
        m, w = Module(), self._window
        p, a = Record(self._product, self.p), Record(self._addend, self.a)
        p_magnitude, a_magnitude = _magnitude(m, p, "p"), _magnitude(m, a, "a")
        p_zero = p.zero
        a_zero = Signal()
        m.d.comb += a_zero.eq(~a_magnitude.any())

        # Right shift of the addend, from `place` above the product's LSB.
        lowest = w.distance_at_origins - ((1 << len(a.exponent)) - 1)
        highest = w.distance_at_origins + (1 << len(p.exponent)) - 1
        # No wider than needed: Verilator would take bits that repeat the sign for a loop.
        distance = Signal(signed(max(highest, ~lowest, 0).bit_length() + 1))
        m.d.comb += distance.eq(p.exponent - a.exponent + w.distance_at_origins)
        beyond = distance[-1] if w.may_be_far else Const(0, 1)
        if not w.zero_is_low:
            beyond = beyond & ~a_zero
        far = Signal()
        m.d.comb += far.eq(p_zero | beyond)
        amount = Signal(range(w.max_shift + 1))
        bits = len(amount)
        m.d.comb += amount.eq(
            (distance[:bits] | distance[bits:-1].any().replicate(bits))
            & ~(far | distance[-1]).replicate(bits)
        )
        word = Cat(Const(0, w.place + w.below + w.zeros), a_magnitude)
        target = target_of(platform)
        aligned, sticky = shift_right_sticky(m, word, amount, "align", target)
        if not w.has_sticky:
            sticky = Const(0, 1)

        subtract = Signal()
        m.d.comb += subtract.eq(p.sign ^ a.sign)
        placed = Cat(Const(0, w.below), p_magnitude, Const(0, w.bits))[: w.bits]
        total, negative, equal = absolute_sum(
            m,
            placed,
            Cat(aligned, Const(0, w.bits - w.word)),
            subtract=subtract,
            inexact=sticky,
            name="sum",
            target=target,
        )
        zero = Signal()
        m.d.comb += zero.eq(Mux(subtract, equal & ~sticky, p_zero & a_zero))
        origin = self._product.exponent_origin
        lsb = w.below + w.has_sticky
        base = origin - lsb - self.shape.exponent_origin
        total = total if w.carries else total[:-1]
        drive(
            m,
            self.o,
            sign=Mux(zero, self.zero_sign, Mux(negative, a.sign, p.sign)),
            significand=Cat(sticky, total) if w.has_sticky else total,
            # p.exponent - distance is the addend's exponent, counted from the product's origin.
            exponent=Mux(far, a.exponent - w.distance_at_origins, p.exponent) + base,
            zero=zero,
        )
        return m


def _magnitude_shape(shape: UnpackedShape) -> UnpackedShape:
    """The bounds with a magnitude in place of a two's-complement significand."""
    return replace(shape, twos_complement=False)


def _magnitude(m: Module, record: Record, name: str) -> Value:
    """The magnitude of the significand."""
    if not record.shape.twos_complement:
        return record.significand
    magnitude = Signal(record.shape.significand_bits, name=f"{name}_magnitude")
    m.d.comb += magnitude.eq(Mux(record.sign, -record.significand, record.significand))
    return magnitude
