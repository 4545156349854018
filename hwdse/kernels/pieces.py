"""Operands in pieces, for products of more bits than float64 carries.

A product is then the sum of two or four exact ones, which take its place among the terms. That
serves every accumulator that adds the products of a group exactly.
"""

from typing import NamedTuple

import numpy as np

from hwdse.formats import UnpackedShape
from hwdse.kernels.arithmetic import FLOAT64_PRECISION
from hwdse.kernels.multiply import Values
from hwdse.spec import Design


class Pieces(NamedTuple):
    """Pieces that each operand of a product is cut into: one or two.

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
    whole = Pieces(1, 1, left_bits, right_bits)
    if left_bits + right_bits <= FLOAT64_PRECISION:
        return whole
    if any(shape.has_inf or shape.magnitude_bits > FLOAT64_PRECISION for shape in shapes):
        return None
    cut_left = whole._replace(left=2)
    if _half(shapes[0]) + right_bits <= FLOAT64_PRECISION:
        return cut_left
    return cut_left._replace(right=2)


def _half(shape: UnpackedShape) -> int:
    """Significant bits of either piece: the lower one has a sign, and so a bit less to say."""
    return shape.magnitude_bits // 2


def _pieces(values: Values, count: int, bits: int) -> list[Values]:
    """Values of `bits` significant bits as sums of one piece or of two of at most half as many."""
    if count == 1:
        return [values]
    fraction, exponent = np.frexp(values)
    kept = bits // 2
    high = np.ldexp(np.rint(np.ldexp(fraction, kept)), exponent - kept)
    with np.errstate(invalid="ignore"):  # NaN
        low = values - high
    # A piece that is zero has the sign of the whole, and so have its products.
    return [high, np.where(low == 0, np.copysign(low, values), low)]
