"""A unit that nothing in hwdse knows: two input streams, back-pressure, fewer outputs than inputs.

It multiplies pairs of integers, one from each stream, and puts out the sum of every two products.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from amaranth.hdl import Module, Signal, signed
from amaranth.lib.wiring import Component, In, Out

from hwdse.hdl.units import unit
from hwdse.primitives.primitive import Adder, Multiplier, Register
from hwdse.primitives.structure import Structure, UnitStructure
from hwdse.spec import Design, Field, Interface, Stream, Unit
from hwdse.verify.prepare import Prepared, prepare
from hwdse.verify.trace import Trace


@dataclass(frozen=True, kw_only=True)
class Toy(Unit):
    """Joins the streams `x` and `y`."""

    keyword: ClassVar[str] = "toy"
    family: ClassVar[str] = "toy"
    uses: ClassVar[frozenset[str]] = frozenset({"b", "mul"})

    @property
    def group(self) -> int:
        return 2

    @property
    def macs_per_cycle(self) -> int:
        return 1

    @property
    def latency(self) -> int:
        return 1

    def interface(self, design: Design) -> Interface:
        x = Field.codes("", design.a, "first factor")
        y = Field.codes("", design.b, "second factor")
        z = Field.codes("", design.out, "sum of two products")
        return Interface(
            streams=(
                Stream(name="x", direction="input", handshake="ready", fields=(x,)),
                Stream(name="y", direction="input", handshake="ready", fields=(y,)),
                Stream(name="z", direction="output", handshake="ready", fields=(z,), follows="x"),
            ),
            behaviour="Takes from both streams at once, or from neither.",
        )


@unit.register(Toy)
class ToyUnit(Component):
    """Holds one product, and one sum until it is taken."""

    def __init__(self, spec: Toy, design: Design) -> None:
        self._bits = (design.a.bits, design.b.bits, design.out.bits)
        a, b, out = self._bits
        super().__init__(
            {
                **{"x_valid": In(1), "x_ready": Out(1), "x": In(a)},
                **{"y_valid": In(1), "y_ready": Out(1), "y": In(b)},
                **{"z_valid": Out(1), "z_ready": In(1), "z": Out(out)},
            }
        )

    @property
    def structure(self) -> UnitStructure:
        a, b, out = self._bits
        multiply, add = Multiplier(a_bits=a, b_bits=b, signed=True), Adder(width=out)
        blocks = {
            "multiply": Structure(parts=(multiply,), path=(multiply,)),
            "add": Structure(parts=(add, Register(width=2 * out + 2)), path=(add,)),
        }
        return UnitStructure(blocks=blocks, stages=(("multiply", "add"),))

    def elaborate(self, platform) -> Module:
        m = Module()
        out = self._bits[2]
        half, second, free = Signal(signed(out)), Signal(), Signal()
        go, product = Signal(), Signal(signed(out))
        m.d.comb += [
            free.eq(~self.z_valid | self.z_ready),
            go.eq(self.x_valid & self.y_valid & free),
            self.x_ready.eq(go),
            self.y_ready.eq(go),
            product.eq(self.x.as_signed() * self.y.as_signed()),
        ]
        with m.If(self.z_ready):
            m.d.sync += self.z_valid.eq(0)
        with m.If(go):
            m.d.sync += [half.eq(product), second.eq(~second)]
            with m.If(second):
                m.d.sync += [self.z.eq(half + product), self.z_valid.eq(1)]
        return m


@prepare.register
def _(unit: Toy, design: Design, level: str, seed: int) -> Prepared:
    rng = np.random.default_rng(seed)
    count = 400
    x, y = (rng.integers(0, 1 << f.bits, count) for f in (design.a, design.b))
    values = design.a.decode(x) * design.b.decode(y)
    z = design.out.encode(values.reshape(-1, 2).sum(axis=1))
    trace = Trace(
        interface=design.interface,
        transfers={"x": {"": x}, "y": {"": y}, "z": {"": z}},
        after={"z": np.arange(1, count, 2)},
    )
    return Prepared(trace=trace, vectors={"random": len(z)}, outputs={"all": len(z)})
