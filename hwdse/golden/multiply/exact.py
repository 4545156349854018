"""The exact product."""

import numpy as np

from hwdse.formats import Format, Unpacked
from hwdse.golden.multiply import multiply
from hwdse.spec import Exact


@multiply.register
def _(mul: Exact, a: Unpacked, b: Unpacked, a_format: Format, b_format: Format) -> Unpacked:
    significand = np.asarray(a.significand * b.significand, object)
    nan = a.nan | b.nan | (a.inf & b.zero) | (a.zero & b.inf)
    sign = a.sign ^ b.sign
    if mul.product(a_format, b_format).twos_complement:
        sign = sign & (significand != 0)  # two's complement has one zero
    return Unpacked(
        sign=sign,
        significand=significand,
        exponent=a.exponent + b.exponent,
        nan=nan,
        inf=(a.inf | b.inf) & ~nan,
    )
