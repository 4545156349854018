"""Trains models/fashion-cnn.onnx: five convolutions on Fashion-MNIST, 2.9 million MACs an image.

Run `python -m hwdse.networks.train.fashion_cnn -o models/fashion-cnn.onnx` with the extra `train`
installed. A seed fixes the run on one kind of device and version of torch; other devices sum in
another order and end within the noise of training. The recipe was chosen on 5,000 held-back train
images (`--holdout 5000`); the test part is only ever used to report.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from torch import nn
from torch.nn import functional

from hwdse.networks import datasets
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


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How the network is trained."""

    epochs: int = 120
    batch: int = 256
    peak_rate: float = 6e-3
    weight_decay: float = 0.02
    label_smoothing: float = 0.05
    shift: int = 2
    averaging: float = 0.998
    seed: int = 0


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


def augment(x: torch.Tensor, shift: int, generator: torch.Generator) -> torch.Tensor:
    """Each image mirrored half of the time and moved by up to `shift` pixels each way."""
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


def batches(n: int, size: int, generator: torch.Generator) -> Iterator[torch.Tensor]:
    """Indices of full batches in random order."""
    order = torch.randperm(n, generator=generator)
    for start in range(0, n - size + 1, size):
        yield order[start : start + size]


def train(recipe: Recipe, part: datasets.Part, device: str) -> nn.Sequential:
    """The averaged network after the last epoch, in evaluation mode on the CPU."""
    torch.manual_seed(recipe.seed)
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # deterministic cuBLAS needs it
    torch.use_deterministic_algorithms(True)
    generator = torch.Generator().manual_seed(recipe.seed)
    x = torch.from_numpy((part.x - MEAN) / DEVIATION).float().to(device)
    y = torch.from_numpy(part.y).to(device)
    network = build_network().to(device)
    average = torch.optim.swa_utils.AveragedModel(
        network,
        multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(recipe.averaging),
        use_buffers=True,
    )
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=recipe.peak_rate, weight_decay=recipe.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        max_lr=recipe.peak_rate,
        total_steps=recipe.epochs * (len(x) // recipe.batch),
        pct_start=0.15,
    )
    began = time.monotonic()
    for epoch in range(recipe.epochs):
        total = torch.zeros((), device=device)
        for index in batches(len(x), recipe.batch, generator):
            chosen = index.to(device)
            logits = network(augment(x[chosen], recipe.shift, generator))
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
            f"epoch {epoch + 1}/{recipe.epochs} loss {total.item() / (len(x) // recipe.batch):.4f} "
            f"after {time.monotonic() - began:.0f} s\n"
        )
    trained = average.module.cpu().eval()
    assert isinstance(trained, nn.Sequential)
    return trained


def export(network: nn.Sequential, title: str) -> onnx.ModelProto:
    """The trained network as self-describing ONNX, batch normalisation folded into the weights."""
    graph = GraphBuilder(input_shape=(1, 28, 28), classes=10)
    modules = list(network)
    for index, layer in enumerate(LAYERS):
        convolution: Any = modules[3 * index]
        norm: Any = modules[3 * index + 1]
        gain = norm.weight.detach() / torch.sqrt(norm.running_var + norm.eps)
        weight = convolution.weight.detach() * gain.view(-1, 1, 1, 1)
        bias = norm.bias.detach() - norm.running_mean * gain
        graph.conv(weight.numpy(), bias.numpy(), stride=layer.stride, padding=layer.padding)
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


def accuracy(network: nn.Sequential, part: datasets.Part) -> float:
    """Fraction of right answers in float32."""
    x = torch.from_numpy((part.x - MEAN) / DEVIATION).float()
    with torch.inference_mode():
        guesses = torch.cat([network(some).argmax(1) for some in x.split(1000)])
    return float(np.mean(guesses.numpy() == part.y))


def main() -> None:
    """Trains on the train part, reports on the held-back or the test part, writes the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--epochs", type=int, default=Recipe.epochs)
    parser.add_argument("--seed", type=int, default=Recipe.seed)
    parser.add_argument("--holdout", type=int, default=0, help="train images kept to report on")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args()

    everything = datasets.FASHION_MNIST.train(options.data_dir)
    kept = len(everything.x) - options.holdout
    part = datasets.Part(x=everything.x[:kept], y=everything.y[:kept])
    network = train(Recipe(epochs=options.epochs, seed=options.seed), part, options.device)
    save(export(network, "5-convolution CNN, 70 k weights"), options.output)
    if options.holdout:
        report = datasets.Part(x=everything.x[kept:], y=everything.y[kept:])
    else:
        report = datasets.FASHION_MNIST.test(options.data_dir)
    sys.stdout.write(f"float accuracy {accuracy(network, report):.4f} of {len(report.x)} images\n")


if __name__ == "__main__":
    main()
