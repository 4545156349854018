"""Trains models/fashion-cnn.onnx: five convolutions on Fashion-MNIST, 2.9 million MACs per image.

Run `python -m hwdse.networks.train.fashion_cnn -o models/fashion-cnn.onnx` with the extra `train`
installed. The same seed gives the same result on the same kind of device and version of torch.
Other devices add in a different order, and the results differ within the noise of training. The
recipe was chosen on 5,000 train images that were held back (`--holdout 5000`). The test part is
used only to report the accuracy.
"""

from dataclasses import dataclass
from typing import Any

import onnx
from torch import nn

from hwdse.networks.train.export import GraphBuilder
from hwdse.networks.train.fashion import metadata, run
from hwdse.networks.train.images import Recipe, folded


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
CALIBRATION = 256
DEFAULT_SAMPLES = 2000
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


def export(network: nn.Sequential) -> onnx.ModelProto:
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
    title = "5-convolution CNN, 70 k weights"
    return graph.model("fashion-cnn", metadata(title, CALIBRATION, DEFAULT_SAMPLES))


def main() -> None:
    """Train, write the file, and report the accuracy."""
    run(__doc__, build_network, RECIPE, export)


if __name__ == "__main__":
    main()
