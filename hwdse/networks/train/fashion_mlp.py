"""Trains models/fashion-mlp.onnx: a perceptron 784-256-128-10 on Fashion-MNIST.

Run `python -m hwdse.networks.train.fashion_mlp -o models/fashion-mlp.onnx` with the extra `train`
installed. The same seed gives the same result on the same kind of device and version of torch. The
recipe was chosen on 5,000 train images that were held back (`--holdout 5000`). The test part is
used only to report the accuracy.
"""

from itertools import pairwise
from typing import Any

import onnx
from torch import nn

from hwdse.networks.train.export import GraphBuilder
from hwdse.networks.train.fashion import metadata, run
from hwdse.networks.train.images import Recipe

WIDTHS = (784, 256, 128, 10)
CALIBRATION = 256
DEFAULT_SAMPLES = 2000
RECIPE = Recipe(
    epochs=20,
    batch=256,
    peak_rate=3e-3,
    weight_decay=0.02,
    label_smoothing=0.05,
    averaging=0.998,
)


def build_network() -> nn.Sequential:
    """The trainable network: input (n, 1, 28, 28) of normalised pixels, output (n, 10)."""
    layers: list[nn.Module] = [nn.Flatten()]
    for inputs, outputs in pairwise(WIDTHS):
        layers += [nn.Linear(inputs, outputs), nn.ReLU(), nn.Dropout(0.2)]
    return nn.Sequential(*layers[:-2])


def export(network: nn.Sequential) -> onnx.ModelProto:
    """The trained network as an ONNX model."""
    graph = GraphBuilder(input_shape=(1, 28, 28), classes=WIDTHS[-1])
    graph.shaped(0, WIDTHS[0])
    layers: list[Any] = [each for each in network if isinstance(each, nn.Linear)]
    for place, layer in enumerate(layers):
        if place:
            graph.relu()
        graph.gemm(layer.weight.detach().numpy(), layer.bias.detach().numpy())
    title = "perceptron 784-256-128-10, 235 k weights"
    return graph.model("fashion-mlp", metadata(title, CALIBRATION, DEFAULT_SAMPLES))


def main() -> None:
    """Train, write the file, and report the accuracy."""
    # A perceptron of this size loses by moved and mirrored images.
    run(__doc__, build_network, RECIPE, export, augment=lambda x, _: x)


if __name__ == "__main__":
    main()
