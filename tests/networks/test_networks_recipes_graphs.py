"""Graphs of recipes, with tiny random weights, against forward passes in NumPy."""

import json

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from recipe_references import (
    bert_vector,
    bert_weights,
    efficientnet_classes,
    efficientnet_weights,
    llama_logits,
)

from hwdse import networks
from hwdse.errors import DatasetError, NetworkError
from hwdse.networks.arithmetic import FloatArithmetic
from hwdse.networks.carried.gguf import Gguf
from hwdse.networks.execute import profile
from hwdse.networks.recipes import efficientnet_lite0, minilm, ocr, smollm2

CLOSE = 2e-5
FACTS = {
    "general.architecture": "llama",
    "llama.block_count": 2,
    "llama.embedding_length": 24,
    "llama.attention.head_count": 6,
    "llama.attention.head_count_kv": 2,
    "llama.rope.freq_base": 100.0,
    "llama.attention.layer_norm_rms_epsilon": 1e-5,
}


def outputs_of(network, batch):
    """Outputs of a network, the same whole and split into products and float parts."""
    whole = network.float_outputs(batch)
    split = network.outputs(batch, FloatArithmetic())
    np.testing.assert_allclose(split, whole, rtol=CLOSE, atol=CLOSE * np.abs(whole).max())
    return whole


def assert_close(found, expected):
    np.testing.assert_allclose(found, expected, atol=CLOSE * np.abs(expected).max())


