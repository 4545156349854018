"""The exact product, for every multiplier that computes it, as a float64 multiplication."""

from typing import Any, NamedTuple

from numba import types
from numba.extending import overload

from hwdse.kernels.multiply import Carrier, Multiplication, multiplication, product, unchanged
from hwdse.spec import Design, ExactValued


class FloatProduct(NamedTuple):
    """a * b with the IEEE 754 sign of zero.

    Attributes:
        zero: zero; not used, but a tuple needs a field.
    """

    zero: float


class IntegerProduct(NamedTuple):
    """a * b without negative zero, as in two's complement.

    Attributes:
        zero: +0, added to the product.
    """

    zero: float


@multiplication.register
def exact_multiplication(mul: ExactValued, design: Design) -> Multiplication:
    """The multiplication a * b."""
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
