"""Common parts of the floating-point accumulators.

These are the exact sum of a group, the sign of zero and the special values.
"""

from dataclasses import replace
from operator import and_, or_
from typing import Any

from amaranth.hdl import Module, Mux, Signal, Value

from hwdse.formats import BinaryFloat, UnpackedShape, clog2
from hwdse.hdl.accumulate import Step
from hwdse.hdl.blocks import balanced
from hwdse.hdl.group_sum import group_sum
from hwdse.hdl.targets import Target
from hwdse.hdl.unpacked import Record, drive, fields
from hwdse.primitives.structure import Structure
from hwdse.spec import Design


def group_shape(design: Design) -> UnpackedShape:
    """Bounds of the exact sum of one group.

    For a group of one, these are the bounds of the product, otherwise the bounds of a fixed-point
    word.
    """
    product = design.product
    if design.unit.group == 1:
        return product
    return UnpackedShape(
        significand_bits=product.fixed_point_bits + clog2(design.unit.group) + 1,
        exponent_min=product.exponent_min,
        exponent_max=product.exponent_min,
        twos_complement=True,
    )


def group_structure(design: Design) -> Structure:
    """Structure of the exact sum of one group."""
    return group_sum(design.mul, design).structure if design.unit.group > 1 else Structure()


def connect_group(m: Module, sink: Any, step: Step, design: Design, target: Target) -> None:
    """Connect `sink` (of `group_shape`) to the only product, or to the exact sum of several."""
    products = step.products
    if len(products) == 1:
        drive(m, sink, **fields(products[0]))
        return
    total, carry = group_sum(design.mul, design).add(m, products, target)
    m.d.comb += sink.significand.eq(total if carry is None else total + carry)


def reached(number_format: BinaryFloat, product: UnpackedShape) -> UnpackedShape | None:
    """Bounds of the rounded sums that are not zero; None if any of them can be subnormal.

    Products are multiples of 2^exponent_min, and so are their exact sums. A rounded sum that is not
    zero is therefore at least 2^exponent_min.
    """
    bounds, fraction_bits = number_format.unpacked, number_format.fraction_bits
    lowest = product.exponent_min - fraction_bits
    if not number_format.subnormals or lowest < number_format.lsb_exponent:
        return None
    return replace(bounds, exponent_min=min(lowest, bounds.exponent_max), leading_zeros=0)


def zero_sign(terms: list[Record], rounding: str) -> Value:
    """Sign of an exact zero sum (IEEE 754-2019 section 6.3)."""
    return balanced(or_ if rounding == "down" else and_, [term.sign for term in terms])


def special_terms(terms: list[Record]) -> tuple[Value, Value, Value]:
    """Whether the sum of the terms is NaN, whether it is infinite, and the infinity's sign."""
    plus = balanced(or_, [t.inf & ~t.inf_sign for t in terms])
    minus = balanced(or_, [t.inf & t.inf_sign for t in terms])
    nan = balanced(or_, [t.nan for t in terms]) | (plus & minus)
    return nan, plus | minus, minus


def with_specials(
    m: Module, number_format: BinaryFloat, terms: list[Record], code: Value, name: str = "result"
) -> Signal:
    """The code of a sum: NaN or infinity if the terms ask for it, else `code`.

    `code` is the rounded sum of the terms without special values. In a format without infinity, an
    infinity becomes the largest value.
    """
    f = number_format
    result = Signal(f.bits, name=name)
    nan, inf, minus = special_terms(terms)
    inf_code = f.max_code if f.inf_code is None else f.inf_code
    m.d.comb += result.eq(code)
    with m.If(inf):
        m.d.comb += result.eq(Mux(minus, inf_code | f.sign_code, inf_code))
    with m.If(nan):
        m.d.comb += result.eq(f.nan_code or 0)
    return result
