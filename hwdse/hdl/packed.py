"""The exact sum of the products of two packed words, whose elements have one of several formats."""

from functools import reduce
from operator import or_

from amaranth.hdl import Const, Module, Signal, Value, signed
from amaranth.lib.wiring import In, Out

from hwdse.formats import Format, clog2
from hwdse.hdl.blocks import balanced
from hwdse.hdl.component import Component
from hwdse.hdl.compress import compress_in_layers, compression, constant_columns, two_rows
from hwdse.hdl.packed_decode import PackedDecoder, field_widths, significand_bits
from hwdse.hdl.packed_lane import PackedLane
from hwdse.hdl.tiles import Tiles
from hwdse.hdl.unpacked import drive, unpacked_signature
from hwdse.primitives.primitive import Adder, Gates, Reduce
from hwdse.primitives.structure import Structure
from hwdse.spec import PackedProduct


class PackedMultiplier(Component):
    """Decodes two words in the format of the mode, multiplies their elements, adds the products.

    Combinational: latency 0, one pair of words per cycle. One multiplier of tiles serves all modes.
    Products of words with several elements are put into place in fixed point. A single product
    keeps its exponent. The adder of the lanes also negates.

    Ports:
        mode: number of the mode; other numbers count as the last.
        a, b: words.
        o: record of the term, with the bounds of the product of both widest formats.
    """

    def __init__(self, mul: PackedProduct) -> None:
        self._mul = mul
        self._single = [mode for mode in mul.modes if mul.lanes(mode) == 1]
        self._shape = mul.product(self._single[0], self._single[0])
        self._decode_a, self._decode_b = PackedDecoder(mul), PackedDecoder(mul)
        self._lanes = [PackedLane(mul, number) for number in range(mul.most_lanes)]
        self._depth = clog2(mul.most_lanes)
        self._tiles = Tiles(significand_bits(mul), self._depth)
        #: What the exponent of each mode counts from, relative to the record.
        self._offsets = {
            mode: mul.term(mode).exponent_origin - self._shape.exponent_origin for mode in mul.modes
        }
        super().__init__(
            {
                "mode": In(clog2(len(mul.modes))),
                "a": In(mul.word_bits),
                "b": In(mul.word_bits),
                "o": Out(unpacked_signature(self._shape)),
            }
        )

    @property
    def decode(self) -> Structure:
        """The decoders of both words."""
        return self._decode_a.structure.times(2)

    @property
    def multiply(self) -> Structure:
        """The tiles, the places of the products, their sum, and the exponents beside."""
        shape, lanes = self._shape, self._lanes
        widths = [field_widths(self._mul, k)["exponent"] for k in range(len(lanes))]
        adders = [Adder(width=width) for width in widths]
        own = Adder(width=shape.exponent_bits if self._adds_offsets else 0)
        choose = Gates(width=2 * shape.exponent_bits)
        flags = Reduce(width=len(lanes) * (shape.has_nan + 4 * shape.has_inf))
        beside = Structure(parts=(*adders, own, choose, flags))
        total = compression(sum(lane.bits + 2 for lane in lanes), shape.significand_bits)
        places = Structure.parallel([lane.structure for lane in lanes])
        path = Structure.series([self._tiles.structure, places, total])
        return Structure.parallel([path, beside])

    @property
    def _adds_offsets(self) -> bool:
        """Whether single products of some mode count from elsewhere than the record."""
        return any(self._offsets[mode] for mode in self._single)

    def elaborate(self, platform) -> Module:
        m, mul = Module(), self._mul
        last = len(mul.modes) - 1
        active = Signal(last + 1)
        for number in range(last):
            m.d.comb += active[number].eq(self.mode == number)
        m.d.comb += active[last].eq(self.mode >= last)
        on = {mode: active[number] for number, mode in enumerate(mul.modes)}

        m.submodules.decode_a = a = self._decode_a
        m.submodules.decode_b = b = self._decode_b
        m.submodules.tiles = tiles = self._tiles
        for decode, word in ((a, self.a), (b, self.b)):
            m.d.comb += [decode.active.eq(active), decode.i.eq(word)]
        m.d.comb += [tiles.a.eq(a.significand), tiles.b.eq(b.significand)]
        for depth in range(self._depth):
            # A part is whole if elements are as long as the part, or longer.
            whole = [on[mode] for mode in mul.modes if clog2(mul.lanes(mode)) <= depth]
            m.d.comb += tiles.whole[depth].eq(balanced(or_, whole))

        sums, words, signs = [], [], []
        for k, lane in enumerate(self._lanes):
            m.submodules[f"lane{k}"] = lane
            total = Signal(field_widths(mul, k)["exponent"] + 1, name=f"exponents{k}")
            sign = Signal(name=f"sign{k}")
            m.d.comb += [
                total.eq(_field(a, f"exponent{k}") + _field(b, f"exponent{k}")),
                sign.eq(_field(a, f"sign{k}") ^ _field(b, f"sign{k}")),
                lane.active.eq(active),
                lane.products.eq(tiles.o),
            ]
            drive(m, lane, exponents=total)
            sums.append(total)
            words.append(lane.o)
            signs.append(sign)
        drive(
            m,
            self.o,
            significand=self._sum(m, words, signs),
            exponent=self._exponent(sums[0], on),
            **_flags(a, b, signs),
        )
        return m

    def _sum(self, m: Module, words: list[Value], signs: list[Value]) -> Value:
        """The sum of the words with their signs, in two's complement."""
        width = self._shape.significand_bits
        columns: list[list[Value]] = [[] for _ in range(width)]
        constant = 0
        for word, sign in zip(words, signs, strict=True):
            top = len(word)
            flipped = word ^ sign.replicate(top)
            for weight in range(min(top, width)):
                columns[weight].append(flipped[weight])
            columns[0].append(sign)
            if top < width:
                # The sign bit s has the weight -2^top, which is (1 - s) 2^top - 2^top.
                columns[top].append(~sign)
                constant -= 1 << top
        for weight, bits in enumerate(constant_columns(constant, width)):
            columns[weight] += bits
        x, y = two_rows(compress_in_layers(m, columns, "sum"))
        total = Signal(signed(width))
        m.d.comb += total.eq(x + y)
        return total

    def _exponent(self, total: Value, on: dict[Format, Value]) -> Value:
        """The exponent of the term: the sum of both for a single product, else a constant."""
        width = self._shape.exponent_bits
        single = balanced(or_, [on[mode] for mode in self._single])
        own = total & single.replicate(len(total))
        constants = [
            Const(offset, width) & on[mode].replicate(width)
            for mode, offset in self._offsets.items()
            if offset
        ]
        if not constants:
            return own
        base = reduce(or_, constants)
        return own + base if self._adds_offsets else own | base


def _flags(a: PackedDecoder, b: PackedDecoder, signs: list[Value]) -> dict[str, Value]:
    """NaN and infinity of the term."""
    nans, plus, minus = [], [], []
    for k, sign in enumerate(signs):
        x_nan, x_inf, x_zero = (_field(a, f"{name}{k}") for name in ("nan", "inf", "zero"))
        y_nan, y_inf, y_zero = (_field(b, f"{name}{k}") for name in ("nan", "inf", "zero"))
        nans.append(x_nan | y_nan | (x_inf & y_zero) | (x_zero & y_inf))
        inf = x_inf | y_inf
        plus.append(inf & ~sign)
        minus.append(inf & sign)
    above, below = balanced(or_, plus), balanced(or_, minus)
    return {
        "nan": balanced(or_, nans) | (above & below),
        "inf": above | below,
        "inf_sign": below,
    }


def _field(decode: PackedDecoder, name: str) -> Value:
    return getattr(decode, name, Const(0, 1))
