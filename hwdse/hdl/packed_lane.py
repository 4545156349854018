"""One lane of a packed multiplier: takes its products of each mode and puts them into place."""

from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib.wiring import In, Out

from hwdse.formats import Format, clog2
from hwdse.hdl.blocks import shift_left
from hwdse.hdl.component import Component
from hwdse.hdl.packed_decode import field_widths, significand_bits
from hwdse.hdl.tiles import parts
from hwdse.primitives.primitive import Gates, Shifter
from hwdse.primitives.structure import Structure
from hwdse.spec import PackedProduct


class PackedLane(Component):
    """The magnitude of the product of one lane, in units of the LSB of the mode's terms.

    Combinational: latency 0. In a mode with several elements, the product's significand goes to its
    place for the mode, and a shifter moves it left by the sum of the exponent fields. The bits
    below the LSB of the terms are zero and are dropped: a posit with a long regime has few fraction
    bits. A product that is alone in its words is taken as it is. With neither, the lane is zero and
    nothing in it toggles.

    Ports:
        active: bit k is set in mode k, and only one bit is.
        products: the products of all lanes, as `Tiles` gives them.
        exponents: sum of both exponent fields, if the lane is ever shifted.
        o: the magnitude.
    """

    def __init__(self, mul: PackedProduct, lane: int) -> None:
        self._mul, self._lane = mul, lane
        self._width = significand_bits(mul)
        self._placed = [mode for mode in mul.modes if mul.lanes(mode) > max(lane, 1)]
        self._single = [mode for mode in mul.modes if mul.lanes(mode) == 1 and lane == 0]
        least = {m: 2 * m.unpacked.exponent_origin - mul.term(m).exponent_min for m in self._placed}
        self._dropped = max([0, *(-distance for distance in least.values())])
        self._places = {mode: distance + self._dropped for mode, distance in least.items()}
        self._most = max([0, *map(_largest_shift, self._placed)])
        self._bits = max([0, *map(mul.lane_bits, self._placed)])
        #: Bits of the magnitude.
        self.bits = max(map(mul.lane_bits, self._placed + self._single))
        exponent_bits = field_widths(mul, lane)["exponent"] + 1
        super().__init__(
            {
                "active": In(len(mul.modes)),
                "products": In(2 * self._width),
                **({"exponents": In(exponent_bits)} if self._most else {}),
                "o": Out(self.bits),
            }
        )

    @property
    def structure(self) -> Structure:
        """Gates that choose the product, and the shifter."""
        choose = Gates(width=sum(2 * mode.unpacked.significand_bits for mode in self._placed))
        shifter = Shifter(
            width=self._bits + self._dropped if self._most else 0,
            max_shift=self._most,
            input_width=min(self._input_bits, self._bits + self._dropped),
        )
        alone = Gates(width=2 * self._width * bool(self._single))
        return Structure(parts=(choose, shifter, alone), path=(choose, shifter))

    @property
    def _input_bits(self) -> int:
        ends = (self._places[m] + 2 * m.unpacked.significand_bits for m in self._placed)
        return max([0, *ends])

    def elaborate(self, platform) -> Module:
        m = Module()
        words = [self._shifted(m)] if self._placed else []
        if self._single:
            single = Signal()
            m.d.comb += single.eq(reduce(or_, map(self._on, self._single)))
            words.append(self.products & single.replicate(len(self.products)))
        m.d.comb += self.o.eq(reduce(or_, words))
        return m

    def _on(self, mode: Format) -> Value:
        return self.active[self._mul.modes.index(mode)]

    def _shifted(self, m: Module) -> Value:
        """The product of a mode with several elements, in its place; otherwise zero."""
        value = Signal(self._input_bits, name="product")
        chosen = []
        for mode in self._placed:
            part = parts(self._width, clog2(self._mul.lanes(mode)))[self._lane]
            bits = 2 * mode.unpacked.significand_bits
            product = self.products[2 * part.start : 2 * part.start + bits]
            product &= self._on(mode).replicate(bits)
            chosen.append(Cat(Const(0, self._places[mode]), product))
        m.d.comb += value.eq(reduce(or_, chosen))
        if not self._most:
            return value[self._dropped :]
        amount = self.exponents[: self._most.bit_length()]
        full = shift_left(m, value, amount, self._bits + self._dropped, "place")
        return full[self._dropped :]


def _largest_shift(mode: Format) -> int:
    shape = mode.unpacked
    return 2 * (shape.exponent_max - shape.exponent_origin)
