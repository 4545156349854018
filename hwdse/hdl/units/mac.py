"""The multiply-accumulate unit: N products per cycle into one running sum."""

from amaranth.hdl import Module, Signal
from amaranth.lib.wiring import In, Out

from hwdse.hdl.component import Component
from hwdse.hdl.encode import encoder
from hwdse.hdl.multiply import multiplier, operand_decoder, product_signature
from hwdse.hdl.running import Running
from hwdse.hdl.units import Blocks, SharedBlock, shared_blocks, unit
from hwdse.hdl.unpacked import connect
from hwdse.primitives.primitive import Register
from hwdse.primitives.structure import Structure, UnitStructure
from hwdse.spec import Design, Dot, Mac

_VALID = Structure(parts=(Register(width=1),))
_STAGES = (("decode", "multiply", "accumulate"), ("encode",))


class Lane(Component):
    """Decodes one pair of operands and multiplies them.

    Combinational: latency 0, one product per cycle. Ports `a`, `b` (codes) and `o` (the product).
    """

    def __init__(self, design: Design) -> None:
        self._decode_a = operand_decoder(design.mul, design.a)
        self._decode_b = operand_decoder(design.mul, design.b)
        self._multiply = multiplier(design.mul, design.a, design.b)
        super().__init__(
            {
                "a": In(design.a.bits),
                "b": In(design.b.bits),
                "o": Out(product_signature(design.mul, design.a, design.b)),
            }
        )

    @property
    def decode(self) -> Structure:
        """Both decoders, side by side."""
        return Structure.parallel([self._decode_a.structure, self._decode_b.structure])

    @property
    def multiply(self) -> Structure:
        """The multiplier."""
        structure: Structure = self._multiply.structure
        return structure

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.decode_a = a = self._decode_a
        m.submodules.decode_b = b = self._decode_b
        m.submodules.multiply = multiply = self._multiply
        m.d.comb += [a.i.eq(self.a), b.i.eq(self.b)]
        connect(m, multiply.a, a.o)
        connect(m, multiply.b, b.o)
        connect(m, self.o, multiply.o)
        return m


@shared_blocks.register(Mac)
@shared_blocks.register(Dot)
def _(spec: Mac | Dot, design: Design) -> Blocks:
    def encode() -> Structure:
        structure: Structure = encoder(design.out, design.state, design.rounding).structure
        return structure

    return Blocks(
        each={
            "decode": SharedBlock(of="lane", make=lambda: Lane(design).decode.times(spec.group)),
            "multiply": SharedBlock(
                of="lane", make=lambda: Lane(design).multiply.times(spec.group)
            ),
            "accumulate": SharedBlock(of="sum", make=lambda: Running(design).structure),
            "encode": SharedBlock(of="output", make=encode),
            "registers": SharedBlock(of="unit", make=lambda: _VALID),
        },
        stages=_STAGES,
    )


@unit.register(Mac)
@unit.register(Dot)
class DotUnit(Component):
    """Decodes, multiplies and accumulates pairs of operands, and encodes the sum.

    Latency 1 from an accepted input to the output that includes this input: the register of the
    running sum is the only register of the data path. Initiation interval 1. `stages` and
    `interleave` insert registers into the flat netlist (`hwdse.hdl.pipeline`).

    Ports:
        i_valid: accept the inputs in this cycle; otherwise the running sum holds.
        i_first: the inputs start a new sum.
        i_a, i_b: operand codes, lane 0 in the low bits.
        o_valid: `o` is the sum after one more accepted input.
        o: code of the running sum.
    """

    def __init__(self, spec: Mac | Dot, design: Design) -> None:
        self._design, self._lanes = design, spec.group
        self._first = Lane(design)
        self._running = Running(design)
        self._encoder = encoder(design.out, design.state, design.rounding)
        super().__init__(
            {
                "i_valid": In(1),
                "i_first": In(1),
                "i_a": In(self._lanes * design.a.bits),
                "i_b": In(self._lanes * design.b.bits),
                "o_valid": Out(1),
                "o": Out(design.out.bits),
            }
        )

    @property
    def structure(self) -> UnitStructure:
        """The blocks of the data path, and the register of the valid bit."""
        return UnitStructure(
            blocks={
                "decode": self._first.decode.times(self._lanes),
                "multiply": self._first.multiply.times(self._lanes),
                "accumulate": self._running.structure,
                "encode": self._encoder.structure,
                "registers": _VALID,
            },
            stages=_STAGES,
            macs_per_cycle=self._lanes,
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.accumulate = running = self._running
        m.submodules.encode = encode = self._encoder
        design = self._design
        lanes = [self._first, *(Lane(design) for _ in range(self._lanes - 1))]
        for k, lane in enumerate(lanes):
            m.submodules[f"lane{k}"] = lane
            m.d.comb += [
                lane.a.eq(self.i_a.word_select(k, design.a.bits)),
                lane.b.eq(self.i_b.word_select(k, design.b.bits)),
            ]
            connect(m, getattr(running, f"i{k}"), lane.o)
        m.d.comb += [running.i_valid.eq(self.i_valid), running.i_first.eq(self.i_first)]
        connect(m, encode.i, running.o)
        summed = Signal()
        m.d.sync += summed.eq(self.i_valid)
        m.d.comb += [self.o.eq(encode.o), self.o_valid.eq(summed)]
        return m
