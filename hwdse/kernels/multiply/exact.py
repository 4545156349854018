"""The exact product, of whatever multiplier, by float64 multiplication where it holds it."""

from typing import Any, NamedTuple

from numba import types
from numba.extending import overload

from hwdse.kernels.multiply import Carrier, Multiplication, multiplication, product, unchanged
from hwdse.spec import Design, ExactValued


class FloatProduct(NamedTuple):
    """a * b with its IEEE 754 sign of zero.

    Attributes:
        zero: zero; unused, a tuple needs a field.
    """

    zero: float


class IntegerProduct(NamedTuple):
    """a * b without negative zero, as two's complement has it.

    Attributes:
        zero: +0, added to the product.
    """

    zero: float


@multiplication.register
def exact_multiplication(mul: ExactValued, design: Design) -> Multiplication:
    """By a * b."""
    del mul
    kind = IntegerProduct if design.product.twos_complement else FloatProduct

    def source(carrier: Carrier) -> Any:
        return kind(zero=carrier.type(0))

    return Multiplication(
        source=source,
        swapped=source,
        single=True,
        prepare_first=unchanged,
        prepare_second=unchanged,
        linear=True,
    )


@overload(product)
def _(source, a, b):  # type: ignore[no-untyped-def]
    if not isinstance(source, types.BaseNamedTuple):
        return None
    if source.instance_class is FloatProduct:
        return lambda source, a, b: a * b
    if source.instance_class is IntegerProduct:
        return lambda source, a, b: a * b + source.zero
    return None
