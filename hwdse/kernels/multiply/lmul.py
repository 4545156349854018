"""L-Mul by integer addition of float64 patterns, in vector instructions instead of a table.

Take a normal value of a narrower float in float64. The fraction and exponent fields of the float64
are then the fields of the narrower float, shifted. Adding the patterns therefore adds the codes.
Zero, infinity and NaN come from the float product of the same operands, which treats them as L-Mul
does.
"""

from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numba import types
from numba.extending import overload

from hwdse.errors import SpecError
from hwdse.formats import Minifloat
from hwdse.kernels.arithmetic import bits_of, exponent_bits, float_like, with_sign_of
from hwdse.kernels.extent import Extent
from hwdse.kernels.multiply import Carrier, Multiplication, Values, multiplication, product
from hwdse.spec import Design, LMul

#: Up to these exponents, sums of patterns (also with the pattern of a zero) fit the carrier's
#: integers. The last constant limits the precision in float32.
_LARGEST_EXPONENT_64 = 500
_LARGEST_EXPONENT_32 = 60
_LARGEST_PRECISION_32 = 22
_FLOAT32_BIAS, _FLOAT32_LSB = 127, -149


class IntegerForm(NamedTuple):
    """L-Mul as an addition of patterns.

    Attributes:
        correction: added to the sum of two patterns; the offset minus the bias, which counts twice.
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


class NarrowForm(NamedTuple):
    """L-Mul as an addition of patterns, for finite operands whose products do not overflow.

    Attributes:
        correction: see `IntegerForm`.
        smallest: pattern of a number not above any product but zero.
        zero: see `IntegerForm`.
    """

    correction: int
    smallest: int
    zero: float


class FormulaForm(NamedTuple):
    """L-Mul as an addition of fractions and an addition of exponents, without a carry between them.

    Attributes:
        rest: 1 - 2^-l.
        smallest: smallest normal; a lower product is zero.
        largest: largest value.
        beyond: value that replaces a product above `largest`.
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
    lowest = operand.lsb_exponent + operand.fraction_bits
    exponent = max(operand.max_exponent, -lowest)
    if exponent > _LARGEST_EXPONENT_64:
        raise SpecError(
            f"multiplier {mul} of {operand} has no fast kernel: exponents reach {exponent}, at "
            f"most {_LARGEST_EXPONENT_64} are supported"
        )
    source = _FormulaSource(mul, operand) if mul.formula else _IntegerSource(mul, operand)
    flush = _Flush(operand)
    return Multiplication(
        source=source,
        swapped=source,
        single=exponent <= _LARGEST_EXPONENT_32 and operand.precision <= _LARGEST_PRECISION_32,
        prepare_first=flush,
        prepare_second=flush,
        linear=False,
        narrow=None if mul.formula else partial(_narrow, mul, operand),
    )


def _narrow(
    mul: LMul, operand: Minifloat, left: Extent, right: Extent
) -> tuple[Multiplication, Extent] | None:
    """The code for operands of these extents, if no product can overflow or become zero.

    The pattern of a zero counts as 2^-127, so that its sums are below 2^top. All other products are
    at least 2^(lsb + lsb - 1).
    """
    top, least = max(left.top, right.top) + 2 - _FLOAT32_BIAS, left.lsb + right.lsb - 1
    products = Extent(lsb=least - operand.fraction_bits, top=left.top + right.top + 2)
    smallest_normal = operand.lsb_exponent + operand.fraction_bits
    if (
        least <= max(top, smallest_normal)
        or products.lsb < _FLOAT32_LSB
        or products.top > min(operand.max_exponent, _LARGEST_EXPONENT_32)
        or max(left.top, right.top) > _LARGEST_EXPONENT_32
        or operand.precision > _LARGEST_PRECISION_32
    ):
        return None
    general = _IntegerSource(mul, operand)

    def source(carrier: Carrier) -> NarrowForm:
        info, integer = np.finfo(carrier), np.dtype(f"i{carrier.itemsize}")
        return NarrowForm(
            correction=general(carrier).correction,
            smallest=integer.type((least + info.maxexp - 1) << info.nmant),
            zero=general(carrier).zero,
        )

    flush = _Flush(operand)
    multiplication = Multiplication(
        source=source,
        swapped=source,
        single=True,
        prepare_first=flush,
        prepare_second=flush,
        linear=False,
    )
    return multiplication, products


