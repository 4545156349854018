"""The tensor core: decoders at the edges of a tile, and a running sum for each of its results."""

from amaranth.hdl import Module, Signal
from amaranth.lib.wiring import In, Out

from hwdse.hdl.component import Component
from hwdse.hdl.encode import encoder
from hwdse.hdl.multiply import multiplier, operand_decoder
from hwdse.hdl.running import Running
from hwdse.hdl.units import Blocks, SharedBlock, shared_blocks, unit
from hwdse.hdl.unpacked import connect
from hwdse.primitives.primitive import Register
from hwdse.primitives.structure import Structure, UnitStructure
from hwdse.spec import Design
from hwdse.spec.engines.tensor import Tensor

_STAGES = (("decode", "multiply", "accumulate"), ("encode",))


class TensorSum(Component):
    """One result of a tile: multiplies decoded operands, adds the products, encodes the sum.

    Latency 1: the sum is in `o` one cycle after its last products. One group per cycle.

    Ports:
        valid: accept the operands in this cycle; otherwise the sum holds.
        first: the operands start a new sum.
        a0, a1, ..., b0, b1, ...: decoded operands, one pair per lane.
        o: code of the running sum.
    """

    def __init__(self, design: Design) -> None:
        self._design, self._lanes = design, design.unit.group
        self.multiply = multiplier(design.mul, design.a, design.b)
        self.running = Running(design)
        self.encode = encoder(design.out, design.state, design.rounding)
        operands = self.multiply.signature.members
        super().__init__(
            {
                "valid": In(1),
                "first": In(1),
                **{f"a{k}": operands["a"] for k in range(self._lanes)},
                **{f"b{k}": operands["b"] for k in range(self._lanes)},
                "o": Out(design.out.bits),
            }
        )

    def elaborate(self, platform) -> Module:
        m, design = Module(), self._design
        m.submodules.accumulate = running = self.running
        m.submodules.encode = encode = self.encode
        for k in range(self._lanes):
            multiply = multiplier(design.mul, design.a, design.b) if k else self.multiply
            m.submodules[f"multiply{k}"] = multiply
            connect(m, multiply.a, getattr(self, f"a{k}"))
            connect(m, multiply.b, getattr(self, f"b{k}"))
            connect(m, getattr(running, f"i{k}"), multiply.o)
        m.d.comb += [running.i_valid.eq(self.valid), running.i_first.eq(self.first)]
        connect(m, encode.i, running.o)
        m.d.comb += self.o.eq(encode.o)
        return m


@shared_blocks.register(Tensor)
def _(spec: Tensor, design: Design) -> Blocks:
    sums = spec.rows * spec.cols

    def decode() -> Structure:
        a, b = (operand_decoder(design.mul, f).structure for f in (design.a, design.b))
        sides = [a.times(spec.rows * spec.lanes), b.times(spec.cols * spec.lanes)]
        return Structure.parallel(sides)

    def multiply() -> Structure:
        structure: Structure = multiplier(design.mul, design.a, design.b).structure
        return structure.times(sums * spec.lanes)

    def encode() -> Structure:
        structure: Structure = encoder(design.out, design.state, design.rounding).structure
        return structure.times(sums)

    return Blocks(
        each={
            "decode": SharedBlock(of="lane", make=decode),
            "multiply": SharedBlock(of="lane", make=multiply),
            "accumulate": SharedBlock(of="sum", make=lambda: Running(design).structure.times(sums)),
            "encode": SharedBlock(of="output", make=encode),
            "registers": SharedBlock(of="unit", make=lambda: Structure(parts=(Register(width=1),))),
        },
        stages=_STAGES,
    )


@unit.register(Tensor)
class TensorUnit(Component):
    """A tile of running sums of the products of two slices of matrices.

    Latency 1 from accepted operands to the sums that include them. Initiation interval 1, `rows` x
    `cols` x `lanes` products per cycle. `stages` and `interleave` insert registers into the flat
    netlist (`hwdse.hdl.pipeline`).

    Ports:
        i_valid: accept the inputs in this cycle; otherwise the sums hold.
        i_first: the inputs start new sums.
        i_a: codes of the first matrix, lane by lane and row by row, the first in the low bits.
        i_b: codes of the second matrix, lane by lane and column by column.
        o_valid: `o` has the sums after one more accepted input.
        o: codes of the running sums, row by row.
    """

    def __init__(self, spec: Tensor, design: Design) -> None:
        self._spec, self._design = spec, design
        super().__init__(
            {
                "i_valid": In(1),
                "i_first": In(1),
                "i_a": In(spec.rows * spec.lanes * design.a.bits),
                "i_b": In(spec.cols * spec.lanes * design.b.bits),
                "o_valid": Out(1),
                "o": Out(spec.rows * spec.cols * design.out.bits),
            }
        )

    @property
    def structure(self) -> UnitStructure:
        """The blocks of the data path, and the register of the valid bit."""
        blocks = shared_blocks(self._spec, self._design)
        assert blocks is not None  # this module registers them
        return UnitStructure(
            blocks={name: block.make() for name, block in blocks.each.items()},
            stages=blocks.stages,
            macs_per_cycle=self._spec.macs_per_cycle,
        )

    def elaborate(self, platform) -> Module:
        m, design, spec = Module(), self._design, self._spec
        decoders: dict[str, list[Component]] = {}
        for name, side in (("a", spec.rows), ("b", spec.cols)):
            number_format, codes = getattr(design, name), getattr(self, f"i_{name}")
            decoders[name] = []
            for k in range(side * spec.lanes):
                decode = operand_decoder(design.mul, number_format)
                m.submodules[f"decode_{name}{k}"] = decode
                m.d.comb += decode.i.eq(codes.word_select(k, number_format.bits))
                decoders[name].append(decode)
        for row in range(spec.rows):
            for col in range(spec.cols):
                m.submodules[f"sum{row}_{col}"] = total = TensorSum(design)
                m.d.comb += [total.valid.eq(self.i_valid), total.first.eq(self.i_first)]
                for k in range(spec.lanes):
                    connect(m, getattr(total, f"a{k}"), decoders["a"][row * spec.lanes + k].o)
                    connect(m, getattr(total, f"b{k}"), decoders["b"][col * spec.lanes + k].o)
                place = row * spec.cols + col
                m.d.comb += self.o.word_select(place, design.out.bits).eq(total.o)
        summed = Signal()
        m.d.sync += summed.eq(self.i_valid)
        m.d.comb += self.o_valid.eq(summed)
        return m
