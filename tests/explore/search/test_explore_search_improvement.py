"""Staircases and expected gains: by hand, and against sampling."""

import numpy as np
import pytest

from hwdse.errors import ShapeError
from hwdse.explore.hypervolume import volume
from hwdse.explore.search import Staircase, expected_improvement

REFERENCE = (10.0, 0.0)


def hypervolume(front):
    """What a staircase dominates, by the hypervolume of sweeps."""
    gains = np.stack([front.worst_cost - front.costs, front.qualities - front.worst_quality], 1)
    return volume(gains)


def gain(front, cost, quality):
    """Gain in hypervolume of a certain quality, from the hypervolumes themselves."""
    more = Staircase.of([*front.costs, cost], [*front.qualities, quality], REFERENCE)
    return hypervolume(more) - hypervolume(front)


def test_hypervolume_by_hand():
    # (2, 3) and (5, 7) to (10, 0); (6, 6) is dominated, (11, 9) too expensive, (1, -1) too bad.
    front = Staircase.of([5, 6, 2, 11, 1], [7, 6, 3, 9, -1], REFERENCE)
    assert front.costs.tolist() == [2, 5]
    assert front.qualities.tolist() == [3, 7]
    assert hypervolume(front) == 3 * 3 + 5 * 7


def test_equal_costs_keep_the_better():
    front = Staircase.of([2, 2, 2], [1, 3, 2], REFERENCE)
    assert (front.costs.tolist(), front.qualities.tolist()) == ([2], [3])


def test_nothing_measured_dominates_nothing():
    front = Staircase.of([], [], REFERENCE)
    assert hypervolume(front) == 0
    assert expected_improvement(front, [4.0], [2.0], [0.0]) == pytest.approx([6 * 2])


@pytest.mark.parametrize("cost", [0.5, 2.0, 3.0, 5.0, 9.0, 10.0, 12.0])
@pytest.mark.parametrize("quality", [-1.0, 1.0, 3.0, 5.0, 8.0])
def test_certain_qualities_gain_the_difference_of_hypervolumes(cost, quality):
    front = Staircase.of([2, 5], [3, 7], REFERENCE)
    found = expected_improvement(front, [cost], [quality], [0.0])
    assert found == pytest.approx([gain(front, cost, quality)])


def test_uncertain_qualities_gain_the_mean_of_samples():
    rng = np.random.default_rng(3)
    front = Staircase.of(rng.uniform(0, 10, 6), rng.uniform(0, 10, 6), REFERENCE)
    costs, means, deviations = rng.uniform(0, 10, 5), rng.uniform(0, 12, 5), rng.uniform(0.5, 3, 5)
    found = expected_improvement(front, costs, means, deviations)
    for cost, mean, deviation, expected in zip(costs, means, deviations, found, strict=True):
        sampled = [gain(front, cost, q) for q in rng.normal(mean, deviation, 4000)]
        error = np.std(sampled) / np.sqrt(len(sampled))
        assert abs(np.mean(sampled) - expected) < 4 * error + 1e-3


def test_more_uncertainty_never_gains_less():
    front = Staircase.of([2, 5], [3, 7], REFERENCE)
    found = [expected_improvement(front, [4.0], [2.0], [s])[0] for s in (0.0, 0.5, 1.0, 2.0)]
    assert found == sorted(found)
    assert found[0] == 0 < found[1]


def test_shapes_are_checked():
    with pytest.raises(ShapeError, match=r"costs of shape \(2,\), qualities of \(1,\)"):
        Staircase.of([1, 2], [1], REFERENCE)
