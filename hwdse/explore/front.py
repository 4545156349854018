"""Pareto fronts: the designs that no other design beats."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from hwdse.errors import ShapeError
from hwdse.explore.aims import DEFAULT_AIMS, Aims
from hwdse.explore.combinations import parts

# Number of rows to compare at once. It limits temporary arrays to _BLOCK * n * k booleans.
_BLOCK = 256


def nondominated(values: npt.ArrayLike, maximize: tuple[bool, ...]) -> npt.NDArray[np.bool_]:
    """Mask of the rows that no other row dominates.

    Row p dominates row q if p is at least as good in every column and better in at least one
    column. Equal rows do not dominate each other, so all of them are kept. A row with a NaN is
    never on the front and dominates no row.

    Args:
        values: numbers of shape (n, k), with one row per design and one column per objective.
        maximize: k flags. True: larger is better.

    Returns:
        Booleans of shape (n,).

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


def pareto_mask(frame: pd.DataFrame, aims: Aims = DEFAULT_AIMS) -> npt.NDArray[np.bool_]:
    """Mask of the rows of `frame` on the Pareto front.

    Designs that do not meet their clock, or that break a limit, are not on it. Each column has a
    direction: smaller or larger is better. Some columns are compared by another column
    (`Column.order`). For `sqnr_db` the comparison uses the rank. Designs with the same rank count
    as equal, and then only the other objectives decide. Each combination of network, technology,
    clock and machine has a front of its own.
    """
    values = objectives(frame, aims)
    found = np.zeros(len(frame), np.bool_)
    for _, places in parts(frame):
        found[places] = nondominated(values[places], (False,) * len(aims.objectives))
    return found


def objectives(frame: pd.DataFrame, aims: Aims = DEFAULT_AIMS) -> npt.NDArray[np.float64]:
    """What compares designs, shape (rows, objectives): smaller is better in every column.

    A row is NaN if a value is missing, the design does not meet its clock, or it breaks a limit.
    """
    names, maximize = zip(*(c.objective for c in aims.columns), strict=True)
    values = frame[list(names)].to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
    values[aims.broken(frame) | np.isnan(values).any(axis=1)] = np.nan
    return np.where(maximize, -values, values)


def pareto(frame: pd.DataFrame, aims: Aims = DEFAULT_AIMS) -> pd.DataFrame:
    """Rows of `frame` on the Pareto front: the best quality first, then the best cost.

    The fronts of several combinations follow one another. Ties are kept. Rows with a missing value
    are left out. Rows that are equal in all objectives keep the order of `frame`.
    """
    front = frame[pareto_mask(frame, aims)]
    ordered = sorted(aims.columns, key=lambda c: c.is_cost)
    names, maximize = zip(*(c.objective for c in ordered), strict=True)
    ascending = [not larger for larger in maximize]
    return pd.concat(
        front.iloc[places].sort_values(list(names), ascending=ascending, kind="stable")
        for _, places in parts(front)
    )
