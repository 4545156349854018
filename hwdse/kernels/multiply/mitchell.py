"""Mitchell's product by integer addition of float64 patterns.

The exponent and fraction fields of a float64, read together, are a logarithm that is linear between
powers of two. The leading one is already found. Adding patterns therefore adds logarithms.
"""

from typing import NamedTuple

import numpy as np
from numba import types
from numba.extending import overload

from hwdse.errors import SpecError
from hwdse.kernels.arithmetic import bits_of, float_like, with_sign_of
from hwdse.kernels.multiply import Carrier, Multiplication, multiplication, product, unchanged
from hwdse.spec import Design, Mitchell

#: Up to these exponents and precisions, products stay within the carrier's normal numbers.
_LARGEST_EXPONENT_64 = 500
_LARGEST_EXPONENT_32 = 60
_LARGEST_PRECISION_64 = 52
_LARGEST_PRECISION_32 = 22


class Logarithms(NamedTuple):
    """Mitchell's product as an addition of patterns.

    Attributes:
        mask: keeps the leading bits of an operand's fraction and clears the others.
        correction: added to the sum of two patterns, which counts the bias twice.
        zero: -0.0, or 0.0 if zeros have no sign.
    """

    mask: int
    correction: int
    zero: float


@multiplication.register
def _(mul: Mitchell, design: Design) -> Multiplication:
    shapes = design.a.unpacked, design.b.unpacked
    exponent = max(max(-shape.exponent_min, shape.top) for shape in shapes)
    precision = max(shape.magnitude_bits for shape in shapes)
    if exponent > _LARGEST_EXPONENT_64 or precision > _LARGEST_PRECISION_64:
        raise SpecError(
            f"multiplier {mul} of {design.a} and {design.b} has no fast kernel: operands of "
            f"{precision} bits and exponents to {exponent}, at most {_LARGEST_PRECISION_64} and "
            f"{_LARGEST_EXPONENT_64} are supported"
        )
    source = _Source(
        mul.fraction(design.a, design.b),
        0.0 if any(shape.twos_complement for shape in shapes) else -0.0,
    )
    return Multiplication(
        source=source,
        swapped=source,
        single=exponent <= _LARGEST_EXPONENT_32 and precision <= _LARGEST_PRECISION_32,
        prepare_first=unchanged,
        prepare_second=unchanged,
        linear=False,
    )


class _Source:
    """Makes the named tuples of one multiplier."""

    def __init__(self, fraction_bits: int, zero: float) -> None:
        self._fraction_bits, self._zero = fraction_bits, zero

    def __call__(self, carrier: Carrier) -> Logarithms:
        info = np.finfo(carrier)
        integer = np.dtype(f"i{carrier.itemsize}")
        cut = info.nmant - self._fraction_bits
        return Logarithms(
            mask=integer.type(-(1 << cut)),
            correction=integer.type(-((info.maxexp - 1) << info.nmant)),
            zero=carrier.type(self._zero),
        )


@overload(product)
def _(source, a, b):  # type: ignore[no-untyped-def]
    if not isinstance(source, types.BaseNamedTuple) or source.instance_class is not Logarithms:
        return None

    def logarithms(source, a, b):  # type: ignore[no-untyped-def]
        exact = a * b
        first = bits_of(abs(a)) & source.mask
        second = bits_of(abs(b)) & source.mask
        pattern = bits_of(float_like(exact, first + source.correction))
        magnitude = pattern + second if abs(exact) > 0 else 0
        signed = with_sign_of(float_like(exact, magnitude), exact)
        return (signed if abs(exact) < np.inf else exact) + source.zero

    return logarithms
