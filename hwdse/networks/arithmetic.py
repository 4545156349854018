"""The seam between a network's graph and the arithmetic that its matrix products run in."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Operand = npt.NDArray[Any]
Real = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Site:
    """One place of the graph that multiplies matrices.

    Attributes:
        name: of the operator's output, with the part of the operator if it has several; no other
            product of the graph has it.
        constant: its second operand is the same for every sample (weights).
    """

    name: str
    constant: bool


class Arithmetic(ABC):
    """What a site does with its operands: first turn them into its own form, then multiply.

    Operands are converted before a convolution gathers its patches, so that each value is
    converted once however many patches hold it.
    """

    @abstractmethod
    def first(self, site: Site, x: Real) -> Operand:
        """Activations of any shape, element by element; 0 is also converted, as padding."""

    @abstractmethod
    def second(self, site: Site, w: Real) -> Operand:
        """A stack (G, K, N) of weight matrices, or of activations where they are not constant."""

    @abstractmethod
    def product(self, site: Site, group: int, a: Operand, b: Operand) -> Real:
        """(M, K) x (K, N) of converted operands, b from place `group` of its stack: (M, N)."""

    @abstractmethod
    def products(self, site: Site, a: Operand, b: Operand) -> Real:
        """(S, M, K) x (S, K, N) of converted operands, where no operand is constant: (S, M, N)."""


class FloatArithmetic(Arithmetic):
    """float32 as the BLAS computes it."""

    def first(self, site: Site, x: Real) -> Operand:
        """As it is."""
        return x

    def second(self, site: Site, w: Real) -> Operand:
        """As it is."""
        return w

    def product(self, site: Site, group: int, a: Operand, b: Operand) -> Real:
        """NumPy's matmul."""
        result: Real = a @ b
        return result

    def products(self, site: Site, a: Operand, b: Operand) -> Real:
        """NumPy's matmul."""
        result: Real = a @ b
        return result
