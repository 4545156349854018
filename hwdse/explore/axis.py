"""Axes of the plot: positions of values, and tick marks.

Ratios near one use an axis of log(1 - ratio). Such an axis separates 97 % and 98 % accuracy about
as well as 70 % and 80 %. A design with very low accuracy does not squeeze all other designs
together.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from hwdse.explore.columns import Column

_STEPS = ((1.0,), (1.0, 2.0, 5.0), (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0))
_FEW_TICKS = 4


@dataclass(frozen=True, kw_only=True)
class ChartAxis:
    """One axis of the plot.

    Attributes:
        column: the quantity on the axis.
        least_error: error in percent at which to draw a ratio of 1. It is the error of half a
            sample, because a logarithmic axis cannot show an error of zero.
    """

    column: Column
    least_error: float

    @classmethod
    def of(cls, column: Column, frame: pd.DataFrame) -> Self:
        """The axis for a column of `frame`."""
        return cls(column=column, least_error=50.0 / float(frame["samples"].max()))

    @property
    def label(self) -> str:
        """Axis title with unit."""
        spread = ", spread by error rate" if self.column.scale == "error" else ""
        return self.column.label + spread

    def place(self, values: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Positions of values. `values` are as in the frame, so ratios are fractions of 1."""
        numbers = np.asarray(values, dtype=np.float64)
        if self.column.scale == "error":
            return -np.log10(np.maximum(100.0 - 100.0 * numbers, self.least_error))
        return numbers if self.column.scale == "linear" else np.log10(numbers)

    def value(self, place: float) -> float:
        """The value at a position. A ratio whose error is too small for the axis is 1."""
        if self.column.scale == "error":
            error = 10.0**-place
            return 1.0 - error / 100.0 if error > self.least_error else 1.0
        return place if self.column.scale == "linear" else 10.0**place

    def ticks(self, low: float, high: float) -> tuple[list[float], list[str]]:
        """Positions and texts of the tick marks between positions `low` and `high`."""
        if self.column.scale == "linear":
            from matplotlib.ticker import MaxNLocator  # noqa: PLC0415 - takes a second to load

            places = MaxNLocator(8, steps=[1, 2, 5, 10]).tick_values(low, high)
            inside = [float(place) for place in places if low <= place <= high]
            return inside, [f"{place:.6g}" for place in inside]
        decades = range(
            int(np.floor(-abs(low) - abs(high))), int(np.ceil(abs(low) + abs(high))) + 1
        )
        found: dict[float, str] = {}
        for steps in _STEPS:
            found = {}
            for value in sorted(step * 10.0**decade for decade in decades for step in steps):
                error = self.column.scale == "error"
                position = -np.log10(value) if error else np.log10(value)
                if low <= position <= high and (not error or self.least_error < value <= 100.0):
                    found[float(position)] = f"{100.0 - value if error else value:.6g}"
            if len(found) >= _FEW_TICKS:
                break
        if self.column.scale == "error" and low <= -np.log10(self.least_error) <= high:
            found[float(-np.log10(self.least_error))] = "100"
        return list(found), list(found.values())
