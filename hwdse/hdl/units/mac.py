"""The multiply-accumulate unit: N products a cycle into one running sum."""

from amaranth.hdl import Module, Signal
from amaranth.lib.wiring import Component, In, Out

from hwdse.hdl.encode import encoder
from hwdse.hdl.multiply import multiplier, operand_decoder
from hwdse.hdl.running import Running
from hwdse.hdl.structure import Register, Structure, UnitStructure
from hwdse.hdl.units import unit
from hwdse.hdl.unpacked import connect
from hwdse.spec import Design, Dot, Mac


@unit.register(Mac)
@unit.register(Dot)
class DotUnit(Component):
    """Decodes, multiplies and accumulates `lanes` operand pairs a cycle and encodes the sum.

    Latency 1 from an accepted input to the output that includes it: the accumulator's register is
    the only one. Initiation interval 1. `stages` and `interleave` are inserted into the flat
    netlist (`hwdse.hdl.pipeline`).

    Ports:
        i_valid: the inputs are accepted in this cycle; without it everything holds.
        i_first: the inputs start a new sum.
        i_a, i_b: operand codes, lane 0 in the low bits.
        o_valid: `o` is the sum after one more accepted input.
        o: code of the running sum.
    """

    def __init__(self, spec: Mac | Dot, design: Design) -> None:
        self._design, self._lanes = design, spec.group
        self._decoders_a = [operand_decoder(design.mul, design.a) for _ in range(spec.group)]
        self._decoders_b = [operand_decoder(design.mul, design.b) for _ in range(spec.group)]
        self._multipliers = [multiplier(design.mul, design.a, design.b) for _ in range(spec.group)]
        self._accumulator = Running(design)
        self._encoder = encoder(design.out, design.state, design.rounding)
        super().__init__(
            {
                "i_valid": In(1),
                "i_first": In(1),
                "i_a": In(spec.group * design.a.bits),
                "i_b": In(spec.group * design.b.bits),
                "o_valid": Out(1),
                "o": Out(design.out.bits),
            }
        )

    @property
    def structure(self) -> UnitStructure:
        """Blocks of the data path, and the register of the valid bit."""
        decode = Structure.parallel([self._decoders_a[0].structure, self._decoders_b[0].structure])
        return UnitStructure(
            blocks={
                "decode": decode.times(self._lanes),
                "multiply": self._multipliers[0].structure.times(self._lanes),
                "accumulate": self._accumulator.structure,
                "encode": self._encoder.structure,
                "registers": Structure(parts=(Register(width=1),)),
            },
            stages=(("decode", "multiply", "accumulate"), ("encode",)),
            macs_per_cycle=self._lanes,
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.accumulate = accumulate = self._accumulator
        m.submodules.encode = encode = self._encoder
        for k in range(self._lanes):
            self._lane(m, k)
        m.d.comb += [accumulate.i_valid.eq(self.i_valid), accumulate.i_first.eq(self.i_first)]
        connect(m, encode.i, accumulate.o)
        summed = Signal()
        m.d.sync += summed.eq(self.i_valid)
        m.d.comb += [self.o.eq(encode.o), self.o_valid.eq(summed)]
        return m

    def _lane(self, m: Module, k: int) -> None:
        """Decoders and multiplier of one lane."""
        design = self._design
        a, b, multiply = self._decoders_a[k], self._decoders_b[k], self._multipliers[k]
        m.submodules[f"decode_a{k}"] = a
        m.submodules[f"decode_b{k}"] = b
        m.submodules[f"multiply{k}"] = multiply
        m.d.comb += [
            a.i.eq(self.i_a.word_select(k, design.a.bits)),
            b.i.eq(self.i_b.word_select(k, design.b.bits)),
        ]
        connect(m, multiply.a, a.o)
        connect(m, multiply.b, b.o)
        connect(m, getattr(self._accumulator, f"i{k}"), multiply.o)