class _Source:
    """Makes the named tuples of one multiplier and format."""

    def __init__(self, mul: LMul, operand: Minifloat) -> None:
        self._operand = operand
        self._offset = mul.offset_in_lsb(operand)
        self._beyond = np.inf if mul.overflows_to_inf(operand) else operand.max
        self._zero = -0.0 if operand.has_negative_zero else 0.0


class _IntegerSource(_Source):
    def __call__(self, carrier: Carrier) -> IntegerForm:
        info, operand = np.finfo(carrier), self._operand
        integer = np.dtype(f"i{carrier.itemsize}")

        def pattern(value: float) -> Any:
            return carrier.type(value).view(integer)

        offset = self._offset << (info.nmant - operand.fraction_bits)
        return IntegerForm(
            correction=integer.type(offset - ((info.maxexp - 1) << info.nmant)),
            smallest=pattern(operand.min_normal),
            largest=pattern(operand.max),
            beyond=pattern(self._beyond),
            zero=carrier.type(self._zero),
        )


class _FormulaSource(_Source):
    def __call__(self, carrier: Carrier) -> FormulaForm:
        operand, number = self._operand, carrier.type
        return FormulaForm(
            rest=number(1.0 - self._offset / (1 << operand.fraction_bits)),
            smallest=number(operand.min_normal),
            largest=number(operand.max),
            beyond=number(self._beyond),
            zero=number(self._zero),
        )


class _Flush:
    """Prepares operands: subnormals become zero and keep their sign."""

    def __init__(self, operand: Minifloat) -> None:
        self._smallest = operand.min_normal

    def __call__(self, values: Values) -> Values:
        return np.where(np.abs(values) < self._smallest, np.copysign(0.0, values), values)


@overload(product)
def _(source, a, b):  # type: ignore[no-untyped-def]
    if not isinstance(source, types.BaseNamedTuple):
        return None
    if source.instance_class is IntegerForm:

        def integer_form(source, a, b):  # type: ignore[no-untyped-def]
            # The pattern of a zero operand is so low that its sums fall below `smallest`.
            exact = a * b
            pattern = bits_of(float_like(exact, bits_of(abs(a)) + source.correction))
            pattern = bits_of(float_like(exact, pattern + bits_of(abs(b))))
            magnitude = source.beyond if pattern > source.largest else pattern
            magnitude = magnitude if pattern >= source.smallest else 0
            signed = with_sign_of(float_like(exact, magnitude), exact)
            return (signed if abs(exact) < np.inf else exact) + source.zero

        return integer_form
    if source.instance_class is NarrowForm:

        def narrow_form(source, a, b):  # type: ignore[no-untyped-def]
            pattern = bits_of(float_like(a, bits_of(abs(a)) + source.correction))
            pattern = bits_of(float_like(a, pattern + bits_of(abs(b))))
            magnitude = pattern if pattern >= source.smallest else 0
            signs = float_like(a, bits_of(a) ^ bits_of(b))
            return with_sign_of(float_like(a, magnitude), signs) + source.zero

        return narrow_form
    if source.instance_class is FormulaForm:

        def formula_form(source, a, b):  # type: ignore[no-untyped-def]
            exact = a * b
            a_power = float_like(a, exponent_bits(a))
            b_power = float_like(b, exponent_bits(b))
            # (1 + xm + ym + 2^-l) 2^(xe+ye): each step is exact. For a zero, the power is zero.
            magnitude = b_power * (abs(a) - a_power * source.rest) + a_power * abs(b)
            limited = source.beyond if magnitude > source.largest else magnitude
            limited = limited if magnitude >= source.smallest else abs(source.zero)
            signed = with_sign_of(limited, exact)
            return (signed if abs(exact) < np.inf else exact) + source.zero

        return formula_form
    return None
