"""A search by an Optuna study, for those who prefer it."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.errors import SearchError
from hwdse.explore.search.parameters import Parameters
from hwdse.explore.search.search import FULL, Budget, Rung, Trial
from hwdse.resources import how_to_get
from hwdse.spec import Design

Floats = npt.NDArray[np.float64]

_PATIENCE = 200
"""Suggestions in a row without a new design, after which a study has nothing more to say."""
_DIRECTIONS = ("minimize", "maximize")


def optuna() -> ModuleType:
    """The library.

    Raises:
        SearchError: it is not installed. The message says how to get it.
    """
    if find_spec("optuna") is None:
        raise SearchError(f"no Optuna: {how_to_get('optuna')}")
    import optuna  # noqa: PLC0415 - an extra, and slow to load

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


@contextmanager
def experiments(library: ModuleType) -> Iterator[None]:
    """Context for functions that the library calls experimental, without its warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", library.exceptions.ExperimentalWarning)
        yield


def _tpe(library: ModuleType, seed: int) -> Any:
    return library.samplers.TPESampler(seed=seed, constant_liar=True)


def _nsga2(library: ModuleType, seed: int) -> Any:
    return library.samplers.NSGAIISampler(seed=seed)


SAMPLERS: dict[str, Callable[[ModuleType, int], Any]] = {"tpe": _tpe, "nsga2": _nsga2}
"""Samplers of a study, by name: functions of the library and a seed."""


@dataclass(kw_only=True)
class OptunaSearch:
    """A search over a finite pool of designs, as `PoolSearch`, whose questions come from a study.

    The study knows the keys of the design spec as categories. It does not know that costs are known
    before: it gets cost and quality of the designs that it has asked for. If it asks for one that
    was measured, it gets the answer for nothing. If it asks for a combination that the pool lacks,
    the nearest design stands for it.

    Attributes:
        designs: the pool.
        costs: shape (designs,): known costs; smaller is better. NaN: never measured.
        budget: how much may be measured.
        sampler: one of `SAMPLERS`.
        seed: seed of the sampler.
    """

    designs: Sequence[Design]
    costs: Floats
    budget: Budget
    sampler: str = "tpe"
    seed: int = 0
    _known: dict[int, float] = field(default_factory=dict)
    _dropped: set[int] = field(default_factory=set)
    _waiting: dict[int, Any] = field(default_factory=dict)

    @property
    def rungs(self) -> tuple[Rung, ...]:
        """Only full measurements."""
        return (FULL,)

    def __post_init__(self) -> None:
        if self.sampler not in SAMPLERS:
            raise SearchError(
                f"sampler {self.sampler!r} of Optuna: allowed are {', '.join(SAMPLERS)}"
            )
        library = optuna()
        self._states = library.trial.TrialState
        self._parameters = Parameters(designs=self.designs)
        self._space = {
            name: library.distributions.CategoricalDistribution(values)
            for name, values in self._parameters.choices.items()
        }
        with experiments(library):
            chosen = SAMPLERS[self.sampler](library, self.seed)
        self._study = library.create_study(directions=_DIRECTIONS, sampler=chosen)

    @property
    def spent(self) -> float:
        """Number of designs that were measured, or failed."""
        return float(len(self._known) + len(self._dropped))

    @property
    def qualities(self) -> Floats:
        """Measured qualities, shape (designs,); NaN where not measured."""
        found = np.full(len(self.costs), np.nan)
        for design, quality in self._known.items():
            found[design] = quality
        return found

    def ask(self) -> list[Trial]:
        """What to measure next; empty at the end."""
        left = int(self.budget.measurements - self.spent)
        most, idle = min(left, self.budget.batch), 0
        while len(self._waiting) < most and idle < _PATIENCE:
            trial = self._study.ask(self._space)
            design = self._parameters.nearest(trial.params)
            if design in self._known:
                self._answer(trial, design)
            elif design in self._waiting or design in self._dropped or self._is_out(design):
                self._study.tell(trial, state=self._states.FAIL)
            else:
                self._waiting[design] = trial
                idle = 0
                continue
            idle += 1
        return [Trial(design=design, rung=0) for design in self._waiting]

    def tell(self, measured: Trial, quality: float) -> None:
        """Take the result of a measurement."""
        self._known[measured.design] = quality
        self._answer(self._waiting.pop(measured.design), measured.design)

    def drop(self, design: int) -> None:
        """Never ask for a design again: it cannot be measured. It has cost a measurement."""
        self._dropped.add(design)
        self._study.tell(self._waiting.pop(design), state=self._states.FAIL)

    def _is_out(self, design: int) -> bool:
        return bool(np.isnan(self.costs[design]))

    def _answer(self, trial: Any, design: int) -> None:
        self._study.tell(trial, (float(self.costs[design]), self._known[design]))
