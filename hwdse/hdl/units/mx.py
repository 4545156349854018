"""Block-scaled engines: exact products of blocks, rounded or added to one running sum."""

from amaranth.hdl import Module, Signal
from amaranth.lib.wiring import In, Member, Out

from hwdse.hdl.component import Component
from hwdse.hdl.encode import encoder
from hwdse.hdl.multiply.block import BlockMultiplier, block_multiplier
from hwdse.hdl.running import Running
from hwdse.hdl.units import unit
from hwdse.hdl.unpacked import connect
from hwdse.primitives.primitive import Register
from hwdse.primitives.structure import Structure, UnitStructure
from hwdse.spec import BlockProduct, Design
from hwdse.spec.engines.mx import Mx, MxMul


@unit.register(Mx)
class MxUnit(Component):
    """Multiplies block pairs, accumulates the products, and encodes the sum.

    Latency 1 from an accepted input to the output that includes this input: the register of the
    running sum is the only register of the data path. Initiation interval 1, `blocks * size`
    element products per cycle. `stages` and `interleave` insert registers into the flat netlist
    (`hwdse.hdl.pipeline`).

    Ports:
        i_valid: accept the inputs in this cycle; otherwise the running sum holds.
        i_first: the inputs start a new sum.
        i_mode: number of the mode, only of a unit with modes; see
            `hwdse.spec.engines.mx.Mx.formats`.
        i_a, i_b: element codes, element 0 of block 0 in the low bits; with modes, in slots as wide
            as the widest element.
        i_a_scale, i_b_scale: scale codes, that of block 0 in the low bits.
        o_valid: `o` is the sum after one more accepted input.
        o: code of the running sum.
    """

    def __init__(self, spec: Mx, design: Design) -> None:
        assert isinstance(design.mul, BlockProduct)  # the design has checked it
        self._mul, self._spec = design.mul, spec
        self._first = block_multiplier(design.mul)
        self._running = Running(design)
        self._encoder = encoder(design.out, design.state, design.rounding)
        super().__init__(_ports(design))

    @property
    def structure(self) -> UnitStructure:
        """The blocks of the data path, and the register of the valid bit."""
        return UnitStructure(
            blocks={
                "decode": self._first.decode.times(self._spec.blocks),
                "multiply": self._first.multiply.times(self._spec.blocks),
                "accumulate": self._running.structure,
                "encode": self._encoder.structure,
                "registers": Structure(parts=(Register(width=1),)),
            },
            stages=(("decode", "multiply", "accumulate"), ("encode",)),
            macs_per_cycle=self._spec.macs_per_cycle,
        )

    def elaborate(self, platform) -> Module:
        m, mul = Module(), self._mul
        m.submodules.accumulate = running = self._running
        m.submodules.encode = encode = self._encoder
        for k in range(self._spec.blocks):
            block = block_multiplier(mul) if k else self._first
            m.submodules[f"block{k}"] = block
            for name, width in _fields(mul).items():
                taken = getattr(self, f"i_{name}").word_select(k, width)
                m.d.comb += getattr(block, name).eq(taken)
            if self._spec.formats:
                m.d.comb += block.mode.eq(self.i_mode)
            connect(m, getattr(running, f"i{k}"), block.o)
        m.d.comb += [running.i_valid.eq(self.i_valid), running.i_first.eq(self.i_first)]
        connect(m, encode.i, running.o)
        summed = Signal()
        m.d.sync += summed.eq(self.i_valid)
        m.d.comb += [self.o.eq(encode.o), self.o_valid.eq(summed)]
        return m


@unit.register(MxMul)
class MxMulUnit(Component):
    """Multiplies a block pair and rounds the product once.

    Combinational: latency 0, one block pair per cycle.

    Ports:
        i_a, i_b: element codes, element 0 in the low bits.
        i_a_scale, i_b_scale: scale codes.
        o: code of the product.
    """

    def __init__(self, spec: MxMul, design: Design) -> None:
        assert isinstance(design.mul, BlockProduct)  # the design has checked it
        self._mul = design.mul
        self._multiply = BlockMultiplier(design.mul)
        self._encoder = encoder(design.out, design.product, design.rounding)
        self._size = spec.size
        super().__init__(_ports(design))

    @property
    def structure(self) -> UnitStructure:
        """Decoders, multiplier and encoder."""
        return UnitStructure(
            blocks={
                "decode": self._multiply.decode,
                "multiply": self._multiply.multiply,
                "encode": self._encoder.structure,
            },
            stages=(("decode", "multiply", "encode"),),
            macs_per_cycle=self._size,
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.multiply = multiply = self._multiply
        m.submodules.encode = encode = self._encoder
        for name in _fields(self._mul):
            m.d.comb += getattr(multiply, name).eq(getattr(self, f"i_{name}"))
        m.d.comb += self.o.eq(encode.o)
        connect(m, encode.i, multiply.o)
        return m


def _fields(mul: BlockProduct) -> dict[str, int]:
    """Bits of what the unit takes of each block pair, by name. An operand may have no scales."""
    made: dict[str, int] = {}
    for name, block in (("a", mul.a), ("b", mul.b)):
        made |= {name: mul.size * block.element.bits, f"{name}_scale": block.scale.bits}
    return {name: bits for name, bits in made.items() if bits}


def _ports(design: Design) -> dict[str, Member]:
    """The ports of all streams."""
    return {
        port.name: (In if port.direction == "input" else Out)(port.width)
        for stream in design.interface.streams
        for port in stream.ports()
    }
