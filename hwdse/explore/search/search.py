"""The search: which design to measure next, how well, and when to stop.

Measurements have rungs: a few samples of the dataset first, all of them last. A measurement of a
lower rung is cheap and inexact; how inexact is learned from designs measured on both. In each step
the designs whose next rung promises most hypervolume per cost are measured, a batch at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from hwdse.errors import SearchError
from hwdse.explore.search.improvement import Staircase, expected_improvement
from hwdse.explore.search.surrogate import Surrogate

Floats = npt.NDArray[np.float64]

_FIRST_NOISE = 0.25
"""Error of a lower rung before it is known, as a share of the spread of all qualities."""
WIDEST = 8
"""Most measurements of lower rungs at a time, for each of the last one."""
_FEWEST_PAIRS = 5
"""Designs measured on two rungs from which on their differences say how exact the lower one is."""


@dataclass(frozen=True, kw_only=True)
class Rung:
    """A way to measure the quality of a design.

    Attributes:
        name: name for readers.
        share: cost of a measurement, as a share of that of the last rung.
    """

    name: str
    share: float


FULL = Rung(name="all samples", share=1.0)
"""The full measurement, which is the last rung."""


@dataclass(frozen=True, kw_only=True)
class Budget:
    """How much may be measured.

    Attributes:
        measurements: most measurements, in measurements of the last rung.
        first: measurements before the surrogate chooses, in the same unit.
        batch: measurements chosen at a time, in the same unit; of lower rungs alone at most
            `WIDEST` times as many.
    """

    measurements: float
    first: float
    batch: int = 8

    def __post_init__(self) -> None:
        if not 0 < self.first <= self.measurements or self.batch < 1:
            raise SearchError(
                f"a budget of {self.measurements:g} measurements, {self.first:g} first, "
                f"{self.batch} at a time: all must be above 0, and first at most all"
            )


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A design and the rung on which to measure it."""

    design: int
    rung: int


