"""Code shared by the scripts that train networks for images with torch."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

Augment = Callable[[torch.Tensor, torch.Generator], torch.Tensor]
"""A function that returns randomly changed samples. The generator supplies the random numbers."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Training parameters.

    Attributes:
        epochs: number of passes over the train part.
        batch: samples per step. An epoch skips remaining samples that do not fill a batch.
        peak_rate: highest learning rate of the cycle.
        weight_decay: weight decay of AdamW.
        label_smoothing: probability that label smoothing moves away from the right class.
        averaging: decay per step of the moving average of the weights.
        seed: random seed for initial weights, order of samples and augmentation.
    """

    epochs: int
    batch: int
    peak_rate: float
    weight_decay: float
    label_smoothing: float
    averaging: float
    seed: int = 0


def train(
    build: Callable[[], nn.Module],
    recipe: Recipe,
    x: torch.Tensor,
    y: torch.Tensor,
    augment: Augment,
) -> nn.Module:
    """Train a network. Returns the network with averaged weights, in evaluation mode on the CPU.

    Args:
        build: function that builds the network. It is called after the seed is set.
        recipe: training parameters.
        x: normalised samples, on the device for training.
        y: classes of the samples, on the same device.
        augment: function that changes each batch at random.
    """
    torch.manual_seed(recipe.seed)
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # deterministic cuBLAS needs it
    torch.use_deterministic_algorithms(True)
    generator = torch.Generator().manual_seed(recipe.seed)
    network = build().to(x.device)
    average = torch.optim.swa_utils.AveragedModel(
        network,
        multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(recipe.averaging),
        use_buffers=True,
    )
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=recipe.peak_rate, weight_decay=recipe.weight_decay
    )
    steps = len(x) // recipe.batch
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=recipe.peak_rate, total_steps=recipe.epochs * steps, pct_start=0.15
    )
    began = time.monotonic()
    for epoch in range(recipe.epochs):
        total = torch.zeros((), device=x.device)
        for index in batches(len(x), recipe.batch, generator):
            chosen = index.to(x.device)
            logits = network(augment(x[chosen], generator))
            loss = functional.cross_entropy(
                logits, y[chosen], label_smoothing=recipe.label_smoothing
            )
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
            average.update_parameters(network)
            total += loss.detach()
        sys.stderr.write(
            f"epoch {epoch + 1}/{recipe.epochs} loss {total.item() / steps:.4f} "
            f"after {time.monotonic() - began:.0f} s\n"
        )
    trained: nn.Module = average.module.cpu().eval()
    return trained


def batches(n: int, size: int, generator: torch.Generator) -> Iterator[torch.Tensor]:
    """Sample indices of all full batches, in random order."""
    order = torch.randperm(n, generator=generator)
    for start in range(0, n - size + 1, size):
        yield order[start : start + size]


def folded(convolution: Any, norm: Any) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Weight and bias of a convolution that replaces both the convolution and the normalisation."""
    gain = norm.weight.detach() / torch.sqrt(norm.running_var + norm.eps)
    weight = convolution.weight.detach() * gain.view(-1, 1, 1, 1)
    bias = norm.bias.detach() - norm.running_mean * gain
    return weight.numpy(), bias.numpy()


def accuracy(network: nn.Module, x: torch.Tensor, y: npt.NDArray[np.int64]) -> float:
    """Fraction of right answers in float32."""
    with torch.inference_mode():
        guesses = torch.cat([network(some).argmax(1) for some in x.split(1000)])
    return float(np.mean(guesses.numpy() == y))
