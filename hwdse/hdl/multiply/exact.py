"""The exact multiplier."""

from amaranth.hdl import Module, Mux
from amaranth.lib.wiring import In, Out

from hwdse.formats import Format
from hwdse.hdl.component import Component
from hwdse.hdl.multiply import multiplier
from hwdse.hdl.unpacked import Record, drive, unpacked_signature
from hwdse.primitives.primitive import Adder, Gates, Multiplier
from hwdse.primitives.structure import Structure
from hwdse.spec import Exact


@multiplier.register(Exact)
class ExactMultiplier(Component):
    """Multiplies significands and adds exponents; nothing is normalised or rounded.

    Combinational: latency 0, one product per cycle. If only one operand is two's complement, the
    sign of the other operand first negates its magnitude. The product is then two's complement.
    """

    def __init__(self, mul: Exact, a: Format, b: Format) -> None:
        self._a, self._b = a.unpacked, b.unpacked
        self._product = mul.product(a, b)
        super().__init__(
            {
                "a": In(unpacked_signature(self._a)),
                "b": In(unpacked_signature(self._b)),
                "o": Out(unpacked_signature(self._product)),
            }
        )

    @property
    def structure(self) -> Structure:
        """Multiplier array beside the exponent adder."""
        widths = [
            shape.significand_bits + (self._product.twos_complement and not shape.twos_complement)
            for shape in (self._a, self._b)
        ]
        array = Multiplier(a_bits=widths[0], b_bits=widths[1], signed=self._product.twos_complement)
        exponent = Adder(width=max(self._a.exponent_bits, self._b.exponent_bits))
        flags = Gates(width=2 * self._product.has_inf + 2 * self._product.has_nan + 1)
        return Structure(parts=(array, exponent, flags), path=(array,))

    def elaborate(self, platform) -> Module:
        m = Module()
        a, b = Record(self._a, self.a), Record(self._b, self.b)
        significands = [
            Mux(x.sign, -x.significand, x.significand)
            if self._product.twos_complement and not x.shape.twos_complement
            else x.significand
            for x in (a, b)
        ]
        drive(
            m,
            self.o,
            sign=a.sign ^ b.sign,
            significand=significands[0] * significands[1],
            exponent=a.exponent + b.exponent,
            zero=a.zero | b.zero,
            nan=a.nan | b.nan | (a.inf & b.zero) | (a.zero & b.inf),
            inf=a.inf | b.inf,
            inf_sign=a.sign ^ b.sign,
        )
        return m
