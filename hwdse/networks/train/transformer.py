"""Transformer blocks for the scripts that train networks with torch, and their form in ONNX."""

import math

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from hwdse.networks.train.export import GraphBuilder

_MASKED = -1e4
"""What is added to scores that must not count. Infinity would become NaN in narrow formats."""


class TransformerBlock(nn.Module):
    """Self-attention and a perceptron, each behind a normalisation and beside the input.

    Source: Xiong et al., "On layer normalization in the transformer architecture", ICML 2020.
    """

    def __init__(self, width: int, heads: int, *, causal: bool, dropout: float = 0.0) -> None:
        super().__init__()
        self.heads, self.causal = heads, causal
        self.before_attention, self.before_perceptron = nn.LayerNorm(width), nn.LayerNorm(width)
        self.taken, self.given = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.wide, self.narrow = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The block of tokens (n, tokens, width)."""
        n, tokens, width = x.shape
        parts = self.taken(self.before_attention(x)).chunk(3, dim=-1)
        query, key, value = (
            part.reshape(n, tokens, self.heads, width // self.heads).transpose(1, 2)
            for part in parts
        )
        scores = query * (width // self.heads) ** -0.5 @ key.transpose(2, 3)
        if self.causal:
            scores = scores + torch.from_numpy(mask_of(tokens)).to(x.device)
        seen = (self.dropout(scores.softmax(-1)) @ value).transpose(1, 2).reshape(n, tokens, width)
        x = x + self.dropout(self.given(seen))
        hidden = functional.gelu(self.wide(self.before_perceptron(x)))
        return x + self.dropout(self.narrow(hidden))

    def export(self, graph: GraphBuilder, tokens: int) -> None:
        """Append the block to a graph."""
        x = graph.tip
        append_norm(graph, self.before_attention)
        mask = mask_of(tokens) if self.causal else None
        graph.attention(*numbers(self.taken), heads=self.heads, mask=mask)
        graph.linear(*numbers(self.given))
        graph.add(x)
        x = graph.tip
        append_norm(graph, self.before_perceptron)
        graph.linear(*numbers(self.wide))
        graph.gelu()
        graph.linear(*numbers(self.narrow))
        graph.add(x)


def append_norm(graph: GraphBuilder, norm: nn.LayerNorm) -> None:
    """Append a normalisation to a graph."""
    graph.layer_norm(*numbers(norm), norm.eps)


def numbers(
    layer: nn.Linear | nn.LayerNorm | nn.Conv2d,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Weight and bias of a layer."""
    assert layer.bias is not None
    return layer.weight.detach().numpy(), layer.bias.detach().numpy()


def mask_of(tokens: int) -> npt.NDArray[np.float32]:
    """What is added to scores so that no token sees a later one, (tokens, tokens)."""
    return np.triu(np.full((tokens, tokens), _MASKED, np.float32), 1)


def initialise(module: nn.Module, blocks: int) -> None:
    """Set the initial weights: normal, smaller where the outputs of all blocks add up (GPT-2)."""
    for name, layer in module.named_modules():
        if isinstance(layer, nn.Linear | nn.Embedding):
            last = name.endswith((".given", ".narrow"))
            deviation = 0.02 / math.sqrt(2 * blocks) if last else 0.02
            nn.init.normal_(layer.weight, std=deviation)
        if isinstance(layer, nn.Linear):
            nn.init.zeros_(layer.bias)
