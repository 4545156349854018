"""Processing elements with stationary sums: activations move right, weights and results down."""

from amaranth.hdl import Module, Signal
from amaranth.lib.wiring import In, Out

from hwdse.hdl.accumulate import step
from hwdse.hdl.component import Component
from hwdse.hdl.units.mac import Lane
from hwdse.hdl.unpacked import connect
from hwdse.primitives.primitive import Mux as MuxBlock
from hwdse.primitives.primitive import Register
from hwdse.primitives.structure import Structure
from hwdse.spec import Design

#: Flags that travel with the activations.
FLAGS = ("valid", "first", "last")
_MOVING_RIGHT = ("a", *FLAGS, "shift")


class SumPe(Component):
    """A processing element that adds products to its own sum, and hands finished sums down.

    Latency 1 from each input to the output of the same name. One product per cycle with `go`.

    Ports:
        go: clock enable of everything.
        a: code of the activation.
        valid: add the product of `a` and `w`.
        first: the product starts a sum.
        last: the product ends the sum, which becomes the result; only with `valid`.
        shift: the result from above becomes the result, unless a sum ends.
        w: code of the weight.
        s: result from above, the state of a finished sum.
        a_next, valid_next, first_next, last_next, shift_next: for the next PE of the row.
        w_next: for the PE below.
        s_next: result of this PE.
    """

    def __init__(self, design: Design) -> None:
        self._a_bits, self._b_bits = design.a.bits, design.b.bits
        self.lane, self.step = Lane(design), step(design.accumulator, design)
        self._state_bits = self.step.layout.size
        widths = {"a": self._a_bits, **dict.fromkeys((*FLAGS, "shift"), 1)}
        widths |= {"w": self._b_bits, "s": self._state_bits}
        super().__init__(
            {
                "go": In(1),
                **{name: In(width) for name, width in widths.items()},
                **{f"{name}_next": Out(width) for name, width in widths.items()},
            }
        )

    @property
    def result(self) -> Structure:
        """The register of the result, and the choice of what it takes."""
        bits = self._state_bits
        return Structure(parts=(Register(width=bits), MuxBlock(width=bits, ways=2)))

    @property
    def handed_on(self) -> Structure:
        """What the PE hands on to the next of its row."""
        flags = len(_MOVING_RIGHT) - 1
        return Structure(parts=(Register(width=self._a_bits), Register(width=flags)))

    @property
    def handed_down(self) -> Structure:
        """The weight for the PE below."""
        return Structure(parts=(Register(width=self._b_bits),))

    @property
    def accumulate(self) -> Structure:
        """The step and the register of the sum."""
        register = Structure(parts=(Register(width=self._state_bits),))
        return Structure.series([self.step.structure, register])

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.lane, m.submodules.step = lane, adds = self.lane, self.step
        total, result = (
            Signal(self._state_bits, name=name, reset_less=True) for name in ("total", "result")
        )
        after = adds.next.as_value()
        connect(m, adds.i0, lane.o)
        m.d.comb += [
            lane.a.eq(self.a),
            lane.b.eq(self.w),
            adds.clear.eq(self.first),
            adds.state.eq(adds.layout(total)),
            self.s_next.eq(result),
        ]
        for name in (*_MOVING_RIGHT, "w"):
            value = getattr(self, name)
            register = Signal(len(value), name=f"{name}_register", reset_less=True)
            m.d.comb += getattr(self, f"{name}_next").eq(register)
            with m.If(self.go):
                m.d.sync += register.eq(value)
        with m.If(self.go & self.valid):
            m.d.sync += total.eq(after)
        with m.If(self.go & self.last):
            m.d.sync += result.eq(after)
        with m.Elif(self.go & self.shift):
            m.d.sync += result.eq(self.s)
        return m


class SumRow(Component):
    """A row of processing elements with stationary sums.

    Ports as of `SumPe`: `a`, `valid`, `first`, `last` and `shift` enter on the left; `w`, `w_next`,
    `s` and `s_next` have one element per column, column 0 in the low bits.
    """

    def __init__(self, design: Design, cols: int) -> None:
        self._design, self._cols = design, cols
        self.first_pe = SumPe(design)
        state, weight = self.first_pe.step.layout.size, design.b.bits
        self._bits = {"w": weight, "s": state}
        super().__init__(
            {
                **{name: In(1) for name in ("go", *FLAGS, "shift")},
                "a": In(design.a.bits),
                **{name: In(cols * bits) for name, bits in self._bits.items()},
                **{f"{name}_next": Out(cols * bits) for name, bits in self._bits.items()},
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        left: Component = self
        suffix = ""
        for column in range(self._cols):
            pe = self.first_pe if column == 0 else SumPe(self._design)
            m.submodules[f"pe{column}"] = pe
            m.d.comb += pe.go.eq(self.go)
            for name in _MOVING_RIGHT:
                m.d.comb += getattr(pe, name).eq(getattr(left, name + suffix))
            for name, bits in self._bits.items():
                own, below = getattr(self, name), getattr(self, f"{name}_next")
                m.d.comb += [
                    getattr(pe, name).eq(own.word_select(column, bits)),
                    below.word_select(column, bits).eq(getattr(pe, f"{name}_next")),
                ]
            left, suffix = pe, "_next"
        return m
