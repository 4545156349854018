"""Trains models/digits-cnn.onnx: four convolutions on scikit-learn's digits, one residual.

Run `python -m hwdse.networks.train.digits_cnn -o models/digits-cnn.onnx` with the extra `train`
installed; it takes half a minute. A seed fixes the run on one version of torch and one kind of CPU.
Recipe and widths were set before any score was seen, the widths by the time that a sweep may take;
`--cross-validate` scores them on five folds of the train part. The test part is only ever used to
report.
"""

import argparse
import math
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import torch
from sklearn.model_selection import StratifiedKFold
from torch import nn
from torch.nn import functional

from hwdse.networks import datasets
from hwdse.networks.train.convolutional import Recipe, accuracy, folded, train
from hwdse.networks.train.export import GraphBuilder, save

SIDE = 8
STEM, BODY = 12, 16
"""Channels at full and at half resolution."""
# As in fashion_cnn: the background stays exactly zero.
MEAN, DEVIATION = 0.0, 0.3751
CALIBRATION = 256
SHIFT, TURN, STRETCH, SHEAR = 1.0, 12.0, 0.12, 0.12
"""How far a train image moves (pixels), turns (degrees), stretches and shears, at most."""
RECIPE = Recipe(
    epochs=80,
    batch=60,
    peak_rate=1e-2,
    weight_decay=0.02,
    label_smoothing=0.05,
    averaging=0.995,
)


class DigitsCNN(nn.Module):  # type: ignore[misc]  # torch is not checked
    """Input (n, 1, 8, 8) of normalised pixels, output (n, 10)."""

    def __init__(self) -> None:
        super().__init__()
        # Strides instead of pooling, as in fashion_cnn: products carry the whole network.
        shapes = ((1, STEM, 1), (STEM, BODY, 2), (BODY, BODY, 1), (BODY, BODY, 1))
        self.convolutions = nn.ModuleList(
            nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
            for inputs, outputs, stride in shapes
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(outputs) for _, outputs, _ in shapes)
        self.last = nn.Linear(BODY, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Class scores; the input of the third convolution is added to the output of the fourth."""
        x = functional.relu(self.convolved(0, x))
        x = functional.relu(self.convolved(1, x))
        y = functional.relu(self.convolved(2, x))
        x = functional.relu(self.convolved(3, y) + x)
        scores: torch.Tensor = self.last(x.mean((2, 3)))
        return scores

    def convolved(self, index: int, x: torch.Tensor) -> torch.Tensor:
        """What a convolution and its normalisation give."""
        y: torch.Tensor = self.norms[index](self.convolutions[index](x))
        return y


def augment(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Each image moved, turned, stretched and sheared a little, in bilinear interpolation."""

    def drawn(most: float) -> torch.Tensor:
        return (2 * torch.rand(len(x), generator=generator) - 1) * most

    angle, shear = drawn(math.radians(TURN)), drawn(SHEAR)
    wide, high = 1 + drawn(STRETCH), 1 + drawn(STRETCH)
    # The grid spans 2 for SIDE pixels.
    right, down = drawn(2 * SHIFT / SIDE), drawn(2 * SHIFT / SIDE)
    cosine, sine = torch.cos(angle), torch.sin(angle)
    matrix = torch.stack(
        [
            torch.stack([wide * cosine, shear - high * sine, right], dim=1),
            torch.stack([wide * sine, high * cosine, down], dim=1),
        ],
        dim=1,
    )
    grid = functional.affine_grid(matrix, list(x.shape), align_corners=False)
    return functional.grid_sample(x, grid, align_corners=False)


def normalised(part: datasets.Split) -> torch.Tensor:
    """The samples as the network takes them: (n, 1, 8, 8)."""
    return torch.from_numpy((part.x - MEAN) / DEVIATION).float().reshape(-1, 1, SIDE, SIDE)


def trained(part: datasets.Split, recipe: Recipe) -> DigitsCNN:
    """The network trained on these samples; the same seed gives the same weights."""
    network = train(DigitsCNN, recipe, normalised(part), torch.from_numpy(part.y), augment)
    assert isinstance(network, DigitsCNN)
    return network


def export(network: DigitsCNN) -> onnx.ModelProto:
    """The trained network as self-describing ONNX, batch normalisation folded into the weights."""
    graph = GraphBuilder(input_shape=(1, SIDE, SIDE), classes=10)
    tips: list[str] = []
    layers = list(zip(network.convolutions, network.norms, strict=True))
    for index, (convolution, norm) in enumerate(layers):
        weight, bias = folded(convolution, norm)
        graph.conv(weight, bias, stride=2 if index == 1 else 1, padding=1)
        if index == len(layers) - 1:
            graph.add(tips[1])
        graph.relu()
        tips.append(graph.tip)
    graph.mean_of_pixels()
    graph.gemm(network.last.weight.detach().numpy(), network.last.bias.detach().numpy())
    metadata = {
        "hwdse.title": "4-convolution CNN with a residual connection, 7 k weights",
        "hwdse.dataset": datasets.DIGITS_LARGE_TEST.name,
        "hwdse.mean": str(MEAN),
        "hwdse.std": str(DEVIATION),
        "hwdse.calibration": str(CALIBRATION),
        "hwdse.samples": str(datasets.DIGITS_LARGE_TEST.test_size),
    }
    return graph.model("digits-cnn", metadata)


def cross_validated(part: datasets.Split, recipe: Recipe, folds: int = 5) -> float:
    """Mean float accuracy on the fold that took no part in training."""
    scores = []
    for fit, rest in StratifiedKFold(folds, shuffle=True, random_state=0).split(part.x, part.y):
        network = trained(datasets.Split(x=part.x[fit], y=part.y[fit]), recipe)
        held_back = datasets.Split(x=part.x[rest], y=part.y[rest])
        scores.append(accuracy(network, normalised(held_back), held_back.y))
    return float(np.mean(scores))


def main() -> None:
    """Trains on the train part, reports on the held-out part, writes the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--epochs", type=int, default=RECIPE.epochs)
    parser.add_argument("--seed", type=int, default=RECIPE.seed)
    parser.add_argument("--cross-validate", action="store_true")
    options = parser.parse_args()

    # Sums of several threads depend on their number, and the layers are too small to gain by them.
    torch.set_num_threads(1)
    recipe = replace(RECIPE, epochs=options.epochs, seed=options.seed)
    part = datasets.DIGITS_LARGE_TEST.train()
    if options.cross_validate:
        sys.stdout.write(f"cross-validated accuracy {cross_validated(part, recipe):.4f}\n")
    if options.output:
        network = trained(part, recipe)
        save(export(network), options.output)
        test = datasets.DIGITS_LARGE_TEST.test()
        found = accuracy(network, normalised(test), test.y)
        sys.stdout.write(f"float accuracy {found:.4f} of {len(test.x)} images\n")


if __name__ == "__main__":
    main()
