"""Changes of both operands of a layer that leave their product as it is."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from hwdse.networks.arithmetic import Site

Numbers = npt.NDArray[np.floating]


class Transform(ABC):
    """A map of the channels of activations, and its inverse for weights.

    Arrays have the shape (G, ..., C): groups first, channels last. Where all groups share their
    channels, G is 1 for activations.
    """

    @abstractmethod
    def activations(self, x: Numbers) -> Numbers:
        """The changed activations."""

    @abstractmethod
    def weights(self, w: Numbers) -> Numbers:
        """The changed weights."""

    mixes: ClassVar[bool] = False
    """Whether changed channels are sums of several, so that magnitudes say little of theirs."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Scaled(Transform):
    """Channels of activations are divided by factors, which the weights take.

    Attributes:
        factors: positive factors, shape (G, C).
    """

    factors: npt.NDArray[np.float64]

    def activations(self, x: Numbers) -> Numbers:
        """The quotients."""
        return (x / self._along(x)).astype(x.dtype)

    def weights(self, w: Numbers) -> Numbers:
        """The products."""
        return (w * self._along(w)).astype(w.dtype)

    def _along(self, x: Numbers) -> npt.NDArray[np.float64]:
        groups, channels = self.factors.shape
        return self.factors.reshape(groups, *[1] * (x.ndim - 2), channels)


@dataclass(frozen=True, kw_only=True, eq=False)
class Rotated(Transform):
    """Blocks of neighbouring channels are multiplied by an orthogonal matrix.

    Attributes:
        matrix: the matrix, of as many rows and columns as a block has channels.
    """

    mixes = True

    matrix: npt.NDArray[np.float64]

    def activations(self, x: Numbers) -> Numbers:
        """The rotated blocks."""
        size = len(self.matrix)
        blocks = x.reshape(*x.shape[:-1], -1, size)
        found: Numbers = (blocks @ self.matrix.astype(x.dtype)).reshape(x.shape)
        return found

    def weights(self, w: Numbers) -> Numbers:
        """The rotated blocks: the inverse of the transposed matrix is the matrix itself."""
        return self.activations(w)


@dataclass(frozen=True, kw_only=True, eq=False)
class Reordered(Transform):
    """Channels in another order, which decides what shares a block.

    Attributes:
        order: numbers of the channels in their new order, shape (G, C).
    """

    order: npt.NDArray[np.int64]

    def activations(self, x: Numbers) -> Numbers:
        """The channels in their new order."""
        groups, channels = self.order.shape
        order = self.order.reshape(groups, *[1] * (x.ndim - 2), channels)
        # Groups that share their channels share the order.
        found: Numbers = np.take_along_axis(x, np.broadcast_to(order, x.shape), axis=-1)
        return found

    def weights(self, w: Numbers) -> Numbers:
        """The channels in their new order."""
        return self.activations(w)


def of_activations(
    transforms: Sequence[Transform], site: Site, groups: int, x: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Activations as a layer takes them, through changes one after the other.

    Args:
        transforms: the changes.
        site: the layer; it says which axis has the channels.
        groups: groups of channels, one after the other on this axis.
        x: activations of any shape. A single number without axes stands for zeros, which stay.
    """
    if x.ndim == 0 or not transforms:
        return x
    moved = np.moveaxis(x, site.channel_axis, -1)
    found: Numbers = np.moveaxis(moved.reshape(*moved.shape[:-1], groups, -1), -2, 0)
    for each in transforms:
        found = each.activations(found)
    found = np.moveaxis(found, 0, -2).reshape(moved.shape)
    return np.ascontiguousarray(np.moveaxis(found, -1, site.channel_axis), np.float32)


def of_rows(transform: Transform, site: Site, rows: Numbers) -> Numbers:
    """Rows (G, r, K) of the first operand of products, with K as channels and taps."""
    parts = rows.reshape(*rows.shape[:2], -1, site.taps).swapaxes(-1, -2)
    found: Numbers = transform.activations(parts).swapaxes(-1, -2).reshape(rows.shape)
    return found


def of_matrices(transform: Transform, site: Site, matrices: Numbers) -> Numbers:
    """Weights (G, K, N), with K as channels and taps."""
    groups, inner, columns = matrices.shape
    parts = matrices.reshape(groups, inner // site.taps, site.taps * columns).swapaxes(-1, -2)
    found: Numbers = transform.weights(parts).swapaxes(-1, -2).reshape(matrices.shape)
    return found
