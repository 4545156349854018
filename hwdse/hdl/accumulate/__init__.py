"""Accumulators as stateless arithmetic, one module per accumulator.

`step` gives a component that adds one group of products to a state. `read` gives a component that
turns a state into the record of the sum. Both components are combinational. A running sum adds a
register between `next` and `state` (`hwdse.hdl.running`); an engine places the register according
to its schedule.
"""

from collections.abc import Mapping
from functools import singledispatch
from typing import Any

from amaranth.hdl import Module, ShapeLike
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from hwdse.errors import SpecError
from hwdse.hdl.component import Component
from hwdse.hdl.multiply import product_signature
from hwdse.hdl.unpacked import Record, connect, unpacked_signature
from hwdse.plugins import load_modules
from hwdse.primitives.structure import Structure
from hwdse.spec import Accumulator, Design


class Step(Component):
    """Adds one group of products to the state of a sum.

    Combinational: latency 0, one group per cycle.

    Ports:
        clear: the group starts a new sum; `state` is ignored.
        state: the sum before this group, a struct of the layout `layout`.
        i0, i1, ...: the products of the group.
        next: the sum after this group.

    Attributes:
        layout: fields of the state.
        reset: start values of the fields that do not start at 0.
    """

    def __init__(
        self,
        design: Design,
        state: Mapping[str, ShapeLike],
        reset: Mapping[str, int] | None = None,
    ) -> None:
        self.layout, self.reset = StructLayout(dict(state)), dict(reset or {})
        self._group_size, self._term = design.unit.group, design.product
        product = product_signature(design.mul, design.a, design.b)
        super().__init__(
            {
                "clear": In(1),
                "state": In(self.layout),
                **{f"i{k}": In(product) for k in range(self._group_size)},
                "next": Out(self.layout),
            }
        )

    @property
    def products(self) -> list[Any]:
        """The products with all their ports, in lane order."""
        return [getattr(self, f"i{k}") for k in range(self._group_size)]

    @property
    def records(self) -> list[Record]:
        """The records of the products, in lane order."""
        return [Record(self._term, product) for product in self.products]


class Read(Component):
    """Turns the state of a sum into its record.

    Combinational: latency 0. Ports: `state` (a struct of the step's layout) and `o` (a record of
    `design.state`).
    """

    def __init__(self, design: Design, layout: StructLayout) -> None:
        super().__init__({"state": In(layout), "o": Out(unpacked_signature(design.state))})

    @property
    def structure(self) -> Structure:
        """Empty: by default the state is already the record."""
        return Structure()


class DecodedRead(Read):
    """Decodes a state that holds the sum as a code of a float, in the field `total`."""

    def __init__(self, design: Design, layout: StructLayout, decode: Component) -> None:
        self._decode = decode
        super().__init__(design, layout)

    @property
    def structure(self) -> Structure:
        """The decoder."""
        structure: Structure = self._decode.structure
        return structure

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.decode = self._decode
        m.d.comb += self._decode.i.eq(self.state.total)
        connect(m, self.o, self._decode.o)
        return m


@singledispatch
def step(acc: Accumulator, design: Design) -> Step:
    """The component that adds a group of products to the accumulator's state."""
    raise SpecError(f"accumulator {acc} has no hardware generator")


@singledispatch
def read(acc: Accumulator, design: Design, layout: StructLayout) -> Read:
    """The component that reads the sum from the accumulator's state."""
    raise SpecError(f"accumulator {acc} has no hardware generator")


load_modules(__name__, __path__)
