"""The floating-point accumulator that rounds at every node of an adder tree."""

from amaranth.hdl import Module, Mux, Value
from amaranth.lib.data import StructLayout

from hwdse.formats import clog2
from hwdse.hdl.accumulate import DecodedRead, Read, Step, read, step
from hwdse.hdl.accumulate.rounding_add import RoundingAdd
from hwdse.hdl.decode import decoder
from hwdse.hdl.encode import encoder
from hwdse.hdl.unpacked import connect, drive, fields
from hwdse.primitives.primitive import Gates
from hwdse.primitives.structure import Child, Structure
from hwdse.spec import Design, TreeFloat


@step.register(TreeFloat)
class TreeFloatStep(Step):
    """Rounds the products, adds them in a balanced tree of rounding adders, then to the sum.

    Combinational: latency 0, one group per cycle. Only the last adder lies between `state` and
    `next`.
    """

    def __init__(self, acc: TreeFloat, design: Design) -> None:
        self._format, self._design = acc.format, design
        lanes, rounding = range(design.unit.group), design.rounding
        self._leaves = [encoder(acc.format, design.product, rounding) for _ in lanes]
        # The tree has one adder fewer than products; one more adder adds the tree to the state.
        self._adders = [RoundingAdd(acc.format, rounding) for _ in lanes]
        super().__init__(design, {"total": acc.format.bits})

    @property
    def structure(self) -> Structure:
        """One encoder and one adder per product."""
        lanes, bits = self._design.unit.group, self._format.bits
        decode = decoder(self._format).structure
        adder = Structure.series([decode.times(2), self._adders[0].structure])
        leaf = self._leaves[0].structure
        tree = Structure(
            children=(
                Child(structure=leaf, copies=lanes),
                Child(structure=adder, copies=lanes - 1),
            ),
            path=leaf.path + adder.path * clog2(lanes),
        )
        clear = Structure(parts=(Gates(width=bits),))
        return Structure.series([tree, adder, clear])

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
        before = Mux(self.clear, 0, self.state.total)
        m.d.comb += self.next.total.eq(self._sum(m, next(adders), before, level[0]))
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


@read.register(TreeFloat)
def _(acc: TreeFloat, design: Design, layout: StructLayout) -> Read:
    return DecodedRead(design, layout, decoder(acc.format))
