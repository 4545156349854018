"""Trains models/fashion-cnn.onnx: five convolutions on Fashion-MNIST, 2.9 million MACs an image.

Run `python -m hwdse.networks.train.fashion_cnn -o models/fashion-cnn.onnx` with the extra `train`
installed. A seed fixes the run on one kind of device and version of torch; other devices sum in
another order and end within the noise of training. The recipe was chosen on 5,000 held-back train
images (`--holdout 5000`); the test part is only ever used to report.
"""

import argparse
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import nn
from torch.nn import functional

from hwdse.networks import datasets
from hwdse.networks.train.convolutional import Recipe, accuracy, folded, train
from hwdse.networks.train.export import GraphBuilder, save


@dataclass(frozen=True, kw_only=True)
class Convolution:
    """One layer of the network: convolution, batch normalisation, ReLU."""

    inputs: int
    outputs: int
    kernel: int
    stride: int
    padding: int


# Strides instead of pooling: every operation but ReLU and the final mean is a matrix product, so
# the design's arithmetic carries the whole network.
LAYERS = (
    Convolution(inputs=1, outputs=16, kernel=5, stride=2, padding=2),
    Convolution(inputs=16, outputs=32, kernel=3, stride=1, padding=1),
    Convolution(inputs=32, outputs=32, kernel=3, stride=2, padding=1),
    Convolution(inputs=32, outputs=64, kernel=3, stride=1, padding=1),
    Convolution(inputs=64, outputs=64, kernel=3, stride=2, padding=1),
)
# The background stays exactly zero, which every format holds: with the mean subtracted it would be
# a constant off the grid, and its rounding error the same in every pixel.
MEAN, DEVIATION = 0.0, 0.3530
CALIBRATION = 256
DEFAULT_SAMPLES = 2000
SHIFT = 2
"""Pixels that a train image moves by, at most."""
RECIPE = Recipe(
    epochs=120,
    batch=256,
    peak_rate=6e-3,
    weight_decay=0.02,
    label_smoothing=0.05,
    averaging=0.998,
)


def build_network() -> nn.Sequential:
    """The trainable network: input (n, 1, 28, 28) of pixels 0..1, output (n, 10)."""
    layers: list[nn.Module] = []
    for layer in LAYERS:
        layers += [
            nn.Conv2d(
                layer.inputs,
                layer.outputs,
                layer.kernel,
                stride=layer.stride,
                padding=layer.padding,
                bias=False,
            ),
            nn.BatchNorm2d(layer.outputs),
            nn.ReLU(),
        ]
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(LAYERS[-1].outputs, 10)]
    return nn.Sequential(*layers)


def augment(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Each image mirrored half of the time and moved by up to two pixels each way."""
    shift = SHIFT
    n, _, height, width = x.shape
    rows = torch.randint(0, 2 * shift + 1, (n, 1, 1), generator=generator).to(x.device)
    columns = torch.randint(0, 2 * shift + 1, (n, 1, 1), generator=generator).to(x.device)
    mirror = (torch.rand(n, 1, 1, generator=generator) < 0.5).to(x.device)
    at_row = torch.arange(height, device=x.device).view(1, -1, 1) + rows
    at_column = torch.arange(width, device=x.device).view(1, 1, -1)
    at_column = torch.where(mirror, width - 1 - at_column, at_column) + columns
    padded = functional.pad(x[:, 0], (shift, shift, shift, shift), value=-MEAN / DEVIATION)
    image = torch.arange(n, device=x.device).view(-1, 1, 1)
    return padded[image, at_row, at_column][:, None]


def normalised(part: datasets.Split) -> torch.Tensor:
    """The samples as the network takes them."""
    return torch.from_numpy((part.x - MEAN) / DEVIATION).float()


def export(network: nn.Sequential, title: str) -> onnx.ModelProto:
    """The trained network as self-describing ONNX, batch normalisation folded into the weights."""
    graph = GraphBuilder(input_shape=(1, 28, 28), classes=10)
    modules = list(network)
    for index, layer in enumerate(LAYERS):
        weight, bias = folded(modules[3 * index], modules[3 * index + 1])
        graph.conv(weight, bias, stride=layer.stride, padding=layer.padding)
        graph.relu()
    graph.mean_of_pixels()
    last: Any = modules[-1]
    graph.gemm(last.weight.detach().numpy(), last.bias.detach().numpy())
    metadata = {
        "hwdse.title": title,
        "hwdse.dataset": datasets.FASHION_MNIST.name,
        "hwdse.mean": str(MEAN),
        "hwdse.std": str(DEVIATION),
        "hwdse.calibration": str(CALIBRATION),
        "hwdse.samples": str(DEFAULT_SAMPLES),
    }
    return graph.model("fashion-cnn", metadata)


def main() -> None:
    """Trains on the train part, reports on the held-back or the test part, writes the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--epochs", type=int, default=RECIPE.epochs)
    parser.add_argument("--seed", type=int, default=RECIPE.seed)
    parser.add_argument("--holdout", type=int, default=0, help="train images kept to report on")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args()

    everything = datasets.FASHION_MNIST.train(options.data_dir)
    kept = len(everything.x) - options.holdout
    part = datasets.Split(x=everything.x[:kept], y=everything.y[:kept])
    recipe = replace(RECIPE, epochs=options.epochs, seed=options.seed)
    x, y = normalised(part).to(options.device), torch.from_numpy(part.y).to(options.device)
    network = train(build_network, recipe, x, y, augment)
    assert isinstance(network, nn.Sequential)
    save(export(network, "5-convolution CNN, 70 k weights"), options.output)
    if options.holdout:
        report = datasets.Split(x=everything.x[kept:], y=everything.y[kept:])
    else:
        report = datasets.FASHION_MNIST.test(options.data_dir)
    found = accuracy(network, normalised(report), report.y)
    sys.stdout.write(f"float accuracy {found:.4f} of {len(report.x)} images\n")


if __name__ == "__main__":
    main()
