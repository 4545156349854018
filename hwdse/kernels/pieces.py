"""Operands in pieces, for products with more bits than float64.

Such a product is the sum of a few exact products of pieces, which replace it among the terms. This
works for every accumulator that adds the products of a group exactly.
"""

from itertools import product
from typing import NamedTuple

import numpy as np

from hwdse.kernels.arithmetic import FLOAT64_PRECISION
from hwdse.kernels.multiply import Values
from hwdse.spec import Design

#: Most pieces per operand; 53 bits by 53 bits need two and three pieces.
_MOST = 3


class Pieces(NamedTuple):
    """Number of pieces of each operand of a product.

    Attributes:
        left: pieces of the first operand.
        right: pieces of the second operand.
        left_bits: significant bits of the first operand before the cut.
        right_bits: significant bits of the second operand before the cut.
    """

    left: int
    right: int
    left_bits: int
    right_bits: int

    @property
    def terms(self) -> int:
        """Number of exact products of pieces per product."""
        return self.left * self.right

    def cut(self, left: Values, right: Values) -> tuple[Values, Values]:
        """(M, K) and (K, N) operands as (M, K * terms) and (K * terms, N), with the same sums.

        The terms of one product are neighbours, so that groups of products stay groups.
        """
        if self.terms == 1:
            return left, right
        first = _pieces(left, self.left, self.left_bits)
        second = _pieces(right, self.right, self.right_bits)
        rows = np.stack([x for x in first for _ in second], axis=2)
        columns = np.stack([x for _ in first for x in second], axis=1)
        return rows.reshape(left.shape[0], -1), columns.reshape(-1, right.shape[1])


def pieces(design: Design) -> Pieces | None:
    """The fewest pieces whose products fit float64; None if they do not exist.

    Operands with infinities cannot be cut: infinity times a zero piece would be NaN, although the
    whole product is not.
    """
    shapes = design.a.unpacked, design.b.unpacked
    left_bits, right_bits = (shape.magnitude_bits for shape in shapes)
    choices = sorted(product(range(1, _MOST + 1), repeat=2), key=lambda n: n[0] * n[1])
    for left, right in choices:
        if -(-left_bits // left) - (-right_bits // right) <= FLOAT64_PRECISION:
            break
    else:
        return None
    found = Pieces(left, right, left_bits, right_bits)
    return None if found.terms > 1 and any(shape.has_inf for shape in shapes) else found


def _pieces(values: Values, count: int, bits: int) -> list[Values]:
    """Values of `bits` significant bits as sums of `count` pieces with equal numbers of bits.

    Each piece has the sign of the whole value, and so has a zero piece. The products of pieces then
    have the right sign where the sign of a zero matters.
    """
    fraction, exponent = np.frexp(values)
    pieces, before = [], np.zeros_like(values)
    with np.errstate(invalid="ignore"):  # NaN
        for end in range(1, count + 1):
            digits = end * -(-bits // count)
            upto = np.ldexp(np.trunc(np.ldexp(fraction, digits)), exponent - digits)
            pieces.append(np.copysign(upto - before, values))
            before = upto
    return pieces
