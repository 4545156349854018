"""Encoder of bipolar integers."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib.wiring import In, Out

from hwdse.formats import Bipolar, UnpackedShape
from hwdse.hdl.component import Component
from hwdse.hdl.encode import encoder
from hwdse.hdl.encode.levels import LevelEncoder
from hwdse.hdl.unpacked import Record, unpacked_signature
from hwdse.hdl.window import Window
from hwdse.primitives.primitive import Gates, Incrementer
from hwdse.primitives.structure import Structure

#: Up to this many bits, comparisons with all levels need less area.
_LISTED_BITS = 4


class BipolarEncoder(Component):
    """Halves the floor of a value, which counts the odd integers; NaN encodes as zero does.

    Combinational: latency 0, one code per cycle. The floor y is at or just below the odd integer 2
    (y >> 1) + 1. An even y without a fraction is a tie. Rounding to nearest even clears the last
    bit of the code at a tie. All other roundings take this code, the next lower code or the next
    higher code.
    """

    def __init__(self, number_format: Bipolar, shape: UnpackedShape, rounding: str) -> None:
        self._bits, self._shape, self._rounding = number_format.bits, shape, rounding
        # The window holds all integers from -2^bits to 2^bits - 1, which include the outermost
        # levels.
        self._window = Window(shape, 0, self._bits)
        super().__init__({"i": In(unpacked_signature(shape)), "o": Out(self._bits)})

    @property
    def structure(self) -> Structure:
        """The window, an incrementer unless rounding is to nearest even, and a clamp."""
        window = self._window.parts(magnitude=False)
        step = Incrementer(width=0 if self._rounding == "rne" else self._bits)
        clamp, nan = Gates(width=self._bits), Gates(width=self._bits * self._shape.has_nan)
        parts = (*window, step, clamp, nan)
        return Structure(parts=parts, path=parts)

    def elaborate(self, platform) -> Module:
        m = Module()
        record = Record(self._shape, self.i)
        cut = self._window.floor(m, record)
        floor, sticky, negative = cut.word, cut.sticky, cut.word[-1]
        upper = Cat(floor[1:-1], ~negative)
        even = ~floor[0]
        if self._rounding == "rne":
            tie = even & ~sticky
            code = Cat(upper[0] & ~tie, upper[1:])
        else:
            below, above = self._steps(floor, sticky, even)
            total = Signal(signed(self._bits + 2))
            m.d.comb += total.eq(Cat(upper, Const(0, 1)) - below + above)
            code = Mux(total[-1], 0, total[:-1] | total[-2].replicate(self._bits + 1))
        zero = self._code_of_zero()
        m.d.comb += self.o.eq(Mux(record.nan, zero, code))
        return m

    def _steps(self, floor: Value, sticky: Value, even: Value) -> tuple[Value, Value]:
        """Whether the code is one below, or one above, the code of the halved floor."""
        none, negative = Const(0, 1), floor[-1]
        behind = ~even & sticky
        match self._rounding:
            case "rna":
                return even & ~sticky & negative, none
            case "up":
                return none, behind
            case "down":
                return even, none
            case _:
                # Toward zero, but not beyond the innermost level with the value's sign.
                return even & floor.any() & ~negative, behind & negative & ~floor.all()

    def _code_of_zero(self) -> int:
        """The code of zero, which is a tie between the two middle codes."""
        plus_one = 1 << (self._bits - 1)
        match self._rounding:
            case "rne":
                return plus_one & ~1
            case "down":
                return plus_one - 1
            case _:
                return plus_one


@encoder.register(Bipolar)
def _(number_format: Bipolar, shape: UnpackedShape, rounding: str) -> Component:
    if number_format.bits <= _LISTED_BITS:
        return LevelEncoder(number_format, shape, rounding)
    return BipolarEncoder(number_format, shape, rounding)
