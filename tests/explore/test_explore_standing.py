"""How sure places on a front are: probabilities, and the three classes that follow from them."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from explore_fakes import evaluation, space
from scipy.stats import norm

from hwdse.explore import cost_errors, standing
from hwdse.explore.aims import Aims
from hwdse.explore.columns import column
from hwdse.explore.cost_errors import CostErrors, Z
from hwdse.explore.front import nondominated
from hwdse.explore.standing import fronts, with_standing
from hwdse.primitives import load_technology

SPECS = [
    "a=int8,acc=int:32",
    "a=int4,acc=int:32",
    "a=e4m3fn,acc=kulisch",
    "a=posit8_1,acc=fp:fp32",
]


@pytest.fixture
def pairs(monkeypatch):
    """Sets the ratios that order pairs: by default a factor of 2, or 1.1 if 6 things are shared."""

    def put(**ratios):
        table = load_technology("nangate45")
        energy = dataclasses.replace(
            table.adjustment("energy_pj"),
            pairs={int(k[1:]): np.log(v) for k, v in ratios.items()},
        )
        changed = dataclasses.replace(table, adjustments={**table.adjustments, "energy_pj": energy})
        monkeypatch.setattr(cost_errors, "load_technology", lambda name: changed)

    put(_0=2.0, _6=1.1)
    return put


def frame(energies, ranks, **more):
    return pd.DataFrame(
        {
            "spec": SPECS[: len(ranks)], "energy_pj": energies, "rank": ranks, "sqnr_db": 1.0,
            "technology": "nangate45", **more,
        }
    )  # fmt: skip


def found(*given, **more):
    return standing.standing(frame(*given, **more))


def undecided(*given, **more):
    return found(*given, **more).undecided.tolist()


def test_designs_that_share_much_are_ordered_at_small_differences(pairs):
    # int8 and int4 share all but nothing: the same families, parts and unit.
    assert undecided([1.0, 1.2], [1, 1]) == [False, False]
    assert undecided([1.0, 1.05], [1, 1]) == [True, True]


@pytest.mark.parametrize("ratio", [1.0, 1.3, 2.0, 2.5])
def test_the_probability_of_a_pair_is_that_of_calibration(pairs, ratio):
    from scipy.stats import norm

    # A factor of 2 orders 95 % of the pairs that share little.
    expected = norm.cdf(Z * np.log(ratio) / np.log(2))
    p = found([1.0, 9.0, ratio, 9.0], [2, 2, 2, 2]).probability
    assert p[0] == pytest.approx(expected, abs=0.03)
    assert p[0] + p[2] == pytest.approx(1)


def test_nothing_is_sure_of_units_that_were_never_measured(pairs):
    known = {"energy_error": [0.2, 0.2]}
    assert undecided([1.0, 9.0], [1, 1], **known) == [False, False]
    unknown = {"energy_error": [0.2, np.nan]}
    assert undecided([1.0, 9.0], [1, 1], **unknown) == [True, True]
    assert np.isnan(found([1.0, 9.0], [1, 1], **unknown).probability).all()
    # Whatever the second costs, it does not beat the first, which answers better.
    better = found([1.0, 9.0], [1, 2], **unknown)
    assert better.classes.tolist() == ["certain", "undecided"]
    assert better.probability[0] == 1


def test_designs_that_share_little_need_a_factor_of_two(pairs):
    # int8 and e4m3fn with Kulisch: the multiplier and the unit.
    assert undecided([1.0, 9.0, 1.8, 9.0], [2, 2, 2, 2]) == [True, False, True, False]
    assert undecided([1.0, 9.0, 2.3, 9.0], [2, 2, 2, 2]) == [False, False, False, False]


def test_a_better_rank_is_sure(pairs):
    # The dearer design is better, so it is on the front for sure. If it is the cheaper one as
    # well, it beats the other.
    assert undecided([1.0, 9.0, 1.5, 9.0], [3, 3, 1, 3]) == [True, False, False, False]
    # The dearer one is worse: it is on the front only if it is the cheaper one.
    assert undecided([1.0, 9.0, 1.5, 9.0], [1, 3, 2, 3]) == [False, False, True, False]


def test_what_cannot_be_compared_has_no_class(pairs):
    late = [True, True, False, True]
    places = found([1.0, np.nan, 1.5, 9.0], [1, 1, 1, 1], meets_clock=late)
    assert places.classes.tolist() == ["certain", "", "dominated", "dominated"]
    assert np.isnan(places.probability).tolist() == [False, True, False, False]


def test_without_errors_the_front_is_as_estimated(pairs):
    pairs()
    assert found([1.0, 1.0], [1, 1]).probability.tolist() == [1, 1]
    unknown = frame([1.0, 1.1], [1, 1]).assign(technology="mine")
    assert standing.standing(unknown).probability.tolist() == [1, 0]
    # A user's table says nothing about pairs, so the intervals order them.
    wide = standing.standing(unknown.assign(energy_error=0.2))
    expected = norm.cdf(np.log(1.1) / (np.sqrt(2) * np.log(1.2) / Z))
    assert wide.probability[0] == pytest.approx(expected, abs=0.03)
    exact = standing.standing(frame([1.0, 1.01], [1, 1], energy_error=0.0))
    assert exact.classes.tolist() == ["certain", "dominated"]


def test_a_crowd_of_equal_designs_shares_one_place():
    specs = [f"a={name},acc=kulisch" for name in ("int8", "e4m3fn", "posit8_1", "e5m2", "bf16")]
    crowd = pd.DataFrame(
        {"spec": specs, "energy_pj": 1.0, "sqnr_db": 1.0, "rank": 1, "technology": "nangate45"}
    )
    places = standing.standing(crowd)
    assert places.probability.sum() == pytest.approx(1)
    assert places.probability.min() > 0.1
    assert places.undecided.all()


def test_a_design_of_a_file_that_is_gone_shares_nothing(pairs):
    lost = frame([1.0, 1.5], [1, 1])
    lost.loc[1, "spec"] = "a=codebook:/gone.json,acc=fp:fp32"
    assert standing.standing(lost).undecided.tolist() == [True, True]


def test_errors_are_as_far_apart_as_calibration_says():
    many = pd.DataFrame({"spec": SPECS * 2, "technology": "nangate45"})
    errors = CostErrors.of(many, column("energy_pj"))
    drawn = errors.draw(20_000, np.random.default_rng(3))
    adjustment = load_technology("nangate45").adjustment("energy_pj")
    shared = {(0, 1): 9, (0, 2): 4, (0, 3): 3, (0, 4): 9}
    for (i, j), count in shared.items():
        apart = np.quantile(np.abs(drawn[:, i] - drawn[:, j]), 0.9)
        assert apart == pytest.approx(adjustment.surely_apart(count), rel=0.06)


def test_area_and_area_per_mac_have_one_error():
    table = frame([1.0, 1.0], [1, 1], area_um2=[100.0, 100.0], area_per_mac_um2=[50.0, 50.0])
    both = standing.standing(table, Aims.of("area_um2", "area_per_mac_um2"))
    assert both.probability.sum() == pytest.approx(1)
    energy = standing.standing(table, Aims.of("area_um2", "energy_pj"))
    assert energy.probability.sum() == pytest.approx(1.5, abs=0.05)


def test_the_same_table_gives_the_same_numbers(pairs):
    once, again = (found([1.0, 1.05, 1.3, 1.2], [2, 1, 2, 1]).probability for _ in range(2))
    assert once.tolist() == again.tolist()


def test_fronts_of_draws_are_those_of_the_definition():
    rng = np.random.default_rng(5)
    values = rng.integers(0, 6, (40, 25, 3)).astype(float)
    taken = rng.random((40, 25)) < 0.8
    for draw, chosen, front in zip(values, taken, fronts(values, taken), strict=True):
        expected = nondominated(np.where(chosen[:, None], draw, np.nan), (False,) * 3)
        assert front.tolist() == expected.tolist()


def test_a_table_has_one_column_for_each(pairs):
    table = with_standing(frame([1.0, 1.05, 9.0, 9.0], [1, 1, 1, 1]))
    assert table["front"].tolist() == [True, False, False, False]
    assert table["standing"].tolist() == ["undecided", "undecided", "dominated", "dominated"]
    assert table["front_probability"].between(0, 1).all()
    assert (table["standing"] == "undecided").equals(table["front_probability"].between(0.05, 0.95))


def test_fakes_have_places_too():
    rows = [evaluation(design) for design in space(2).designs]
    assert all(row.outcomes is not None for row in rows)
