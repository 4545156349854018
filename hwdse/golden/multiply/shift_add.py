"""The product with a weight that is a sum of few powers of two."""

from dataclasses import replace

import numpy as np

from hwdse.formats import Format, Unpacked, signed_digits
from hwdse.formats.unpacked import Array
from hwdse.golden.bounds import within
from hwdse.golden.multiply import multiply
from hwdse.golden.multiply.exact import exact_product
from hwdse.spec import ShiftAdd


@multiply.register
def _(mul: ShiftAdd, a: Array, b: Array, a_format: Format, b_format: Format) -> Unpacked:
    weight = b_format.unpack(b).exact()
    terms = mul.weights(b_format).terms
    kept = np.vectorize(lambda n: _leading_digits(n, terms), otypes=[object])
    weight = replace(weight, significand=kept(weight.significand))
    return within(exact_product(a_format.unpack(a), weight), mul.product(a_format, b_format))


def _leading_digits(number: int, terms: int) -> int:
    """The sum of the leading canonical signed digits; `number` itself if it has no more digits."""
    return sum(sign << shift for sign, shift in signed_digits(number)[-terms:])
