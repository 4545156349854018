"""The small networks, of layers that are trained side by side from several seeds.

Activations have the shape (S, samples, ...): S trainings, each with weights of its own.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import torch
from torch.nn import functional

from hwdse.errors import NetworkError, unknown
from hwdse.networks import datasets
from hwdse.networks.train.fashion_cnn import LAYERS, Convolution
from hwdse.networks.train.numerics.products import Factors, LayerArithmetic, LayerProduct


@dataclass(frozen=True, kw_only=True)
class Dense:
    """A fully connected layer."""

    inputs: int
    outputs: int


@dataclass(frozen=True, kw_only=True)
class TrainingTask:
    """A network, its data and its training.

    Attributes:
        name: name on the command line.
        dataset: the data.
        deviation: what pixels are divided by.
        shape: shape of a sample.
        layers: layers with ReLU in between; the last one after the mean over all positions.
        batch: samples of a step.
        epochs: passes over the train part.
        rate: peak of the learning rate, chosen in float32 on a tenth of the train part.
        madam_rate: the same for multiplicative updates.
    """

    name: str
    dataset: datasets.Dataset
    deviation: float
    shape: tuple[int, ...]
    layers: tuple[Dense | Convolution, ...]
    batch: int
    epochs: int
    rate: float
    madam_rate: float


def _perceptron(*widths: int) -> tuple[Dense, ...]:
    return tuple(Dense(inputs=a, outputs=b) for a, b in pairwise(widths))


_FASHION_DEVIATION = 0.353
TASKS = {
    each.name: each
    for each in (
        TrainingTask(
            name="digits",
            dataset=datasets.DIGITS,
            deviation=0.376,
            shape=(64,),
            layers=_perceptron(64, 64, 32, 10),
            batch=32,
            epochs=100,
            rate=0.05,
            madam_rate=0.05,
        ),
        TrainingTask(
            name="fashion-mlp",
            dataset=datasets.FASHION_MNIST,
            deviation=_FASHION_DEVIATION,
            shape=(784,),
            layers=_perceptron(784, 256, 128, 10),
            batch=128,
            epochs=15,
            rate=0.02,
            madam_rate=0.02,
        ),
        TrainingTask(
            name="fashion-cnn",
            dataset=datasets.FASHION_MNIST,
            deviation=_FASHION_DEVIATION,
            shape=(1, 28, 28),
            layers=(*LAYERS, Dense(inputs=LAYERS[-1].outputs, outputs=10)),
            batch=128,
            epochs=6,
            rate=0.1,
            madam_rate=0.04,
        ),
    )
}


def task(name: str) -> TrainingTask:
    """The task called `name`.

    Raises:
        NetworkError: there is none.
    """
    if name not in TASKS:
        raise NetworkError(unknown("network to train", name, TASKS))
    return TASKS[name]


@dataclass(frozen=True, kw_only=True)
class PlacedLayer:
    """A layer with what it needs to know of its place.

    Attributes:
        layer: the layer.
        terms: products of one sum.
        factors: factors of its products.
        weight_step: what turns its weight gradient into a step of gradient descent.
        bias_step: the same for its biases.
    """

    layer: Dense | Convolution
    terms: int
    factors: Factors = field(default_factory=Factors)
    weight_step: float = 1.0
    bias_step: float = 1.0


def placed(task: TrainingTask, *, unit_scaled: bool) -> tuple[tuple[PlacedLayer, ...], float]:
    """The layers of a task, and the factor of the loss.

    With unit scaling (Blake et al., 2023), weights begin with a variance of 1. Constant factors
    give activations and gradients the same, and the steps are those of the plain network.
    """
    terms = [_terms(each) for each in task.layers]
    if not unit_scaled:
        plain = [
            PlacedLayer(layer=each, terms=k) for each, k in zip(task.layers, terms, strict=True)
        ]
        return tuple(plain), 1.0
    positions = _positions(task)
    classes = task.layers[-1].outputs
    loss_factor = task.batch * classes / math.sqrt(classes - 1)
    found: list[PlacedLayer] = []
    gradient = loss_factor  # factor of the gradient behind the layer
    for place in reversed(range(len(terms))):
        layer, rows = task.layers[place], task.batch * positions[place]
        overlap = (layer.kernel / layer.stride) ** 2 if isinstance(layer, Convolution) else 1.0
        pooled = positions[place - 1] if place and place == len(terms) - 1 else 1
        factors = Factors(
            forward=math.sqrt(2 / terms[place]),
            input_gradient=math.sqrt(2 / (layer.outputs * overlap)) * pooled,
            weight_gradient=1 / math.sqrt(rows),
        )
        own = 1 / (gradient * factors.weight_gradient)
        found.append(
            PlacedLayer(
                layer=layer,
                terms=terms[place],
                factors=factors,
                weight_step=own / factors.forward,
                bias_step=own,
            )
        )
        gradient *= factors.input_gradient / factors.forward
    return tuple(reversed(found)), loss_factor


def _terms(layer: Dense | Convolution) -> int:
    return layer.inputs * (layer.kernel**2 if isinstance(layer, Convolution) else 1)


def _positions(task: TrainingTask) -> list[int]:
    """Positions of each layer's output."""
    side, found = task.shape[-1], []
    for layer in task.layers:
        if isinstance(layer, Convolution):
            side = (side + 2 * layer.padding - layer.kernel) // layer.stride + 1
            found.append(side**2)
        else:
            found.append(1)
    return found


