"""Metrics against independent implementations, their intervals, and what they refuse."""

import functools
import importlib
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import cosine
from sklearn.metrics import top_k_accuracy_score

from hwdse.errors import DatasetError, HwdseError, NetworkError
from hwdse.networks import metrics
from hwdse.networks.metrics.texts import ErrorRate, best_path, edits
from hwdse.networks.statistics import bootstrap_interval

RNG = np.random.default_rng(4)
SHAPE = (40, 7)
OUTPUTS = RNG.normal(size=SHAPE).astype("f")
EXACT = (OUTPUTS + 0.3 * RNG.normal(size=SHAPE)).astype("f")
CLASSES = list(RNG.integers(7, size=40))


def value(name, outputs, targets, exact=None):
    metric = metrics.get(name)
    parts = metric.parts(outputs, outputs if exact is None else exact, targets)
    assert parts.dtype == np.float64
    assert len(parts) == len(outputs)
    return metric.value(parts)


def test_every_metric_describes_itself():
    assert {"top1", "top5", "perplexity", "spearman", "cosine"} <= set(metrics.names())
    assert {"cer", "wer", "mse", "agreement"} <= set(metrics.names())
    for name in metrics.names():
        metric = metrics.get(name)
        assert metric.name == name
        assert metric.title
        lower = name in {"perplexity", "nll", "cer", "wer", "mse", "mse-float"}
        assert metric.higher_is_better is not lower
    assert metrics.without_labels() == ["agreement", "cosine-float", "mse-float"]
    with pytest.raises(NetworkError, match="unknown metric 'top2': near top"):
        metrics.get("top2")


@pytest.mark.parametrize("count", [1, 5])
def test_top_classes_as_scikit_learn_counts(count):
    expected = top_k_accuracy_score(CLASSES, OUTPUTS, k=count, labels=range(7))
    assert value(f"top{count}", OUTPUTS, CLASSES) == expected
    assert 0 < expected < 1
    column = [np.array([each]) for each in CLASSES]
    assert value(f"top{count}", OUTPUTS[:, :, np.newaxis, np.newaxis], column) == expected


def test_of_equal_outputs_the_first_is_the_answer():
    outputs = np.zeros((7, 7), np.float32)
    parts = metrics.get("top5").parts(outputs, outputs, list(range(7)))
    assert parts[:, 0].tolist() == [1, 1, 1, 1, 1, 0, 0]
    outputs[2, 6] = np.nan
    assert metrics.get("top5").parts(outputs, outputs, list(range(7)))[2, 0] == 0


def test_agreement_of_rows_tokens_and_images():
    expected = np.mean(OUTPUTS.argmax(1) == EXACT.argmax(1))
    assert value("agreement", OUTPUTS, None, EXACT) == expected
    tokens, exact = OUTPUTS.reshape(8, 5, 7), EXACT.reshape(8, 5, 7)
    assert value("agreement", tokens, None, exact) == expected
    images, exact = (x.reshape(8, 5, 1, 7).transpose(0, 3, 2, 1) for x in (tokens, exact))
    assert value("agreement", images, None, exact) == expected


def test_perplexity_by_its_definition():
    logits = RNG.normal(size=(4, 3, 5)).astype("f")
    tokens = RNG.integers(5, size=(4, 3))
    tokens[1, 2] = -100
    loss = []
    for row, targets in zip(logits.astype(float), tokens, strict=True):
        for scores, token in zip(row, targets, strict=True):
            if token >= 0:
                loss.append(math.log(sum(map(math.exp, scores))) - scores[token])
    assert len(loss) == 11
    mean = sum(loss) / len(loss)
    assert value("nll", logits, list(tokens)) == pytest.approx(mean, rel=1e-9)
    assert value("perplexity", logits, list(tokens)) == pytest.approx(math.exp(mean), rel=1e-9)
    odds = np.exp(logits.astype(float))
    probabilities = (odds / odds.sum(axis=2, keepdims=True)).astype("f")
    assert value("nll", probabilities, list(tokens)) == pytest.approx(mean, rel=1e-5)
    same = np.zeros((2, 3, 50), "f")
    assert value("perplexity", same, list(tokens[:2])) == pytest.approx(50)


