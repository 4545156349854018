"""The exact product of two blocks of elements that share scales."""

from dataclasses import replace
from functools import singledispatch
from operator import or_
from typing import Any

from amaranth.hdl import Module, Mux, Signal, Value, signed
from amaranth.lib.wiring import In, Member, Out

from hwdse.formats import clog2
from hwdse.formats.blocks.zero_points import ZeroPointBlock
from hwdse.hdl.blocks import balanced
from hwdse.hdl.component import Component
from hwdse.hdl.compress import (
    compress,
    compress_in_layers,
    compression,
    constant_columns,
    two_rows,
)
from hwdse.hdl.decode import decoder
from hwdse.hdl.fixed_point import ToFixedPoint, to_fixed_point
from hwdse.hdl.multiply import multiplier, operand_decoder
from hwdse.hdl.targets import target_of
from hwdse.hdl.unpacked import Record, connect, drive, unpacked_signature
from hwdse.primitives.primitive import Adder, Gates, Multiplier, Reduce
from hwdse.primitives.structure import Structure
from hwdse.spec import BlockProduct, Exact


class ElementProduct(Component):
    """The product of two elements in fixed point.

    Combinational: latency 0, one product per cycle.

    Ports:
        a, b: element codes.
        word, carry: the product is `word` + `carry`, in units of the least product's LSB. A
            negation inverts the word and leaves the one that is to be added to `carry`. Only
            signed magnitudes have the port.
        nan, inf, inf_sign: special products, if there are any.
    """

    def __init__(self, mul: BlockProduct) -> None:
        elements, a, b = mul.elements, mul.a.multiplied, mul.b.multiplied
        self._shape = mul.element_product
        self._decode_a, self._decode_b = operand_decoder(elements, a), operand_decoder(elements, b)
        self._multiply = multiplier(elements, a, b)
        self.negates = self._shape.signed and not self._shape.twos_complement
        #: A magnitude is put into place before its sign inverts it.
        self._placed = replace(self._shape, signed=False) if self.negates else self._shape
        flags = ["nan"] * self._shape.has_nan + ["inf", "inf_sign"] * self._shape.has_inf
        super().__init__(
            {
                "a": In(a.bits),
                "b": In(b.bits),
                "word": Out(signed(self._shape.fixed_point_bits + 1)),
                **({"carry": Out(1)} if self.negates else {}),
                **dict.fromkeys(flags, Out(1)),
            }
        )

    @property
    def decode(self) -> Structure:
        """Both decoders, side by side."""
        return Structure.parallel([self._decode_a.structure, self._decode_b.structure])

    @property
    def multiply(self) -> Structure:
        """The multiplier, the shifter, and the gates that invert."""
        shape = self._placed
        fixed = shape.twos_complement and shape.exponent_min == shape.exponent_max
        place = Structure() if fixed else ToFixedPoint(shape).structure
        gates = Gates(width=shape.fixed_point_bits if self.negates else 0)
        invert = Structure(parts=(gates,), path=(gates,))
        return Structure.series([self._multiply.structure, place, invert])

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.decode_a = a = self._decode_a
        m.submodules.decode_b = b = self._decode_b
        m.submodules.multiply = multiply = self._multiply
        m.d.comb += [a.i.eq(self.a), b.i.eq(self.b)]
        connect(m, multiply.a, a.o)
        connect(m, multiply.b, b.o)
        product = Record(self._shape, multiply.o)
        word = to_fixed_point(m, Record(self._placed, multiply.o), "place")
        m.d.comb += self.word.eq(Mux(product.sign, ~word, word) if self.negates else word)
        drive(
            m,
            self,
            carry=product.sign,
            nan=product.nan,
            inf=product.inf,
            inf_sign=product.inf_sign,
        )
        return m


