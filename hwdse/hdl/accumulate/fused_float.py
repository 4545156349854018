"""The fused floating-point accumulator: multiply-add with one rounding a group."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import Component

from hwdse.hdl.accumulate import accumulator, accumulator_ports, product_records
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
from hwdse.hdl.structure import Gates, Register, Structure
from hwdse.hdl.unpacked import Record, connect
from hwdse.spec import Design, FusedFloat


@accumulator.register(FusedFloat)
class FusedFloatAccumulator(Component):
    """Adds a group of products to a float exactly and rounds once.

    Latency 1, one group per cycle: add, normalise and round close in a single cycle. The register
    holds a code of the format; several lanes are first summed exactly in fixed point.
    """

    def __init__(self, acc: FusedFloat, design: Design) -> None:
        self._format, self._rounding = acc.format, design.rounding
        bounds = reached(acc.format, design.product)
        self._add = FusedAdd(group_shape(design), acc.format, reached=bounds)
        self._encode = encoder(acc.format, self._add.shape, design.rounding)
        tiny = bounds is None
        self._decode = BinaryFloatDecoder(acc.format, rounded=True, tiny=tiny)
        self._output = BinaryFloatDecoder(acc.format, rounded=True, tiny=tiny)
        self._design = design
        super().__init__(accumulator_ports(design))

    @property
    def structure(self) -> Structure:
        """Fixed-point adder tree if there are lanes, then the fused add, rounding and register."""
        bits = self._format.bits
        clear, register = Gates(width=bits), Register(width=bits)
        specials = Gates(width=bits if self._format.has_nan else 0)
        around = Structure(
            parts=(*self._decode.structure.parts, clear, register, specials), path=(specials,)
        )
        return Structure.series(
            [group_structure(self._design), self._add.structure, self._encode.structure, around]
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.add = add = self._add
        m.submodules.decode = decode = self._decode
        m.submodules.encode = encode = self._encode
        m.submodules.output = output = self._output
        products = product_records(self, self._design)
        register = Signal(self._format.bits)
        m.d.comb += decode.i.eq(Mux(self.i_first, 0, register))
        state = Record(self._format.unpacked, decode.o)
        connect_group(m, add.p, self, self._design)
        connect(m, add.a, decode.o)
        m.d.comb += add.zero_sign.eq(zero_sign([*products, state], self._rounding))
        connect(m, encode.i, add.o)

        with m.If(self.i_valid):
            m.d.sync += register.eq(with_specials(m, self._format, [*products, state], encode.o))
        m.d.comb += output.i.eq(register)
        connect(m, self.o, output.o)
        return m
