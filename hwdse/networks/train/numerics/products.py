"""Matrix products of a training, with rounded operands and rounded sums."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy import linalg

from hwdse.networks.train.numerics.casts import Cast, cast
from hwdse.networks.train.numerics.scheme import ProductText, Scheme, SumsText

Sums = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""A product of (S, M, K) and (S, N, K) along the last axes, shape (S, M, N)."""


class RoundedProduct:
    """Products of (S, M, K) and (S, N, K) along the last axes, each operand rounded."""

    def __init__(self, text: ProductText, sums: Sums, random: torch.Generator) -> None:
        """A product.

        Args:
            text: formats of both operands.
            sums: how the products are added.
            random: source of random bits, and of the signs of random Hadamard rotations.
        """
        self.left: Cast = cast(text.left, random)
        self.right: Cast = cast(text.right, random)
        self._sums = sums
        self._random = random
        self._rotation: torch.Tensor | None = None
        if text.rotation:
            matrix = linalg.hadamard(text.rotation) / np.sqrt(text.rotation)
            self._rotation = torch.from_numpy(matrix).float().to(random.device)

    def __call__(self, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        """The product."""
        if self._rotation is not None:
            size = len(self._rotation)
            signs = torch.randint(2, (size,), generator=self._random, device=left.device)
            matrix = self._rotation * (2 * signs - 1).view(-1, 1)
            left, right = _rotated(left, matrix), _rotated(right, matrix)
        return self._sums(self.left(left), self.right(right))


def _rotated(x: torch.Tensor, matrix: torch.Tensor) -> torch.Tensor:
    """BlockCast of the last axis times an orthogonal matrix; zeros fill the last block."""
    size = len(matrix)
    more = torch.nn.functional.pad(x, (0, -x.shape[-1] % size))
    return (more.reshape(-1, size) @ matrix).view(more.shape)


def sums(text: SumsText) -> Sums:
    """The rule of a text for adding products."""
    if text.exact:
        return _exact
    if text.number_format == "fp32":
        return _float32
    return _Grouped(cast(text.number_format), text.group)


def _float32(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    return left @ right.mT


def _exact(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Rounded once to float32. Float64 holds sums of products of 16-bit integers."""
    return (left.double() @ right.mT.double()).float()


@dataclass(frozen=True)
class _Grouped:
    """Rounds the running sum after each group of products, as a matrix unit does."""

    rounded: Cast
    group: int

    def __call__(self, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        total = torch.zeros(
            (len(left), left.shape[1], right.shape[1]), device=left.device, dtype=left.dtype
        )
        for some, other in zip(
            left.split(self.group, -1), right.split(self.group, -1), strict=True
        ):
            total = self.rounded(total + some @ other.mT)
        return total


@dataclass(frozen=True)
class LayerArithmetic:
    """The arithmetic of one training: three products for each layer.

    Attributes:
        forward: activations (S, rows, K) by weights (S, N, K).
        input_gradient: gradients (S, rows, N) by weights (S, K, N).
        weight_gradient: gradients (S, N, rows) by activations (S, K, rows).
        stored: rounding of the results.
    """

    forward: RoundedProduct
    input_gradient: RoundedProduct
    weight_gradient: RoundedProduct
    stored: Cast

    @classmethod
    def of(cls, scheme: Scheme, random: torch.Generator) -> "LayerArithmetic":
        """The arithmetic of a scheme."""
        rule = sums(SumsText.parse(scheme.sums))
        forward, input_gradient, weight_gradient = (
            RoundedProduct(ProductText.parse(text), rule, random)
            for text in (scheme.forward, scheme.input_gradient, scheme.weight_gradient)
        )
        return cls(forward, input_gradient, weight_gradient, cast(scheme.stored, random))


@dataclass(frozen=True)
class Factors:
    """Constant factors of a layer's products; all 1 without unit scaling."""

    forward: float = 1.0
    input_gradient: float = 1.0
    weight_gradient: float = 1.0


class LayerProduct(torch.autograd.Function):
    """x w^T + b of a layer in an arithmetic, and its gradients in the same."""

    @staticmethod
    def forward(
        ctx: Any,
        x: torch.Tensor,
        w: torch.Tensor,
        b: torch.Tensor,
        how: tuple[LayerArithmetic, Factors],
    ) -> torch.Tensor:
        """The result, shape (S, rows, N).

        Args:
            ctx: keeps the operands.
            x: activations, shape (S, rows, K).
            w: weights, shape (S, N, K).
            b: biases, shape (S, N).
            how: the roundings and the constant factors.
        """
        ctx.save_for_backward(x, w)
        ctx.how = how
        arithmetic, factors = how
        product = arithmetic.forward(x, w) * factors.forward
        return arithmetic.stored(product + b.unsqueeze(1))

    @staticmethod
    def backward(
        ctx: Any, gradient: torch.Tensor
    ) -> tuple[torch.Tensor | None, torch.Tensor, torch.Tensor, None]:
        """Gradients of activations, weights and biases."""
        x, w = ctx.saved_tensors
        how, factors = ctx.how
        of_x = None
        if ctx.needs_input_grad[0]:
            of_x = how.stored(how.input_gradient(gradient, w.mT) * factors.input_gradient)
        of_w = how.stored(how.weight_gradient(gradient.mT, x.mT) * factors.weight_gradient)
        of_b = how.stored(gradient.sum(1) * factors.weight_gradient)
        return of_x, of_w, of_b, None
