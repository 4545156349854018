"""Exact addition of a product and an addend in fixed point."""

from dataclasses import replace

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib.wiring import In, Out

from hwdse.formats import UnpackedShape
from hwdse.hdl.component import Component
from hwdse.hdl.fixed_point import fixed_point_sum, to_fixed_point
from hwdse.hdl.unpacked import Record, drive, unpacked_signature
from hwdse.primitives.primitive import Adder, Incrementer
from hwdse.primitives.structure import Structure


class FixedAdd(Component):
    """Puts product `p` and addend `a` in place in one word that holds all of their values.

    Combinational: latency 0, one sum per cycle.

    Ports: `zero_sign` (sign of an exact zero sum), `p`, `a`, and `o`. The output `o` is a record
    with the bounds `shape` and without special values. It is two's complement, or sign-magnitude if
    zero needs a sign.
    """

    def __init__(
        self, product: UnpackedShape, addend: UnpackedShape, *, signed_zero: bool = False
    ) -> None:
        self._product, self._addend, self._signed_zero = product, addend, signed_zero
        bounds = self.bounds(product, addend)
        self._lsb, self._width = bounds.exponent_min, bounds.significand_bits
        self.shape = replace(bounds, twos_complement=not signed_zero)
        super().__init__(
            {
                "zero_sign": In(1),
                "p": In(unpacked_signature(product)),
                "a": In(unpacked_signature(addend)),
                "o": Out(unpacked_signature(self.shape)),
            }
        )

    @staticmethod
    def bounds(product: UnpackedShape, addend: UnpackedShape) -> UnpackedShape:
        """Bounds of a fixed-point word that holds all sums."""
        lsb = min(product.exponent_min, addend.exponent_min)
        return UnpackedShape(
            # One more bit for the carry, and one for the sign.
            significand_bits=max(product.top, addend.top) - lsb + 2,
            exponent_min=lsb,
            exponent_max=lsb,
            twos_complement=True,
        )

    @property
    def structure(self) -> Structure:
        """Two shifters side by side and an adder."""
        place = Structure.parallel([fixed_point_sum(x, 1) for x in (self._product, self._addend)])
        add, negate = Adder(width=self._width), Incrementer(width=self._width * self._signed_zero)
        return Structure.series([place, Structure(parts=(add, negate), path=(add, negate))])

    def elaborate(self, platform) -> Module:
        m = Module()
        p = self._in_place(m, Record(self._product, self.p), "p")
        a = self._in_place(m, Record(self._addend, self.a), "a")
        total = Signal(signed(self._width))
        m.d.comb += total.eq(p + a)
        if not self._signed_zero:
            m.d.comb += self.o.significand.eq(total)
            return m
        zero = ~total.any()
        drive(
            m,
            self.o,
            significand=Mux(total[-1], -total, total),
            sign=Mux(zero, self.zero_sign, total[-1]),
            zero=zero,
        )
        return m

    def _in_place(self, m: Module, record: Record, name: str) -> Value:
        word = to_fixed_point(m, record, name)
        return Cat(Const(0, record.shape.exponent_min - self._lsb), word).as_signed()
