"""Operands in pieces, for products of more bits than float64 carries.

A product is then the sum of a few exact ones, which take its place among the terms. That serves
every accumulator that adds the products of a group exactly.
"""

from itertools import product
from typing import NamedTuple

import numpy as np

from hwdse.kernels.arithmetic import FLOAT64_PRECISION
from hwdse.kernels.multiply import Values
from hwdse.spec import Design

#: Pieces of one operand, at most: 53 bits by 53 bits take three and two.
_MOST = 3


class Pieces(NamedTuple):
    """Pieces that each operand of a product is cut into.

    Attributes:
        left: of the first operand.
        right: of the second operand.
        left_bits: significant bits of the first operand before it is cut.
        right_bits: the same of the second operand.
    """

    left: int
    right: int
    left_bits: int
    right_bits: int

    @property
    def terms(self) -> int:
        """Exact products that make one product."""
        return self.left * self.right

    def cut(self, left: Values, right: Values) -> tuple[Values, Values]:
        """(M, K) and (K, N) operands as (M, K * terms) and (K * terms, N), of the same sums.

        The terms of one product lie side by side, so that groups of products stay groups.
        """
        if self.terms == 1:
            return left, right
        first = _pieces(left, self.left, self.left_bits)
        second = _pieces(right, self.right, self.right_bits)
        rows = np.stack([x for x in first for _ in second], axis=2)
        columns = np.stack([x for _ in first for x in second], axis=1)
        return rows.reshape(left.shape[0], -1), columns.reshape(-1, right.shape[1])


def pieces(design: Design) -> Pieces | None:
    """The pieces whose products float64 holds; None if there are none, or infinities.

    An infinity times a piece that is zero is NaN, which the whole product is not.
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
    """Values of `bits` significant bits as sums of `count` pieces of equally many bits.

    Each has the sign of the whole, a zero too: so have its products, where signs of zeros matter.
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
