"""The multiplier of bipolar numbers: XNOR gates, and population counts for sums."""

from collections.abc import Sequence
from typing import Any

from amaranth.hdl import Cat, Const, Module, Value
from amaranth.lib.wiring import In, Out, Signature

from hwdse.formats import Format
from hwdse.hdl.component import Component
from hwdse.hdl.compress import compress, compression, constant_columns
from hwdse.hdl.group_sum import GroupSum, group_sum
from hwdse.hdl.multiply import multiplier, product_signature
from hwdse.hdl.targets import Target, target_of
from hwdse.hdl.unpacked import unpacked_signature
from hwdse.primitives.primitive import Gates
from hwdse.primitives.structure import Structure
from hwdse.spec import Design, Xnor


@product_signature.register
def _(mul: Xnor, a: Format, b: Format) -> Signature:
    members = unpacked_signature(mul.product(a, b)).members
    return Signature(dict(members) | {"planes": Out(a.bits * b.bits)})


@multiplier.register(Xnor)
class XnorMultiplier(Component):
    """One XNOR for each pair of bits: bit i + n j of `o.planes` is that of a_i and b_j.

    Combinational: latency 0, one product per cycle. The product's significand is the weighted sum
    of the gates, for accumulators that do not count the bits of the gates.
    """

    def __init__(self, mul: Xnor, a: Format, b: Format) -> None:
        self._bits = a.bits, b.bits
        super().__init__(
            {
                "a": In(unpacked_signature(a.unpacked)),
                "b": In(unpacked_signature(b.unpacked)),
                "o": Out(product_signature(mul, a, b)),
            }
        )

    @property
    def structure(self) -> Structure:
        """The gates."""
        gates = Gates(width=self._bits[0] * self._bits[1])
        return Structure(parts=(gates,), path=(gates,))

    def elaborate(self, platform) -> Module:
        m = Module()
        # From the decoders' records back to codes: drop the constant bit, invert the top bit.
        a, b = (Cat(x.significand[1:-1], ~x.significand[-1]) for x in (self.a, self.b))
        m.d.comb += [
            self.o.planes.eq(Cat(~(x ^ y) for y in b for x in a)),
            self.o.significand.eq(_sum(m, [self.o.planes], *self._bits, target_of(platform))),
        ]
        return m


def _sum(m: Module, products: Sequence[Value], n: int, k: int, target: Target) -> Value:
    """The sum of products that are given as planes of n by k bits.

    The sum is 2 S - C. S is the weighted count of bits. C is the sum if all bits were ones. Half of
    C, rounded up, is first subtracted from S. The LSB of the result is the LSB of C.
    """
    most = len(products) * ((1 << n) - 1) * ((1 << k) - 1)
    width = most.bit_length()
    columns = constant_columns(-((most + 1) // 2), width)
    for planes in products:
        for i in range(n):
            for j in range(k):
                columns[i + j].append(planes[i + n * j])
    return Cat(Const(most & 1, 1), compress(m, columns, width, "count", target)).as_signed()


class _PopulationCount(GroupSum):
    """Adds the bits of all lanes by population counts, one count per weight."""

    @property
    def structure(self) -> Structure:
        """Full adders."""
        a, b, lanes = self.design.a.bits, self.design.b.bits, self.design.unit.group
        most = lanes * ((1 << a) - 1) * ((1 << b) - 1)
        return compression(a * b * lanes, most.bit_length())

    def add(self, m: Module, products: Sequence[Any], target: Target) -> tuple[Value, Value | None]:
        """Twice the weighted count, minus the sum if all bits were ones."""
        planes = [product.planes for product in products]
        return _sum(m, planes, self.design.a.bits, self.design.b.bits, target), None


@group_sum.register
def _(mul: Xnor, design: Design) -> GroupSum:
    return _PopulationCount(design)
