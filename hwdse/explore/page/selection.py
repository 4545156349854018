"""The designs that a view selects, and their front."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from hwdse.explore.front import nondominated, objectives
from hwdse.explore.page.catalogue import Snapshot
from hwdse.explore.page.query import Query
from hwdse.explore.page.view import PageView

Mask = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]
Table = TypeVar("Table", pd.DataFrame, pd.Series)


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
        return self.now.members(self.view.of) & self.query.matches(self.now.texts)

    @cached_property
    def mask(self) -> Mask:
        """Mask of the designs that keep the limits, too."""
        found: Mask = self.part & self.query.keeps(self.now.frame)
        return found

    @cached_property
    def numbers(self) -> Places:
        """Numbers of the selected designs in the snapshot, ascending."""
        return np.flatnonzero(self.mask)

    @cached_property
    def on_front(self) -> Places:
        """Numbers of the designs on the front of the selected ones, by the first objective."""
        aims, frame = self.view.aims, self.now.frame
        # To select all columns would take longer than all else.
        needed = {"meets_clock", *(column.objective[0] for column in aims.columns)}
        needed |= {limit.column.name for limit in aims.where}
        values = objectives(
            _taken(frame[[name for name in frame if name in needed]], self.numbers), aims
        )
        front = self.numbers[nondominated(values, (False,) * len(aims.objectives))]
        order = _taken(frame[self.view.x], front).reset_index(drop=True)
        found: Places = front[order.sort_values(kind="stable").index.to_numpy()]
        return found

    @property
    def shown(self) -> Places:
        """Numbers of the designs of the table and the exports."""
        return self.on_front if self.view.front else self.numbers

    def ordered(self, orders: Sequence[tuple[str, bool]]) -> Places:
        """`shown` by some columns, the first before the next; True: ascending."""
        found = self.shown
        for name, ascending in reversed(orders):
            column = _taken(self.now.frame[name], found).reset_index(drop=True)
            order = column.sort_values(ascending=ascending, kind="stable", na_position="last")
            found = found[order.index.to_numpy()]
        return found

    def frame(self, numbers: Places) -> pd.DataFrame:
        """The rows of some selected designs, with a column `front`."""
        return self.now.frame.iloc[numbers].assign(front=np.isin(numbers, self.on_front))

    @property
    def compared(self) -> list[int]:
        """Numbers of the designs to compare, of those that the combination has."""
        here, specs = self.now.members(self.view.of), self.now.frame["spec"]
        found = (np.flatnonzero(here & (specs == spec)) for spec in self.view.compare)
        return [int(numbers[0]) for numbers in found if len(numbers)]


def _taken(values: Table, numbers: Places) -> Table:
    return values if len(numbers) == len(values) else values.iloc[numbers]
