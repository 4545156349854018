"""Pareto fronts: the designs that no other design beats."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from hwdse.errors import ShapeError
from hwdse.explore.columns import DEFAULT_COST, DEFAULT_QUALITY, column

# Rows compared at once: bounds the temporaries at _BLOCK * n * k booleans.
_BLOCK = 256


def nondominated(values: npt.ArrayLike, maximize: tuple[bool, ...]) -> npt.NDArray[np.bool_]:
    """Which rows no other row dominates.

    Row p dominates row q when p is at least as good in every column and better in one. Equal rows
    do not dominate each other, so ties are all kept. A row with a NaN is never on the front and
    dominates nothing.

    Args:
        values: (n, k) numbers, a row per design and a column per objective.
        maximize: k flags; True where larger is better.

    Returns:
        (n,) booleans.

    Raises:
        ShapeError: `values` is not two-dimensional or does not have one column per flag.
    """
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] != len(maximize):
        raise ShapeError(
            f"values of shape {table.shape} with {len(maximize)} directions: "
            "need (designs, objectives)"
        )
    comparable = ~np.isnan(table).any(axis=1)
    costs = np.where(maximize, -table, table)[comparable]
    dominated = np.zeros(len(costs), dtype=np.bool_)
    for start in range(0, len(costs), _BLOCK):
        block = costs[start : start + _BLOCK, None, :]
        no_worse = np.all(costs[None, :, :] <= block, axis=2)
        better = np.any(costs[None, :, :] < block, axis=2)
        dominated[start : start + _BLOCK] = np.any(no_worse & better, axis=1)
    result = np.zeros(len(table), dtype=np.bool_)
    result[comparable] = ~dominated
    return result


def pareto_mask(
    frame: pd.DataFrame, x: str = DEFAULT_COST, y: str = DEFAULT_QUALITY
) -> npt.NDArray[np.bool_]:
    """Which rows of `frame` are on the front of columns `x` and `y`, each in its own direction.

    Designs are compared by what orders a column: by their rank for `sqnr_db`, so that a design is
    not beaten by one that the data do not tell from it unless it costs more.

    Raises:
        HwdseError: a column without a known direction.
    """
    names, maximize = zip(*(column(name).objective for name in (x, y)), strict=True)
    values = frame[list(names)].to_numpy(dtype=np.float64, na_value=np.nan)
    return nondominated(values, maximize)


def pareto(frame: pd.DataFrame, x: str = DEFAULT_COST, y: str = DEFAULT_QUALITY) -> pd.DataFrame:
    """Rows of `frame` on the Pareto front of `x` and `y`, the best `y` first.

    Ties are kept; rows with a missing value are left out. Rows equal in both columns stay in the
    order of `frame`.

    Raises:
        HwdseError: a column without a known direction.
    """
    front = frame[pareto_mask(frame, x, y)]
    names, maximize = zip(*(column(name).objective for name in (y, x)), strict=True)
    ascending = [not larger for larger in maximize]
    return front.sort_values(list(names), ascending=ascending, kind="stable")
