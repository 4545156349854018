"""The bit-serial multiply-accumulate unit."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib.wiring import In, Out

from hwdse.formats import FixedPoint, clog2
from hwdse.hdl.component import Component
from hwdse.hdl.compress import balanced_sum, plus
from hwdse.hdl.encode import encoder
from hwdse.hdl.fixed_point import adder_tree
from hwdse.hdl.running import Running
from hwdse.hdl.units import unit
from hwdse.hdl.unpacked import connect, drive
from hwdse.primitives.primitive import Adder, Gates, Incrementer, Register, Threshold
from hwdse.primitives.primitive import Mux as MuxBlock
from hwdse.primitives.structure import Structure, UnitStructure
from hwdse.spec import Design
from hwdse.spec.engines.bitserial import BitSerial


class BitPlane(Component):
    """The sum of the first operands whose second operand has a one at one place.

    Combinational: latency 0, one bit of every second operand per cycle.

    Ports:
        a: first operands, lane 0 in the low bits.
        b: second operands.
        place: place of the bit, 0 for the least significant.
        o: the sum, in two's complement.
    """

    def __init__(self, spec: BitSerial, design: Design) -> None:
        assert isinstance(design.a, FixedPoint)
        self._lanes, self._planes, self._signed = spec.lanes, spec.planes, design.a.signed
        self._bits = design.a.bits
        #: Bits of a first operand in two's complement.
        self.word = self._bits + (not self._signed)
        super().__init__(
            {
                "a": In(spec.lanes * self._bits),
                "b": In(spec.lanes * spec.planes),
                "place": In(clog2(spec.planes)),
                "o": Out(signed(self.word + clog2(spec.lanes))),
            }
        )

    @property
    def structure(self) -> Structure:
        """Choice of the bits, gates, and a tree of adders."""
        choose = MuxBlock(width=1, ways=self._planes)
        gates = Gates(width=self._bits)
        lane = Structure(parts=(choose, gates), path=(choose, gates))
        return Structure.series([lane.times(self._lanes), adder_tree(self.word, self._lanes)])

    def elaborate(self, platform) -> Module:
        m = Module()
        terms: list[Value] = []
        for k in range(self._lanes):
            bit = Signal(name=f"bit{k}")
            m.d.comb += bit.eq(self.b.word_select(k, self._planes).bit_select(self.place, 1))
            held = self.a.word_select(k, self._bits) & bit.replicate(self._bits)
            terms.append(held.as_signed() if self._signed else Cat(held, Const(0, 1)).as_signed())
        total, _ = balanced_sum(m, terms, (), "plane")
        m.d.comb += self.o.eq(total)
        return m


@unit.register(BitSerial)
class BitSerialUnit(Component):
    """Multiplies and accumulates integers, one bit of each second operand per cycle.

    A transfer that is accepted in cycle m fills the registers of the operands at the end of that
    cycle. Its bits are added in the cycles m + 1 to m + bits, the most significant first.
    Initiation interval `bits`: the next transfer is accepted in the cycle of the last bit. The
    result is in `o` in cycle m + bits + 1, if the transfer is the last of its sum.

    The sum leaves from the register that it grows in. So the last bit of the next transfer waits
    until the result is taken.

    Ports:
        i_valid, i_ready, i_a, i_b: operand codes, lane 0 in the low bits.
        i_bits: number of the low bits of each second operand that count.
        i_last: the transfer is the last of its sum.
        o_valid, o_ready, o: code of the sum.
    """

    def __init__(self, spec: BitSerial, design: Design) -> None:
        assert isinstance(design.b, FixedPoint)
        summing = spec.summing(design)
        self._spec, self._widths = spec, (design.a.bits, design.b.bits)
        self._signed = design.b.signed
        self._plane = BitPlane(spec, design)
        #: Bits of the sum of the products of a transfer.
        self._total = self._plane.word + clog2(spec.lanes) + spec.planes
        self._running = Running(summing)
        self._encoder = encoder(design.out, summing.state, design.rounding)
        super().__init__(
            {
                **{"i_valid": In(1), "i_ready": Out(1), "i_last": In(1)},
                "i_bits": In(spec.count_bits),
                "i_a": In(spec.lanes * design.a.bits),
                "i_b": In(spec.lanes * design.b.bits),
                **{"o_valid": Out(1), "o_ready": In(1), "o": Out(design.out.bits)},
            }
        )

    @property
    def structure(self) -> UnitStructure:
        """Registers of the operands, the sum of a bit plane, and the sum of a transfer."""
        spec, total = self._spec, self._total
        held = spec.lanes * sum(self._widths)
        negate = Gates(width=self._plane.word + clog2(spec.lanes))
        begin = Gates(width=total - 1)
        add = Adder(width=total)
        parts = (negate, begin, add, Register(width=total - 1))
        shifted = Structure(parts=parts, path=(negate, add))
        places = clog2(spec.planes)
        # The place of the bit, and the flags of the transfer and of the result.
        count = (
            *(Incrementer(width=places), Incrementer(width=spec.count_bits)),
            *(Threshold(width=spec.count_bits), Register(width=places + 5)),
        )
        return UnitStructure(
            blocks={
                "operands": Structure(parts=(Register(width=held),)),
                "multiply": Structure.series([self._plane.structure, shifted]),
                "accumulate": self._running.structure,
                "encode": self._encoder.structure,
                "registers": Structure(parts=count),
            },
            stages=(("multiply", "accumulate"), ("encode",)),
            macs_per_cycle=spec.macs_per_cycle,
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.plane = plane = self._plane
        m.submodules.accumulate = running = self._running
        m.submodules.encode = encode = self._encoder
        a = Signal.like(self.i_a, name="a", reset_less=True)
        b = Signal.like(self.i_b, name="b", reset_less=True)
        place, busy, fresh = Signal(plane.place.shape()), Signal(), Signal(reset_less=True)
        last, clear = Signal(reset_less=True), Signal(init=1)
        load, ends, free = Signal(), Signal(), Signal()
        m.d.comb += [
            free.eq(~self.o_valid | self.o_ready),
            ends.eq(busy & (place == 0) & free),
            self.i_ready.eq(~busy | ends),
            load.eq(self.i_valid & self.i_ready),
            plane.a.eq(a),
            plane.b.eq(b),
            plane.place.eq(place),
            running.i_valid.eq(ends),
            running.i_first.eq(clear),
        ]
        before, total = self._sums(m, plane.o, fresh)
        with m.If(load):
            m.d.sync += [
                *(a.eq(self.i_a), b.eq(self.i_b), last.eq(self.i_last)),
                *(busy.eq(1), fresh.eq(1), place.eq(self._first_place())),
            ]
        with m.Elif(ends):
            m.d.sync += busy.eq(0)
        with m.Elif(place != 0):
            m.d.sync += [place.eq(place - 1), fresh.eq(0), before.eq(total)]
        with m.If(ends):
            m.d.sync += [clear.eq(last), self.o_valid.eq(last)]
        with m.Elif(self.o_ready):
            m.d.sync += self.o_valid.eq(0)
        drive(m, running.i0, significand=total)
        connect(m, encode.i, running.o)
        m.d.comb += self.o.eq(encode.o)
        return m

    def _first_place(self) -> Value:
        """Place of the most significant bit that counts."""
        planes = self._spec.planes
        known = (self.i_bits != 0) & (self.i_bits <= planes)
        return Mux(known, self.i_bits - 1, planes - 1)[: clog2(planes)]

    def _sums(self, m: Module, plane: Value, fresh: Value) -> tuple[Signal, Value]:
        """The register of the sum of a transfer, and the sum with one more bit of each operand.

        The bits of the first place count negatively if the second operands are signed.
        """
        before = Signal(signed(self._total - 1), reset_less=True)
        held = before.as_unsigned() & ~fresh.replicate(len(before))
        doubled = Cat(Const(0, 1), held).as_signed()
        added, negate = plane, None
        if self._signed:
            negate = fresh
            added = (plane.as_unsigned() ^ fresh.replicate(len(plane))).as_signed()
        total = Signal(signed(self._total))
        m.d.comb += total.eq(plus(doubled, added, negate))
        return before, total
