"""What a column of a systolic array has beside its processing elements."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.memory import Memory as AmaranthMemory
from amaranth.lib.wiring import In, Out

from hwdse.hdl.accumulate import Step, read, step
from hwdse.hdl.component import Component
from hwdse.hdl.encode import encoder
from hwdse.hdl.unpacked import connect
from hwdse.primitives.primitive import Incrementer, Memory, Register
from hwdse.primitives.primitive import Mux as MuxBlock
from hwdse.primitives.structure import Child, Structure
from hwdse.spec import Design


def start_bits(sum_step: Step) -> int:
    """The state of a sum without terms, as a number."""
    return int(sum_step.layout.const(sum_step.reset).as_value().value)


class ColumnEnd(Component):
    """Turns the state of a sum into the code of the result.

    Combinational: latency 0. Ports: `s` (bits of a state) and `o` (code).
    """

    def __init__(self, design: Design) -> None:
        self._layout = step(design.accumulator, design).layout
        self._read = read(design.accumulator, design, self._layout)
        self._encode = encoder(design.out, design.state, design.rounding)
        super().__init__({"s": In(self._layout.size), "o": Out(design.out.bits)})

    @property
    def structure(self) -> Structure:
        """From the state to the code."""
        return Structure.series([self._read.structure, self._encode.structure])

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.read, m.submodules.encode = self._read, self._encode
        m.d.comb += self._read.state.eq(self._layout(self.s))
        connect(m, self._encode.i, self._read.o)
        m.d.comb += self.o.eq(self._encode.o)
        return m


class KeptSums(Component):
    """Keeps the unfinished sums of a column, and starts each sum at the top of the column.

    The oldest sum comes out one cycle after `take`. Without `take`, a new sum comes out. The
    controller never takes more than was put, and never puts more than there is room for.

    Ports:
        go: clock enable of everything.
        put: keep the state `i`.
        take: remove the oldest state.
        i: state that leaves the bottom of the column.
        o: state for the top of the column.
        put_next, take_next: `put` and `take` for the next column, one cycle later.
    """

    def __init__(self, design: Design, words: int) -> None:
        self._words = words
        sum_step = step(design.accumulator, design)
        self._bits, self._sum_step = sum_step.layout.size, sum_step
        ports = {"go": In(1), "put": In(1), "take": In(1)}
        super().__init__(
            {
                **ports,
                "i": In(self._bits),
                "o": Out(self._bits),
                "put_next": Out(1),
                "take_next": Out(1),
            }
        )

    def structure(self, columns: int) -> Structure:
        """The memories of all columns, with output registers, counters, and flags for the next.

        Nothing reads the flag `put_next` of the last column.
        """
        place = (self._words - 1).bit_length()
        column = Structure(
            parts=(
                Memory(words=self._words, width=self._bits),
                MuxBlock(width=self._bits, ways=2),
                Register(width=self._bits),
                *(Register(width=place), Incrementer(width=place)) * 2,
                Register(width=1),
            )
        )
        flag = Structure(parts=(Register(width=1),))
        return Structure(
            children=(
                Child(structure=column, copies=columns),
                Child(structure=flag, copies=columns - 1),
            )
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.kept = kept = AmaranthMemory(shape=self._bits, depth=self._words, init=[])
        put, take = kept.write_port(), kept.read_port()
        puts, takes = Signal(), Signal()
        m.d.comb += [
            puts.eq(self.go & self.put),
            takes.eq(self.go & self.take),
            put.addr.eq(_counted(m, "put_at", puts, self._words)),
            put.data.eq(self.i),
            put.en.eq(puts),
            take.addr.eq(_counted(m, "take_at", takes, self._words)),
            take.en.eq(takes),
            self.o.eq(Mux(self.take_next, take.data, start_bits(self._sum_step))),
        ]
        with m.If(self.go):
            m.d.sync += [self.put_next.eq(self.put), self.take_next.eq(self.take)]
        return m


def _counted(m: Module, name: str, step_on: Signal, words: int) -> Signal:
    """A counter that goes round `words` places."""
    at = Signal(range(words), name=name)
    with m.If(step_on):
        m.d.sync += at.eq(Mux(at == words - 1, 0, at + 1))
    return at
