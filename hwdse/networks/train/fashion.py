"""What the scripts that train networks on Fashion-MNIST share: data, augmentation, command line."""

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import nn
from torch.nn import functional

from hwdse.networks import datasets
from hwdse.networks.train.export import save
from hwdse.networks.train.images import Augment, Recipe, accuracy, train

# With mean 0 the background stays exactly zero, which every format can represent. With the mean
# subtracted, the background would be a constant with the same rounding error in every pixel.
MEAN, DEVIATION = 0.0, 0.3530
SHIFT = 2
"""Largest shift of a train image in pixels."""


def augment(x: torch.Tensor, generator: torch.Generator, *, shift: int = SHIFT) -> torch.Tensor:
    """Mirror each image with probability 0.5, and move it by up to `shift` pixels each way."""
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


def metadata(title: str, calibration: int, samples: int) -> dict[str, str]:
    """Metadata of a network's file.

    Args:
        title: one-line description.
        calibration: number of train samples for choosing scales.
        samples: number of test samples to score if no number is given.
    """
    return {
        "hwdse.title": title,
        "hwdse.dataset": datasets.FASHION_MNIST.name,
        "hwdse.mean": str(MEAN),
        "hwdse.std": str(DEVIATION),
        "hwdse.calibration": str(calibration),
        "hwdse.samples": str(samples),
    }


def run(
    description: str | None,
    build: Callable[[], nn.Module],
    recipe: Recipe,
    export: Callable[[Any], onnx.ModelProto],
    augment: Augment = augment,
) -> None:
    """The command: train on the train part, write the file, and report the accuracy.

    The accuracy is for the test part, or with `--holdout` for the images held back.

    Args:
        description: what the command does.
        build: makes the network.
        recipe: training parameters, of which the command line may replace some.
        export: makes the model of a trained network.
        augment: changes each batch at random.
    """
    parser = arguments(description, recipe)
    options = parser.parse_args()
    part, report = parts(options)
    recipe = replace(recipe, epochs=options.epochs, seed=options.seed)
    x, y = normalised(part).to(options.device), torch.from_numpy(part.y).to(options.device)
    network = train(build, recipe, x, y, augment)
    save(export(network), options.output)
    found = accuracy(network, normalised(report), report.y)
    sys.stdout.write(f"float accuracy {found:.4f} of {len(report.x)} images\n")


def arguments(
    description: str | None, recipe: Recipe, *, writes: bool = True
) -> argparse.ArgumentParser:
    """The options that all these commands have; a file must be named if they always write one."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("-o", "--output", type=Path, required=writes)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--epochs", type=int, default=recipe.epochs)
    parser.add_argument("--seed", type=int, default=recipe.seed)
    parser.add_argument("--holdout", type=int, default=0, help="train images kept to report on")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    return parser


def parts(options: argparse.Namespace) -> tuple[datasets.Split, datasets.Split]:
    """The images to train on, and those to report on."""
    everything = datasets.FASHION_MNIST.train(options.data_dir)
    kept = len(everything.x) - options.holdout
    part = datasets.Split(x=everything.x[:kept], y=everything.y[:kept])
    if options.holdout:
        return part, datasets.Split(x=everything.x[kept:], y=everything.y[kept:])
    return part, datasets.FASHION_MNIST.test(options.data_dir)
