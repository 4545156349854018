"""Records within the bounds that hardware has for them."""

from dataclasses import replace

import numpy as np

from hwdse.formats import Unpacked, UnpackedShape
from hwdse.formats.unpacked import bit_length


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
