"""Draws what the true objectives of designs may be, jointly for all designs.

Costs vary by the errors of their estimates (`hwdse.explore.cost_errors`), ranks and ratios of
answers by the samples (`hwdse.explore.paired`). Errors of different quantities, such as area and
energy, are independent. The same table gives the same draws, on every machine.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from zlib import crc32

import numpy as np
import numpy.typing as npt
import pandas as pd

from hwdse.explore.aims import Aims, Limit, misses_clock
from hwdse.explore.columns import Column
from hwdse.explore.cost_errors import CostErrors, interval_spreads, unmeasured
from hwdse.explore.paired import OUTCOMES, Paired

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

DRAWS = 2000
"""Number of draws: a probability of 5 % is then known to 0.5 %, one of 50 % to 1.1 %."""

_BLOCK = 250
_SEED = 20_190_213


@dataclass(frozen=True, kw_only=True, eq=False)
class Draws:
    """Joint draws of the objectives of designs.

    Attributes:
        frame: the designs.
        aims: objectives and limits.
        paired: results of each sample; None: ranks and ratios of answers are as measured.
    """

    frame: pd.DataFrame
    aims: Aims
    paired: Paired | None = None
    _errors: dict[str, CostErrors | None] = field(default_factory=dict, repr=False)

    @property
    def unmeasured(self) -> Mask:
        """Mask of the designs with an estimate of which nothing says how wrong it is."""
        found = np.zeros(len(self.frame), np.bool_)
        for c in (*self.aims.columns, *(limit.column for limit in self.aims.where)):
            found |= unmeasured(self.frame, c)
        return found

    def blocks(self) -> Iterator[tuple[Floats, Mask]]:
        """The draws, some at a time.

        Yields:
            Objectives of shape (draws, designs, objectives): smaller is better, costs as
            logarithms; and a mask of shape (draws, designs) of those that can be compared: nothing
            is missing, and the limits are kept.
        """
        columns = self.aims.columns
        whole = ~misses_clock(self.frame)
        for start in range(0, DRAWS, _BLOCK):
            values = np.stack([self._objective(c, start) for c in columns], axis=2)
            taken = whole & ~np.isnan(values).any(axis=2)
            for limit in self.aims.where:
                taken &= self._kept(limit, start)
            yield values, taken

    def _objective(self, c: Column, start: int) -> Floats:
        """Draws of one objective, smaller is better, shape (draws, designs)."""
        name, maximize = c.objective
        drawn = self._answers(name, start)
        if drawn is None:
            drawn = np.broadcast_to(_numbers(self.frame, name), (_BLOCK, len(self.frame)))
        if not c.is_cost:
            return -drawn if maximize else drawn
        with np.errstate(divide="ignore", invalid="ignore"):
            found = -np.log(drawn) if maximize else np.log(drawn)
        errors = self._errors_of(c)
        return (
            found if errors is None else found + errors.draw(_BLOCK, _rng(start, errors.quantity))
        )

    def _answers(self, name: str, start: int) -> Floats | None:
        """Draws of what the samples decide; None: it is as measured."""
        if self.paired is None or self.frame["rank"].isna().all():
            return None
        if name == "rank":
            return self.paired.draw_ranks(self.frame, _BLOCK, _rng(start, name))
        if name in OUTCOMES:
            # One bootstrap for all ratios.
            return self.paired.draw_ratios(self.frame, name, _BLOCK, _rng(start, "samples"))
        return None

    def _kept(self, limit: Limit, start: int) -> Mask:
        """Whether a limit is kept, shape (draws, designs), or (designs,) if that is sure."""
        c = limit.column
        drawn = self._answers(c.name, start)
        if drawn is not None:
            return drawn <= limit.value if limit.most else drawn >= limit.value
        errors = self._errors_of(c)
        if errors is None or c.margin not in self.frame:
            return limit.kept(self.frame) | unmeasured(self.frame, c)
        # The interval of the design says how wide it is, errors of its kind where in it.
        drawn = errors.draw(_BLOCK, _rng(start, errors.quantity))
        drawn *= np.divide(
            np.nan_to_num(interval_spreads(self.frame, c)),
            errors.spread,
            out=np.zeros_like(errors.spread),
            where=errors.spread > 0,
        )
        drawn = _numbers(self.frame, c.name) * np.exp(-drawn if c.maximize else drawn)
        kept = drawn <= limit.value if limit.most else drawn >= limit.value
        return kept | unmeasured(self.frame, c)

    def _errors_of(self, c: Column) -> CostErrors | None:
        if c.name not in self._errors:
            self._errors[c.name] = CostErrors.of(self.frame, c)
        return self._errors[c.name]


def _numbers(frame: pd.DataFrame, name: str) -> Floats:
    return frame[name].to_numpy(dtype=np.float64, na_value=np.nan)


def _rng(start: int, name: str) -> np.random.Generator:
    """The generator of a source of chance, the same wherever the source is used."""
    return np.random.default_rng([_SEED, start, crc32(name.encode())])