def test_distances():
    targets = RNG.normal(size=SHAPE)
    difference = OUTPUTS.astype(float) - targets
    assert value("mse", OUTPUTS, list(targets)) == pytest.approx(np.mean(difference**2))
    expected = np.mean([1 - cosine(x, y) for x, y in zip(OUTPUTS, targets, strict=True)])
    assert value("cosine", OUTPUTS, list(targets)) == pytest.approx(expected)
    assert value("mse-float", OUTPUTS, None, EXACT) == pytest.approx(
        np.mean((OUTPUTS.astype(float) - EXACT) ** 2)
    )
    assert value("cosine-float", OUTPUTS, None, OUTPUTS) == pytest.approx(1)
    assert value("cosine-float", np.zeros(SHAPE, "f"), None, OUTPUTS) == 0


@pytest.mark.parametrize("levels", [3, 10_000])
def test_spearman_as_scipy_has_it(levels):
    outputs = RNG.integers(levels, size=(50, 1)).astype("f")
    targets = outputs[:, 0] + RNG.integers(levels, size=50)
    expected = stats.spearmanr(outputs[:, 0], targets).statistic
    assert value("spearman", outputs, list(targets)) == pytest.approx(expected, abs=1e-12)
    assert math.isnan(value("spearman", np.ones((3, 1), "f"), [1.0, 2.0, 3.0]))


@functools.cache
def least_edits(first, second):
    """By the recursion that defines the distance."""
    if not first or not second:
        return len(first) + len(second)
    if first[0] == second[0]:
        return least_edits(first[1:], second[1:])
    others = (first[1:], second), (first, second[1:]), (first[1:], second[1:])
    return 1 + min(least_edits(*each) for each in others)


@given(st.text("abc", max_size=7), st.text("abc", max_size=7))
def test_edits(first, second):
    assert edits(first, second) == edits(second, first) == least_edits(first, second)


def scores_of(path, classes):
    """Scores whose best path is the given one."""
    return np.eye(classes, dtype="f")[path]


def test_characters_and_words():
    alphabet = ("a", "b", "c")
    # "ab b", read as "aab b": a blank between two places keeps both letters.
    scores = scores_of([1, 1, 0, 1, 2, 4, 0, 2], 5)[np.newaxis]
    assert best_path(scores[0]) == [1, 1, 2, 4, 2]
    cer, wer = (ErrorRate(of_words=each, alphabet=alphabet) for each in (False, True))
    assert cer.value(cer.parts(scores, scores, ["ab b"])) == 1 / 4
    assert wer.value(wer.parts(scores, scores, ["ab b"])) == 1 / 2
    classes = [np.array([1, 2, 4, 2, -1, -1])]
    plain = metrics.get("cer")
    assert plain.value(plain.parts(scores, scores, classes)) == 1 / 4
    assert wer.value(wer.parts(scores, scores, classes)) == 1 / 2
    two = np.concatenate([scores, scores])
    assert cer.value(cer.parts(two, two, ["aab b", "ab b"])) == 1 / 9
    lost = np.full_like(scores, np.nan)
    assert cer.value(cer.parts(lost, lost, ["ab b"])) == 1


@pytest.mark.parametrize("name", ["top1", "mse", "cer", "spearman"])
def test_intervals(name):
    """Wilson's for a fraction of samples, else the percentiles that SciPy's bootstrap finds."""
    rng = np.random.default_rng(8)
    parts = {
        "top1": rng.integers(2, size=(200, 1)),
        "mse": np.stack([rng.exponential(size=200), np.full(200, 3)], axis=1),
        "cer": np.stack([rng.integers(3, size=200), rng.integers(1, 9, 200)], axis=1),
        "spearman": rng.multivariate_normal([0, 0], [[1, 0.7], [0.7, 1]], size=200),
    }[name].astype(float)
    metric = metrics.get(name)
    low, high = metrics.interval(metric, parts)
    assert low < metric.value(parts) < high
    if name == "top1":
        expected = stats.binomtest(int(parts.sum()), 200).proportion_ci(0.95, "wilson")
        assert (low, high) == pytest.approx(tuple(expected))
        return
    found = stats.bootstrap(
        (np.arange(200),),
        lambda chosen: metric.value(parts[chosen]),
        method="percentile",
        vectorized=False,
        n_resamples=2000,
        rng=1,
    ).confidence_interval
    width = found.high - found.low
    assert low == pytest.approx(found.low, abs=0.15 * width)
    assert high == pytest.approx(found.high, abs=0.15 * width)
    assert (low, high) == metrics.interval(metric, parts)


