"""Processing elements with stationary weights: activations move right, sums move down."""

from amaranth.hdl import Module, Signal
from amaranth.lib.wiring import In, Out

from hwdse.hdl.accumulate import step
from hwdse.hdl.component import Component
from hwdse.hdl.units.mac import Lane
from hwdse.hdl.unpacked import connect
from hwdse.primitives.primitive import Register
from hwdse.primitives.structure import Structure
from hwdse.spec import Design


class StationaryPe(Component):
    """A processing element that keeps a weight and adds its product to the sum from above.

    Latency 1 from `s` to `s_next`, and from `a`, `swap`, `load` to the next PE of the row. One
    product per cycle with `go`.

    Ports:
        go: clock enable of everything.
        a: code of the activation.
        swap: from the next cycle on, the shadow weight is the weight in use.
        load: `w` becomes the shadow weight.
        w: code of a weight.
        s: state of the sum before this PE.
        a_next, swap_next, load_next: `a`, `swap`, `load`, one cycle later.
        s_next: state of the sum after this PE.
    """

    def __init__(self, design: Design) -> None:
        self._a_bits, self._b_bits = design.a.bits, design.b.bits
        self.lane, self.step = Lane(design), step(design.accumulator, design)
        self._state_bits = self.step.layout.size
        flags = {name: In(1) for name in ("go", "swap", "load")}
        super().__init__(
            {
                **flags,
                "a": In(self._a_bits),
                "w": In(self._b_bits),
                "s": In(self._state_bits),
                "swap_next": Out(1),
                "load_next": Out(1),
                "a_next": Out(self._a_bits),
                "s_next": Out(self._state_bits),
            }
        )

    @property
    def weights(self) -> Structure:
        """The weight in use and the next one."""
        return Structure(parts=(Register(width=self._b_bits),) * 2)

    @property
    def handed_on(self) -> Structure:
        """What the PE hands on to the next of its row."""
        return Structure(parts=(Register(width=self._a_bits), Register(width=2)))

    @property
    def accumulate(self) -> Structure:
        """The step and the register of the sum."""
        register = Structure(parts=(Register(width=self._state_bits),))
        return Structure.series([self.step.structure, register])

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.lane, m.submodules.step = lane, adds = self.lane, self.step
        weight, shadow = (
            Signal(self._b_bits, name=name, reset_less=True) for name in ("weight", "shadow")
        )
        connect(m, adds.i0, lane.o)
        m.d.comb += [
            lane.a.eq(self.a),
            lane.b.eq(weight),
            adds.clear.eq(0),
            adds.state.eq(adds.layout(self.s)),
        ]
        passed = {
            "a": self.a,
            "swap": self.swap,
            "load": self.load,
            "s": adds.next.as_value(),
        }
        for name, value in passed.items():
            register = Signal(len(value), name=f"{name}_register", reset_less=True)
            m.d.comb += getattr(self, f"{name}_next").eq(register)
            with m.If(self.go):
                m.d.sync += register.eq(value)
        with m.If(self.go & self.swap):
            m.d.sync += weight.eq(shadow)
        with m.If(self.go & self.load):
            m.d.sync += shadow.eq(self.w)
        return m


class StationaryRow(Component):
    """A row of processing elements with stationary weights.

    Ports as of `StationaryPe`: `a`, `swap` and `load` enter on the left; `w`, `s` and `s_next` have
    one element per column, column 0 in the low bits.
    """

    def __init__(self, design: Design, cols: int) -> None:
        self._design, self._cols = design, cols
        self.first = StationaryPe(design)
        self._bits = self.first.step.layout.size
        flags = {name: In(1) for name in ("go", "swap", "load")}
        super().__init__(
            {
                **flags,
                "a": In(design.a.bits),
                "w": In(cols * design.b.bits),
                "s": In(cols * self._bits),
                "s_next": Out(cols * self._bits),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        left: Component = self
        suffix = ""
        for column in range(self._cols):
            pe = self.first if column == 0 else StationaryPe(self._design)
            m.submodules[f"pe{column}"] = pe
            m.d.comb += [
                pe.go.eq(self.go),
                pe.w.eq(self.w.word_select(column, self._design.b.bits)),
                pe.s.eq(self.s.word_select(column, self._bits)),
                self.s_next.word_select(column, self._bits).eq(pe.s_next),
                *(
                    getattr(pe, name).eq(getattr(left, name + suffix))
                    for name in ("a", "swap", "load")
                ),
            ]
            left, suffix = pe, "_next"
        return m
