"""The stochastically rounded floating-point accumulator."""

from functools import reduce
from operator import xor

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.data import StructLayout

from hwdse.formats import FlushedFloat
from hwdse.hdl.accumulate import DecodedRead, Read, Step, read, step
from hwdse.hdl.accumulate.float_group import (
    connect_group,
    group_shape,
    group_structure,
    with_specials,
    zero_sign,
)
from hwdse.hdl.blocks import above
from hwdse.hdl.decode import decoder
from hwdse.hdl.encode import encoder
from hwdse.hdl.fused_add import FusedAdd
from hwdse.hdl.targets import target_of
from hwdse.hdl.unpacked import Record, connect, drive
from hwdse.primitives.primitive import Adder, Gates, Reduce
from hwdse.primitives.structure import Child, Structure
from hwdse.spec import Design, StochasticFloat


@step.register(StochasticFloat)
class StochasticFloatStep(Step):
    """Adds a group of products to a float exactly and rounds once, by bits of a shift register.

    Combinational: latency 0, one group per cycle. The sum is first encoded with the drawn bits as
    additional fraction bits below the format's LSB. Codes of this wider float count up by one from
    each value to the next. Adding the random bits to the code and dropping the drawn bits therefore
    rounds the sum, into the next binade if necessary. The state is the sum and the shift register.
    """

    def __init__(self, acc: StochasticFloat, design: Design) -> None:
        self._acc, self._format, self._design = acc, acc.format, design
        self._add = FusedAdd(group_shape(design), acc.drawn)
        # P3109's variant C rounds the discarded bits to the width of the random bits. A and B
        # truncate.
        self._encode = encoder(acc.drawn, self._add.shape, "rne" if acc.variant == "c" else "rtz")
        self._decode = decoder(acc.format)
        state = {"total": acc.format.bits, "lfsr": acc.lfsr}
        super().__init__(design, state, {"lfsr": acc.seed})

    @property
    def structure(self) -> Structure:
        """Fused add with the drawn bits, the addition of random bits, and the shift register."""
        bits = self._format.bits
        draw = Adder(width=self._acc.drawn.bits - 1)
        specials = Gates(width=bits if self._format.has_nan else 0)
        feedback = tuple(Reduce(width=len(self._acc.taps)) for _ in range(self._acc.bits))
        clear = Gates(width=bits + self._acc.lfsr)
        around = Structure(
            parts=(draw, specials, *feedback, clear),
            children=(Child(structure=self._decode.structure),),
            path=(draw, specials),
        )
        return Structure.series(
            [group_structure(self._design), self._add.structure, self._encode.structure, around]
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.add = add = self._add
        m.submodules.decode = decode = self._decode
        m.submodules.encode = encode = self._encode
        products = self.records
        m.d.comb += decode.i.eq(Mux(self.clear, 0, self.state.total))
        state = Record(self._format.unpacked, decode.o)
        connect_group(m, add.p, self, self._design, target_of(platform))
        # A zero of a format that flushes has exponent field 0. In the wider format, the lowest
        # binade has field 1.
        flushed = isinstance(self._format, FlushedFloat)
        drive(
            m,
            add.a,
            sign=state.sign,
            significand=Cat(Const(0, self._acc.drawn_bits), state.significand),
            exponent=state.exponent | state.zero if flushed else state.exponent,
            zero=state.zero,
        )
        m.d.comb += add.zero_sign.eq(zero_sign([*products, state], "rne"))
        connect(m, encode.i, add.o)
        code = self._rounded(m, encode.o)
        total = with_specials(m, self._format, [*products, state], code)
        m.d.comb += self.next.total.eq(total)
        return m

    def _rounded(self, m: Module, wide: Value) -> Value:
        """The code of the format, from the code with the drawn bits."""
        f, acc = self._format, self._acc
        seen = Signal(acc.lfsr)
        m.d.comb += [
            seen.eq(Mux(self.clear, acc.seed, self.state.lfsr)),
            self.next.lfsr.eq(stepped(m, seen, acc.taps, acc.bits)),
        ]
        draw = seen[: acc.bits]
        if acc.variant == "b":
            draw = Cat(Const(1, 1), draw)
        total = Signal(acc.drawn.bits)
        m.d.comb += total.eq(wide[:-1] + draw)
        rounded = total[acc.drawn_bits :]
        magnitude = Signal(f.bits - 1)
        beyond = f.max_code if f.inf_code is None else f.inf_code
        m.d.comb += magnitude.eq(Mux(above(rounded, f.max_code), beyond, rounded))
        if isinstance(f, FlushedFloat):
            with m.If(~rounded[f.fraction_bits :].any()):
                m.d.comb += magnitude.eq(0)
        sign = wide[-1] if f.has_negative_zero else wide[-1] & magnitude.any()
        return Cat(magnitude, sign)


@read.register(StochasticFloat)
def _(acc: StochasticFloat, design: Design, layout: StructLayout) -> Read:
    return DecodedRead(design, layout, decoder(acc.format))


def stepped(m: Module, register: Value, taps: tuple[int, ...], steps: int) -> Value:
    """The state of a shift register (Fibonacci form, shifted left) after some steps.

    Each fed-back bit is a signal. As an expression, each bit would contain earlier ones several
    times.
    """
    bits = list(register)
    for place in range(steps):
        fed = Signal(name=f"fed_back{place}")
        m.d.comb += fed.eq(reduce(xor, [bits[tap] for tap in taps]))
        bits = [fed, *bits[:-1]]
    return Cat(*bits)
