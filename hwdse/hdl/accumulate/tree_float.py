"""The floating-point accumulator that rounds at every node of an adder tree."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib.wiring import Component

from hwdse.formats import clog2
from hwdse.hdl.accumulate import accumulator, accumulator_ports
from hwdse.hdl.accumulate.rounding_add import RoundingAdd
from hwdse.hdl.decode import decoder
from hwdse.hdl.encode import encoder
from hwdse.hdl.structure import Gates, Register, Structure
from hwdse.hdl.unpacked import connect, drive, fields
from hwdse.spec import Design, TreeFloat


@accumulator.register(TreeFloat)
class TreeFloatAccumulator(Component):
    """Rounds the products, adds them in a balanced tree of rounding adders, then to the sum.

    Latency 1, one group per cycle. Only the last adder lies in the register's loop.
    """

    def __init__(self, acc: TreeFloat, design: Design) -> None:
        self._format, self._design = acc.format, design
        lanes, rounding = range(design.unit.lanes), design.rounding
        self._leaves = [encoder(acc.format, design.product, rounding) for _ in lanes]
        self._output = decoder(acc.format)
        # One adder fewer than products in the tree, and the one in the register's loop.
        self._adders = [RoundingAdd(acc.format, rounding) for _ in lanes]
        super().__init__(accumulator_ports(design))

    @property
    def structure(self) -> Structure:
        """Rounding of each product, an adder for each product, register."""
        lanes, bits = self._design.unit.lanes, self._format.bits
        decode = self._output.structure
        node = Structure(parts=decode.parts * 2, path=decode.path)
        adder = Structure.series([node, self._adders[0].structure])
        leaf = self._leaves[0].structure
        tree = Structure(
            parts=leaf.parts * lanes + adder.parts * (lanes - 1),
            path=leaf.path + adder.path * clog2(lanes),
        )
        around = Structure(parts=(*decode.parts, Gates(width=bits), Register(width=bits)))
        return Structure.series([tree, adder, around])

    def elaborate(self, platform) -> Module:
        m = Module()
        adders = iter(self._adders)
        level = []
        for k, leaf in enumerate(self._leaves):
            m.submodules[f"leaf{k}"] = leaf
            drive(m, leaf.i, **fields(getattr(self, f"i{k}")))
            level.append(leaf.o)
        while len(level) > 1:
            pairs = list(zip(level[::2], level[1::2], strict=False))
            odd = level[2 * len(pairs) :]
            level = [self._sum(m, next(adders), left, right) for left, right in pairs] + odd
        register = Signal(self._format.bits)
        total = self._sum(m, next(adders), Mux(self.i_first, 0, register), level[0])
        with m.If(self.i_valid):
            m.d.sync += register.eq(total)
        m.submodules.output = self._output
        m.d.comb += self._output.i.eq(register)
        connect(m, self.o, self._output.o)
        return m

    def _sum(self, m: Module, adder: RoundingAdd, left: Value, right: Value) -> Value:
        """Code of the rounded sum of two codes."""
        m.submodules += adder
        connect(m, adder.a, self._decoded(m, left))
        connect(m, adder.b, self._decoded(m, right))
        return adder.o

    def _decoded(self, m: Module, code: Value):
        """The record of a code."""
        m.submodules += (decode := decoder(self._format))
        m.d.comb += decode.i.eq(code)
        return decode.o