def test_minilm_gives_the_cosine_of_two_texts(tmp_path):
    weights = bert_weights(np.random.default_rng(0))
    minilm.build(weights, tmp_path / "m.onnx", {})
    network = networks.load(tmp_path / "m.onnx")
    texts = [[3, 9, 27], [7, 8, 7, 6, 5, 4, 3, 2], [1], [40, 2, 2, 11, 30, 49]]
    tokens = np.zeros((2, 2, minilm.TOKENS), np.int64)
    for place, text in enumerate(texts):
        tokens[place // 2, place % 2, : len(text)] = text
    vectors = [bert_vector(weights, np.array(text), minilm.HEADS) for text in texts]
    expected = [
        first @ second / np.linalg.norm(first) / np.linalg.norm(second)
        for first, second in (vectors[:2], vectors[2:])
    ]
    assert_close(outputs_of(network, {"tokens": tokens}), np.array(expected))
    # Two texts of 8 tokens through 2 blocks: four products of 24 x 24, two of 24 x 40, attention.
    products = 4 * 24 * 24 + 2 * 24 * 40 + 2 * minilm.TOKENS * 24
    assert profile(network).macs == 2 * 2 * minilm.TOKENS * products


def llama_of(rng, vocabulary=31, wide=40):
    """Random weights of a small LLaMA, by the names of GGUF."""
    shapes = {"token_embd": (vocabulary, 24), "output_norm": (24,)}
    for number in range(2):
        name = f"blk.{number}"
        shapes |= {f"{name}.{part}_norm": (24,) for part in ("attn", "ffn")}
        shapes |= {f"{name}.attn_{part}": (24, 24) for part in ("q", "output")}
        shapes |= {f"{name}.attn_{part}": (8, 24) for part in ("k", "v")}
        shapes |= {f"{name}.ffn_{part}": (wide, 24) for part in ("gate", "up")}
        shapes |= {f"{name}.ffn_down": (24, wide)}
    return {
        f"{name}.weight": rng.normal(scale=0.4, size=shape).astype(np.float32)
        for name, shape in shapes.items()
    }


@pytest.mark.parametrize("outside", [False, True])
def test_smollm2_is_a_llama(tmp_path, monkeypatch, outside):
    if outside:
        monkeypatch.setattr("hwdse.networks.carried.onnx_graph._OUTSIDE", 0)
    rng = np.random.default_rng(1)
    weights = llama_of(rng)
    path = tmp_path / "s.onnx"
    smollm2.build(Gguf(facts=FACTS, tensors=weights), path, {}, window=12)
    assert (tmp_path / "s.onnx.data").is_file() == outside
    tokens = rng.integers(0, 31, (3, 12))
    expected = [
        llama_logits(weights, row, heads=6, shared=2, base=100.0, epsilon=1e-5) for row in tokens
    ]
    assert_close(outputs_of(networks.load(path), {"tokens": tokens}), np.array(expected))


def test_weights_of_another_kind_are_refused(tmp_path):
    facts = {**FACTS, "general.architecture": "gpt2"}
    with pytest.raises(NetworkError, match=r"lack 'general\.architecture=llama'"):
        smollm2.build(Gguf(facts=facts, tensors={}), tmp_path / "s.onnx", {})
    with pytest.raises(NetworkError, match="gpt2, smollm is needed"):
        smollm2.tokenizer_of({"tokenizer.ggml.model": "llama"})


def test_the_tokenizer_has_the_tokens_and_merges():
    facts = {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "smollm",
        "tokenizer.ggml.tokens": ["<|end|>", "a", "b", "Ġ", "ab", "Ġab"],
        "tokenizer.ggml.token_type": [3, 1, 1, 1, 1, 1],
        "tokenizer.ggml.merges": ["a b", "Ġ ab"],
    }
    found = json.loads(smollm2.tokenizer_of(facts))
    assert found["model"]["vocab"]["Ġab"] == 5
    assert found["model"]["merges"] == ["a b", "Ġ ab"]
    assert [each["content"] for each in found["added_tokens"]] == ["<|end|>"]


def test_efficientnet_folds_its_normalisations(tmp_path):
    rng = np.random.default_rng(2)
    weights = efficientnet_weights(rng)
    efficientnet_lite0.build(weights, tmp_path / "e.onnx", {})
    side = efficientnet_lite0.SIDE
    images = rng.normal(size=(2, 3, side, side)).astype(np.float32)
    found = outputs_of(networks.load(tmp_path / "e.onnx"), {"image": images})
    expected = [
        efficientnet_classes(weights, image, efficientnet_lite0.STRIDES) for image in images
    ]
    assert_close(found, np.array(expected))


def test_photographs_choose_scales(tmp_path):
    efficientnet_lite0._write_photographs(tmp_path / "p")
    assert len(list((tmp_path / "p").glob("*.png"))) == 15


def recogniser():
    """A network of lines, whose file leaves the sizes of its input open."""
    nodes = [
        helper.make_node("AveragePool", ["x"], ["p"], kernel_shape=[48, 8], strides=[48, 8]),
        helper.make_node("Conv", ["p", "w"], ["c"]),
        helper.make_node("Squeeze", ["c", "axes"], ["s"]),
        helper.make_node("Transpose", ["s"], ["y"], perm=[0, 2, 1]),
    ]
    weights = [
        onnx.numpy_helper.from_array(np.ones((5, 3, 1, 1), np.float32), "w"),
        onnx.numpy_helper.from_array(np.array([2]), "axes"),
    ]
    graph = helper.make_graph(
        nodes,
        "lines",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, "h", "w"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", "places", 5])],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, {"character": "a\nb\nc"})
    return model.SerializeToString()


def test_ocr_fixes_the_size_and_keeps_the_characters(tmp_path):
    ocr.build(recogniser(), tmp_path / "o.onnx", {"hwdse.mean": "0.5", "hwdse.metric": "cer"})
    network = networks.load(tmp_path / "o.onnx")
    assert network.sample_shape == (3, ocr.HEIGHT, ocr.WIDTH)
    assert network.metadata["character"] == "a\nb\nc"
    assert network.companions.metric == "cer"


def test_lines_are_drawn_as_they_are_labelled(tmp_path):
    text = "It is not what you draw, but how: " * 20 + "x" * 99 + " end."
    ocr.draw(text, tmp_path / "lines")
    ocr.draw(text, tmp_path / "again", most=3)
    ocr.build(recogniser(), tmp_path / "o.onnx", {})
    network = networks.load(tmp_path / "o.onnx")
    data = networks.open_data(tmp_path / "lines", network, networks.Options(calibration=1))
    lines = [
        row.partition(",")[2] for row in (tmp_path / "lines/labels.csv").read_text().split("\n")
    ]
    words = " ".join(line.strip('"') for line in lines).split()
    assert words == text.replace("x" * 99, "").split()
    for sample in data.test():
        assert sample.inputs["x"].min() < 0.6 < sample.inputs["x"].max()
    for path in (tmp_path / "again").glob("*.png"):
        assert path.read_bytes() == (tmp_path / "lines" / path.name).read_bytes()
    assert len(list((tmp_path / "again").glob("*.png"))) == 3


def test_pairs_of_words_are_read():
    text = "# a remark\n\ntiger\tcat\t7.35\nold\tnew\t1.58\n"
    assert minilm.pairs_of(text, "w") == [("tiger", "cat", 7.35), ("old", "new", 1.58)]
    with pytest.raises(NetworkError, match="w: a line is not of the form word, word, number"):
        minilm.pairs_of("tiger\tcat\n", "w")


@pytest.mark.parametrize("name", ["../data.npz", "", ".", "..", "gone.npz", "a" * 5000, "a\0"])
def test_data_must_lie_beside_the_network(tmp_path, name):
    minilm.build(bert_weights(np.random.default_rng(0)), tmp_path / "m.onnx", {"hwdse.data": name})
    with pytest.raises(NetworkError, match="must name a file or folder beside it"):
        networks.load(tmp_path / "m.onnx")


def test_data_may_be_given_in_place_of_its_own(tmp_path):
    own = {"hwdse.data": "own.npz", "hwdse.metric": "spearman", "hwdse.samples": "3"}
    for name, count in (("own", 8), ("calibration", 6), ("other", 5)):
        rng = np.random.default_rng(count)
        tokens = rng.integers(1, 50, (count, 2, minilm.TOKENS))
        np.savez(tmp_path / f"{name}.npz", tokens=tokens, y=rng.normal(size=count))
    minilm.build(bert_weights(np.random.default_rng(0)), tmp_path / "m.onnx", own)
    network = networks.load(tmp_path / "m.onnx")
    assert networks.float_accuracy(network).samples == 3
    other = networks.open_data(tmp_path / "other.npz", network)
    found = networks.float_accuracy(network, data=other, metric="mse-float")
    assert (found.samples, found.value) == (4, 0.0)
    both = own | {"hwdse.calibration_data": "calibration.npz", "hwdse.samples": "9"}
    minilm.build(bert_weights(np.random.default_rng(0)), tmp_path / "m.onnx", both)
    assert networks.float_accuracy(tmp_path / "m.onnx").samples == 8
    with pytest.raises(DatasetError, match="samples=9"):
        networks.float_accuracy(tmp_path / "m.onnx", samples=9)
