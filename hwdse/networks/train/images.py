"""Code shared by the scripts that train networks for images with torch."""

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

Augment = Callable[[torch.Tensor, torch.Generator], torch.Tensor]
"""A function that returns randomly changed samples. The generator supplies the random numbers."""


_RENORMALISING = 40  # batches that give the last statistics
_WARM_UP = 3  # steps before a recording, so that libraries have what they need


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
    *,
    groups: Callable[[nn.Module], Any] = nn.Module.parameters,
    begin: Callable[[nn.Module, float], None] | None = None,
    captured: bool = False,
    renormalise: bool = False,
) -> nn.Module:
    """Train a network. Returns the network with averaged weights, in evaluation mode on the CPU.

    Args:
        build: function that builds the network. It is called after the seed is set.
        recipe: training parameters.
        x: normalised samples, on the device for training.
        y: classes of the samples, on the same device.
        augment: function that changes each batch at random.
        groups: function that gives the optimizer its parameters, in groups if their rates differ.
        begin: function to call with the network before each epoch, and which part is over; at the
            end with the averaged network.
        captured: record the steps of an epoch once, and replay them (CUDA only). Small networks
            otherwise wait for Python.
        renormalise: set the statistics of batch normalisation anew at the end: averaged weights
            that are rounded need not have averaged statistics.
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
        groups(network),
        lr=recipe.peak_rate,
        weight_decay=recipe.weight_decay,
        capturable=captured,
    )
    if captured:
        for group in optimizer.param_groups:
            group["lr"] = torch.tensor(float(group["lr"]), device=x.device)
    steps = len(x) // recipe.batch
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        max_lr=[float(group["lr"]) for group in optimizer.param_groups],
        total_steps=recipe.epochs * steps,
        pct_start=0.15,
    )
    step = _Step(network, optimizer, recipe.label_smoothing)
    began = time.monotonic()
    for epoch in range(recipe.epochs):
        if begin is not None:
            begin(network, epoch / recipe.epochs)
        step.forget()
        total = torch.zeros((), device=x.device)
        for index in batches(len(x), recipe.batch, generator):
            chosen = index.to(x.device)
            loss = step(augment(x[chosen], generator), y[chosen], captured=captured)
            schedule.step()
            average.update_parameters(network)
            total += loss.detach()
        sys.stderr.write(
            f"epoch {epoch + 1}/{recipe.epochs} loss {total.item() / steps:.4f} "
            f"after {time.monotonic() - began:.0f} s\n"
        )
    if begin is not None:
        begin(average.module, 1.0)
    if renormalise:
        _renormalise(average.module, x.split(recipe.batch)[:_RENORMALISING])
    trained: nn.Module = average.module.cpu().eval()
    return trained


def _renormalise(network: nn.Module, batches: Sequence[torch.Tensor]) -> None:
    """Set the statistics of batch normalisation anew, as means over batches."""
    norms = [each for each in network.modules() if isinstance(each, nn.BatchNorm2d)]
    for each in norms:
        each.reset_running_stats()
        each.momentum = None
    network.train()
    with torch.no_grad():
        for some in batches:
            network(some)


class _Step:
    """One step of the optimizer, which can be recorded."""

    def __init__(
        self,
        network: nn.Module,
        optimizer: torch.optim.Optimizer,
        smoothing: float,
    ) -> None:
        self._network, self._optimizer, self._smoothing = network, optimizer, smoothing
        self._graph: Any = None
        self._run = 0

    def forget(self) -> None:
        """Record anew: the network may have changed."""
        self._graph, self._run = None, 0

    def __call__(self, x: torch.Tensor, y: torch.Tensor, *, captured: bool) -> torch.Tensor:
        """Run a step on a batch. Returns the loss."""
        self._run += 1
        if not captured or self._run <= _WARM_UP:
            return self._eager(x, y)
        if self._graph is None:
            self._x, self._y = x.clone(), y.clone()
            self._graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(self._graph):
                self._loss = self._eager(self._x, self._y)
        self._x.copy_(x)
        self._y.copy_(y)
        self._graph.replay()
        return self._loss

    def _eager(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        self._optimizer.zero_grad(set_to_none=True)
        logits = self._network(x)
        loss = functional.cross_entropy(logits, y, label_smoothing=self._smoothing)
        loss.backward()
        self._optimizer.step()
        return loss.detach()


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
