"""Multipliers as gates: every product of operands up to 8 x 8 bits equals the golden model's."""

import numpy as np
import pytest
from amaranth.hdl import Fragment, Module
from amaranth.lib.wiring import Component, In, Out
from gate_level import GateLevel, decoded
from sampled import some

from hwdse import Design, golden
from hwdse.errors import SpecError
from hwdse.hdl.lookup import lookup
from hwdse.hdl.multiply import multiplier, operand_decoder, product_signature
from hwdse.hdl.multiply.radix4 import Radix4Multiplier
from hwdse.hdl.unpacked import connect

# Operands, multiplier. Chosen for a part or a corner of the generators that others do not have.
PAIRS = [
    # Signed, unsigned, and unlike integers; subnormals; a leading one that is always there.
    ("int8", "int8", "mitchell"),
    ("uint4", "int5", "mitchell"),
    ("dint4", "int8", "mitchell"),
    ("e4m3fn", "e4m3fn", "mitchell"),
    ("e5m2", "e5m2", "mitchell"),
    ("e4m3fn_ftz", "e4m3fn_ftz", "mitchell"),
    ("hif8", "hif8", "mitchell"),
    ("posit8_0", "posit8_0", "mitchell"),
    ("e4m3fn", "int4", "mitchell"),
    ("int8", "e2m1fn", "mitchell:f1"),
    ("int8", "int8", "mitchell:f3"),
    ("ternary", "e8m0", "mitchell"),
    # Signs apart and in the table, fixed and floating point, special values.
    ("e2m1fn", "e2m1fn", "lut"),
    ("e3m2fn", "e3m2fn", "lut"),
    ("dint4", "dint4", "lut"),
    ("uint5", "e2m1fn", "lut"),
    ("int4", "int4", "lut"),
    ("int8", "ternary", "lut"),
    ("nf4", "int4", "lut"),
    ("posit4_1", "posit4_1", "lut"),
    ("posit5_2", "posit5_2", "lut"),
    ("e2m1", "e2m1", "lut"),
    ("int4", "e2m1", "lut"),
    # One digit to the most; shifted floats; one digit of two bits.
    ("int8", "pot8_k1", "shift-add"),
    ("int8", "pot8_k2", "shift-add"),
    ("int8", "pot8_k4", "shift-add"),
    ("e4m3fn", "pot8_k2", "shift-add"),
    ("e5m2", "pot5_k3", "shift-add"),
    ("uint4", "pot2_k1", "shift-add"),
    # Two's complement with a carry, sign and magnitude, zero times infinity, and no zero at all.
    ("int8", "ternary", "add-skip"),
    ("e5m2", "ternary", "add-skip"),
    ("e4m3fn", "binary", "add-skip"),
    ("uint4", "ternary", "add-skip"),
    ("posit8_0", "bipolar1", "add-skip"),
    ("binary", "binary", "xnor"),
    ("bipolar1", "bipolar3", "xnor"),
    ("bipolar8", "bipolar8", "xnor"),
    # Even and odd widths, unsigned operands.
    ("int8", "int8", "radix4"),
    ("int8", "uint8", "radix4"),
    ("uint4", "uint4", "radix4"),
    ("int5", "int7", "radix4"),
    ("uint3", "int3", "radix4"),
    ("q2_6", "int2", "radix4"),
    # An infinity times a negative integer.
    ("int4", "e5m2", "exact"),
]


