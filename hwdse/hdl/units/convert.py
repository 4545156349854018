"""Conversion of codes from one format to another."""

from functools import singledispatch

from amaranth.hdl import Cat, Module
from amaranth.lib.wiring import In, Out

from hwdse.formats import BinaryFloat, FixedPoint, Format, Logarithmic, Posit, UnpackedShape
from hwdse.hdl.component import Component
from hwdse.hdl.decode import decoder
from hwdse.hdl.decode.logarithmic import LogarithmToNumber
from hwdse.hdl.encode import encoder
from hwdse.hdl.units import unit
from hwdse.hdl.unpacked import connect
from hwdse.primitives.structure import UnitStructure
from hwdse.spec import Design
from hwdse.spec.engines.convert import Convert


@singledispatch
def number_decoder(a: Format, out: Format) -> tuple[Component, UnpackedShape]:
    """A decoder of `a` whose numbers are only rounded to `out`, and the bounds of its record."""
    del out
    return decoder(a), a.unpacked


@number_decoder.register
def _(a: Logarithmic, out: Format) -> tuple[Component, UnpackedShape]:
    digits = None
    if isinstance(out, BinaryFloat | FixedPoint | Posit):
        # These cut off bits of the significand: a guard bit and a sticky bit decide the rounding.
        digits = out.unpacked.significand_bits + 2
    decode = LogarithmToNumber(a, digits)
    return decode, decode.shape


class ConvertLane(Component):
    """Decodes a code and encodes its value, with one rounding.

    Combinational: latency 0, one code per cycle. Ports `i` (code of `a`), `o` (code of `out`).
    """

    def __init__(self, a: Format, out: Format, rounding: str) -> None:
        self.decode, shape = number_decoder(a, out)
        self.encode = encoder(out, shape, rounding)
        super().__init__({"i": In(a.bits), "o": Out(out.bits)})

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.decode = decode = self.decode
        m.submodules.encode = encode = self.encode
        m.d.comb += [decode.i.eq(self.i), self.o.eq(encode.o)]
        connect(m, encode.i, decode.o)
        return m


@unit.register(Convert)
class ConvertUnit(Component):
    """Converts codes to another format: decodes, rounds once and encodes, lane by lane.

    Combinational: latency 0, `lanes` codes per cycle. `stages` insert registers into the flat
    netlist.

    Ports: `i_a`: codes to convert; `o`: converted codes; lane 0 in the low bits. The unit has no
    reset or valid bit, and a clock only with `stages`.
    """

    def __init__(self, spec: Convert, design: Design) -> None:
        self._design, self._lanes = design, spec.lanes
        self._first = self._lane()
        super().__init__(
            {
                "i_a": In(spec.lanes * design.a.bits),
                "o": Out(spec.lanes * design.out.bits),
            }
        )

    def _lane(self) -> ConvertLane:
        return ConvertLane(self._design.a, self._design.out, self._design.rounding)

    @property
    def structure(self) -> UnitStructure:
        """Decoder and encoder of each lane."""
        blocks = {
            "decode": self._first.decode.structure.times(self._lanes),
            "encode": self._first.encode.structure.times(self._lanes),
        }
        return UnitStructure(
            blocks=blocks,
            stages=(tuple(blocks),),
            macs_per_cycle=self._lanes,
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        lanes = [self._first, *(self._lane() for _ in range(self._lanes - 1))]
        for k, lane in enumerate(lanes):
            m.submodules[f"lane{k}"] = lane
            m.d.comb += lane.i.eq(self.i_a.word_select(k, self._design.a.bits))
        m.d.comb += self.o.eq(Cat(lane.o for lane in lanes))
        return m