def started(layers: Sequence[PlacedLayer], seeds: Sequence[int]) -> list[torch.Tensor]:
    """Weights (S, N, K) and biases (S, N) of all layers, in turn (He et al., 2015).

    The weights of a seed do not depend on the other seeds.
    """
    found: list[list[torch.Tensor]] = []
    for seed in seeds:
        generator = torch.Generator().manual_seed(seed)
        tensors = []
        for each in layers:
            normal = torch.randn(each.layer.outputs, each.terms, generator=generator)
            deviation = math.sqrt(2 / each.terms) / each.factors.forward
            tensors += [normal * deviation, torch.zeros(each.layer.outputs)]
        found.append(tensors)
    return [torch.stack(list(each)) for each in zip(*found, strict=True)]


def logits(
    x: torch.Tensor,
    layers: Sequence[PlacedLayer],
    tensors: Sequence[torch.Tensor],
    arithmetic: LayerArithmetic,
) -> torch.Tensor:
    """The outputs of the network, shape (S, samples, classes).

    Args:
        x: samples, shape (S, samples, ...).
        layers: the layers.
        tensors: weights and biases, as `started` gives them.
        arithmetic: the roundings.
    """
    for place, each in enumerate(layers):
        weights, biases = tensors[2 * place : 2 * place + 2]
        if isinstance(each.layer, Convolution):
            x = _convolved(x, each, weights, biases, arithmetic)
        else:
            if x.dim() > 3:
                x = x.mean((3, 4))
            x = LayerProduct.apply(x, weights, biases, (arithmetic, each.factors))
        if place < len(layers) - 1:
            x = torch.relu(x)
    return x


def _convolved(
    x: torch.Tensor,
    placed_layer: PlacedLayer,
    weights: torch.Tensor,
    biases: torch.Tensor,
    arithmetic: LayerArithmetic,
) -> torch.Tensor:
    layer = placed_layer.layer
    assert isinstance(layer, Convolution)
    side, samples, _, height, _ = x.shape
    out = (height + 2 * layer.padding - layer.kernel) // layer.stride + 1
    reach = layer.stride * (out - 1) + 1
    padded = functional.pad(x, (layer.padding,) * 4)
    # torch's own `unfold` goes through the samples one by one on a GPU.
    taps = [
        padded[..., row : row + reach : layer.stride, column : column + reach : layer.stride]
        for row in range(layer.kernel)
        for column in range(layer.kernel)
    ]
    patches = torch.stack(taps, 3)  # (S, samples, channels, taps, height, width)
    rows = patches.permute(0, 1, 4, 5, 2, 3).reshape(side, -1, placed_layer.terms)
    how = (arithmetic, placed_layer.factors)
    found = LayerProduct.apply(rows, weights, biases, how)
    return found.view(side, samples, out, out, -1).permute(0, 1, 4, 2, 3)
