"""The exact product, for all multipliers whose product is exact."""

from dataclasses import replace

import numpy as np

from hwdse.formats import Format, Unpacked, UnpackedShape
from hwdse.formats.unpacked import Array, bit_length
from hwdse.golden.multiply import multiply
from hwdse.spec import ExactValued


@multiply.register
def _(mul: ExactValued, a: Array, b: Array, a_format: Format, b_format: Format) -> Unpacked:
    product = exact_product(a_format.unpack(a).exact(), b_format.unpack(b).exact())
    return within(product, mul.product(a_format, b_format))


def exact_product(a: Unpacked, b: Unpacked) -> Unpacked:
    """Exact a * b of records, including special values."""
    significand = np.asarray(a.significand * b.significand, object)
    nan = a.nan | b.nan | (a.inf & b.zero) | (a.zero & b.inf)
    return Unpacked(
        sign=a.sign ^ b.sign,
        significand=significand,
        exponent=a.exponent + b.exponent,
        nan=nan,
        inf=(a.inf | b.inf) & ~nan,
    )


def within(product: Unpacked, shape: UnpackedShape) -> Unpacked:
    """The same values as records within bounds; with two's complement, zero is positive."""
    longer = np.maximum(bit_length(product.significand) - shape.magnitude_bits, 0)
    if shape.twos_complement:
        # -2^magnitude_bits fits, although its magnitude has one bit more.
        longer = np.maximum(longer - 1, 0)
    exponent = np.clip(product.exponent + longer, shape.exponent_min, shape.exponent_max)
    up = (product.exponent - exponent).clip(0).astype(object)
    down = (exponent - product.exponent).clip(0).astype(object)
    sign = product.sign
    if shape.twos_complement:
        sign = sign & ((product.significand != 0) | product.inf)
    return replace(
        product,
        sign=sign,
        significand=np.asarray((product.significand << up) >> down, object),
        exponent=np.asarray(exponent, np.int64),
    )
