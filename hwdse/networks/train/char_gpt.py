"""Trains a small GPT on characters: windows of 128 characters, the next one at each place.

Run `python -m hwdse.networks.train.char_gpt TEXT -o char-gpt.onnx` with the extra `train`
installed. The last tenth of the text is held back: the weights are those with the least loss on it.
Beside the file lies `tokenizer.json`, in the format of Hugging Face's `tokenizers`. Source of the
network: Radford et al., "Language models are unsupervised multitask learners" (GPT-2), 2019.
"""

import argparse
import copy
import json
import math
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import nn
from torch.nn import functional

from hwdse.errors import DatasetError
from hwdse.networks.train.export import GraphBuilder, save
from hwdse.networks.train.transformer import TransformerBlock, append_norm, initialise, numbers
from hwdse.reading import read_text
from hwdse.writing import write_file

CHARACTERS = "\n" + "".join(map(chr, range(32, 127)))
"""A line feed and the printable characters of ASCII; others count as spaces."""
TOKENS = 128
WIDTH, HEADS, BLOCKS = 72, 6, 4
STEPS, BATCH, PEAK_RATE, WEIGHT_DECAY, DROPOUT = 24_000, 128, 3e-3, 0.1, 0.1
_EVERY = 250


class CharacterGpt(nn.Module):
    """Input (n, tokens) of token numbers, output (n, tokens, characters)."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(len(CHARACTERS), WIDTH)
        self.places = nn.Parameter(0.02 * torch.randn(TOKENS, WIDTH))
        self.blocks = nn.ModuleList(
            TransformerBlock(WIDTH, HEADS, causal=True, dropout=DROPOUT) for _ in range(BLOCKS)
        )
        self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, len(CHARACTERS))
        self.dropout = nn.Dropout(DROPOUT)
        initialise(self, BLOCKS)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores of the next character at each place."""
        hidden = self.dropout(self.table(x) + self.places)
        for block in self.blocks:
            hidden = block(hidden)
        scores: torch.Tensor = self.head(self.norm(hidden))
        return scores


def numbers_of(text: str) -> torch.Tensor:
    """Token numbers of a text."""
    places = {character: number for number, character in enumerate(CHARACTERS)}
    return torch.tensor([places.get(character, places[" "]) for character in text])


def train(tokens: torch.Tensor, device: str, seed: int, steps: int) -> tuple[nn.Module, float]:
    """Train on nine tenths of the tokens. Returns the network and its loss on the last tenth."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    cut = len(tokens) * 9 // 10
    seen, held = tokens[:cut].to(device), tokens[cut:].to(device)
    network = CharacterGpt().to(device)
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=PEAK_RATE, weight_decay=WEIGHT_DECAY, betas=(0.9, 0.98)
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=PEAK_RATE, total_steps=steps, pct_start=0.1
    )
    offsets = torch.arange(TOKENS + 1)
    best, least, began = copy.deepcopy(network.state_dict()), math.inf, time.monotonic()
    for step in range(steps):
        starts = torch.randint(0, cut - TOKENS - 1, (BATCH, 1), generator=generator)
        windows = seen[(starts + offsets).to(device)]
        loss = _loss(network, windows)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if (step + 1) % _EVERY == 0:
            network.eval()
            with torch.inference_mode():
                count = (len(held) - 1) // TOKENS
                windows = held[: count * TOKENS + 1].unfold(0, TOKENS + 1, TOKENS)
                found = float(_loss(network, windows))
            network.train()
            if found < least:
                best, least = copy.deepcopy(network.state_dict()), found
            sys.stderr.write(
                f"step {step + 1}/{steps} loss {loss.item():.4f}, held back {found:.4f} "
                f"after {time.monotonic() - began:.0f} s\n"
            )
    network.load_state_dict(best)
    return network.cpu().eval(), least


def _loss(network: nn.Module, windows: torch.Tensor) -> torch.Tensor:
    scores = network(windows[:, :-1])
    return functional.cross_entropy(scores.flatten(0, 1), windows[:, 1:].flatten())


def export(network: CharacterGpt, title: str) -> onnx.ModelProto:
    """The trained network as an ONNX model."""
    graph = GraphBuilder(input_shape=(TOKENS,), classes=len(CHARACTERS), of_tokens=True)
    graph.embedded(network.table.weight.detach().numpy())
    graph.plus(network.places.detach().numpy())
    for block in network.blocks:
        assert isinstance(block, TransformerBlock)
        block.export(graph, TOKENS)
    append_norm(graph, network.norm)
    graph.linear(*numbers(network.head))
    return graph.model("char-gpt", {"hwdse.title": title})


def tokenizer() -> str:
    """The characters as a `tokenizer.json`."""
    return json.dumps(
        {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": [],
            "normalizer": {
                "type": "Replace",
                "pattern": {"Regex": r"[^\n -~]"},
                "content": " ",
            },
            "pre_tokenizer": {
                "type": "Split",
                "pattern": {"Regex": r"[\s\S]"},
                "behavior": "Isolated",
                "invert": False,
            },
            "post_processor": None,
            "decoder": {"type": "Fuse"},
            "model": {
                "type": "WordLevel",
                "vocab": {character: number for number, character in enumerate(CHARACTERS)},
                "unk_token": " ",
            },
        },
        indent=1,
    )


def main() -> None:
    """Train on a text, write network and tokenizer, and report the perplexity."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("text", type=Path, help="UTF-8 text to train on")
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args()
    tokens = numbers_of(read_text(options.text, "text", DatasetError))
    network, loss = train(tokens, options.device, options.seed, options.steps)
    assert isinstance(network, CharacterGpt)
    weights = sum(each.numel() for each in network.parameters())
    model = export(network, f"GPT on characters, {BLOCKS} blocks, {weights // 1000} k weights")
    save(model, options.output)
    write_file(options.output.with_name("tokenizer.json"), tokenizer().encode())
    sys.stdout.write(
        f"perplexity {np.exp(loss):.3f} of a character, {loss / math.log(2):.3f} bits, "
        f"on the last tenth of {len(tokens)} characters\n"
    )


if __name__ == "__main__":
    main()
