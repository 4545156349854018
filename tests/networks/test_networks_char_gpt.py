"""The shipped GPT on characters: causal, as ONNX computes it, and better at English than chance."""

import json
from pathlib import Path

import numpy as np
import pytest
from onnx.reference import ReferenceEvaluator

from hwdse import Design, networks
from hwdse.networks.arithmetic import FloatArithmetic
from hwdse.networks.execute import Executor, FloatNetwork
from hwdse.resources import resource

FOLDER = resource("models", "char-gpt")
TEXT = Path(__file__).resolve().parents[2] / "docs" / "search.md"
TOKENS = 128


@pytest.fixture(scope="module")
def network():
    return networks.load(FOLDER / "char-gpt.onnx")


@pytest.fixture(scope="module")
def vocabulary():
    return json.loads((FOLDER / "tokenizer.json").read_text())["model"]["vocab"]


def windows(vocabulary, count):
    """Windows of the text, and the character after each of their characters."""
    numbers = [vocabulary.get(c, vocabulary[" "]) for c in TEXT.read_text()]
    x = np.array(numbers[: count * TOKENS + 1])
    return x[:-1].reshape(count, TOKENS), x[1:].reshape(count, TOKENS)


def test_it_is_what_onnx_itself_computes(network, vocabulary):
    tokens, _ = windows(vocabulary, 2)
    reference = ReferenceEvaluator(str(FOLDER / "char-gpt.onnx"))
    (expected,) = reference.run(None, {"tokens": tokens})
    assert expected.shape == (2, TOKENS, len(vocabulary))
    for runner in (FloatNetwork(network), Executor(network, FloatArithmetic())):
        np.testing.assert_allclose(runner.outputs(tokens), expected, rtol=1e-4, atol=1e-4)


def test_no_character_sees_a_later_one(network, vocabulary):
    tokens, _ = windows(vocabulary, 1)
    changed = tokens.copy()
    changed[0, 60] = vocabulary["#"]
    runner = FloatNetwork(network)
    before, after = (runner.outputs(each)[0] for each in (tokens, changed))
    np.testing.assert_allclose(before[:60], after[:60], atol=1e-5)
    assert np.abs(before[60:] - after[60:]).max(axis=1).min() > 1e-3


def test_it_foretells_english(network, vocabulary, tmp_path):
    x, y = windows(vocabulary, 24)
    np.savez(tmp_path / "text.npz", tokens=x, y=y)
    data = networks.open_data(tmp_path / "text.npz", network)
    exact = networks.float_accuracy(network, data=data, metric="perplexity")
    # It has seen news, no such text; chance is 96.
    assert 3 < exact.value < 25
    designs = ("a=int8,acc=int:32", "a=int4,acc=int:32")
    eight, four = (
        networks.evaluate(
            Design.parse(spec), network, data=data, metric="perplexity", compare_scales=False
        )
        for spec in designs
    )
    assert eight.value < 1.02 * exact.value < four.value
