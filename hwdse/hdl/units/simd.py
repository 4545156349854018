"""The packed multiply-accumulate unit."""

from amaranth.hdl import Module, Signal
from amaranth.lib.wiring import In, Out

from hwdse.hdl.component import Component
from hwdse.hdl.encode import encoder
from hwdse.hdl.packed import PackedMultiplier
from hwdse.hdl.running import Running
from hwdse.hdl.units import unit
from hwdse.hdl.unpacked import connect
from hwdse.primitives.primitive import Register
from hwdse.primitives.structure import Structure, UnitStructure
from hwdse.spec import Design, PackedProduct
from hwdse.spec.engines.simd import Simd


@unit.register(Simd)
class SimdUnit(Component):
    """Adds the products of packed words, whose format is chosen cycle by cycle.

    Latency 1 from an accepted input to the output that includes this input: the register of the
    running sum is the only register of the data path. Initiation interval 1. Each cycle adds the
    exact sum of its products to the running sum, as one term. `stages` and `interleave` insert
    registers into the flat netlist (`hwdse.hdl.pipeline`).

    Ports:
        i_valid: accept the inputs in this cycle; otherwise the running sum holds.
        i_first: the inputs start a new sum.
        i_mode: number of the mode; see `hwdse.spec.engines.simd.Simd.formats`.
        i_a, i_b: words of elements, element 0 in the low bits.
        o_valid: `o` is the sum after one more accepted input.
        o: code of the running sum.
    """

    def __init__(self, spec: Simd, design: Design) -> None:
        assert isinstance(design.mul, PackedProduct)  # the design has made it
        self._multiply = PackedMultiplier(design.mul)
        self._running = Running(design)
        self._encoder = encoder(design.out, design.state, design.rounding)
        super().__init__(
            {
                "i_valid": In(1),
                "i_first": In(1),
                "i_mode": In(spec.mode_bits),
                "i_a": In(design.a.bits),
                "i_b": In(design.a.bits),
                "o_valid": Out(1),
                "o": Out(design.out.bits),
            }
        )

    @property
    def structure(self) -> UnitStructure:
        """The blocks of the data path, and the register of the valid bit."""
        return UnitStructure(
            blocks={
                "decode": self._multiply.decode,
                "multiply": self._multiply.multiply,
                "accumulate": self._running.structure,
                "encode": self._encoder.structure,
                "registers": Structure(parts=(Register(width=1),)),
            },
            stages=(("decode", "multiply", "accumulate"), ("encode",)),
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
        connect(m, running.i0, multiply.o)
        connect(m, encode.i, running.o)
        summed = Signal()
        m.d.sync += summed.eq(self.i_valid)
        m.d.comb += [self.o.eq(encode.o), self.o_valid.eq(summed)]
        return m