def test_differences_are_drawn_in_pairs():
    """What all samples gain alike has no spread, however different the samples are."""
    parts = np.random.default_rng(9).normal(size=(50, 1))
    low, high = bootstrap_interval(lambda x: float(x.mean()), parts + 2, parts)
    assert (low, high) == pytest.approx((2, 2))
    alone = bootstrap_interval(lambda x: float(x.mean()), parts)
    assert alone[1] - alone[0] > 0.3
    assert all(map(math.isnan, bootstrap_interval(lambda x: float(x.mean()), parts[:1])))


LOGITS = np.zeros((2, 3, 5), "f")


@pytest.mark.parametrize(
    ("name", "outputs", "targets", "error", "message"),
    [
        ("top1", LOGITS, [0, 0], NetworkError, r"top1 needs one row of classes .* \(3, 5\)"),
        ("top5", LOGITS[:, 0], [0, 0], NetworkError, "the output has 5 classes"),
        ("top1", LOGITS[:, 0], [0, 5], DatasetError, "target 5 is no class .* are 0 to 4"),
        ("top1", LOGITS[:, 0], [0, -1], DatasetError, "target -1 is no class"),
        ("top1", LOGITS[:, 0], ["cat", "dog"], DatasetError, "needs a class number .*'cat'"),
        ("top1", LOGITS[:, 0], [0.5, 1], DatasetError, "needs a class number"),
        ("agreement", LOGITS[:, 0, :1], None, NetworkError, "there is one for each sample"),
        ("perplexity", LOGITS[:, 0], [0, 0], NetworkError, r"shape \(tokens, vocabulary\)"),
        ("perplexity", LOGITS, np.full((2, 3), 5), DatasetError, "target 5 for a vocabulary of 5"),
        ("perplexity", LOGITS, np.zeros((2, 4), int), DatasetError, "one is int64 of shape"),
        ("mse", LOGITS, np.zeros((2, 3)), DatasetError, r"of shape \(3,\) for outputs of .*\(3, 5"),
        ("cosine", LOGITS, ["a", "b"], DatasetError, "needs numbers as targets, .*'a'"),
        ("spearman", LOGITS, [1, 2], NetworkError, "needs one number for each sample"),
        ("cer", LOGITS[:, 0], ["a", "b"], NetworkError, r"shape \(places, classes\)"),
        ("cer", LOGITS, ["a", "b"], NetworkError, "in no metadata 'character'"),
        ("cer", LOGITS, [0.5, 0.5], DatasetError, "needs texts, or classes of characters"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_one_line(name, outputs, targets, error, message):
    with pytest.raises(error, match=message) as caught:
        value(name, outputs, targets)
    assert "\n" not in str(caught.value)


def test_an_alphabet_of_another_size():
    metric = ErrorRate(of_words=False, alphabet=tuple("abcdefgh"))
    with pytest.raises(NetworkError, match="has 5 classes, the metadata 'character' 8 characters"):
        metric.parts(LOGITS, LOGITS, ["a", "b"])


class Largest:
    """A metric of another package."""

    name, title = "largest", "largest output"
    needs_labels, higher_is_better, is_percentage = False, True, False

    def parts(self, outputs, float_outputs, targets):
        return outputs.reshape(len(outputs), -1).max(axis=1, keepdims=True).astype(float)

    def value(self, parts):
        return float(parts.max())


LARGEST = Largest()


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A package that offers a metric, and two that cannot be used."""
    described = tmp_path / "brought-1.0.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: brought\nVersion: 1.0\n")
    place = f"{__name__}:LARGEST"
    (described / "entry_points.txt").write_text(
        f"[hwdse.metrics]\nlargest = {place}\nother = {place}\nnone = {__name__}:NOTHING\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(metrics, "_REGISTERED", dict(metrics._REGISTERED))
    importlib.invalidate_caches()


@pytest.mark.usefixtures("installed")
def test_metrics_of_other_packages():
    assert "largest" in metrics.names()
    assert value("largest", OUTPUTS, None) == OUTPUTS.max()
    for name, message in (("other", "is called otherwise"), ("none", "cannot be loaded")):
        with pytest.raises(HwdseError, match=f"metric {name}.*{message}") as caught:
            metrics.get(name)
        assert "\n" not in str(caught.value)


def test_what_is_no_metric():
    with pytest.raises(HwdseError, match="is no metric: it lacks name, title"):
        metrics.register(object())
    with pytest.raises(HwdseError, match="metric top1 is registered twice"):
        metrics.register(type("Other", (Largest,), {"name": "top1"})())
