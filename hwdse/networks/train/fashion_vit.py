"""Trains models/fashion-vit.onnx: a vision transformer on Fashion-MNIST.

Run `python -m hwdse.networks.train.fashion_vit -o models/fashion-vit.onnx` with the extra `train`
installed. The same seed gives the same result on the same kind of device and version of torch. The
recipe was chosen on 5,000 train images that were held back (`--holdout 5000`). The test part is
used only to report the accuracy. Source of the network: Dosovitskiy et al., "An image is worth
16x16 words", ICLR 2021.
"""

import onnx
import torch
from torch import nn

from hwdse.networks.train.export import GraphBuilder
from hwdse.networks.train.fashion import metadata, run
from hwdse.networks.train.images import Recipe
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


def export(network: VisionTransformer) -> onnx.ModelProto:
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
    weights = sum(each.numel() for each in network.parameters())
    title = f"vision transformer, {BLOCKS} blocks, {weights // 1000} k weights"
    return graph.model("fashion-vit", metadata(title, CALIBRATION, DEFAULT_SAMPLES))


def main() -> None:
    """Train, write the file, and report the accuracy."""
    run(__doc__, VisionTransformer, RECIPE, export)


if __name__ == "__main__":
    main()
