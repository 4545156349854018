"""A search in a sweep: which designs of a space to measure, if not all of them.

Costs of all designs are estimated first. Then accuracy is measured where the front may change
(`hwdse.explore.search`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import log10
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import pandas as pd

from hwdse.errors import SearchError
from hwdse.explore.aims import Aims
from hwdse.explore.budget import SAMPLERS, measurements
from hwdse.explore.columns import Column
from hwdse.explore.search import FULL, Budget, OptunaSearch, PoolSearch, Rung, Trial, features_of
from hwdse.spec import Design

Floats = npt.NDArray[np.float64]

Measure = Callable[[dict[str, Design], Rung], Mapping[str, Mapping[str, Any]]]
"""A function that measures designs by key on a rung.

It returns the records of the finished ones by the same keys.
"""

_FIRST, _MOST_FIRST = 0.15, 16
"""Share of the budget that is measured before the surrogate chooses, and most measurements."""
_BATCH = 8
"""Designs measured at a time. With fewer, the workers of a batch would start for little work."""
_QUALITIES = (-20.0, 150.0)
"""Bounds of a ratio in dB for the surrogate: infinities become finite."""


@runtime_checkable
class Costing(Protocol):
    """An evaluator that knows costs without measuring accuracy."""

    def costs(self, designs: Sequence[Design]) -> pd.DataFrame:
        """Columns of costs of designs, one row each; NaN where a design cannot be built."""


class DesignSearch(Protocol):
    """What chooses designs: it asks for measurements and takes the results."""

    @property
    def rungs(self) -> tuple[Rung, ...]:
        """The ways to measure, to which the numbers of `Trial.rung` refer."""

    def ask(self) -> list[Trial]:
        """What to measure next; empty at the end."""

    def tell(self, measured: Trial, quality: float) -> None:
        """Take the result of a measurement."""

    def drop(self, design: int) -> None:
        """Never ask for a design again: it cannot be measured."""


def _by_expected_gain(
    designs: Sequence[Design], costs: Floats, most: int, rungs: tuple[Rung, ...]
) -> DesignSearch:
    features = features_of(designs)
    return PoolSearch(features=features, costs=costs, rungs=rungs, budget=plan(most))


def _by_study(
    designs: Sequence[Design], costs: Floats, most: int, _: tuple[Rung, ...], *, sampler: str
) -> DesignSearch:
    return OptunaSearch(designs=designs, costs=costs, budget=plan(most), sampler=sampler)


SEARCHES: dict[str, Callable[[Sequence[Design], Floats, int, tuple[Rung, ...]], DesignSearch]] = {
    "ehvi": _by_expected_gain,
    "optuna": partial(_by_study, sampler="tpe"),
    "optuna:nsga2": partial(_by_study, sampler="nsga2"),
}
"""A search for each of `hwdse.explore.budget.SAMPLERS`.

Functions of the pool, its costs (smaller is better, NaN: never measured), the number of designs
that may be measured, and the ways to measure, the cheapest first.
"""


@dataclass(frozen=True, kw_only=True)
class _Objectives:
    """The two objectives of a search."""

    cost: Column
    quality: Column

    @classmethod
    def of(cls, aims: Aims) -> "_Objectives":
        costs = [c for c in aims.columns if c.is_cost]
        qualities = [c for c in aims.columns if not c.is_cost]
        if len(costs) != 1 or len(qualities) != 1:
            raise SearchError(
                f"objectives {', '.join(aims.objectives)}: a search needs one cost and one measure "
                "of accuracy"
            )
        if qualities[0].needs:
            raise SearchError(
                f"objective {qualities[0].name}: a search needs a quality that every evaluation has"
            )
        return cls(cost=costs[0], quality=qualities[0])

    def costs(self, frame: pd.DataFrame, aims: Aims) -> Floats:
        """Costs as logarithms, smaller is better; NaN for designs that are never on the front."""
        if self.cost.name not in frame:
            raise SearchError(
                f"objective {self.cost.name}: a search needs a cost that is known without measuring"
            )
        values: Floats = frame[self.cost.name].to_numpy(dtype=np.float64, na_value=np.nan)
        known = Aims(
            objectives=aims.objectives,
            where=tuple(limit for limit in aims.where if limit.column.is_cost),
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            found = np.log(values) * (-1 if self.cost.maximize else 1)
        return np.where(np.isfinite(found) & ~known.broken(frame), found, np.nan)

    def qualities(self, records: Iterable[Mapping[str, Any]]) -> list[float]:
        """Qualities, larger is better, on the scale on which they are drawn."""
        if self.quality.scale != "error":
            return [float(np.clip(record[self.quality.name], *_QUALITIES)) for record in records]
        # An error of half a sample stands for none.
        return [
            -log10(max(1 - record[self.quality.name], 0.5 / record["samples"]))
            for record in records
        ]


def plan(most: int) -> Budget:
    """The budget of at most so many designs: how many first, and how many at a time."""
    first = min(max(1, round(_FIRST * most)), _MOST_FIRST)
    return Budget(measurements=most, first=first, batch=_BATCH)


def searched(
    pool: Mapping[str, Design],
    evaluator: object,
    aims: Aims,
    budget: str,
    measure: Measure,
    *,
    sampler: str = SAMPLERS[0],
    lower: Sequence[Rung] = (),
) -> dict[str, Design]:
    """Search for the front of a pool of designs. The same pool gives the same search.

    Args:
        pool: the designs by key.
        evaluator: gives the costs.
        aims: one cost and one measure of accuracy; limits on costs.
        budget: as of `measurements`.
        sampler: what chooses the designs, one of `hwdse.explore.budget.SAMPLERS`.
        measure: measures designs. A design that it does not return has failed, and is left out.
        lower: cheaper measurements, the cheapest first, that a sampler may use.

    Returns:
        The designs that were fully measured or failed, by key, in the order of the pool.

    Raises:
        SearchError: the evaluator knows no costs, the objectives are others, the budget is wrong,
            or Optuna is needed and not installed.
    """
    wanted = _Objectives.of(aims)
    if not isinstance(evaluator, Costing):
        raise SearchError("a search needs an evaluator that knows costs without measuring")
    keys, designs = list(pool), list(pool.values())
    costs = wanted.costs(evaluator.costs(designs), aims)
    search = SEARCHES[sampler](designs, costs, measurements(budget, len(pool)), (*lower, FULL))
    tried: set[int] = set()
    while batch := search.ask():
        for number, rung in enumerate(search.rungs):
            chosen = {keys[item.design]: item for item in batch if item.rung == number}
            if not chosen:
                continue
            records = measure({key: pool[key] for key in chosen}, rung)
            qualities = dict(zip(records, wanted.qualities(records.values()), strict=True))
            for key, item in chosen.items():
                if rung == search.rungs[-1] or key not in qualities:
                    tried.add(item.design)
                _tell(search, item, qualities.get(key))
    return {keys[place]: designs[place] for place in sorted(tried)}


def _tell(search: DesignSearch, item: Trial, quality: float | None) -> None:
    if quality is None:
        search.drop(item.design)
    else:
        search.tell(item, quality)