class BlockMultiplier(Component):
    """Adds the products of the elements of two blocks in fixed point, and applies both scales.

    Combinational: latency 0, one block pair per cycle. All bits of all products go into one tree of
    full adders, with one carry chain at its end. Scales that are powers of two only give the
    exponent. Other scales multiply the magnitude of the sum.

    Ports:
        a, b: element codes, element 0 in the low bits.
        a_scale, b_scale: scale codes, of affine integers with the zero point above; none of an
            operand without scales.
        o: record of the product, with the bounds `mul.product`.
    """

    def __init__(self, mul: BlockProduct) -> None:
        self._mul = mul
        self._shape = mul.product(mul.a.element, mul.b.element)
        self._element = self._lane()
        self._decode_a, self._decode_b = decoder(mul.a.scale), decoder(mul.b.scale)
        self._scale = multiplier(Exact(), mul.a.scale, mul.b.scale)
        super().__init__({**self._inputs(), "o": Out(unpacked_signature(self._shape))})

    def _lane(self) -> Any:
        """The product of two elements."""
        return ElementProduct(self._mul)

    def _inputs(self) -> dict[str, Member]:
        mul = self._mul
        made: dict[str, Member] = {}
        for name, block in (("a", mul.a), ("b", mul.b)):
            made[name] = In(mul.size * block.element.bits)
            if block.scale.bits:
                made[f"{name}_scale"] = In(block.scale.bits)
        return made

    def _elements(self, m: Module) -> list[Any]:
        """The products of all elements, with their inputs."""
        mul, elements = self._mul, []
        for k in range(mul.size):
            m.submodules[f"element{k}"] = element = self._lane() if k else self._element
            for name, block in (("a", mul.a), ("b", mul.b)):
                code = getattr(self, name).word_select(k, block.element.bits)
                if isinstance(block, ZeroPointBlock):
                    code = code - self._zero_point(name, block)
                m.d.comb += getattr(element, name).eq(code)
            elements.append(element)
        return elements

    def _zero_point(self, name: str, block: ZeroPointBlock) -> Value:
        word: Value = getattr(self, f"{name}_scale")
        return word[block.scale.scale.bits :]

    @property
    def decode(self) -> Structure:
        """Subtractors of zero points, decoders of all elements and both scales."""
        mul = self._mul
        scales = Structure.parallel([self._decode_a.structure, self._decode_b.structure])
        differences = [
            block.multiplied.bits for block in (mul.a, mul.b) if isinstance(block, ZeroPointBlock)
        ]
        adders = [Adder(width=width) for width in differences]
        less = Structure.parallel([Structure(parts=(one,), path=(one,)) for one in adders])
        element = Structure.series([less, self._element.decode])
        return Structure.parallel([element.times(mul.size), scales])

    @property
    def multiply(self) -> Structure:
        """Products of the elements, their sum, and the scales."""
        mul = self._mul
        bits = mul.size * (mul.element_product.fixed_point_bits + 2)
        total = compression(bits, mul.sum_bits)
        scales = not mul.powers_of_two
        invert = Gates(width=scales * (mul.sum_bits - 1))
        factor = Multiplier(
            a_bits=mul.sum_bits - 1, b_bits=scales * max(mul.factor_bits, 1), signed=False
        )
        row = Adder(width=scales * self._shape.significand_bits)
        flags = Reduce(width=mul.size * (self._shape.has_nan + 2 * self._shape.has_inf))
        scaled = Structure(parts=(invert, factor, row, flags), path=(invert, factor, row))
        elements = self._element.multiply.times(mul.size)
        both = Structure.series([elements, total, scaled])
        return Structure.parallel([both, self._scale.structure])

    def elaborate(self, platform) -> Module:
        m, mul = Module(), self._mul
        elements = self._elements(m)
        total = Signal(signed(mul.sum_bits))
        m.d.comb += total.eq(self._sum(m, elements, platform))

        m.submodules.decode_a_scale = a = self._decode_a
        m.submodules.decode_b_scale = b = self._decode_b
        m.submodules.scale = self._scale
        if mul.a.scale.bits:
            m.d.comb += a.i.eq(self.a_scale)
        if mul.b.scale.bits:
            m.d.comb += b.i.eq(self.b_scale)
        connect(m, self._scale.a, a.o)
        connect(m, self._scale.b, b.o)
        self._apply(m, total, Record(mul.scale_product, self._scale.o), elements)
        return m

    def _sum(self, m: Module, elements: list[Any], platform: Any) -> Value:
        """The exact sum of the products, in two's complement."""
        mul, size = self._mul, self._mul.size
        top = mul.element_product.fixed_point_bits
        columns: list[list[Value]] = [[] for _ in range(mul.sum_bits)]
        for element in elements:
            for weight in range(top):
                columns[weight].append(element.word[weight])
        if self._element.negates:
            # The signs are there before the products, so they are counted apart. Each adds one, and
            # has the weight -2^top as the sign bit of its inverted word: -n is NOT n + 1.
            carries, width = [element.carry for element in elements], clog2(size) + 1
            count = compress(m, [carries], width, "negated", target_of(platform))
            for weight in range(width):
                columns[weight].append(count[weight])
                columns[top + weight].append(~count[weight])
            constant = 1 << top
        else:
            # The sign bit s has the weight -2^top, which is (1 - s) 2^top - 2^top.
            for element in elements:
                columns[top].append(~element.word[top])
            constant = -size << top
        for weight, bits in enumerate(constant_columns(constant, mul.sum_bits)):
            columns[weight] += bits
        x, y = two_rows(compress_in_layers(m, columns, "sum"))
        return (x + y)[: mul.sum_bits].as_signed()

    def _apply(self, m: Module, total: Signal, scale: Record, elements: list[Any]) -> None:
        """Drive the record of the product of the sum and the scales."""
        element, negative = self._mul.element_product, total[-1]
        nothing = ~total.any()
        nan: Value = scale.nan
        inf, minus = scale.inf, negative
        if element.has_nan:
            nan = nan | balanced(or_, [one.nan for one in elements])
        if element.has_inf:
            plus = balanced(or_, [one.inf & ~one.inf_sign for one in elements])
            below = balanced(or_, [one.inf & one.inf_sign for one in elements])
            summed = plus | below
            nan = nan | (plus & below) | (summed & scale.zero)
            inf, minus = inf | summed, Mux(summed, below, negative)
            nan = nan | (scale.inf & nothing & ~summed)
        else:
            nan = nan | (scale.inf & nothing)
        common = {"exponent": scale.exponent, "nan": nan, "inf": inf}
        if self._mul.powers_of_two:
            drive(m, self.o, significand=total, inf_sign=minus, **common)
            return
        # -x f is (NOT x) f + f: the multiplier adds one more row instead of a negation before it.
        factor = scale.significand[: max(self._mul.factor_bits, 1)]
        inverted, row = Signal(len(total) - 1), Signal(len(factor))
        m.d.comb += [
            inverted.eq(total ^ negative.replicate(len(total))),
            row.eq(factor & negative.replicate(len(factor))),
        ]
        zero = nothing | scale.zero
        drive(
            m,
            self.o,
            significand=inverted * factor + row,
            sign=(minus ^ scale.sign) & (~zero | inf),
            zero=zero & ~nan & ~inf,
            **common,
        )


@singledispatch
def block_multiplier(mul: BlockProduct) -> BlockMultiplier:
    """The component that multiplies block pairs."""
    return BlockMultiplier(mul)
