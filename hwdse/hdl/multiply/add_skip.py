"""The multiplier by -1, 0 and 1, made of gates."""

from amaranth.hdl import Module, Mux
from amaranth.lib.wiring import In, Out, Signature

from hwdse.formats import Format
from hwdse.hdl.component import Component
from hwdse.hdl.group_sum import carry_group_sum, carry_signature, group_sum
from hwdse.hdl.multiply import multiplier, product_signature
from hwdse.hdl.unpacked import Record, drive, unpacked_signature
from hwdse.primitives.primitive import Gates
from hwdse.primitives.structure import Structure
from hwdse.spec import AddSkip


@product_signature.register
def _(mul: AddSkip, a: Format, b: Format) -> Signature:
    return carry_signature(mul.product(a, b), a.unpacked.significand_bits)


@multiplier.register(AddSkip)
class AddSkipMultiplier(Component):
    """Passes the first operand, inverts its sign, or puts zero.

    Combinational: latency 0, one product per cycle. A negation inverts a two's-complement operand
    bit by bit and adds one. The carry input of a later adder adds the one, or else an incrementer.
    """

    def __init__(self, mul: AddSkip, a: Format, b: Format) -> None:
        self._a, self._b, self._product = a.unpacked, b.unpacked, mul.product(a, b)
        # Binary weights have no zero to skip.
        self._skips = 0 in b.decode(range(1 << b.bits))
        super().__init__(
            {
                "a": In(unpacked_signature(self._a)),
                "b": In(unpacked_signature(self._b)),
                "o": Out(product_signature(mul, a, b)),
            }
        )

    @property
    def structure(self) -> Structure:
        """A row of gates to skip, and a row of gates to negate.

        A sign-magnitude operand does not need the second row. An accumulator that uses the carry
        does not need the incrementer.
        """
        width, twos = self._a.significand_bits, self._product.twos_complement
        skip = Gates(width=width * self._skips)
        negate, sign = Gates(width=width * twos), Gates(width=1)
        return Structure(parts=(skip, negate, sign), path=(skip, negate))

    def elaborate(self, platform) -> Module:
        m = Module()
        a, b = Record(self._a, self.a), Record(self._b, self.b)
        negative = b.significand[-1]
        taken = b.significand[0]  # set for -1 and 1, clear for 0
        flags = {
            "nan": a.nan | (a.inf & ~taken),
            "inf": a.inf,
            "inf_sign": a.inf_sign ^ negative,
        }
        if not self._product.twos_complement:
            mask = taken.replicate(len(a.significand))
            drive(
                m,
                self.o,
                significand=a.significand & mask if self._skips else a.significand,
                sign=a.sign ^ negative,
                zero=a.zero | ~taken if self._skips else a.zero,
                exponent=a.exponent,
                **flags,
            )
            return m
        word = Mux(taken, a.significand ^ negative.replicate(len(a.significand)), 0)
        m.d.comb += [self.o.word.eq(word), self.o.carry.eq(negative)]
        drive(
            m,
            self.o,
            significand=self.o.word + self.o.carry,
            exponent=a.exponent,
            **flags,
        )
        return m


group_sum.register(AddSkip)(carry_group_sum)
