"""The tensor-core style accumulator: groups aligned, truncated, added and normalised once."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib.wiring import Component

from hwdse.hdl.accumulate import accumulator, accumulator_ports
from hwdse.hdl.accumulate.aligned_sum import AlignedSum, FlooredSum, goes_to_infinity
from hwdse.hdl.decode import decoder
from hwdse.hdl.encode.binary_float import BinaryFloatEncoder
from hwdse.hdl.structure import Gates, Register, Structure
from hwdse.hdl.unpacked import connect, drive, fields
from hwdse.spec import Aligned, Design


@accumulator.register(Aligned)
class AlignedAccumulator(Component):
    """Adds groups of products to a running float, each group normalised and rounded once.

    Latency 1, one group of lanes per cycle: the fused steps of a cycle follow one another. The
    register holds a code of the running format; the output record has its fraction padded with
    zeros where the unit's default output is wider.
    """

    def __init__(self, acc: Aligned, design: Design) -> None:
        self._format, self._design = acc.format, design
        self._groups = acc.steps(design.unit.lanes)
        kind = AlignedSum if acc.floor is None else FlooredSum
        self._sums = [kind(acc, design, len(lanes)) for lanes in self._groups]
        self._encoders = [
            BinaryFloatEncoder(
                acc.format,
                add.shape,
                acc.rounding,
                to_infinity=goes_to_infinity(acc, design),
                # An exact zero is positive; others are only where the sum is finer.
                signed_zero=acc.signed_zero or add.shape.exponent_min >= acc.format.lsb_exponent,
            )
            for add in self._sums
        ]
        # The first reads the register, the last but one the code that goes there.
        self._decoders = [decoder(acc.format) for _ in self._groups]
        self._output = decoder(acc.format)
        super().__init__(accumulator_ports(design))

    @property
    def structure(self) -> Structure:
        """Decoder, aligned sum and encoder of each fused step, and the register."""
        steps = Structure.series(
            part.structure
            for step in zip(self._decoders, self._sums, self._encoders, strict=True)
            for part in step
        )
        bits = self._format.bits
        around = Structure(parts=(Gates(width=bits), Register(width=bits)))
        return Structure.series([steps, around])

    def elaborate(self, platform) -> Module:
        m = Module()
        register = Signal(self._format.bits)
        code = Mux(self.i_first, 0, register)
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
        with m.If(self.i_valid):
            m.d.sync += register.eq(code)

        m.submodules.output = output = self._output
        m.d.comb += output.i.eq(register)
        values = fields(output.o)
        padding = len(self.o.significand) - len(output.o.significand)
        values["significand"] = Cat(Const(0, padding), output.o.significand)
        drive(m, self.o, **values)
        return m
