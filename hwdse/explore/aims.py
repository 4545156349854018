"""What a sweep is for: the quantities that rank designs, and limits that designs must keep.

In a space file:

```toml
objectives = ["accuracy", "energy_pj", "area_um2"]
where = ["delay_ns <= 2", "area_um2 <= 5000"]
```
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from hwdse.errors import HwdseError
from hwdse.explore.columns import DEFAULT_COST, DEFAULT_QUALITY, Column, column

Mask = npt.NDArray[np.bool_]

_LIMIT = re.compile(r"\s*(\w+)\s*(<=|>=)\s*([^\s<>=]+)\s*")


@dataclass(frozen=True, kw_only=True)
class Limit:
    """The largest or the smallest value that a quantity of a design may have.

    Attributes:
        column: the quantity.
        most: True if `value` is the largest allowed value, False if it is the smallest.
        value: the value, in the unit of the column. Ratios are given as ratios: 0.98, not 98 %.
    """

    column: Column
    most: bool
    value: float

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse a limit such as `delay_ns <= 2` or `accuracy >= 0.98`.

        Raises:
            HwdseError: the text is no limit, or the quantity is unknown.
        """
        found = _LIMIT.fullmatch(text)
        try:
            value = float(found[3]) if found else np.nan
        except ValueError:
            value = np.nan
        if found is None or not np.isfinite(value):
            raise HwdseError(
                f"{text!r} is no limit: a quantity, <= or >=, and a number are needed, such as "
                "'delay_ns <= 2'"
            )
        return cls(column=column(found[1]), most=found[2] == "<=", value=value)

    def __str__(self) -> str:
        return f"{self.column.name} {'<=' if self.most else '>='} {self.value:.12g}"

    def kept(self, frame: pd.DataFrame) -> Mask:
        """Mask of the rows that keep the limit. A row without the quantity does not."""
        values = _numbers(frame, self.column.name)
        return values <= self.value if self.most else values >= self.value

    def unsure(self, frame: pd.DataFrame) -> Mask:
        """Mask of the rows whose interval has the limit inside."""
        margin = self.column.margin
        if margin not in frame:
            return np.zeros(len(frame), np.bool_)
        values, widths = _numbers(frame, self.column.name), 1 + _numbers(frame, margin)
        widths[np.isnan(widths)] = np.inf
        return (values / widths < self.value) & (self.value < values * widths)


def _numbers(frame: pd.DataFrame, name: str) -> npt.NDArray[np.float64]:
    """A column as numbers, NaN where there is none."""
    return frame[name].to_numpy(dtype=np.float64, na_value=np.nan, copy=True)


@dataclass(frozen=True, kw_only=True)
class Aims:
    """The objectives and limits of a comparison.

    Attributes:
        objectives: names of at least two quantities. No other design is at least as good in all of
            them, and better in one, than a design on the front.
        where: limits. A design that does not keep all of them is not on the front.

    Raises:
        HwdseError: fewer than two objectives, one twice, or an unknown one.
    """

    objectives: tuple[str, ...] = (DEFAULT_COST, DEFAULT_QUALITY)
    where: tuple[Limit, ...] = ()

    def __post_init__(self) -> None:
        for name in self.objectives:
            column(name)
        if len(set(self.objectives)) < len(self.objectives) or len(self.objectives) < 2:
            raise HwdseError(
                f"objectives {', '.join(self.objectives)}: at least two different ones are needed"
            )

    @classmethod
    def of(cls, *objectives: str, where: Iterable[str] = ()) -> Self:
        """Aims from names and texts of limits.

        Raises:
            HwdseError: as of `Aims` and `Limit.parse`.
        """
        return cls(
            objectives=objectives or (DEFAULT_COST, DEFAULT_QUALITY),
            where=tuple(Limit.parse(text) for text in where),
        )

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of the objectives."""
        return tuple(column(name) for name in self.objectives)

    @property
    def axes(self) -> tuple[Column, Column]:
        """The columns of a picture: a cost and a quality if there are both, else the first two."""
        costs = [c for c in self.columns if c.is_cost]
        qualities = [c for c in self.columns if not c.is_cost]
        if costs and qualities:
            return costs[0], qualities[0]
        return self.columns[0], self.columns[1]

    @property
    def in_text(self) -> str:
        """The objectives and limits in words."""
        names = [c.order or c.in_text for c in self.columns]
        limits = f" where {' and '.join(map(str, self.where))}" if self.where else ""
        return f"{', '.join(names[:-1])} and {names[-1]}{limits}"

    def to_json(self) -> dict[str, list[str]]:
        """The objectives and limits as a space file says them."""
        return {"objectives": list(self.objectives), "where": [str(limit) for limit in self.where]}

    def needs(self) -> dict[str, str]:
        """Keys of a space that the quantities need, each with the name of one that needs it."""
        every = (*self.columns, *(limit.column for limit in self.where))
        return {c.needs: c.name for c in every if c.needs}

    def broken(self, frame: pd.DataFrame) -> Mask:
        """Mask of the finished rows that do not keep the clock or a limit."""
        found = misses_clock(frame)
        for limit in self.where:
            found |= ~limit.kept(frame)
        return found


DEFAULT_AIMS = Aims()


def misses_clock(frame: pd.DataFrame) -> Mask:
    """Mask of the rows of `frame` that are slower than their clock. A missing value is not."""
    if "meets_clock" not in frame:
        return np.zeros(len(frame), np.bool_)
    meets = frame["meets_clock"]
    if meets.dtype == np.bool_:
        return ~meets.to_numpy()
    return np.array([isinstance(v, bool | np.bool_) and not v for v in meets], np.bool_)
