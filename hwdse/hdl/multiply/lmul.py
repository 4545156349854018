"""The L-Mul multiplier: one adder in place of the multiplier array."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib.wiring import In, Out

from hwdse.formats import Format
from hwdse.hdl.blocks import above
from hwdse.hdl.component import Component
from hwdse.hdl.multiply import multiplier
from hwdse.hdl.unpacked import Record, drive, unpacked_signature
from hwdse.primitives.primitive import Adder, Gates, Incrementer
from hwdse.primitives.structure import Structure
from hwdse.spec import LMul


@multiplier.register(LMul)
class LMulMultiplier(Component):
    """Adds exponent and fraction of both operands and a constant, as one integer or as two.

    Combinational: latency 0, one product per cycle. `hwdse.spec.LMul` defines the corner cases.
    """

    def __init__(self, mul: LMul, a: Format, b: Format) -> None:
        self._mul = mul
        self._operand = mul.operand(a, b)
        self._shape = self._operand.unpacked
        self._product = mul.product(a, b)
        super().__init__(
            {
                "a": In(unpacked_signature(self._shape)),
                "b": In(unpacked_signature(self._shape)),
                "o": Out(unpacked_signature(self._product)),
            }
        )

    @property
    def structure(self) -> Structure:
        """One adder with a constant, the comparisons with constants, and the clamp."""
        width = self._operand.exponent_bits + self._operand.fraction_bits
        add, constant = Adder(width=width), Incrementer(width=width + 2)
        clamp = Gates(width=width)
        mask, flags = Gates(width=width), Gates(width=2 + 4 * self._operand.has_inf)
        compare = Adder(width=width) if self._mul.formula else Gates(width=width)
        return Structure(
            parts=(add, constant, clamp, mask, flags, compare),
            path=(add, constant, compare, clamp, mask),
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        a, b = Record(self._shape, self.a), Record(self._shape, self.b)
        flushed_a, flushed_b = (~x.significand[-1] & ~x.nan & ~x.inf for x in (a, b))
        flush = flushed_a | flushed_b
        significand, exponent, underflow, overflow = (
            self._by_formula(m, a, b) if self._mul.formula else self._by_integers(m, a, b)
        )
        to_inf = overflow if self._mul.overflows_to_inf(self._operand) else Const(0)
        zero, inf, clamp = Signal(), Signal(), Signal()
        f = self._operand
        largest = (f.max_code & ((1 << f.fraction_bits) - 1)) | (1 << f.fraction_bits)
        m.d.comb += [
            inf.eq(a.inf | b.inf | (to_inf & ~flush)),
            zero.eq((flush | underflow) & ~inf),
            clamp.eq(overflow),
        ]
        sign = a.sign ^ b.sign
        drive(
            m,
            self.o,
            sign=sign if f.has_negative_zero else sign & ~zero,
            significand=Mux(zero, 0, Mux(clamp, largest, significand)),
            exponent=Mux(clamp, f.max_code >> f.fraction_bits, exponent),
            zero=zero,
            nan=a.nan | b.nan | (a.inf & flushed_b) | (flushed_a & b.inf),
            inf=inf,
        )
        return m

    def _by_integers(self, m: Module, a: Record, b: Record):
        """Z = X + Y - (bias << M) + offset on the packed magnitudes of normal operands."""
        f = self._operand
        x, y = (Cat(r.significand[:-1], r.exponent) for r in (a, b))
        z = Signal(signed(f.exponent_bits + f.fraction_bits + 2))
        m.d.comb += z.eq(x + y + (self._mul.offset_in_lsb(f) - (f.bias << f.fraction_bits)))
        underflow, overflow = z < (1 << f.fraction_bits), z > f.max_code
        significand = Cat(z[: f.fraction_bits], Const(1, 1))
        return significand, z[f.fraction_bits :], underflow, overflow

    def _by_formula(self, m: Module, a: Record, b: Record):
        """The significand 1 + xm + ym + 2^-l with two integer bits, and the exponent xe + ye."""
        f = self._operand
        largest = (f.max_code & ((1 << f.fraction_bits) - 1)) | (1 << f.fraction_bits)
        top = f.max_code >> f.fraction_bits
        significand = Signal(f.fraction_bits + 2)
        exponent = Signal(signed(f.exponent_bits + 2))
        m.d.comb += [
            significand.eq(
                a.significand[:-1]
                + b.significand[:-1]
                + ((1 << f.fraction_bits) + self._mul.offset_in_lsb(f))
            ),
            exponent.eq(a.exponent + b.exponent - f.bias),
        ]
        underflow = (exponent < 0) | ((exponent == 0) & ~significand[-1])
        overflow = (
            (exponent > top)
            | ((exponent == top) & above(significand, largest))
            | ((exponent == top - 1) & above(significand, 2 * largest + 1))
        )
        return significand, exponent, underflow, overflow
