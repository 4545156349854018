"""Values of an operand of blocks."""

from copy import copy
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.errors import ShapeError
from hwdse.formats import BlockFormat
from hwdse.formats.blocks import ZeroPointBlock
from hwdse.kernels.codec import decode
from hwdse.kernels.multiply import Values
from hwdse.spec import Exact


class BlockValues:
    """Values of one operand, block by block along the last axis.

    Attributes:
        rows: number of vectors.
        terms: values of a vector.
        count: blocks of a vector; zeros fill the last one.
        size: values of a block.
        shape: bounds of a value with its scale.
        elements: values of the elements, shape (rows, count, size).
        scales: values of the scales, shape (rows, count).
    """

    def __init__(
        self,
        block: BlockFormat,
        size: int,
        codes: npt.NDArray[Any],
        scales: npt.NDArray[Any],
        carrier: npt.DTypeLike,
    ) -> None:
        columns = block.block.columns or size
        wanted = (*codes.shape[:1], -(-codes.shape[-1] // columns))
        if codes.ndim != 2 or scales.shape != wanted:
            raise ShapeError(
                f"{block} of shape {codes.shape} with scales of shape {scales.shape}: a matrix, "
                f"and one scale for {columns} elements along K are needed"
            )
        self.rows, self.terms = codes.shape
        self.count, self.size = -(-self.terms // size), size
        if self.padded > self.terms:
            _check_zero(block, scales[:, -1], f"{self.terms} elements in blocks of {size}")
        values = np.zeros((self.rows, self.padded), carrier)
        if isinstance(block, ZeroPointBlock):
            of_each = np.repeat(scales, columns, -1)[:, : self.terms]
            codes = block.multiplied_codes(codes, of_each).astype(block.multiplied.code_dtype)
        values[:, : self.terms] = decode(block.multiplied, codes)
        self.elements = values.reshape(self.rows, self.count, size)
        found = decode(block.scale, scales).astype(np.float64, copy=False)
        self.scales = np.repeat(found, columns // size, -1)[:, : self.count]
        self.shape = Exact().product(block.multiplied, block.scale)

    @property
    def padded(self) -> int:
        """Values of a vector, with the zeros that fill its last block."""
        return int(self.count * self.size)

    @cached_property
    def spreadable(self) -> bool:
        """Whether scales may go to the elements: an infinite scale times a zero would be NaN."""
        return not bool(np.isinf(self.scales).any())

    @cached_property
    def finite(self) -> bool:
        """Whether all elements and all scales are finite."""
        return bool(np.isfinite(self.elements).all() and np.isfinite(self.scales).all())

    def largest_norm(self) -> float:
        """The largest Euclidean norm of a vector; NaN or infinity if a value is none."""
        with np.errstate(over="ignore", invalid="ignore"):
            of_blocks = np.einsum("rks,rks->rk", self.elements, self.elements, dtype=np.float64)
            return float(np.sqrt((of_blocks * self.scales**2).sum(axis=1)).max(initial=0.0))

    def whole(self) -> Values:
        """Elements times their scales, float64 of shape (rows, count * size)."""
        with np.errstate(invalid="ignore"):
            values = self.elements * self.scales[:, :, np.newaxis]
        return values.reshape(self.rows, -1)

    def with_a_zero(self) -> "BlockValues":
        """The same blocks with one more element, which is zero."""
        found = copy(self)
        found.elements = np.pad(self.elements, ((0, 0), (0, 0), (0, 1)))
        found.size = self.size + 1
        return found


def _check_zero(block: BlockFormat, scales: npt.NDArray[Any], told: str) -> None:
    """Raise ShapeError unless blocks with these scale codes can be filled with zeros."""
    codes = block.multiplied_codes(block.zero_codes(scales), scales)
    if block.multiplied.decode(codes).any():
        raise ShapeError(f"{told}: {block.element} has no zero to fill the last block")
