"""Accuracy and its interval."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from hwdse.networks.accuracy import NO_ANSWER, Accuracy, predicted_classes, wilson_interval


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


def test_accuracy_counts_and_becomes_json():
    truth = np.array([0, 1, 2, 3])
    accuracy = Accuracy.of(np.array([0, 1, 2, 0]), np.array([0, 1, 0, 3]), truth, "net")
    assert accuracy.correct == 3
    assert accuracy.value == 0.75
    assert accuracy.float_value == 0.75
    assert accuracy.agreement == 0.5
    assert accuracy.low < 0.75 < accuracy.high
    document = json.loads(json.dumps(accuracy.to_json()))
    assert document["samples"] == 4
    assert document["network"] == "net"
    assert set(document) == set(vars(accuracy))


def test_nan_is_no_answer():
    outputs = np.array([[0, 3, 1], [np.nan, 0, 0], [0, 0, np.inf]], np.float32)
    assert predicted_classes(outputs).tolist() == [1, NO_ANSWER, 2]
