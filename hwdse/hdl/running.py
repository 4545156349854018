"""The running sum: one register around the stateless step of any accumulator."""

from amaranth.hdl import Module, Signal
from amaranth.lib.wiring import In, Out

from hwdse.hdl.accumulate import read, step
from hwdse.hdl.component import Component
from hwdse.hdl.multiply import product_signature
from hwdse.hdl.unpacked import connect, unpacked_signature
from hwdse.primitives.primitive import Register
from hwdse.primitives.structure import Structure
from hwdse.spec import Design


class Running(Component):
    """A group of products in each cycle, the running sum out.

    Latency 1: the sum is in `o` one cycle after its last group. One group per cycle.

    Ports:
        i_valid: accept the group in this cycle; otherwise the register holds.
        i_first: the group starts a new sum.
        i0, i1, ...: records of the group's products.
        o: the running sum, a record of `design.state`.
    """

    def __init__(self, design: Design) -> None:
        self._step = step(design.accumulator, design)
        self._read = read(design.accumulator, design, self._step.layout)
        product = product_signature(design.mul, design.a, design.b)
        self._lanes = design.unit.group
        super().__init__(
            {
                "i_valid": In(1),
                "i_first": In(1),
                **{f"i{k}": In(product) for k in range(self._lanes)},
                "o": Out(unpacked_signature(design.state)),
            }
        )

    @property
    def structure(self) -> Structure:
        """The step, its register, and the path from the register to the output."""
        register = Structure(parts=(Register(width=self._step.layout.size),))
        return Structure.series([self._step.structure, register, self._read.structure])

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.step = step = self._step
        m.submodules.read = read = self._read
        state = Signal(step.layout, init=step.reset)
        for k in range(self._lanes):
            connect(m, getattr(step, f"i{k}"), getattr(self, f"i{k}"))
        m.d.comb += [
            step.clear.eq(self.i_first),
            step.state.eq(state),
            read.state.eq(state),
        ]
        with m.If(self.i_valid):
            m.d.sync += state.eq(step.next)
        connect(m, self.o, read.o)
        return m
