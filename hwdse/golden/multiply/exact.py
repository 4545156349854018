"""The exact product, for all multipliers whose product is exact."""

import numpy as np

from hwdse.formats import Format, Unpacked
from hwdse.formats.unpacked import Array
from hwdse.golden.bounds import within
from hwdse.golden.multiply import multiply
from hwdse.spec import ExactValued


@multiply.register
def _(mul: ExactValued, a: Array, b: Array, a_format: Format, b_format: Format) -> Unpacked:
    product = exact_product(a_format.unpack(a), b_format.unpack(b))
    return within(product, mul.product(a_format, b_format))


def exact_product(a: Unpacked, b: Unpacked) -> Unpacked:
    """Exact a * b of records, including special values."""
    # Python integers: a product may be wider than 64 bits.
    significand = np.asarray(a.exact().significand * b.significand, object)
    nan = a.nan | b.nan | (a.inf & b.zero) | (a.zero & b.inf)
    return Unpacked(
        sign=a.sign ^ b.sign,
        significand=significand,
        exponent=a.exponent + b.exponent,
        nan=nan,
        inf=(a.inf | b.inf) & ~nan,
    )
