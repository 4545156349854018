"""Sums of products beyond float64, as integers of any length: right for every format, and slow."""

from functools import singledispatch
from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.errors import SpecError
from hwdse.formats import Format, Unpacked
from hwdse.kernels.multiply import Multiplication, unchanged
from hwdse.spec import Accumulator, Design, FusedFloat, Kulisch

Codes = npt.NDArray[Any]

#: Terms of an exact sum that are added at once.
_AT_ONCE = 32


@singledispatch
def _rounded(acc: Accumulator, design: Design, total: Unpacked) -> Unpacked:
    """The running sum for an exact sum."""
    del total
    product = design.product
    raise SpecError(
        f"products of {design.a} and {design.b} have no fast kernel with accumulator {acc}: they "
        f"take {product.magnitude_bits} bits from 2^{product.exponent_min} to 2^{product.top}"
    )


@_rounded.register
def _(acc: FusedFloat, design: Design, total: Unpacked) -> Unpacked:
    codes = acc.format.pack(total, design.rounding, acc.format.overflow)
    return acc.format.unpack(acc.format.check_codes(codes)).exact()


@_rounded.register
def _(acc: Kulisch, design: Design, total: Unpacked) -> Unpacked:
    del acc
    # The register has the LSB of the products, and wraps.
    lsb, half = design.state.exponent_min, 1 << (design.state.significand_bits - 1)
    number = total.signed_significand << (total.exponent - lsb).astype(object)
    number = (number + half) % (2 * half) - half
    return _number(number, np.full(total.shape, lsb), number < 0, total.nan, total.inf, total.sign)


def long_matmul(design: Design, mul: Multiplication, left: Codes, right: Codes) -> Codes:
    """The matrix products of (S, M, K) codes of `design.a` and (S, K, N) codes of `design.b`.

    Raises:
        SpecError: the accumulator adds neither exactly nor by fused additions of floats, or the
            multiplier is not exact.
        FormatError: a code is out of range.
    """
    acc, lanes = design.accumulator, design.unit.group
    plain = mul.linear and mul.prepare_first is unchanged and mul.prepare_second is unchanged
    if not plain:
        raise SpecError(
            f"products of {design.a} and {design.b} by multiplier {design.mul} have no fast kernel"
        )
    step = max(_AT_ONCE // lanes, 1) * lanes if isinstance(acc, Kulisch) else lanes
    a, b = _unpacked(design.a, left, lanes), _unpacked(design.b, right.swapaxes(1, 2), lanes)
    state = Unpacked.zeros((left.shape[0], left.shape[1], right.shape[2]))
    for k in range(0, a.shape[-1], step):
        first, second = a[:, :, None, k : k + step], b[:, None, :, k : k + step]
        state = _rounded(acc, design, _sum(state, _products(first, second), design.rounding))
    return np.asarray(design.out.pack(state, design.rounding, design.out.overflow))


def _unpacked(number_format: Format, codes: Codes, lanes: int) -> Unpacked:
    """Values of codes; zeros fill the last group."""
    missing = -codes.shape[-1] % lanes
    checked = number_format.check_codes(codes)
    if missing:
        zero = int(number_format.encode(0.0))
        checked = np.pad(checked, ((0, 0), (0, 0), (0, missing)), constant_values=zero)
    return number_format.unpack(checked).exact()


def _products(a: Unpacked, b: Unpacked) -> Unpacked:
    nan = a.nan | b.nan | (a.inf & b.zero) | (a.zero & b.inf)
    return Unpacked(
        sign=a.sign ^ b.sign,
        significand=a.significand * b.significand,
        exponent=a.exponent + b.exponent,
        nan=nan,
        inf=(a.inf | b.inf) & ~nan,
    )


def _sum(state: Unpacked, terms: Unpacked, rounding: str) -> Unpacked:
    """The exact sum of a running sum and the terms on the last axis."""
    lowest = int(min(state.exponent.min(), terms.exponent.min()))
    total = state.signed_significand << (state.exponent - lowest).astype(object)
    shifted = terms.signed_significand << (terms.exponent - lowest).astype(object)
    total = np.asarray(total + shifted.sum(axis=-1), object)
    plus = (state.inf & ~state.sign) | (terms.inf & ~terms.sign).any(axis=-1)
    minus = (state.inf & state.sign) | (terms.inf & terms.sign).any(axis=-1)
    nan = state.nan | terms.nan.any(axis=-1) | (plus & minus)
    any_sign = state.sign | terms.sign.any(axis=-1)
    every_sign = state.sign & terms.sign.all(axis=-1)
    zero_sign = any_sign if rounding == "down" else every_sign
    sign = np.where(total == 0, zero_sign, total < 0).astype(bool)
    return _number(total, np.full(total.shape, lowest), sign, nan, (plus | minus) & ~nan, minus)


def _number(  # noqa: PLR0917 - the parts of a number
    total: Codes, exponent: Codes, sign: Codes, nan: Codes, inf: Codes, inf_sign: Codes
) -> Unpacked:
    return Unpacked(
        sign=np.where(inf, inf_sign, sign).astype(bool),
        significand=np.where(nan | inf, 0, np.abs(total)).astype(object),
        exponent=exponent.astype(np.int64),
        nan=nan,
        inf=inf,
    )
