"""Pareto fronts: the designs that no other design beats."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from hwdse.errors import ShapeError
from hwdse.explore.aims import DEFAULT_AIMS, Aims
from hwdse.explore.combinations import parts
from hwdse.jit import compiled

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


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
    comparable: Mask = np.asarray(~np.isnan(table).any(axis=1))
    costs = np.where(maximize, -table, table)
    found: Mask = fronts(costs[None], comparable[None])[0]
    return found


def fronts(values: Floats, taken: Mask) -> Mask:
    """The designs on the front of each draw.

    Args:
        values: shape (draws, designs, objectives): smaller is better.
        taken: shape (draws, designs): designs to compare. Their values are no NaN.

    Returns:
        Mask of shape (draws, designs). Of equal designs, all are on the front.
    """
    found = np.zeros(taken.shape, np.bool_)
    # In lexical order no design beats an earlier one.
    order = np.lexsort(np.moveaxis(values, 2, 0)[::-1], axis=-1)
    _fronts(np.ascontiguousarray(values), taken, order, found)
    return found


@compiled
def _fronts(values: Floats, taken: Mask, order: npt.NDArray[np.int64], found: Mask) -> None:
    draws, designs, objectives = values.shape
    front = np.empty(designs, np.int64)
    for draw in range(draws):
        size = 0
        for place in range(designs):
            row = order[draw, place]
            if not taken[draw, row]:
                continue
            beaten = False
            for number in range(size):
                no_worse, better = True, False
                for c in range(objectives):
                    mine, other = values[draw, row, c], values[draw, front[number], c]
                    no_worse = no_worse and other <= mine
                    better = better or other < mine
                if no_worse and better:
                    beaten = True
                    break
            if not beaten:
                front[size] = row
                size += 1
                found[draw, row] = True


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
