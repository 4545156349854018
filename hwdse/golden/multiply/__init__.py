"""The arithmetic of each multiplier, one module per multiplier."""

from functools import singledispatch

from hwdse.errors import SpecError
from hwdse.formats import Format, Unpacked
from hwdse.formats.unpacked import Array
from hwdse.golden.bounds import within
from hwdse.plugins import load_modules
from hwdse.spec import Multiplier


@singledispatch
def multiply(mul: Multiplier, a: Array, b: Array, a_format: Format, b_format: Format) -> Unpacked:
    """Products of operand codes, element by element, with NumPy broadcasting.

    Args:
        mul: the multiplier.
        a: codes of `a_format`; the caller has checked their range.
        b: codes of `b_format`; the caller has checked their range.
        a_format: format of `a`.
        b_format: format of `b`.

    Returns:
        The products as records within the bounds of `mul.product(a_format, b_format)`.
    """
    if mul.named == mul:
        raise SpecError(f"multiplier {mul} has no golden rule")
    # A multiplier that a unit has made of another one multiplies single elements like this one.
    product = multiply(mul.named, a, b, a_format, b_format)
    return within(product, mul.product(a_format, b_format))


load_modules(__name__, __path__)
