"""The tensor-core style accumulator: groups aligned, truncated, added and normalised once."""

from amaranth.hdl import Cat, Const, Module, Mux
from amaranth.lib.data import StructLayout

from hwdse.hdl.accumulate import DecodedRead, Step, read, step
from hwdse.hdl.accumulate.aligned_sum import AlignedSum, FlooredSum, goes_to_infinity
from hwdse.hdl.decode import decoder
from hwdse.hdl.encode.binary_float import BinaryFloatEncoder
from hwdse.hdl.unpacked import connect, drive, fields
from hwdse.primitives.primitive import Gates
from hwdse.primitives.structure import Structure
from hwdse.spec import Aligned, Design


@step.register(Aligned)
class AlignedStep(Step):
    """Adds groups of products to a running float, each group normalised and rounded once.

    Combinational: latency 0, one group of lanes per cycle. All fused steps of a cycle are in
    series. The state is a code of the running format.
    """

    def __init__(self, acc: Aligned, design: Design) -> None:
        self._format, self._design = acc.format, design
        self._groups = acc.steps(design.unit.group)
        kind = AlignedSum if acc.floor is None else FlooredSum
        self._sums = [kind(acc, design, len(lanes)) for lanes in self._groups]
        self._encoders = [
            BinaryFloatEncoder(
                acc.format,
                add.shape,
                acc.rounding,
                to_infinity=goes_to_infinity(acc, design),
                # An exact zero is positive. Only a sum finer than the format can round to a zero
                # with a sign.
                signed_zero=acc.signed_zero or add.shape.exponent_min >= acc.format.lsb_exponent,
            )
            for add in self._sums
        ]
        self._decoders = [decoder(acc.format) for _ in self._groups]
        super().__init__(design, {"total": acc.format.bits})

    @property
    def structure(self) -> Structure:
        """Decoder, aligned sum and encoder of each fused step, and the clearing gates."""
        steps = Structure.series(
            part.structure
            for step in zip(self._decoders, self._sums, self._encoders, strict=True)
            for part in step
        )
        clear = Structure(parts=(Gates(width=self._format.bits),))
        return Structure.series([steps, clear])

    def elaborate(self, platform) -> Module:
        m = Module()
        code = Mux(self.clear, 0, self.state.total)
        steps = zip(self._groups, self._decoders, self._sums, self._encoders, strict=True)
        for number, (lanes, decode, add, encode) in enumerate(steps):
            m.submodules[f"decode{number}"] = decode
            m.submodules[f"add{number}"] = add
            m.submodules[f"encode{number}"] = encode
            m.d.comb += decode.i.eq(code)
            connect(m, add.c, decode.o)
            for k, lane in enumerate(lanes):
                connect(m, getattr(add, f"p{k}"), getattr(self, f"i{lane}"))
            connect(m, encode.i, add.o)
            code = encode.o
        m.d.comb += self.next.total.eq(code)
        return m


@read.register(Aligned)
class AlignedRead(DecodedRead):
    """Decodes the sum; its fraction is padded with zeros where the default output is wider.

    Combinational: latency 0.
    """

    def __init__(self, acc: Aligned, design: Design, layout: StructLayout) -> None:
        super().__init__(design, layout, decoder(acc.format))

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.decode = output = self._decode
        m.d.comb += output.i.eq(self.state.total)
        values = fields(output.o)
        padding = len(self.o.significand) - len(output.o.significand)
        values["significand"] = Cat(Const(0, padding), output.o.significand)
        drive(m, self.o, **values)
        return m
