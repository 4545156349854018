"""The multiply-accumulate unit: N products a cycle into one running sum."""

from amaranth.hdl import Module, Signal, Value
from amaranth.lib.wiring import Component, In, Out

from hwdse.hdl.accumulate import accumulator
from hwdse.hdl.decode import decoder
from hwdse.hdl.encode import encoder
from hwdse.hdl.multiply import multiplier
from hwdse.hdl.structure import Register, Structure, UnitStructure
from hwdse.hdl.unit import unit
from hwdse.hdl.unpacked import connect, fields
from hwdse.spec import Design, Dot, Mac


@unit.register(Mac)
@unit.register(Dot)
class DotUnit(Component):
    """Decodes, multiplies and accumulates `lanes` operand pairs a cycle and encodes the sum.

    Latency 1 + stages cycles from an accepted input to the output that includes it; initiation
    interval 1. Pipeline registers come, in this order, after the multipliers, after the encoder and
    after the decoders; the accumulator's own register is always there.

    Ports:
        i_valid: the inputs are accepted in this cycle; without it everything holds.
        i_first: the inputs start a new sum.
        i_a, i_b: operand codes, lane 0 in the low bits.
        o_valid: `o` is the sum after one more accepted input.
        o: code of the running sum.
    """

    def __init__(self, spec: Mac | Dot, design: Design) -> None:
        self._design, self._lanes, self._stages = design, spec.lanes, spec.stages
        self._decoders_a = [decoder(design.a) for _ in range(spec.lanes)]
        self._decoders_b = [decoder(design.b) for _ in range(spec.lanes)]
        self._multipliers = [multiplier(design.mul, design.a, design.b) for _ in range(spec.lanes)]
        self._accumulator = accumulator(design.accumulator, design)
        self._encoder = encoder(design.out, design.state, design.rounding)
        super().__init__(
            {
                "i_valid": In(1),
                "i_first": In(1),
                "i_a": In(spec.lanes * design.a.bits),
                "i_b": In(spec.lanes * design.b.bits),
                "o_valid": Out(1),
                "o": Out(design.out.bits),
            }
        )

    @property
    def structure(self) -> UnitStructure:
        """Blocks of the data path and the pipeline registers between them."""
        multiplied, encoded, decoded = (self._stages > k for k in range(3))
        decode = Structure(
            parts=self._decoders_a[0].structure.parts + self._decoders_b[0].structure.parts,
            path=max(
                (self._decoders_a[0].structure.path, self._decoders_b[0].structure.path), key=len
            ),
        )
        operand_bits = sum(_bits(d.o) for d in (*self._decoders_a[:1], *self._decoders_b[:1]))
        registers = (
            Register(width=2 + self._stages),
            Register(
                width=self._lanes * _bits(self._multipliers[0].o) if multiplied else 0,
                control=False,
            ),
            Register(width=self._design.out.bits if encoded else 0, control=False),
            Register(width=self._lanes * operand_bits if decoded else 0, control=False),
        )
        stages = [["decode"], ["multiply"], ["accumulate"], ["encode"]]
        # The accumulator's register always divides what comes before from the encoder.
        if not multiplied:
            stages[1:3] = [stages[1] + stages[2]]
        if not decoded:
            stages[0:2] = [stages[0] + stages[1]]
        return UnitStructure(
            blocks={
                "decode": decode.times(self._lanes),
                "multiply": self._multipliers[0].structure.times(self._lanes),
                "accumulate": self._accumulator.structure,
                "encode": self._encoder.structure,
                "registers": Structure(parts=registers),
            },
            stages=tuple(map(tuple, stages)),
            macs_per_cycle=self._lanes,
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.accumulate = accumulate = self._accumulator
        m.submodules.encode = encode = self._encoder
        multiplied, encoded, decoded = (self._stages > k for k in range(3))
        valid, first = self.i_valid, self.i_first
        if decoded:
            valid, first = _delayed(m, valid, first, "decoded")
        for k in range(self._lanes):
            self._lane(m, k, decoded=decoded, multiplied=multiplied)
        if multiplied:
            valid, first = _delayed(m, valid, first, "multiplied")
        m.d.comb += [accumulate.i_valid.eq(valid), accumulate.i_first.eq(first)]
        connect(m, encode.i, accumulate.o)

        summed = Signal()
        m.d.sync += summed.eq(valid)
        domain = m.d.comb
        if encoded:
            domain = m.d.sync
        o, o_valid = Signal.like(self.o, reset_less=True), Signal()
        domain += [o.eq(encode.o), o_valid.eq(summed)]
        m.d.comb += [self.o.eq(o), self.o_valid.eq(o_valid)]
        return m

    def _lane(self, m: Module, k: int, *, decoded: bool, multiplied: bool) -> None:
        """Decoders and multiplier of one lane, with their pipeline registers."""
        design = self._design
        a, b, multiply = self._decoders_a[k], self._decoders_b[k], self._multipliers[k]
        m.submodules[f"decode_a{k}"] = a
        m.submodules[f"decode_b{k}"] = b
        m.submodules[f"multiply{k}"] = multiply
        m.d.comb += [
            a.i.eq(self.i_a.word_select(k, design.a.bits)),
            b.i.eq(self.i_b.word_select(k, design.b.bits)),
        ]
        product = getattr(self._accumulator, f"i{k}")
        for sink, source, registered in (
            (multiply.a, a.o, decoded),
            (multiply.b, b.o, decoded),
            (product, multiply.o, multiplied),
        ):
            values = fields(source)
            if registered:
                values = {name: _registered(m, value) for name, value in values.items()}
            for name, value in values.items():
                m.d.comb += getattr(sink, name).eq(value)


def _registered(m: Module, value: Value) -> Signal:
    """`value` one cycle later. Only the valid bits need a reset, data does not."""
    held = Signal.like(value, name=f"{value.name}_held", reset_less=True)
    m.d.sync += held.eq(value)
    return held


def _delayed(m: Module, valid: Value, first: Value, name: str) -> tuple[Signal, Signal]:
    """The control bits that travel with a pipeline stage."""
    held_valid = Signal(name=f"{name}_valid")
    held_first = Signal(name=f"{name}_first", reset_less=True)
    m.d.sync += [held_valid.eq(valid), held_first.eq(first)]
    return held_valid, held_first


def _bits(record: object) -> int:
    """Bits of all fields of a record."""
    return sum(len(value) for value in fields(record).values())
