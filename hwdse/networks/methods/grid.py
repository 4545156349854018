"""The values that the weights of one matrix may take."""

from abc import ABC, abstractmethod

import numpy as np
import numpy.typing as npt

import hwdse  # loads the slow module `hwdse.kernels` on first use
from hwdse.formats import BlockFormat
from hwdse.networks.block_vectors import BlockVectors
from hwdse.networks.scales import Codes, Scaling

Values = npt.NDArray[np.float64]


class WeightGrid(ABC):
    """Allowed values of the weights (K, N) of one matrix.

    Methods go through the terms k in ascending order. Scales of a block are fixed when a method
    comes to its first term, by the weights as they are then.

    Attributes:
        size: terms that share scales; 0 if none is fixed on the way.
    """

    size: int = 0

    @abstractmethod
    def fix(self, k: int, weights: Values) -> None:
        """Fix the scales of the block that begins with term k.

        Args:
            k: the term, a multiple of `size`.
            weights: the weights (terms of the block, N).
        """

    @abstractmethod
    def rounded(self, k: int, w: Values, rounding: str = "rne") -> Values:
        """Allowed values for the weights w (N,) of term k. Those beyond the range saturate."""


class ElementGrid(WeightGrid):
    """Values of an element format with one scale for each column."""

    def __init__(self, scaling: Scaling, group: int) -> None:
        scale = np.asarray(scaling.scale[group if len(scaling.scale) > 1 else 0], np.float64)
        self._scale = scale.reshape(-1)
        self._format, self._limit = scaling.number_format, scaling.limit

    def fix(self, k: int, weights: Values) -> None:
        """Nothing: the scales of columns are fixed."""

    def rounded(self, k: int, w: Values, rounding: str = "rne") -> Values:
        """See `WeightGrid.rounded`."""
        del k
        scaled = np.clip(w / self._scale, -self._limit, self._limit)
        found = hwdse.kernels.quantize(self._format, scaled, rounding)
        return np.asarray(found, np.float64) * self._scale


class BlockGrid(WeightGrid):
    """Values of a block format, with blocks along the terms."""

    def __init__(self, block: BlockFormat, amax: float, shape: tuple[int, ...], size: int) -> None:
        """An empty grid for weights (K, N).

        Args:
            block: the format.
            amax: largest magnitude of the tensor that the weights are a part of.
            shape: K and N.
            size: terms of a block.
        """
        self.size = size
        self._block, self._amax = block, amax
        self._factor = block.tensor_scale_of(amax)
        terms, columns = shape
        self._codes = np.zeros((columns, -(-terms // self.size)), block.scale.code_dtype)
        self._scales = np.zeros((-(-terms // self.size), columns))
        self._limits = np.zeros((-(-terms // self.size), 2, columns))

    def fix(self, k: int, weights: Values) -> None:
        """See `WeightGrid.fix`."""
        _, codes = hwdse.kernels.encode_blocks(
            self._block, np.ascontiguousarray(weights.T, np.float32), tensor_amax=self._amax
        )
        self._codes[:, k // self.size] = codes[:, 0]
        values = self._block.scale.decode(codes[:, 0]).astype(np.float64)
        self._scales[k // self.size] = values * self._factor
        self._limits[k // self.size] = self._block.limits(codes[:, 0])

    def rounded(self, k: int, w: Values, rounding: str = "rne") -> Values:
        """See `WeightGrid.rounded`."""
        scale = self._scales[k // self.size]
        with np.errstate(divide="ignore", invalid="ignore"):
            scaled = np.where(scale > 0, w / scale, 0.0)
        scaled = np.clip(scaled, *self._limits[k // self.size])
        numbers = hwdse.kernels.quantize(self._block.multiplied, scaled, rounding)
        found: Values = np.asarray(numbers, np.float64) * scale
        return found

    def vectors(self, values: Values) -> tuple[Codes, Codes]:
        """Codes of allowed values (K, N), as vectors (N, K), and of their scales (N, blocks)."""
        scales = np.repeat(self._scales, self.size, axis=0)[: len(values)]
        with np.errstate(divide="ignore", invalid="ignore"):
            scaled = np.where(scales > 0, values / scales, 0.0)
        codes = hwdse.kernels.encode(self._block.multiplied, np.ascontiguousarray(scaled.T))
        of_each = np.repeat(self._codes, self.size, axis=1)[:, : len(values)]
        return self._block.codes_of_multiplied(codes, of_each), self._codes


def block_vectors(grids: list[BlockGrid], values: Values, factor: float) -> BlockVectors:
    """The blocks of a stack of matrices (G, K, N) of allowed values."""
    pairs = [grid.vectors(each) for grid, each in zip(grids, values, strict=True)]
    codes, scales = (np.stack(parts) for parts in zip(*pairs, strict=True))
    return BlockVectors(codes=codes, scales=scales, factor=factor)
