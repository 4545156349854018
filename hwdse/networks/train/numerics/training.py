"""The loop: gradient descent in a scheme, from several seeds side by side."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from hwdse.networks.datasets import Split
from hwdse.networks.train.numerics.models import PlacedLayer, TrainingTask, logits, placed, started
from hwdse.networks.train.numerics.products import LayerArithmetic
from hwdse.networks.train.numerics.scheme import Scheme
from hwdse.networks.train.numerics.updates import KeptWeights, Madam, Update

_WARM_UP = 0.05
_LOOKS = 50
"""Steps at which lost updates are counted."""
_FIRST_LOSS_SCALE, _GROWTH_STEPS = 2.0**16, 200
_SCORED = 500


@dataclass(frozen=True, kw_only=True)
class TrainingOutcome:
    """The result of one training.

    Attributes:
        network: name of the task.
        scheme: name of the scheme.
        seed: its seed.
        accuracy: share of right answers, in the scheme's arithmetic.
        samples: number of scored samples.
        lost_updates: share of weights with a gradient that a step has left as they were.
    """

    network: str
    scheme: str
    seed: int
    accuracy: float
    samples: int
    lost_updates: float


def train(
    task: TrainingTask,
    scheme: Scheme,
    seeds: Sequence[int],
    part: Split,
    test: Split,
    *,
    device: str = "cpu",
    rate: float | None = None,
    epochs: int | None = None,
) -> list[TrainingOutcome]:
    """Train a network from each seed, and score it.

    A seed fixes the first weights and the order of the samples. Random bits of stochastic rounding
    depend on all seeds together.

    Args:
        task: the network and its training.
        scheme: the roundings.
        seeds: the seeds.
        part: samples to train on.
        test: samples to score.
        device: where to compute.
        rate: peak of the learning rate; default: that of the task.
        epochs: passes over the samples; default: those of the task.
    """
    random = torch.Generator(device).manual_seed(sum(seeds) * 1_000_003 + len(seeds))
    arithmetic = LayerArithmetic.of(scheme, random)
    rule = Update.parse(scheme.update)
    layers, loss_factor = placed(task, unit_scaled=scheme.unit_scaled)
    state = [rule.begin(each.to(device), random) for each in started(layers, seeds)]
    if rate is None:
        rate = task.madam_rate if isinstance(rule, Madam) else task.rate
    steps = _Steps(layers, state, arithmetic, loss_factor, scaled=scheme.loss_scale == "dynamic")
    take = _Recorded(steps, random) if torch.device(device).type == "cuda" else steps.take
    x, y = _samples(task, part, device)
    total = (epochs or task.epochs) * (len(x) // task.batch)
    looks = set(np.linspace(0, total - 1, _LOOKS, dtype=int).tolist())
    for number, chosen in enumerate(_batches(len(x), task.batch, seeds, total)):
        index = chosen.to(device)
        now = torch.full((), rate * _schedule(number / total), device=device)
        take(x[index], y[index], now, look=number in looks)
    right = steps.right(*_samples(task, test, device)).tolist()
    lost = steps.lost().tolist()
    return [
        TrainingOutcome(
            network=task.name,
            scheme=scheme.name,
            seed=seed,
            accuracy=right[place] / len(test.y),
            samples=len(test.y),
            lost_updates=lost[place],
        )
        for place, seed in enumerate(seeds)
    ]


def _samples(task: TrainingTask, part: Split, device: str) -> tuple[torch.Tensor, torch.Tensor]:
    x = torch.from_numpy(part.x / np.float32(task.deviation)).float()
    return x.view(-1, *task.shape).to(device), torch.from_numpy(part.y).to(device)


def _schedule(over: float) -> float:
    """Linear warm-up, then half a cosine down to zero."""
    if over < _WARM_UP:
        return over / _WARM_UP
    return 0.5 * (1 + math.cos(math.pi * (over - _WARM_UP) / (1 - _WARM_UP)))


def _batches(n: int, size: int, seeds: Sequence[int], total: int) -> Iterator[torch.Tensor]:
    """Indices (S, size) of all steps, in a random order of each seed."""
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    found = 0
    while True:
        order = torch.stack([torch.randperm(n, generator=each) for each in generators])
        for start in range(0, n - size + 1, size):
            if found == total:
                return
            found += 1
            yield order[:, start : start + size]


class _Steps:
    """The state of the trainings."""

    def __init__(
        self,
        layers: Sequence[PlacedLayer],
        state: list[KeptWeights],
        arithmetic: LayerArithmetic,
        loss_factor: float,
        *,
        scaled: bool,
    ) -> None:
        self._layers, self._state, self._arithmetic = layers, state, arithmetic
        self._scaled = scaled
        side, device = len(state[0].value), state[0].value.device
        first = _FIRST_LOSS_SCALE if scaled else loss_factor
        self._loss_scale = torch.full((side,), first, device=device)
        self._good = torch.zeros(side, device=device)
        self._unscale = [factor for each in layers for factor in (each.weight_step, each.bias_step)]
        self._kept = torch.zeros(side, device=device)
        self._seen = torch.zeros(side, device=device)

    def take(self, x: torch.Tensor, y: torch.Tensor, rate: torch.Tensor, *, look: bool) -> None:
        """One step on a batch for each training.

        Args:
            x: samples, shape (S, batch, ...).
            y: their classes, shape (S, batch).
            rate: the learning rate, one number.
            look: whether to count lost updates.
        """
        values = [each.value.detach().requires_grad_() for each in self._state]
        outputs = logits(x, self._layers, values, self._arithmetic)
        side = len(x)
        losses = functional.cross_entropy(
            outputs.flatten(0, 1), y.flatten(), reduction="none"
        ).view(side, -1)
        gradients = torch.autograd.grad((losses.mean(1) * self._loss_scale).sum(), values)
        with torch.no_grad():
            finite = self._finite(gradients) if self._scaled else None
            for weights, gradient, factor in zip(
                self._state, gradients, self._unscale, strict=True
            ):
                change = gradient * factor
                if finite is not None:
                    scale = self._loss_scale.view(-1, *[1] * (gradient.dim() - 1))
                    change = torch.nan_to_num(change / scale, 0.0, 0.0, 0.0)
                self._update(weights, change, rate, finite, look=look)
            if finite is not None:
                self._adapt(finite)

    def _update(
        self,
        weights: KeptWeights,
        gradient: torch.Tensor,
        rate: torch.Tensor,
        finite: torch.Tensor | None,
        *,
        look: bool,
    ) -> None:
        before = weights.kept()
        weights.step(gradient, rate)
        after = weights.kept()
        if finite is not None:
            mask = finite.view(-1, *[1] * (gradient.dim() - 1))
            after = {name: torch.where(mask, each, before[name]) for name, each in after.items()}
        if look:
            same = torch.ones_like(gradient, dtype=torch.bool)
            for name in weights.exact:
                same &= before[name] == after[name]
            moved = gradient != 0
            axes = tuple(range(1, gradient.dim()))
            self._kept += (same & moved).sum(axes)
            self._seen += moved.sum(axes)
        # In place: a recorded step reads and writes the same memory whenever it is replayed.
        for name, each in before.items():
            setattr(weights, name, each.copy_(after[name]))

    @staticmethod
    def _finite(gradients: Sequence[torch.Tensor]) -> torch.Tensor:
        """Which trainings have finite gradients."""
        return torch.stack([each.flatten(1).isfinite().all(1) for each in gradients]).all(0)

    def _adapt(self, finite: torch.Tensor) -> None:
        """Halve the loss scale after an overflow; double it after many steps without."""
        good = torch.where(finite, self._good + 1, 0.0)
        grown = torch.where(good >= _GROWTH_STEPS, 2.0, 1.0)
        self._good.copy_(torch.where(good >= _GROWTH_STEPS, 0.0, good))
        self._loss_scale *= torch.where(finite, grown, 0.5)

    def right(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Number of right answers of each training."""
        values = [each.value for each in self._state]
        found = torch.zeros(len(values[0]), device=x.device)
        with torch.no_grad():
            for some, classes in zip(x.split(_SCORED), y.split(_SCORED), strict=True):
                every = some.expand(len(found), *some.shape)
                outputs = logits(every, self._layers, values, self._arithmetic)
                found += (outputs.argmax(2) == classes).sum(1)
        return found

    def lost(self) -> torch.Tensor:
        """Share of weights with a gradient that a step has left as they were."""
        return self._kept / self._seen.clamp_min(1)


class _Recorded:
    """Steps on a GPU, recorded once and replayed: small networks otherwise wait for Python."""

    _WARM_UP = 3

    def __init__(self, steps: _Steps, random: torch.Generator) -> None:
        self._steps, self._random = steps, random
        self._graph: Any = None
        self._run = 0

    def __call__(self, x: torch.Tensor, y: torch.Tensor, rate: torch.Tensor, *, look: bool) -> None:
        self._run += 1
        if look or self._run <= self._WARM_UP:
            self._steps.take(x, y, rate, look=look)
            return
        if self._graph is None:
            self._inputs = x.clone(), y.clone(), rate.clone()
            self._graph = torch.cuda.CUDAGraph()
            self._graph.register_generator_state(self._random)
            with torch.cuda.graph(self._graph):
                self._steps.take(*self._inputs, look=False)
        for own, given in zip(self._inputs, (x, y, rate), strict=True):
            own.copy_(given)
        self._graph.replay()
