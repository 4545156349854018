"""Mitchell's logarithmic product (1962)."""

import numpy as np

from hwdse.formats import Format, Unpacked
from hwdse.formats.unpacked import Array, bit_length
from hwdse.golden.bounds import within
from hwdse.golden.multiply import multiply
from hwdse.golden.multiply.exact import exact_product
from hwdse.spec import Mitchell


@multiply.register
def _(mul: Mitchell, a: Array, b: Array, a_format: Format, b_format: Format) -> Unpacked:
    first, second = a_format.unpack(a).exact(), b_format.unpack(b).exact()
    bits = mul.fraction(a_format, b_format)
    # Fixed-point logarithms: the weight of the leading one, then the bits below it as the fraction.
    logarithm = _logarithm(first, bits) + _logarithm(second, bits)
    characteristic, mantissa = logarithm >> bits, logarithm & ((1 << bits) - 1)
    exact = exact_product(first, second)
    twos = a_format.unpacked.twos_complement or b_format.unpacked.twos_complement
    product = Unpacked(
        sign=exact.sign & (~exact.zero | (not twos)),
        significand=np.where(exact.significand == 0, 0, (1 << bits) + mantissa),
        exponent=np.asarray(characteristic - bits, np.int64),
        nan=exact.nan,
        inf=exact.inf,
    )
    return within(product, mul.product(a_format, b_format))


def _logarithm(value: Unpacked, bits: int) -> Array:
    """log2, linear between powers of two, in units of 2^-bits; any value for zero."""
    length = np.maximum(bit_length(value.significand), 1)
    fraction = value.significand - (1 << (length - 1).astype(object))
    up = np.maximum(bits - (length - 1), 0).astype(object)
    down = np.maximum(length - 1 - bits, 0).astype(object)
    characteristic = (value.exponent + length - 1).astype(object)
    return np.asarray((characteristic << bits) + ((fraction << up) >> down), object)
