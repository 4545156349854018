"""The precision-scalable multiply-accumulate unit."""

from amaranth.hdl import Module, Signal
from amaranth.lib.wiring import In, Out

from hwdse.hdl.component import Component
from hwdse.hdl.composed import Composed
from hwdse.hdl.composed_floats import ComposedFloats
from hwdse.hdl.encode import encoder
from hwdse.hdl.running import Running
from hwdse.hdl.units import unit
from hwdse.hdl.unpacked import connect, drive
from hwdse.primitives.primitive import Register
from hwdse.primitives.structure import Structure, UnitStructure
from hwdse.spec import Design
from hwdse.spec.engines.scalable import Scalable


@unit.register(Scalable)
class ScalableUnit(Component):
    """Adds the products of integers, of a width that is chosen cycle by cycle, or of two floats.

    Latency 1 from an accepted input to the output that includes this input: the register of the
    running sum is the only register of the data path. Initiation interval 1. Each cycle adds the
    exact sum of its products to the running sum, as one term. `stages` and `interleave` insert
    registers into the flat netlist (`hwdse.hdl.pipeline`).

    Ports:
        i_valid: accept the inputs in this cycle; otherwise the running sum holds.
        i_first: the inputs start a new sum.
        i_mode: number of the mode; see `hwdse.spec.engines.scalable.Scalable.modes`.
        i_a, i_b: elements, each in the low bits of its slot.
        o_valid: `o` is the sum after one more accepted input.
        o: code of the running sum.
    """

    def __init__(self, spec: Scalable, design: Design) -> None:
        self._multiply = (
            Composed(spec.levels, spec.modes)
            if spec.number_format is None
            else ComposedFloats(spec, design)
        )
        self._running = Running(design)
        self._encoder = encoder(design.out, design.state, design.rounding)
        super().__init__(
            {
                "i_valid": In(1),
                "i_first": In(1),
                "i_mode": In(spec.mode_bits),
                "i_a": In(spec.word_bits),
                "i_b": In(spec.word_bits),
                "o_valid": Out(1),
                "o": Out(design.out.bits),
            }
        )

    @property
    def structure(self) -> UnitStructure:
        """The blocks of the data path, and the register of the valid bit."""
        multiply = self._multiply
        if isinstance(multiply, Composed):
            blocks = {"multiply": multiply.structure}
        else:
            blocks = {"decode": multiply.decode, "multiply": multiply.multiply}
        return UnitStructure(
            blocks={
                **blocks,
                "accumulate": self._running.structure,
                "encode": self._encoder.structure,
                "registers": Structure(parts=(Register(width=1),)),
            },
            stages=((*blocks, "accumulate"), ("encode",)),
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.multiply = multiply = self._multiply
        m.submodules.accumulate = running = self._running
        m.submodules.encode = encode = self._encoder
        m.d.comb += [
            multiply.mode.eq(self.i_mode),
            multiply.a.eq(self.i_a),
            multiply.b.eq(self.i_b),
            running.i_valid.eq(self.i_valid),
            running.i_first.eq(self.i_first),
        ]
        if isinstance(multiply, Composed):
            m.d.comb += [multiply.a_signed.eq(1), multiply.b_signed.eq(1)]
            drive(m, running.i0, significand=multiply.o)
        else:
            connect(m, running.i0, multiply.o)
        connect(m, encode.i, running.o)
        summed = Signal()
        m.d.sync += summed.eq(self.i_valid)
        m.d.comb += [self.o.eq(encode.o), self.o_valid.eq(summed)]
        return m