class Product(Component):
    """Operand codes in, the product out."""

    def __init__(self, design: Design) -> None:
        d = self._design = design
        super().__init__(
            {
                "a": In(d.a.bits),
                "b": In(d.b.bits),
                "o": Out(product_signature(d.mul, d.a, d.b)),
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        d = self._design
        m.submodules.a_decode = a = operand_decoder(d.mul, d.a)
        m.submodules.b_decode = b = operand_decoder(d.mul, d.b)
        m.submodules.multiply = multiply = multiplier(d.mul, d.a, d.b)
        assert multiply.structure.counts
        m.d.comb += [a.i.eq(self.a), b.i.eq(self.b)]
        connect(m, multiply.a, a.o)
        connect(m, multiply.b, b.o)
        connect(m, self.o, multiply.o)
        return m


def check(a: str, b: str, mul: str) -> int:
    design = Design.parse(f"a={a},b={b},mul={mul},acc=kulisch")
    every_a, every_b = np.arange(1 << design.a.bits), np.arange(1 << design.b.bits)
    x, y = np.repeat(every_a, every_b.size), np.tile(every_b, every_a.size)
    outputs = GateLevel(Product(design))(a=x, b=y)
    record, wanted = decoded(design.product, outputs), golden.products(design, x, y)
    got, expected = record.to_float64(), wanted.to_float64()
    if "o__inf_sign" in outputs:
        # In two's complement an infinity's sign is apart from the significand's.
        got = np.where(record.inf & (outputs["o__inf_sign"] == 1), -np.inf, np.abs(got))
        got = np.where(record.inf, got, record.to_float64())
    same = (got == expected) & (np.signbit(got) == np.signbit(expected))
    same |= np.isnan(got) & np.isnan(expected)
    if "o__zero" in outputs:
        same &= ((outputs["o__zero"] == 1) == wanted.zero) | ~np.isfinite(expected)
    if "o__word" in outputs:
        parts = outputs["o__word"] + outputs["o__carry"] - outputs["o__significand"]
        same &= parts % (1 << min(design.product.significand_bits, design.a.bits)) == 0
    wrong = [
        f"{p:#x} * {q:#x}: {g}, expected {e}"
        for p, q, g, e in zip(x[~same], y[~same], got[~same], expected[~same], strict=True)
    ]
    assert wrong[:5] == []
    return int(x.size)


def used(component: Component) -> Component:
    """Elaborated once: Amaranth warns of components that never are."""
    Fragment.get(component, None)
    return component


@pytest.mark.parametrize("mul", ["mitchell", "mitchell:f1", "exact", "lut", "lmul"])
@pytest.mark.parametrize("a", ["e1m2fn", "e1m2fnuz"])
@pytest.mark.parametrize("b", ["dint4", "uint3", "e1m2finite", "e2m1fn"])
def test_floats_of_one_exponent(a: str, b: str, mul: str) -> None:
    """Their field of the exponent is not 0, although it is always the same."""
    try:
        Design.parse(f"a={a},b={b},mul={mul},acc=kulisch")
    except SpecError:
        assert mul == "lmul"
        return
    assert check(a, b, mul) > 0


@pytest.mark.parametrize(("a", "b", "mul"), some(PAIRS, 2))
def test_all_products_equal_the_golden_models(a, b, mul):
    design = Design.parse(f"a={a},b={b},mul={mul},acc=kulisch")
    assert check(a, b, mul) == 1 << (design.a.bits + design.b.bits)


def test_bricks_are_counted():
    """Section 14: sixteen for 8 x 8 bits, four times as many for 16 x 16."""
    for a, b, bricks in (("int8", "int8", 16), ("int8", "int4", 8), ("int4", "int4", 4),
                         ("int8", "int2", 4), ("int2", "int2", 1), ("int16", "int16", 64),
                         ("int5", "uint3", 6)):  # fmt: skip
        design = Design.parse(f"a={a},b={b},mul=radix4,acc=kulisch")
        component = used(multiplier(design.mul, design.a, design.b))
        assert isinstance(component, Radix4Multiplier)
        assert component.bricks == bricks


@pytest.mark.parametrize(
    ("a", "b", "bits"), [("e2m1fn", "e2m1fn", 6), ("int4", "int4", 8), ("e3m2fn", "e3m2fn", 10)]
)
def test_the_tables_layout_goes_by_size(a, b, bits):
    design = Design.parse(f"a={a},b={b},mul=lut,acc=kulisch")
    assert used(multiplier(design.mul, design.a, design.b)).address_bits == bits


class Table(Component):
    def __init__(self, words: list[int], width: int) -> None:
        self._words, self._width = words, width
        super().__init__({"i": In((len(words) - 1).bit_length()), "o": Out(width)})

    def elaborate(self, platform) -> Module:
        m = Module()
        m.d.comb += self.o.eq(lookup(m, self.i, self._words, self._width, "t"))
        return m


@pytest.mark.parametrize(("bits", "width"), [(1, 1), (3, 5), (6, 2), (9, 7)])
def test_tables_hold_any_words(bits, width):
    rng = np.random.default_rng(bits)
    words = rng.integers(0, 1 << width, 1 << bits)
    outputs = GateLevel(Table(words.tolist(), width))(i=np.arange(1 << bits))
    assert np.array_equal(outputs["o"], words)
