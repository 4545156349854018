"""Trains models/fashion-vit.onnx: a vision transformer on Fashion-MNIST.

Run `python -m hwdse.networks.train.fashion_vit -o models/fashion-vit.onnx` with the extra `train`
installed. The same seed gives the same result on the same kind of device and version of torch. The
recipe was chosen on 5,000 train images that were held back (`--holdout 5000`). The test part is
used only to report the accuracy. Source of the network: Dosovitskiy et al., "An image is worth
16x16 words", ICLR 2021.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import onnx
import torch
from torch import nn

from hwdse.networks import datasets
from hwdse.networks.train.export import GraphBuilder, save
from hwdse.networks.train.fashion_cnn import DEVIATION, MEAN, augment, normalised
from hwdse.networks.train.images import Recipe, accuracy, train
from hwdse.networks.train.transformer import TransformerBlock, append_norm, initialise, numbers

PATCH, SIDE = 4, 7
WIDTH, HEADS, BLOCKS = 64, 4, 4
CALIBRATION = 128
DEFAULT_SAMPLES = 1000
RECIPE = Recipe(
    epochs=150,
    batch=1024,
    peak_rate=4e-3,
    weight_decay=0.05,
    label_smoothing=0.1,
    averaging=0.999,
)


class VisionTransformer(nn.Module):
    """Input (n, 1, 28, 28) of normalised pixels, output (n, 10)."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(1, WIDTH, PATCH, stride=PATCH)
        self.places = nn.Parameter(0.02 * torch.randn(SIDE * SIDE, WIDTH))
        self.blocks = nn.ModuleList(
            TransformerBlock(WIDTH, HEADS, causal=False, dropout=0.1) for _ in range(BLOCKS)
        )
        self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 10)
        initialise(self, BLOCKS)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores of the classes."""
        x = self.patches(x).flatten(2).transpose(1, 2) + self.places
        for block in self.blocks:
            x = block(x)
        scores: torch.Tensor = self.head(self.norm(x).mean(1))
        return scores


def export(network: VisionTransformer, title: str) -> onnx.ModelProto:
    """The trained network as an ONNX model."""
    graph = GraphBuilder(input_shape=(1, 28, 28), classes=10)
    graph.conv(*numbers(network.patches), stride=PATCH)
    graph.shaped(0, WIDTH, SIDE * SIDE)
    graph.transposed(0, 2, 1)
    graph.plus(network.places.detach().numpy())
    for block in network.blocks:
        assert isinstance(block, TransformerBlock)
        block.export(graph, SIDE * SIDE)
    append_norm(graph, network.norm)
    graph.mean_of_tokens()
    graph.gemm(*numbers(network.head))
    metadata = {
        "hwdse.title": title,
        "hwdse.dataset": datasets.FASHION_MNIST.name,
        "hwdse.mean": str(MEAN),
        "hwdse.std": str(DEVIATION),
        "hwdse.calibration": str(CALIBRATION),
        "hwdse.samples": str(DEFAULT_SAMPLES),
    }
    return graph.model("fashion-vit", metadata)


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
    network = train(VisionTransformer, recipe, x, y, augment)
    assert isinstance(network, VisionTransformer)
    weights = sum(each.numel() for each in network.parameters())
    title = f"vision transformer, {BLOCKS} blocks, {weights // 1000} k weights"
    save(export(network, title), options.output)
    if options.holdout:
        report = datasets.Split(x=everything.x[kept:], y=everything.y[kept:])
    else:
        report = datasets.FASHION_MNIST.test(options.data_dir)
    found = accuracy(network, normalised(report), report.y)
    sys.stdout.write(f"float accuracy {found:.4f} of {len(report.x)} images\n")


if __name__ == "__main__":
    main()
