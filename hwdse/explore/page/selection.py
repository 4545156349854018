"""The designs that a view selects, and their front."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from hwdse.explore.front import pareto_mask
from hwdse.explore.page.catalogue import Snapshot
from hwdse.explore.page.query import Query
from hwdse.explore.page.view import PageView

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class Selection:
    """The designs of a snapshot that a view selects. A query that is not understood selects all.

    Attributes:
        now: the designs.
        view: the view.
    """

    now: Snapshot
    view: PageView

    @cached_property
    def query(self) -> Query:
        """Words and limits of the view."""
        return Query() if self.view.wrong else self.view.query

    @cached_property
    def part(self) -> Mask:
        """Mask of the designs of the combination that have all words."""
        frame = self.now.frame
        here = (frame["combination"] == self.view.of).to_numpy(dtype=np.bool_)
        found: Mask = here & self.query.matches(self.now.texts)
        return found

    @cached_property
    def mask(self) -> Mask:
        """Mask of the designs that keep the limits, too."""
        found: Mask = self.part & self.query.keeps(self.now.frame)
        return found

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The selected designs. Labels are numbers in the snapshot."""
        chosen = self.now.frame if self.mask.all() else self.now.frame[self.mask]
        return chosen.assign(front=pareto_mask(chosen, self.view.aims))

    @cached_property
    def front(self) -> pd.DataFrame:
        """The designs on the front of the selected ones, by the first objective."""
        chosen = self.frame
        return chosen[chosen["front"]].sort_values(self.view.x, kind="stable")

    @property
    def shown(self) -> pd.DataFrame:
        """The designs of the table and the exports."""
        return self.front if self.view.front else self.frame

    @property
    def compared(self) -> list[int]:
        """Numbers of the designs to compare, of those that the combination has."""
        frame = self.now.frame
        own = frame[frame["combination"] == self.view.of]
        found = (own.index[own["spec"] == spec] for spec in self.view.compare)
        return [int(labels[0]) for labels in found if len(labels)]
