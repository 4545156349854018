"""How an array is split into blocks of values that share a scale."""

import math
import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hwdse.errors import FormatError
from hwdse.formats.unpacked import Array

_TEXT = re.compile(r"(?:([0-9]{1,9})x)?([0-9]{1,9})")
_ALLOWED = "a number of values, {rows}x{columns} or tensor"

#: Most values per block, except for whole tensors. Known formats have much smaller blocks.
MAX_BLOCK = 65_536


@dataclass(frozen=True, kw_only=True)
class BlockSize:
    """The values that share a scale: part of one axis, a tile of two axes, or a whole tensor.

    Attributes:
        columns: values along the blocked axis; None for the whole tensor.
        rows: values along the other of the last two axes.

    Raises:
        FormatError: a size is below one, or the block has more than 65,536 values.
    """

    columns: int | None
    rows: int = 1

    def __post_init__(self) -> None:
        if self.rows < 1 or (self.columns is not None and self.columns < 1):
            raise FormatError(f"block of {self}: {_ALLOWED} is allowed, each at least 1")
        if self.count is not None and self.count > MAX_BLOCK:
            raise FormatError(
                f"block of {self}: {self.count} values, at most {MAX_BLOCK} are allowed, or tensor"
            )

    @classmethod
    def parse(cls, text: str) -> "BlockSize":
        """Read `32`, `16x16` or `tensor`.

        Raises:
            FormatError: the text has another form.
        """
        if text == "tensor":
            return cls(columns=None)
        match = _TEXT.fullmatch(text)
        if not match:
            raise FormatError(f"unknown block size {text!r}: {_ALLOWED} is allowed")
        return cls(columns=int(match[2]), rows=int(match[1] or 1))

    def __str__(self) -> str:
        if self.columns is None:
            return "tensor"
        return f"{self.rows}x{self.columns}" if self.rows != 1 else str(self.columns)

    @property
    def count(self) -> int | None:
        """Values of a full block; None for the whole tensor."""
        return None if self.columns is None else self.rows * self.columns

    def amortised(self, bits: float) -> float:
        """Bits per value of something stored once per block; 0 for the whole tensor."""
        return 0.0 if self.count is None else bits / self.count

    def over(self, shape: tuple[int, ...], axis: int) -> "Blocking":
        """The blocks of an array of `shape`, along `axis`.

        The columns of a tile lie along `axis`, and its rows along the other of the last two axes.

        Raises:
            FormatError: the array has no axes, `axis` does not exist, or a tile does not lie in the
                last two axes.
        """
        if not shape:
            raise FormatError("a single number has no axis to block along: pass an array")
        if not -len(shape) <= axis < len(shape):
            raise FormatError(
                f"axis {axis} of an array with {len(shape)} axes: "
                f"{-len(shape)} to {len(shape) - 1} are allowed"
            )
        axis %= len(shape)
        sizes = [1] * len(shape)
        if self.columns is None:
            sizes = [max(length, 1) for length in shape]
        else:
            sizes[axis] = self.columns
            if self.rows != 1:
                sizes[self._other(len(shape), axis)] = self.rows
            # A block that is longer than its axis ends with the axis. This saves memory.
            sizes = [min(size, max(length, 1)) for size, length in zip(sizes, shape, strict=True)]
        return Blocking(shape=shape, sizes=tuple(sizes), axis=axis)

    def _other(self, axes: int, axis: int) -> int:
        if axes < 2 or axis < axes - 2:
            raise FormatError(
                f"tiles of {self} along axis {axis} of {axes}: one of the last two axes is needed"
            )
        return 2 * axes - 3 - axis


@dataclass(frozen=True, kw_only=True)
class Blocking:
    """An array split into blocks; the last block along an axis may be short.

    Attributes:
        shape: shape of the array.
        sizes: edge of a full block along each axis, at most the length of the axis.
        axis: the blocked axis, 0 or more.
    """

    shape: tuple[int, ...]
    sizes: tuple[int, ...]
    axis: int

    @property
    def counts(self) -> tuple[int, ...]:
        """Blocks along each axis: the shape of everything that is stored once per block."""
        return tuple(
            -(-length // size) for length, size in zip(self.shape, self.sizes, strict=True)
        )

    def split(self, values: Array) -> Array:
        """Values block by block, of shape `counts` + (values per block,); short blocks get zeros.

        Args:
            values: array of `shape`.
        """
        axes = len(self.shape)
        padded = np.zeros(np.multiply(self.counts, self.sizes), values.dtype)
        padded[tuple(map(slice, self.shape))] = values
        pairs = [n for pair in zip(self.counts, self.sizes, strict=True) for n in pair]
        order = [*range(0, 2 * axes, 2), *range(1, 2 * axes, 2)]
        blocks = padded.reshape(pairs).transpose(order)
        return blocks.reshape(*self.counts, math.prod(self.sizes))

    def spread(self, per_block: Array) -> Array:
        """Repeat one item per block for each of its values: shape `counts` to `shape`."""
        for axis, (length, size) in enumerate(zip(self.shape, self.sizes, strict=True)):
            if size != 1:
                per_block = per_block.take(np.arange(length) // size, axis)
        return per_block

    def lengths(self) -> npt.NDArray[np.int64]:
        """Values in each block, shape `counts`."""
        lengths = np.ones(self.counts, np.int64)
        for axis, (length, size) in enumerate(zip(self.shape, self.sizes, strict=True)):
            edge = np.minimum(length - np.arange(self.counts[axis]) * size, size)
            lengths *= edge.reshape([-1 if a == axis else 1 for a in range(len(self.shape))])
        return lengths
