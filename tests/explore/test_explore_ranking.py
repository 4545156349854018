"""Ranks by paired tests: sure orders, and ties where nothing is sure."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import wilcoxon

from hwdse.errors import ShapeError
from hwdse.explore.ranking import holm, rank


def noise(seed, count=400):
    return np.random.default_rng(seed).lognormal(size=count)


def test_better_designs_rank_first():
    common = noise(0)
    found = rank([common * 1.5, common, common * 3.0])
    assert found.ranks.tolist() == [2, 1, 3]
    assert (found.separated, found.pairs) == (3, 3)
    assert found.better[1, 0]
    assert not found.better[0, 1]


def test_pairing_separates_what_two_intervals_cannot():
    """A difference of 2 % under a spread of more than 100 %."""
    common = noise(1)
    jitter = 1 + 0.05 * np.random.default_rng(2).normal(size=len(common))
    found = rank([common, common * 1.02 * jitter])
    assert found.ranks.tolist() == [1, 2]


def test_what_the_data_do_not_separate_is_tied():
    found = rank([noise(seed) for seed in range(6)])
    assert found.ranks.tolist() == [1] * 6
    assert found.separated == 0


def test_equal_designs_are_tied_whatever_else_is_there():
    common = noise(3)
    found = rank([common, common.copy(), common * 2, common * 2])
    assert found.ranks.tolist() == [1, 1, 3, 3]


def test_failed_outputs_are_worst_and_equal():
    common = noise(4)
    lost = np.full(len(common), np.inf)
    found = rank([lost, common, lost])
    assert found.ranks.tolist() == [2, 1, 2]


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_designs(count):
    assert rank([noise(5)] * count).ranks.tolist() == [1] * count


def test_samples_must_be_the_same():
    with pytest.raises(ShapeError, match="errors of 3, 4 samples"):
        rank([np.ones(3), np.ones(4)])


def test_wrong_orders_are_as_rare_as_the_level_says():
    """200 rankings of 5 designs that are alike: any sure order is a wrong one."""
    rng = np.random.default_rng(6)
    wrong = sum(rank(list(rng.lognormal(size=(5, 60)))).separated > 0 for _ in range(200))
    assert wrong <= 200 * 0.05 * 1.8


def test_two_designs_are_one_test_of_scipy():
    a, b = noise(7), noise(7) * 1.01 + 0.01 * noise(8)
    p = wilcoxon(a - b, zero_method="zsplit", method="asymptotic").pvalue
    assert rank([a, b], level=p * 1.001).separated == 1
    assert rank([a, b], level=p * 0.999).separated == 0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_by_its_definition(values):
    p = np.array(values)
    expected, alive = np.zeros(len(p), bool), True
    for step, index in enumerate(sorted(range(len(p)), key=lambda i: (p[i], i))):
        alive = alive and p[index] <= 0.05 / (len(p) - step)
        expected[index] = alive
    assert holm(p).tolist() == expected.tolist()
