"""The exact product."""

from dataclasses import replace

import numpy as np

from hwdse.formats import Format, Unpacked
from hwdse.formats.unpacked import Array
from hwdse.golden.multiply import multiply
from hwdse.spec import Exact


@multiply.register
def _(mul: Exact, a: Array, b: Array, a_format: Format, b_format: Format) -> Unpacked:
    product = exact_product(a_format.unpack(a).exact(), b_format.unpack(b).exact())
    if mul.product(a_format, b_format).twos_complement:
        # Two's complement has one zero.
        return replace(product, sign=product.sign & (product.significand != 0))
    return product


def exact_product(a: Unpacked, b: Unpacked) -> Unpacked:
    """Exact a * b of records, special values included."""
    significand = np.asarray(a.significand * b.significand, object)
    nan = a.nan | b.nan | (a.inf & b.zero) | (a.zero & b.inf)
    return Unpacked(
        sign=a.sign ^ b.sign,
        significand=significand,
        exponent=a.exponent + b.exponent,
        nan=nan,
        inf=(a.inf | b.inf) & ~nan,
    )
