"""Hypervolume of fronts: exact volumes, and intervals from draws."""

import json
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from hwdse.explore.aims import Aims
from hwdse.explore.hypervolume import hypervolume, volume


def by_inclusion_and_exclusion(points):
    """The volume straight from the definition: boxes, minus where two overlap, and so on."""
    return sum(
        (-1) ** (count + 1) * np.prod(np.min(chosen, axis=0))
        for count in range(1, len(points) + 1)
        for chosen in combinations(points, count)
    )


@pytest.mark.parametrize("axes", [2, 3, 4, 5])
def test_volumes_are_exact(axes):
    rng = np.random.default_rng(axes)
    for count in (1, 2, 5, 9):
        # Few different values, so that ties and points behind others are common.
        for points in (rng.random((count, axes)), rng.integers(0, 4, (count, axes)) / 2):
            assert volume(points) == pytest.approx(by_inclusion_and_exclusion(points))


def test_known_volumes():
    assert volume([[2.0, 1.0], [1.0, 3.0]]) == 4.0
    assert volume(np.empty((0, 2))) == 0
    assert volume([[1.0, 0.0, 5.0]]) == 0


def frame(energies, qualities, **more):
    given = {"spec": "a=int8,acc=int:32", "rank": 1, "technology": "nangate45", "sqnr_db": 1.0}
    return pd.DataFrame(
        given | {"energy_pj": energies, "accuracy": qualities} | more, index=range(len(energies))
    )


AIMS = Aims.of("energy_pj", "accuracy")


def test_hypervolume_is_a_share_of_the_stated_box():
    table = frame([1.0, 10.0, 100.0], [0.5, 0.9, 0.8], energy_error=0.0)
    found = hypervolume(table, AIMS)
    assert found.reference == pytest.approx({"energy_pj": 100, "accuracy": 0.5})
    assert found.ideal == pytest.approx({"energy_pj": 1, "accuracy": 0.9})
    # The design in the middle of the decades has the best accuracy, the cheapest the worst one.
    assert found.value == pytest.approx(0.5)
    assert (found.low, found.high) == pytest.approx((0.5, 0.5))
    text = found.in_text(AIMS)
    assert text.startswith("Hypervolume 0.500 (90 % of draws: 0.500 to 0.500)")
    assert "reference point (100 pJ, 50.00 %) to the best values (1 pJ, 90.00 %)" in text
    assert json.loads(json.dumps(found.to_json()))["value"] == pytest.approx(0.5)


def test_errors_of_estimates_widen_the_interval():
    table = frame([1.0, 10.0, 100.0], [0.5, 0.9, 0.8], energy_error=0.3)
    found = hypervolume(table, AIMS)
    assert found.low < found.value < found.high
    # 90 % of energies are within about a factor of 1.6, a tenth of the two decades.
    assert 0.05 < found.high - found.low < 0.3
    assert found == hypervolume(table, AIMS)


def test_ranks_are_measured_by_their_quantity():
    table = frame([1.0, 10.0, 100.0], 0.5, energy_error=0.0, rank=[3, 1, 1])
    table["sqnr_db"] = [10.0, 20.0, np.inf]
    found = hypervolume(table)
    assert (found.reference["sqnr_db"], found.ideal["sqnr_db"]) == (10, 20)
    assert found.value == pytest.approx(0.5)


def test_what_cannot_be_compared_has_no_volume():
    assert hypervolume(frame([np.nan], [0.5]), AIMS) is None
    late = frame([1.0, 10.0], [0.5, 0.9], meets_clock=[False, True])
    assert hypervolume(late, AIMS).reference["energy_pj"] == pytest.approx(10)
    unknown = frame([1.0, 10.0, 100.0], [0.9, 0.9, 0.5], energy_error=[np.nan, 0.0, 0.0])
    assert hypervolume(unknown, AIMS).ideal["energy_pj"] == pytest.approx(10)


def test_an_objective_in_which_all_are_equal_says_nothing():
    found = hypervolume(frame([1.0, 10.0], [0.9, 0.9], energy_error=0.0), AIMS)
    assert found.value == pytest.approx(1)


def test_three_objectives():
    table = frame([1.0, 10.0], [0.5, 0.9], area_um2=[10.0, 100.0], energy_error=0.0, area_error=0.0)
    found = hypervolume(table, Aims.of("energy_pj", "area_um2", "accuracy"))
    # Each is the worst in one objective at least.
    assert found.value == 0
    table.loc[2] = table.loc[0]
    table.loc[2, ["energy_pj", "area_um2", "accuracy"]] = [10**0.5, 10**1.5, 0.7]
    assert hypervolume(table, Aims.of("energy_pj", "area_um2", "accuracy")).value == pytest.approx(
        0.125
    )
