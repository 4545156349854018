"""The multiplier by sums of a few powers of two."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib.wiring import In, Out, Signature

from hwdse.formats import Format
from hwdse.hdl.blocks import shift_left
from hwdse.hdl.component import Component
from hwdse.hdl.compress import balanced_sum
from hwdse.hdl.group_sum import carry_group_sum, carry_signature, group_sum
from hwdse.hdl.multiply import multiplier, product_signature
from hwdse.hdl.unpacked import Record, drive, unpacked_signature
from hwdse.primitives.primitive import Adder, Gates, LeadingZeroCounter, Shifter
from hwdse.primitives.structure import Structure
from hwdse.spec import ShiftAdd


@product_signature.register
def _(mul: ShiftAdd, a: Format, b: Format) -> Signature:
    shape = mul.product(a, b)
    return carry_signature(shape, shape.significand_bits)


@multiplier.register(ShiftAdd)
class ShiftAddMultiplier(Component):
    """Recodes the second operand to signed digits and adds a shifted first operand for each.

    Combinational: latency 0, one product per cycle. The recoding is one addition (Prodinger, On
    binary representations of integers with digits -1, 0, 1, 2000). Then K leading digits are
    extracted, one after the other.
    """

    def __init__(self, mul: ShiftAdd, a: Format, b: Format) -> None:
        self._a, self._b, self._product = a.unpacked, b.unpacked, mul.product(a, b)
        self._terms = mul.weights(b).terms
        super().__init__(
            {
                "a": In(unpacked_signature(self._a)),
                "b": In(unpacked_signature(self._b)),
                "o": Out(product_signature(mul, a, b)),
            }
        )

    @property
    def structure(self) -> Structure:
        """The adder that recodes; for each term, a leading-digit search, a shifter, an adder."""
        digits, width = self._b.significand_bits, self._product.significand_bits
        recode, find = Adder(width=digits), LeadingZeroCounter(width=digits)
        shift = Shifter(width=width, max_shift=digits - 1, input_width=self._a.significand_bits)
        negate, add = Gates(width=width), Adder(width=width)
        term = (find, shift, negate)
        return Structure(
            parts=(recode, *term * self._terms, *(add,) * (self._terms - 1)),
            path=(recode, *(find,) * self._terms, shift, negate, *(add,) * (self._terms > 1)),
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        a, b = Record(self._a, self.a), Record(self._b, self.b)
        width = self._product.significand_bits
        apart = not self._a.twos_complement
        words, carries = [], []
        for k, (present, negative, shift) in enumerate(self._digits(m, b.significand)):
            sign = negative ^ a.sign if apart and self._a.signed else negative
            extended = Signal(width, name=f"operand{k}")
            m.d.comb += extended.eq(Mux(present, a.significand, 0))
            shifted = shift_left(m, extended, shift, width, f"term{k}")
            word, carry = Signal(signed(width), name=f"word{k}"), Signal(name=f"carry{k}")
            # A term without a digit is zero and must not be inverted.
            m.d.comb += carry.eq(sign & present)
            m.d.comb += word.eq(shifted ^ carry.replicate(width))
            words.append(word)
            carries.append(carry)
        total, carry = balanced_sum(m, words, carries, "product")
        m.d.comb += [self.o.word.eq(total), self.o.carry.eq(carry)]
        drive(
            m,
            self.o,
            significand=self.o.word + self.o.carry,
            exponent=a.exponent,
            nan=a.nan | (a.inf & b.zero),
            inf=a.inf,
            inf_sign=a.inf_sign ^ b.sign,
        )
        return m

    def _digits(self, m: Module, number: Value) -> list[tuple[Value, Value, Value]]:
        """The K leading signed digits: whether the digit exists, its sign and its place."""
        width = len(number)
        half = number.as_signed() >> 1
        third = Signal(signed(width + 1), name="half_more")
        m.d.comb += third.eq(number.as_signed() + half)
        left = (half ^ third)[:width]
        minus = half.as_unsigned() & left
        found = []
        for k in range(self._terms):
            leading, rest = Signal(width, name=f"leading{k}"), Signal(width, name=f"rest{k}")
            for place in range(width):
                above = left[place + 1 :].any() if place + 1 < width else 0
                m.d.comb += [
                    leading[place].eq(left[place] & ~above),
                    rest[place].eq(left[place] & above),
                ]
            place = Cat(
                Cat(leading[p] for p in range(width) if p >> bit & 1).any()
                for bit in range((width - 1).bit_length())
            )
            found.append((left.any(), (leading & minus).any(), place))
            left = rest
        return found


group_sum.register(ShiftAdd)(carry_group_sum)