@dataclass(kw_only=True)
class PoolSearch:
    """A search over a finite pool of designs.

    `ask` says what to measure next, `tell` takes the results, `drop` takes failures. `ask` returns
    nothing at the end.
    The same answers give the same questions.

    Attributes:
        features: shape (designs, features).
        costs: shape (designs,): known costs, in the measure in which volumes count (a logarithm,
            usually). NaN: never measured.
        rungs: from the cheapest to the last, whose share is 1.
        budget: how much may be measured.
        reference: worst cost and worst quality that dominate anything. None: the worst known cost,
            and the worst quality measured at first.
        seed: of the first choice.
    """

    features: Floats
    costs: Floats
    rungs: tuple[Rung, ...]
    budget: Budget
    reference: tuple[float, float] | None = None
    seed: int = 0
    _known: dict[tuple[int, int], float] = field(default_factory=dict)
    _dropped: set[int] = field(default_factory=set)
    _surrogate: Surrogate = field(init=False)

    def __post_init__(self) -> None:
        if not self.rungs or self.rungs[-1].share != 1:
            raise SearchError("the last rung must be the full measurement, of share 1")
        self._surrogate = Surrogate(self.features)

    @property
    def spent(self) -> float:
        """What was measured, in measurements of the last rung."""
        return len(self._dropped) + sum(self.rungs[rung].share for _, rung in self._known)

    @property
    def qualities(self) -> Floats:
        """Qualities on the last rung, shape (designs,); NaN where not measured."""
        found = np.full(len(self.costs), np.nan)
        for (design, rung), value in self._known.items():
            if rung == self._last:
                found[design] = value
        return found

    def tell(self, measured: Trial, quality: float) -> None:
        """Take the result of a measurement."""
        self._known[measured.design, measured.rung] = quality

    def drop(self, design: int) -> None:
        """Never ask for a design again: it cannot be measured. It has cost a measurement."""
        self._dropped.add(design)

    def ask(self) -> list[Trial]:
        """What to measure next; empty at the end."""
        left = self.budget.measurements - self.spent
        if not self._known and not self._dropped:
            return self._first()
        if not self._known:
            return self._affordable(self._farthest(self.budget.batch), left)
        return self._affordable(self._most_promising(self.budget.batch), left)

    @property
    def _last(self) -> int:
        return len(self.rungs) - 1

    def _at(self, rung: int) -> list[int]:
        return [design for design, own in self._known if own == rung]

    def _affordable(self, wanted: Sequence[Trial], left: float) -> list[Trial]:
        chosen = []
        for item in wanted:
            left -= self.rungs[item.rung].share
            if left < 0:
                break
            chosen.append(item)
        return chosen

    def _first(self) -> list[Trial]:
        return self._farthest(max(1, int(self.budget.first / self.rungs[0].share)))

    @property
    def _pool(self) -> npt.NDArray[np.intp]:
        """Designs that may be measured."""
        free = ~np.isnan(self.costs)
        free[list(self._dropped)] = False
        return np.flatnonzero(free)

    def _farthest(self, most: int) -> list[Trial]:
        """Designs that lie far apart: each is the one farthest from those already chosen."""
        pool = self._pool
        if not len(pool):
            return []
        count = min(len(pool), most)
        rng = np.random.default_rng(self.seed)
        chosen = [int(rng.choice(pool))]
        distance = self._distances(pool, chosen[0])
        while len(chosen) < count:
            following = int(pool[int(np.argmax(distance))])
            chosen.append(following)
            distance = np.minimum(distance, self._distances(pool, following))
        return [Trial(design=design, rung=0) for design in chosen]

    def _distances(self, pool: npt.NDArray[np.intp], design: int) -> Floats:
        return np.asarray(((self.features[pool] - self.features[design]) ** 2).sum(axis=1))

    def _errors(self) -> tuple[Floats, Floats]:
        """What the last rung adds to each rung on average, and the standard deviation of that."""
        values = np.array(list(self._known.values()))
        spread = float(values.std()) or 1.0
        offsets, found = np.zeros(len(self.rungs)), np.full(len(self.rungs), _FIRST_NOISE * spread)
        found[-1] = 0.0
        for rung in range(self._last):
            gaps = [
                self._known[design, self._last] - self._known[design, rung]
                for design in self._at(rung)
                if (design, self._last) in self._known
            ]
            if len(gaps) >= _FEWEST_PAIRS:
                offsets[rung], found[rung] = np.mean(gaps), np.std(gaps, ddof=1)
        return offsets, found

    def _most_promising(self, count: int) -> list[Trial]:
        """The measurements that promise most hypervolume per cost.

        Each choice counts as measured, with the quality that is expected of it, for the next one.
        Otherwise a batch would be `count` designs of much the same kind.
        """
        reached = np.full(len(self.costs), -1)
        for design, rung in self._known:
            reached[design] = max(reached[design], rung)
        open_ = self._pool[reached[self._pool] < self._last]
        if not len(open_):
            return []
        best = dict(sorted(self._known))  # the highest rung of each design comes last
        offsets, noise = self._errors()
        designs = np.array(list(best))
        rungs = np.array(list(best.values()))
        values = [self._known[design, rung] + offsets[rung] for design, rung in best.items()]
        self._surrogate.fit(designs, values, noise[rungs])
        means, deviations = self._surrogate.predict(open_)
        following = reached[open_] + 1
        # Only the last rung gains: a lower one costs what the way to the last does.
        ways = np.cumsum([rung.share for rung in reversed(self.rungs)])[::-1][following]
        qualities = self.qualities
        chosen: list[Trial] = []
        cost, free = 0.0, np.ones(len(open_), np.bool_)
        while cost < count and len(chosen) < WIDEST * count and free.any():
            front = self._front(qualities, min(values))
            gains = expected_improvement(front, self.costs[open_], means, deviations)
            place = int(np.argmax(np.where(free, gains / ways, -1.0)))
            if not gains[place] > 0:
                break
            free[place] = False
            design = int(open_[place])
            qualities[design] = means[place]
            chosen.append(Trial(design=design, rung=int(following[place])))
            cost += self.rungs[following[place]].share
        return chosen

    def _front(self, qualities: Floats, worst: float) -> Staircase:
        known = np.flatnonzero(~np.isnan(qualities))
        reference = self.reference or (float(np.nanmax(self.costs)), worst)
        return Staircase.of(self.costs[known], qualities[known], reference)
