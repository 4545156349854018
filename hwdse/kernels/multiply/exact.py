"""The exact product, by float64 multiplication where it holds it."""

from typing import NamedTuple

from numba import types
from numba.extending import overload

from hwdse.kernels.multiply import Multiplication, Values, multiplication, product
from hwdse.spec import Design, Exact


class ExactProduct(NamedTuple):
    """a * b.

    Attributes:
        zero: -0.0, or 0.0 where products are two's complement and have no negative zero.
    """

    zero: float


@multiplication.register
def _(mul: Exact, design: Design) -> Multiplication:
    source = ExactProduct(zero=0.0 if design.product.twos_complement else -0.0)
    return Multiplication(source=source, swapped=source, prepare=_unchanged, linear=True)


def _unchanged(values: Values) -> Values:
    return values


@overload(product)
def _(source, a, b):  # type: ignore[no-untyped-def]
    if not isinstance(source, types.BaseNamedTuple) or source.instance_class is not ExactProduct:
        return None
    if isinstance(a, types.Integer):
        return lambda source, a, b: a * b
    return lambda source, a, b: a * b + source.zero
