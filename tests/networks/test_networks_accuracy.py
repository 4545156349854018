"""Accuracy and its interval."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from hwdse.networks.accuracy import AGREES, RIGHT, Accuracy, kl_divergence
from hwdse.networks.metrics.classes import NO_ANSWER, predicted_classes
from hwdse.networks.statistics import mcnemar_p, wilson_interval


def test_published_value():
    # Newcombe 1998, Statistics in Medicine 17, table I, method 3 (score without continuity).
    low, high = wilson_interval(81, 263)
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)
    assert tuple(round(end, 4) for end in wilson_interval(0, 20)) == (0.0, 0.1611)


@given(st.integers(1, 20_000), st.data())
def test_agrees_with_scipy(samples, data):
    correct = data.draw(st.integers(0, samples))
    expected = binomtest(correct, samples).proportion_ci(confidence_level=0.95, method="wilson")
    assert wilson_interval(correct, samples) == pytest.approx(tuple(expected), abs=1e-12)


def test_all_right_has_a_width():
    low, high = wilson_interval(100, 100)
    assert high == 1.0
    assert 0.95 < low < 0.97


def logits(*classes, margin=4.0):
    found = np.zeros((len(classes), 4), np.float32)
    found[np.arange(len(classes)), classes] = margin
    return found


def accuracy_of(outputs, float_outputs, truth, **options):
    return Accuracy.of(
        outputs, float_outputs, np.array(truth), network="net", scales="output", **options
    )


def test_accuracy_counts_and_becomes_json():
    accuracy = accuracy_of(
        logits(0, 1, 2, 0), logits(0, 1, 0, 3), [0, 1, 2, 3], other_scales={"mse": 0.5, "pow2": 0.8}
    )
    assert accuracy.correct == 3
    assert accuracy.value == 0.75
    assert accuracy.float_value == 0.75
    assert accuracy.agreement == 0.5
    assert accuracy.low < 0.75 < accuracy.high
    assert accuracy.mcnemar_p == 1.0
    assert accuracy.errors.tolist() == pytest.approx([0, 0, 32**0.5, 32**0.5])
    assert np.mean(accuracy.outcomes & RIGHT > 0) == accuracy.value
    assert np.mean(accuracy.outcomes & AGREES > 0) == accuracy.agreement
    document = json.loads(json.dumps(accuracy.to_json()))
    assert document["samples"] == 4
    assert document["network"] == "net"
    assert document["scale_spread"] == pytest.approx(0.3)
    of_samples = {"errors", "outcomes", "parts"}
    of_others = {"difference", "difference_low", "difference_high"}
    assert set(document) == set(vars(accuracy)) - of_samples - of_others | {"scale_spread"}


def test_sqnr_and_divergence_of_known_outputs():
    expected = np.array([[3.0, 4.0], [0.0, 0.0]], np.float32)
    found = expected + np.array([[0.0, 0.5], [0.0, 0.0]], np.float32)
    accuracy = accuracy_of(found, expected, [1, 0])
    assert accuracy.sqnr_db == pytest.approx(10 * np.log10(25 / 0.25))
    p, q = (np.exp(x) / np.exp(x).sum() for x in (expected[0].astype(float), found[0]))
    assert accuracy.kl_divergence == pytest.approx((p * np.log(p / q)).sum() / 2, rel=1e-5)


def test_probabilities_are_taken_as_they_are():
    p, q = np.array([[0.7, 0.2, 0.1]], np.float32), np.array([[0.6, 0.3, 0.1]], np.float32)
    assert kl_divergence(q, p) == pytest.approx((p * np.log(p / q)).sum(), rel=1e-5)


def test_no_error_and_no_answer():
    same = accuracy_of(logits(1, 2), logits(1, 2), [1, 2])
    assert same.sqnr_db == np.inf
    assert same.kl_divergence == 0
    assert same.to_json()["sqnr_db"] is None
    broken = logits(1, 2)
    broken[0, 3] = np.nan
    lost = accuracy_of(broken, logits(1, 2), [1, 2])
    assert lost.sqnr_db == -np.inf
    assert lost.errors[0] == np.inf
    assert lost.to_json()["kl_divergence"] is None
    json.dumps(lost.to_json(), allow_nan=False)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_mcnemar_is_the_binomial_test_of_what_differs(pairs):
    right, other = (np.array(column) for column in zip(*pairs, strict=True))
    b, c = int((right & ~other).sum()), int((~right & other).sum())
    tail = sum(math.comb(b + c, k) for k in range(min(b, c) + 1)) / 2 ** (b + c)
    assert mcnemar_p(right, other) == pytest.approx(min(1.0, 2 * tail) if b != c else 1.0)


def test_nan_is_no_answer():
    outputs = np.array([[0, 3, 1], [np.nan, 0, 0], [0, 0, np.inf]], np.float32)
    assert predicted_classes(outputs).tolist() == [1, NO_ANSWER, 2]
