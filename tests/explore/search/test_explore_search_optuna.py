"""A search by an Optuna study: the pool as parameters, and what a study may ask for."""

import numpy as np
import pytest

from hwdse.errors import SearchError
from hwdse.explore.search import Budget, OptunaSearch, Parameters
from hwdse.explore.search import optuna_search as module
from hwdse.spec import Design

FORMATS = ("int4", "int6", "int8", "e2m1fn", "e3m2fn", "e4m3fn")
POOL = [
    Design.parse(f"a={a},acc={acc},unit=dot,lanes={lanes}")
    for a in FORMATS
    for acc in ("kulisch", "fp:fp32")
    for lanes in (1, 2, 4)
]
COSTS = np.array([d.a.bits**1.5 / d.unit.group**0.1 for d in POOL])
QUALITIES = np.array([6.0 * d.a.bits + np.log2(d.unit.group) for d in POOL])


def asked(search: OptunaSearch, failing: frozenset[int] = frozenset()) -> list[int]:
    """What a search asks for, in order, with the right answers."""
    order = []
    while batch := search.ask():
        for item in batch:
            order.append(item.design)
            if item.design in failing:
                search.drop(item.design)
            else:
                search.tell(item, float(QUALITIES[item.design]))
    return order


def search_of(sampler: str = "tpe", most: int = 14, **given: object) -> OptunaSearch:
    settings = {"costs": COSTS, "seed": 3, **given}
    budget = Budget(measurements=most, first=1, batch=4)
    return OptunaSearch(designs=POOL, budget=budget, sampler=sampler, **settings)


def test_parameters_are_the_keys_that_differ() -> None:
    some = [*POOL[:2], Design.parse("a=int8,acc=int:32")]
    choices = Parameters(designs=some).choices
    assert choices["a"] == ("int4", "int8")
    assert choices["unit"] == ("dot", "mac")
    assert choices["lanes"] == ("1", "2", "-")
    assert "mul" not in choices
    everything = Parameters(designs=POOL)
    for number, design in enumerate(POOL):
        assert everything.nearest(everything.of(design)) == number


def test_a_combination_that_the_pool_lacks_stands_for_the_nearest() -> None:
    parameters = Parameters(designs=[POOL[0], POOL[1], POOL[8]])
    values = {**parameters.of(POOL[8]), "lanes": "2"}
    assert parameters.nearest(values) == 2
    assert Parameters(designs=POOL[:1]).nearest({}) == 0


@pytest.mark.parametrize("sampler", sorted(module.SAMPLERS))
def test_no_design_is_measured_twice_and_the_budget_holds(sampler: str) -> None:
    search = search_of(sampler)
    order = asked(search)
    assert len(order) == len(set(order)) == search.spent == 14
    assert np.count_nonzero(~np.isnan(search.qualities)) == 14
    # The same seed asks the same, another one does not.
    assert asked(search_of(sampler)) == order
    assert asked(search_of(sampler, seed=4)) != order


def test_failures_cost_a_measurement_and_come_once() -> None:
    failing = frozenset(range(0, len(POOL), 2))
    search = search_of(most=20)
    order = asked(search, failing)
    assert len(order) == len(set(order)) == search.spent == 20
    assert np.isnan(search.qualities[sorted(failing)]).all()


def test_designs_that_are_out_are_never_asked_for() -> None:
    out = np.median(COSTS) < COSTS
    costs = np.where(out, np.nan, COSTS)
    order = asked(search_of("nsga2", most=len(POOL), costs=costs))
    assert set(order) <= set(np.flatnonzero(~out).tolist())
    # A study never says that it is done: it has been asked often enough for nothing.
    assert 0 < len(order) <= np.count_nonzero(~out)


def test_it_is_told_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SearchError, match="sampler 'random' of Optuna: allowed are tpe, nsga2"):
        search_of("random")
    monkeypatch.setattr(module, "find_spec", lambda _name: None)
    with pytest.raises(SearchError, match=r"no Optuna: install it with: pip install .*optuna"):
        search_of()
