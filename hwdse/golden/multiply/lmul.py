"""L-Mul (Luo and Sun, 2024): the product of two floats by one integer addition."""

from dataclasses import replace

import numpy as np

from hwdse.formats import Format, Minifloat, Unpacked
from hwdse.formats.unpacked import Array
from hwdse.golden.multiply import multiply
from hwdse.spec import LMul


@multiply.register
def _(mul: LMul, a_codes: Array, b_codes: Array, a_format: Format, b_format: Format) -> Unpacked:
    operand = mul.operand(a_format, b_format)
    a, b = operand.unpack(a_codes).exact(), operand.unpack(b_codes).exact()
    a_zero, b_zero = _flushed(a, operand), _flushed(b, operand)
    if mul.formula:
        product, underflow, overflow = _by_formula(mul, a, b, operand)
    else:
        product, underflow, overflow = _by_integers(mul, a, b, operand)
    largest = operand.unpack(np.array(operand.max_code, np.int64)).exact()
    nan = a.nan | b.nan | (a.inf & b_zero) | (a_zero & b.inf)
    zero = (a_zero | b_zero | underflow) & ~(a.inf | b.inf) | nan
    overflow = overflow & ~zero
    inf = (a.inf | b.inf | (overflow & mul.overflows_to_inf(operand))) & ~nan
    clamped = overflow & ~inf
    return Unpacked(
        sign=(a.sign ^ b.sign) & (operand.has_negative_zero | ~zero),
        significand=np.where(
            clamped, largest.significand, np.where(zero | inf, 0, product.significand)
        ),
        exponent=np.where(clamped, largest.exponent, product.exponent),
        nan=nan,
        inf=inf,
    )


def _flushed(value: Unpacked, operand: Minifloat) -> Array:
    """Which values are zero or subnormal; L-Mul treats both as zero."""
    normal = np.asarray(value.significand >= 1 << operand.fraction_bits, bool)
    return ~normal & ~value.nan & ~value.inf


def _fields(value: Unpacked, operand: Minifloat) -> tuple[Array, Array]:
    """Unbiased exponent and fraction (in LSBs) of normal values."""
    m = operand.fraction_bits
    return value.exponent.astype(object) + m, value.significand - (1 << m)


def _by_integers(
    mul: LMul, a: Unpacked, b: Unpacked, operand: Minifloat
) -> tuple[Unpacked, Array, Array]:
    """Z = X + Y - (bias << M) + offset on magnitude codes; the product is the value of code Z."""
    m, bias = operand.fraction_bits, operand.bias
    (a_exponent, a_fraction), (b_exponent, b_fraction) = _fields(a, operand), _fields(b, operand)
    x = ((a_exponent + bias) << m) + a_fraction
    y = ((b_exponent + bias) << m) + b_fraction
    z = x + y - (bias << m) + mul.offset_in_lsb(operand)
    underflow = np.asarray(z < 1 << m, bool)
    overflow = np.asarray(z > operand.max_code, bool)
    code = np.where(underflow | overflow, 0, z).astype(np.int64)
    return operand.unpack(code).exact(), underflow, overflow


def _by_formula(
    mul: LMul, a: Unpacked, b: Unpacked, operand: Minifloat
) -> tuple[Unpacked, Array, Array]:
    """The product (1 + xm + ym + 2^-l) 2^(xe + ye), computed exactly."""
    m = operand.fraction_bits
    (a_exponent, a_fraction), (b_exponent, b_fraction) = _fields(a, operand), _fields(b, operand)
    significand = (1 << m) + a_fraction + b_fraction + mul.offset_in_lsb(operand)
    exponent = a_exponent + b_exponent - m
    # In LSBs, the smallest normal is 2^M, and the largest value is also an integer.
    lsb = operand.lsb_exponent
    base = np.minimum(exponent, lsb)
    in_base = significand << (exponent - base)
    largest = operand.unpack(np.array(operand.max_code, np.int64))
    largest_in_lsb = int(largest.significand) << (int(largest.exponent) - lsb)
    underflow = np.asarray(in_base < (1 << m) << (lsb - base), bool)
    overflow = np.asarray(in_base > largest_in_lsb << (lsb - base), bool)
    value = replace(a, significand=significand, exponent=exponent.astype(np.int64))
    return value, underflow, overflow
