"""L-Mul by integer addition of float64 patterns, in vector instructions instead of a table.

The fraction and exponent fields of a float64 that holds a narrower float's normal value are that
float's, shifted; adding the patterns adds the codes. Zero, infinity and NaN come from the float
product of the same operands, which treats them as L-Mul does.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import types
from numba.extending import overload

from hwdse.formats import Minifloat
from hwdse.kernels.arithmetic import (
    EXPONENT_MASK,
    FLOAT64_FRACTION_BITS,
    MAGNITUDE_MASK,
    SIGN_MASK,
    bits_of,
    float_of,
)
from hwdse.kernels.multiply import Multiplication, Values, multiplication, product
from hwdse.spec import Design, LMul

_FLOAT64_BIAS = 1023


class IntegerForm(NamedTuple):
    """Patterns added.

    Attributes:
        correction: added to the sum of two patterns: the offset less the bias counted twice.
        smallest: pattern of the smallest normal; a lower sum is zero.
        largest: pattern of the largest value.
        beyond: pattern that replaces a sum above `largest`.
        zero: -0.0, or 0.0 in a format without negative zero.
    """

    correction: int
    smallest: int
    largest: int
    beyond: int
    zero: float


class FormulaForm(NamedTuple):
    """Fractions added, exponents added, no carry between them.

    Attributes:
        rest: 1 - 2^-l.
        smallest: smallest normal; a lower product is zero.
        largest: largest value.
        beyond: what replaces a product above `largest`.
        zero: -0.0, or 0.0 in a format without negative zero.
    """

    rest: float
    smallest: float
    largest: float
    beyond: float
    zero: float


@multiplication.register
def _(mul: LMul, design: Design) -> Multiplication:
    operand = mul.operand(design.a, design.b)
    smallest = operand.min_normal
    beyond = np.inf if mul.overflows_to_inf(operand) else operand.max
    zero = -0.0 if operand.has_negative_zero else 0.0
    offset = mul.offset_in_lsb(operand)
    source: Any
    if mul.formula:
        source = FormulaForm(
            rest=1.0 - offset / (1 << operand.fraction_bits),
            smallest=smallest,
            largest=operand.max,
            beyond=beyond,
            zero=zero,
        )
    else:
        lsb = FLOAT64_FRACTION_BITS - operand.fraction_bits
        source = IntegerForm(
            correction=(offset << lsb) - (_FLOAT64_BIAS << FLOAT64_FRACTION_BITS),
            smallest=_pattern(smallest),
            largest=_pattern(operand.max),
            beyond=_pattern(beyond),
            zero=zero,
        )
    return Multiplication(source=source, swapped=source, prepare=_Flush(operand), linear=False)


class _Flush:
    """Subnormals count as zero and keep their sign."""

    def __init__(self, operand: Minifloat) -> None:
        self._smallest = operand.min_normal

    def __call__(self, values: Values) -> Values:
        return np.where(np.abs(values) < self._smallest, np.copysign(0.0, values), values)


def _pattern(value: float) -> int:
    return int(np.float64(value).view(np.int64))


@overload(product)
def _(source, a, b):  # type: ignore[no-untyped-def]
    if not isinstance(source, types.BaseNamedTuple):
        return None
    if source.instance_class is IntegerForm:

        def integer_form(source, a, b):  # type: ignore[no-untyped-def]
            exact = a * b
            pattern = (bits_of(a) & MAGNITUDE_MASK) + source.correction
            pattern = pattern + (bits_of(b) & MAGNITUDE_MASK)
            beyond = pattern > source.largest
            pattern = source.beyond if beyond else pattern
            pattern = pattern if pattern >= source.smallest else np.int64(0)
            signed = float_of(pattern | (bits_of(exact) & SIGN_MASK))
            ordinary = (abs(exact) > 0.0) & (abs(exact) < np.inf)
            return (signed if ordinary else exact) + source.zero

        return integer_form
    if source.instance_class is FormulaForm:

        def formula_form(source, a, b):  # type: ignore[no-untyped-def]
            exact = a * b
            a_power = float_of(bits_of(a) & EXPONENT_MASK)
            b_power = float_of(bits_of(b) & EXPONENT_MASK)
            # (1 + xm + ym + 2^-l) 2^(xe+ye): each step is exact in float64.
            magnitude = b_power * (abs(a) - a_power * source.rest) + a_power * abs(b)
            magnitude = magnitude if magnitude >= source.smallest else 0.0
            magnitude = source.beyond if magnitude > source.largest else magnitude
            signed = float_of(bits_of(magnitude) | (bits_of(exact) & SIGN_MASK))
            ordinary = (abs(exact) > 0.0) & (abs(exact) < np.inf)
            return (signed if ordinary else exact) + source.zero

        return formula_form
    return None
