"""The interface between the graph of a network and the arithmetic of its matrix products."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Operand = npt.NDArray[Any]
Real = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Site:
    """One place in the graph that multiplies matrices.

    Attributes:
        name: unique name: the name of the operator's output. If an operator has several products,
            the name also says which part of the operator.
        constant: whether the second operand is the same for every sample (weights).
        channel_axis: axis of activations that has the channels. If it is not the last one, the
            channels of all groups lie there, one group after the other; else groups share them.
        taps: terms of a sum for each channel, which are neighbours: the places of a kernel.
    """

    name: str
    constant: bool
    channel_axis: int = -1
    taps: int = 1

    @property
    def grouped(self) -> bool:
        """Whether each group has channels of its own."""
        return self.channel_axis >= 0


class Arithmetic(ABC):
    """How a site converts and multiplies its operands.

    A site first converts both operands, for example to codes of a format, and then multiplies them.
    A convolution converts its input before it gathers patches. Each value is therefore converted
    only once, even if many patches contain it.
    """

    def quantises_blocks(self, operator: str) -> bool:
        """Whether the arithmetic gives blocks of activations their scales.

        Where a network does so at run time, an operator then gets the values from before.

        Args:
            operator: name of the operator's first output, with which the names of its sites begin.
        """
        del operator
        return False

    @abstractmethod
    def first(self, site: Site, x: Real) -> Operand:
        """Convert activations of any shape, element by element. A convolution also converts 0."""

    @abstractmethod
    def second(self, site: Site, w: Real) -> Operand:
        """Convert a stack (G, K, N) of matrices: weights, or activations if not constant."""

    @abstractmethod
    def product(self, site: Site, group: int, a: Operand, b: Operand) -> Real:
        """Product (M, N) of converted operands (M, K) and (K, N).

        `group` is the index of b in the stack of second operands.
        """

    def stacks_groups(self, site: Site) -> bool:
        """Whether `products` takes all groups of weights of a site at once."""
        del site
        return False

    @abstractmethod
    def products(self, site: Site, a: Operand, b: Operand) -> Real:
        """Products (S, M, N) of converted activations (S, M, K) and (S, K, N).

        Where `stacks_groups` is true, the second operand may be the groups of weights.
        """

    def real(self, site: Site, a: Operand) -> Real:
        """The real values that converted activations stand for."""
        del site
        return a


class FloatArithmetic(Arithmetic):
    """float32 arithmetic, as NumPy's BLAS computes it."""

    def first(self, site: Site, x: Real) -> Operand:
        """The operand, unchanged."""
        return x

    def second(self, site: Site, w: Real) -> Operand:
        """The operand, unchanged."""
        return w

    def product(self, site: Site, group: int, a: Operand, b: Operand) -> Real:
        """The product, by NumPy's matmul."""
        result: Real = a @ b
        return result

    def products(self, site: Site, a: Operand, b: Operand) -> Real:
        """The products, by NumPy's matmul."""
        result: Real = a @ b
        return result


def multiply(arithmetic: Arithmetic, name: str, x: Real, w: Real) -> Real:
    """Product of activations with weights, for networks that are written in Python.

    Args:
        arithmetic: what the network is given to compute with.
        name: unique name of this place in the network.
        x: activations of shape (..., K).
        w: weights of shape (K, N), the same at every call.

    Returns:
        float32 of shape (..., N).
    """
    site = Site(name=name, constant=True)
    right = arithmetic.second(site, w[np.newaxis])
    left = arithmetic.first(site, x).reshape(-1, x.shape[-1])
    return arithmetic.product(site, 0, left, right[0]).reshape(*x.shape[:-1], w.shape[1])
