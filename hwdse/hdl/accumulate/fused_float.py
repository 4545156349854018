"""The fused floating-point accumulator: multiply-add with one rounding per group."""

from amaranth.hdl import Module, Mux
from amaranth.lib.data import StructLayout

from hwdse.hdl.accumulate import DecodedRead, Read, Step, read, step
from hwdse.hdl.accumulate.float_group import (
    connect_group,
    group_shape,
    group_structure,
    reached,
    with_specials,
    zero_sign,
)
from hwdse.hdl.decode.binary_float import BinaryFloatDecoder
from hwdse.hdl.encode import encoder
from hwdse.hdl.fused_add import FusedAdd
from hwdse.hdl.targets import target_of
from hwdse.hdl.unpacked import Record, connect
from hwdse.primitives.primitive import Gates
from hwdse.primitives.structure import Child, Structure
from hwdse.spec import Design, FusedFloat


@step.register(FusedFloat)
class FusedFloatStep(Step):
    """Adds a group of products to a float exactly and rounds once.

    Combinational: latency 0, one group per cycle. The state is a code of the format. Several lanes
    are first added exactly in fixed point.
    """

    def __init__(self, acc: FusedFloat, design: Design) -> None:
        self._format, self._rounding = acc.format, design.rounding
        bounds = reached(acc.format, design.product)
        self._add = FusedAdd(group_shape(design), acc.format, reached=bounds)
        self._encode = encoder(acc.format, self._add.shape, design.rounding)
        self._decode = _decoder(acc, design)
        self._design = design
        super().__init__(design, {"total": acc.format.bits})

    @property
    def structure(self) -> Structure:
        """An adder tree if there are several lanes, then the fused add and the rounding."""
        bits = self._format.bits
        clear = Gates(width=bits)
        specials = Gates(width=bits if self._format.has_nan else 0)
        around = Structure(
            parts=(clear, specials),
            children=(Child(structure=self._decode.structure),),
            path=(specials,),
        )
        return Structure.series(
            [group_structure(self._design), self._add.structure, self._encode.structure, around]
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.add = add = self._add
        m.submodules.decode = decode = self._decode
        m.submodules.encode = encode = self._encode
        products = self.records
        m.d.comb += decode.i.eq(Mux(self.clear, 0, self.state.total))
        state = Record(self._format.unpacked, decode.o)
        connect_group(m, add.p, self, self._design, target_of(platform))
        connect(m, add.a, decode.o)
        m.d.comb += add.zero_sign.eq(zero_sign([*products, state], self._rounding))
        connect(m, encode.i, add.o)

        total = with_specials(m, self._format, [*products, state], encode.o)
        m.d.comb += self.next.total.eq(total)
        return m


@read.register(FusedFloat)
def _(acc: FusedFloat, design: Design, layout: StructLayout) -> Read:
    return DecodedRead(design, layout, _decoder(acc, design))


def _decoder(acc: FusedFloat, design: Design) -> BinaryFloatDecoder:
    """The decoder of rounded sums."""
    tiny = reached(acc.format, design.product) is None
    return BinaryFloatDecoder(acc.format, rounded=True, tiny=tiny)
