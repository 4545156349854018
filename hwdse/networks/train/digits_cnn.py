"""Trains models/digits-cnn.onnx: four convolutions on scikit-learn's digits, one residual.

Run `python -m hwdse.networks.train.digits_cnn -o models/digits-cnn.onnx` with the extra `train`
installed. The run takes half a minute. The same seed gives the same result on the same version of
torch and kind of CPU. Recipe and layer widths were chosen before any score was known. The widths
follow from the time that a sweep may take. `--cross-validate` scores the recipe on five folds of
the train part. The test part is used only to report the accuracy.
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
from hwdse.networks.train.export import GraphBuilder, save
from hwdse.networks.train.images import Recipe, accuracy, folded, train

SIDE = 8
STEM, BODY = 12, 16
"""Channels at full resolution and at half resolution."""
# With mean 0 the background stays exactly zero, as in fashion_cnn.
MEAN, DEVIATION = 0.0, 0.3751
CALIBRATION = 256
SHIFT, TURN, STRETCH, SHEAR = 1.0, 12.0, 0.12, 0.12
"""Largest shift (pixels), rotation (degrees), relative stretch and shear of a train image."""
RECIPE = Recipe(
    epochs=80,
    batch=60,
    peak_rate=1e-2,
    weight_decay=0.02,
    label_smoothing=0.05,
    averaging=0.995,
)


class DigitsCNN(nn.Module):  # torch is not checked
    """Input (n, 1, 8, 8) of normalised pixels, output (n, 10)."""

    def __init__(self) -> None:
        super().__init__()
        # Strides replace pooling, as in fashion_cnn, so almost every operation is a product.
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
        """Output of convolution `index` and the batch normalisation after it."""
        y: torch.Tensor = self.norms[index](self.convolutions[index](x))
        return y


def augment(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Move, turn, stretch and shear each image a little, with bilinear interpolation."""

    def drawn(most: float) -> torch.Tensor:
        return (2 * torch.rand(len(x), generator=generator) - 1) * most

    angle, shear = drawn(math.radians(TURN)), drawn(SHEAR)
    wide, high = 1 + drawn(STRETCH), 1 + drawn(STRETCH)
    # In grid coordinates the image has width 2, so one pixel is 2 / SIDE.
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
    """The normalised samples, as the input of the network: (n, 1, 8, 8)."""
    return torch.from_numpy((part.x - MEAN) / DEVIATION).float().reshape(-1, 1, SIDE, SIDE)


def trained(part: datasets.Split, recipe: Recipe) -> DigitsCNN:
    """Train the network on these samples. The same seed gives the same weights."""
    network = train(DigitsCNN, recipe, normalised(part), torch.from_numpy(part.y), augment)
    assert isinstance(network, DigitsCNN)
    return network


def export(network: DigitsCNN) -> onnx.ModelProto:
    """The trained network as an ONNX model, with batch normalisation folded into the weights."""
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
    """Mean float accuracy in cross-validation, on the folds not used for training."""
    scores = []
    for fit, rest in StratifiedKFold(folds, shuffle=True, random_state=0).split(part.x, part.y):
        network = trained(datasets.Split(x=part.x[fit], y=part.y[fit]), recipe)
        held_back = datasets.Split(x=part.x[rest], y=part.y[rest])
        scores.append(accuracy(network, normalised(held_back), held_back.y))
    return float(np.mean(scores))


def main() -> None:
    """Train on the train part, write the file, and report the accuracy on the test part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--epochs", type=int, default=RECIPE.epochs)
    parser.add_argument("--seed", type=int, default=RECIPE.seed)
    parser.add_argument("--cross-validate", action="store_true")
    options = parser.parse_args()

    # Use one thread. The result of a sum depends on the number of threads, and the layers are too
    # small to run faster with more threads.
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
