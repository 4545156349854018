"""Slow, exact products and running sums of blocks, from the formula of OCP Microscaling v1.0.

Nothing here is taken from `hwdse`: a product is X_a X_b sum(P_a P_b), as section 6.1 of the format
specification has it.
"""

from fractions import Fraction

from reference.blocks import NAMED, Block
from reference.dot_products import FusedSum, KulischSum, exact_product, exact_sum
from reference.number_formats import ALL, Float, Int, Value, real


def block_of(name: str) -> Block:
    """A named block format, or a text form without rule: element, size and scale."""
    if name in NAMED:
        return NAMED[name]
    _, element, size, scale = name.split(":")[:4]
    return Block(_number(element), int(size), ALL[scale], "")


def _number(name: str) -> Float | Int:
    if name.startswith("q"):
        whole, fraction = map(int, name[1:].removesuffix("_sym").split("_"))
        return Int(whole + fraction, fraction, symmetric=name.endswith("_sym"))
    if name.startswith("int"):
        return Int(int(name[3:].removesuffix("_sym")), symmetric=name.endswith("_sym"))
    return ALL[name]


def product(a: Block, b: Block, x: list[int], x_scale: int, y: list[int], y_scale: int) -> Value:
    """The exact product of two blocks of codes. Zero has no sign."""
    terms = [
        exact_product(a.element.decode(p), b.element.decode(q)) for p, q in zip(x, y, strict=True)
    ]
    scales = exact_product(a.scale.decode(x_scale), b.scale.decode(y_scale))
    found = exact_product(exact_sum(terms, "rne"), scales)
    return found if found.special or found.magnitude else Value()


def running(
    acc: FusedSum | KulischSum, out: Float, products: list[list[Value]], rounding: str
) -> list[int]:
    """The output code after each group of products."""
    state, codes = real(Fraction(0)), []
    for group in products:
        state = acc.add(state, group, rounding)
        codes.append(out.encode(state, rounding, out.default_overflow))
    return codes
