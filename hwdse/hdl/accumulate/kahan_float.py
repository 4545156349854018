"""The compensated floating-point accumulator."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib.data import StructLayout

from hwdse.hdl.accumulate import DecodedRead, Read, Step, read, step
from hwdse.hdl.accumulate.float_group import (
    connect_group,
    group_shape,
    group_structure,
    with_specials,
    zero_sign,
)
from hwdse.hdl.accumulate.rounding_add import RoundingAdd
from hwdse.hdl.decode import decoder
from hwdse.hdl.encode import encoder
from hwdse.hdl.targets import Target, target_of
from hwdse.hdl.unpacked import Record, connect
from hwdse.primitives.primitive import Gates
from hwdse.primitives.structure import Child, Structure
from hwdse.spec import Design, KahanFloat

#: Names of the codes that the step decodes, one decoder each.
_DECODED = ("total", "y", "t", "x", "compensation", "taken", "new")


@step.register(KahanFloat)
class KahanFloatStep(Step):
    """Four rounding adders in series; the state is the sum and its compensation.

    Combinational: latency 0, one group per cycle. The compensation is the amount by which rounding
    made the sum too large.
    """

    def __init__(self, acc: KahanFloat, design: Design) -> None:
        self._format, self._design = acc.format, design
        self._decoders = {name: decoder(acc.format) for name in _DECODED}
        self._encode = encoder(acc.format, group_shape(design), design.rounding)
        self._corrected = RoundingAdd(acc.format, design.rounding, subtract=True)
        self._total = RoundingAdd(acc.format, design.rounding)
        self._taken = RoundingAdd(acc.format, design.rounding, subtract=True)
        self._compensation = RoundingAdd(acc.format, design.rounding, subtract=True)
        bits = acc.format.bits
        super().__init__(design, {"total": bits, "compensation": bits})

    @property
    def structure(self) -> Structure:
        """The group's sum and its rounding, four adders in series, and the clearing gates."""
        bits, decode = self._format.bits, self._decoders["total"].structure
        adders = [
            Structure.series([decode, adder.structure])
            for adder in (self._corrected, self._total, self._taken, self._compensation)
        ]
        around = Structure(
            parts=(Gates(width=3 * bits),), children=(Child(structure=decode, copies=2),)
        )
        return Structure.series(
            [group_structure(self._design), self._encode.structure, *adders, around]
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        f = self._format
        m.submodules.corrected, m.submodules.total = self._corrected, self._total
        m.submodules.taken, m.submodules.compensation = self._taken, self._compensation

        def decoded(code, name):
            m.submodules[f"decode_{name}"] = decode = self._decoders[name]
            m.d.comb += decode.i.eq(code)
            return decode.o

        lost = Mux(self.clear, 0, self.state.compensation)
        old = decoded(Mux(self.clear, 0, self.state.total), "total")
        y = decoded(self._corrected.o, "y")
        t = decoded(self._total.o, "t")
        for adder, left, right in (
            (
                self._corrected,
                decoded(self._group(m, target_of(platform)), "x"),
                decoded(lost, "compensation"),
            ),
            (self._total, old, y),
            (self._taken, t, old),
            (self._compensation, decoded(self._taken.o, "taken"), y),
        ):
            connect(m, adder.a, left)
            connect(m, adder.b, right)
        new = Record(f.unpacked, decoded(self._compensation.o, "new"))
        m.d.comb += [
            self.next.total.eq(self._total.o),
            self.next.compensation.eq(Mux(new.nan | new.inf, 0, self._compensation.o)),
        ]
        return m

    def _group(self, m: Module, target: Target):
        """The code of the group's sum."""
        m.submodules.encode = encode = self._encode
        products = self.records
        connect_group(m, encode.i, self, self._design, target)
        if len(products) == 1:
            return encode.o
        f = self._format
        code = Signal(f.bits)
        m.d.comb += code.eq(encode.o)
        if f.has_negative_zero:
            with m.If(encode.i.significand == 0):
                sign = zero_sign(products, self._design.rounding)
                m.d.comb += code.eq(Cat(Const(0, f.bits - 1), sign))
        return with_specials(m, f, products, code, "group")


@read.register(KahanFloat)
def _(acc: KahanFloat, design: Design, layout: StructLayout) -> Read:
    return DecodedRead(design, layout, decoder(acc.format))
