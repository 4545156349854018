"""Vectors whose values share scales in blocks, as a unit of blocks takes them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

import hwdse  # loads the slow module `hwdse.kernels` on first use
from hwdse.formats import BlockFormat
from hwdse.networks.arithmetic import Real
from hwdse.networks.scales import Codes


@dataclass(frozen=True, kw_only=True, eq=False)
class BlockVectors:
    """Vectors of K values in a block format.

    Attributes:
        codes: codes of the elements, shape (..., vectors, K).
        scales: codes of the scales, shape (..., vectors, blocks).
        factor: the tensor scale, 1 in formats without one; or one for each vector, shape
            (..., vectors).
    """

    codes: Codes
    scales: Codes
    factor: float | npt.NDArray[np.float64]

    @classmethod
    def of(cls, block: BlockFormat, x: Real, amax: float) -> "BlockVectors":
        """Quantise vectors of shape (..., vectors, K).

        Args:
            block: the format.
            x: the vectors.
            amax: largest magnitude of the tensor that the vectors are a part of.
        """
        codes, scales = hwdse.kernels.encode_blocks(block, x, tensor_amax=amax)
        if block.block.rows != 1:
            # The vectors of a tile share its scale.
            scales = scales.repeat(block.block.rows, axis=-2)[..., : x.shape[-2], :]
        return cls(codes=codes, scales=scales, factor=block.tensor_scale_of(amax))

    def __getitem__(self, group: int) -> "BlockVectors":
        """One matrix of a stack."""
        factor = self.factor if isinstance(self.factor, float) else self.factor[group]
        return BlockVectors(codes=self.codes[group], scales=self.scales[group], factor=factor)
