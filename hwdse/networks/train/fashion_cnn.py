"""Trains models/fashion-cnn.onnx: five convolutions on Fashion-MNIST, 2.9 million MACs per image.

Run `python -m hwdse.networks.train.fashion_cnn -o models/fashion-cnn.onnx` with the extra `train`
installed. The same seed gives the same result on the same kind of device and version of torch.
Other devices add in a different order, and the results differ within the noise of training. The
recipe was chosen on 5,000 train images that were held back (`--holdout 5000`). The test part is
used only to report the accuracy.
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
from hwdse.networks.train.export import GraphBuilder, save
from hwdse.networks.train.images import Recipe, accuracy, folded, train


@dataclass(frozen=True, kw_only=True)
class Convolution:
    """One layer of the network: convolution, batch normalisation, ReLU."""

    inputs: int
    outputs: int
    kernel: int
    stride: int
    padding: int


# The network uses strides instead of pooling. Every operation except ReLU and the final mean is
# therefore a matrix product and runs in the design's arithmetic.
LAYERS = (
    Convolution(inputs=1, outputs=16, kernel=5, stride=2, padding=2),
    Convolution(inputs=16, outputs=32, kernel=3, stride=1, padding=1),
    Convolution(inputs=32, outputs=32, kernel=3, stride=2, padding=1),
    Convolution(inputs=32, outputs=64, kernel=3, stride=1, padding=1),
    Convolution(inputs=64, outputs=64, kernel=3, stride=2, padding=1),
)
# With mean 0 the background stays exactly zero, which every format can represent. With the mean
# subtracted, the background would be a constant with the same rounding error in every pixel.
MEAN, DEVIATION = 0.0, 0.3530
CALIBRATION = 256
DEFAULT_SAMPLES = 2000
SHIFT = 2
"""Largest shift of a train image in pixels."""
RECIPE = Recipe(
    epochs=120,
    batch=256,
    peak_rate=6e-3,
    weight_decay=0.02,
    label_smoothing=0.05,
    averaging=0.998,
)


def build_network() -> nn.Sequential:
    """The trainable network: input (n, 1, 28, 28) of normalised pixels, output (n, 10)."""
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
    """Mirror each image with probability 0.5, and move it by up to two pixels in each direction."""
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
    """The normalised samples, as the input of the network."""
    return torch.from_numpy((part.x - MEAN) / DEVIATION).float()


def export(network: nn.Sequential, title: str) -> onnx.ModelProto:
    """The trained network as an ONNX model, with batch normalisation folded into the weights."""
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
    """Train on the train part, write the file, and report the accuracy.

    The accuracy is for the test part, or with `--holdout` for the images held back.
    """
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
