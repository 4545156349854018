"""The search on pools whose qualities follow a rule: what it asks for, and what it finds."""

import numpy as np
import pytest

from hwdse.errors import SearchError
from hwdse.explore.hypervolume import volume
from hwdse.explore.search import Budget, PoolSearch, Rung

FULL = (Rung(name="all", share=1.0),)
TWO = (Rung(name="few", share=0.1), Rung(name="all", share=1.0))


def pool(count=300, seed=0):
    """Costs, features and qualities of made-up designs: quality grows with two of five features."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(count, 5))
    quality = 20 + 5 * features[:, 0] + 3 * np.tanh(features[:, 1])
    cost = 10 + 4 * features[:, 0] + 3 * features[:, 2] + rng.normal(0, 0.5, count)
    return features, cost, quality


def finished(search, quality, error=None):
    """Answer all questions. Returns the measurements in their order."""
    asked = []
    while batch := search.ask():
        for item in batch:
            last = item.rung == len(search.rungs) - 1
            wrong = 0.0 if last or error is None else error[item.design]
            search.tell(item, float(quality[item.design] + wrong))
            asked.append(item)
    return asked


def hypervolume(cost, quality, some=slice(None)):
    """Of some designs, up to the worst cost and quality of all."""
    gains = np.stack([cost.max() - cost[some], quality[some] - quality.min()], 1)
    return volume(gains)


def share_found(search, cost, quality):
    known = ~np.isnan(search.qualities)
    return hypervolume(cost, quality, known) / hypervolume(cost, quality)


def test_a_tenth_of_the_measurements_finds_nearly_all():
    features, cost, quality = pool()
    search = PoolSearch(
        features=features, costs=cost, rungs=FULL, budget=Budget(measurements=30, first=12, batch=4)
    )
    asked = finished(search, quality)
    assert len(asked) == search.spent == 30
    assert len(set(asked)) == 30
    assert share_found(search, cost, quality) > 0.99


def test_more_than_by_chance():
    features, cost, quality = pool()
    search = PoolSearch(
        features=features, costs=cost, rungs=FULL, budget=Budget(measurements=30, first=12, batch=4)
    )
    finished(search, quality)
    rng = np.random.default_rng(1)
    by_chance = [hypervolume(cost, quality, rng.choice(300, 30, replace=False)) for _ in range(20)]
    own = share_found(search, cost, quality) * hypervolume(cost, quality)
    assert own > max(by_chance)


def test_cheap_rungs_come_first_and_count_their_share():
    features, cost, quality = pool()
    error = np.random.default_rng(5).normal(0, 0.3, len(cost))
    search = PoolSearch(
        features=features, costs=cost, rungs=TWO, budget=Budget(measurements=15, first=5, batch=4)
    )
    asked = finished(search, quality, error)
    assert [item.rung for item in asked[:50]] == [0] * 50
    spent = sum(TWO[item.rung].share for item in asked)
    assert search.spent == pytest.approx(spent)
    assert spent <= 15 + 1e-9
    for place, item in enumerate(asked):
        if item.rung == 1:
            assert any(e.design == item.design and e.rung == 0 for e in asked[:place])
    assert share_found(search, cost, quality) > 0.98


def test_same_answers_same_questions():
    features, cost, quality = pool(80)
    runs = [
        finished(
            PoolSearch(
                features=features, costs=cost, rungs=FULL, seed=seed,
                budget=Budget(measurements=16, first=6, batch=3),
            ),
            quality,
        )
        for seed in (1, 1, 2)
    ]  # fmt: skip
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_designs_without_costs_are_never_measured():
    features, cost, quality = pool(40)
    cost[::2] = np.nan
    search = PoolSearch(
        features=features, costs=cost, rungs=FULL, budget=Budget(measurements=40, first=4, batch=4)
    )
    asked = finished(search, quality)
    assert all(item.design % 2 for item in asked)
    assert len(asked) <= 20


def test_a_search_goes_on_where_it_stopped():
    features, cost, quality = pool(80)
    budget = Budget(measurements=16, first=6, batch=1)
    whole = finished(PoolSearch(features=features, costs=cost, rungs=FULL, budget=budget), quality)
    again = PoolSearch(features=features, costs=cost, rungs=FULL, budget=budget)
    for item in whole[:9]:
        again.tell(item, float(quality[item.design]))
    assert finished(again, quality) == whole[9:]


def test_refused():
    with pytest.raises(SearchError, match="first at most all"):
        Budget(measurements=3, first=4)
    with pytest.raises(SearchError, match="0 at a time"):
        Budget(measurements=3, first=2, batch=0)
    with pytest.raises(SearchError, match="the last rung must be the full measurement"):
        PoolSearch(
            features=np.zeros((2, 1)), costs=np.zeros(2), rungs=TWO[:1],
            budget=Budget(measurements=2, first=1),
        )  # fmt: skip
