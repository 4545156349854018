"""Which designs the errors of cost estimates could put on a Pareto front, or take from it.

Two estimates order two designs for sure if they are further apart than the errors of such pairs in
calibration (`Adjustment.surely_apart`). The errors of designs that share much are alike, so these
are ordered at smaller differences.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from hwdse.cost import Technology, load_technology
from hwdse.cost.families import categories, terms
from hwdse.errors import HwdseError, TechnologyError
from hwdse.explore.columns import DEFAULT_COST, DEFAULT_QUALITY, Column, column
from hwdse.explore.front import objectives, pareto_mask
from hwdse.spec import Design

_QUANTITIES = {
    "area_error": "area_um2",
    "energy_error": "energy_pj",
    "delay_error": "delay_ns",
}
"""Quantity of a technology table by the column of its relative error."""

Mask = npt.NDArray[np.bool_]


def undecided_mask(frame: pd.DataFrame, x: str = DEFAULT_COST, y: str = DEFAULT_QUALITY) -> Mask:
    """Mask of the rows of `frame` whose place on or off the front is not sure.

    A design on the front is undecided if one that is at least as good in `y` may be as cheap. A
    design off the front is undecided if none of the designs that beat it is surely cheaper. The
    order in `y` counts as sure: where it goes by rank, designs that are not told apart are tied.

    Raises:
        HwdseError: a column is unknown.
    """
    front = pareto_mask(frame, x, y)
    apart = _surely_apart(frame, column(x))
    if apart is None:
        return np.zeros(len(frame), np.bool_)
    costs, qualities = objectives(frame, x, y).T
    with np.errstate(divide="ignore", invalid="ignore"):
        # Row i, column j: how much cheaper i is than j, as the logarithm of the ratio.
        cheaper = np.log(costs[None, :] / costs[:, None])
    as_good = qualities[None, :] <= qualities[:, None]
    rivals = as_good & (np.abs(cheaper) < apart)
    np.fill_diagonal(rivals, False)
    surely_beaten = (as_good & (-cheaper >= apart)).any(axis=1)
    compared = ~np.isnan(costs) & ~np.isnan(qualities)
    found: Mask = compared & np.where(front, rivals.any(axis=1), ~surely_beaten)
    return found


def with_undecided(
    frame: pd.DataFrame, x: str = DEFAULT_COST, y: str = DEFAULT_QUALITY
) -> pd.DataFrame:
    """The frame with the column `undecided`."""
    return frame.assign(undecided=undecided_mask(frame, x, y))


def _surely_apart(frame: pd.DataFrame, cost: Column) -> npt.NDArray[np.float64] | None:
    """Logarithms of the ratios that order each pair of designs for sure; None if not known."""
    quantity = _QUANTITIES.get(cost.margin, "")
    table = _table(frame)
    if table is None or not table.adjustment(quantity).pairs:
        return None
    named = [_terms(spec) for spec in frame["spec"]]
    every = sorted(set().union(*named))
    holds = np.array([[term in own for term in every] for own in named], np.float64)
    shared = (holds @ holds.T).astype(int)
    ratios = [table.adjustment(quantity).surely_apart(n) for n in range(int(shared.max()) + 1)]
    found: npt.NDArray[np.float64] = np.array(ratios)[shared]
    return found


def _terms(spec: str) -> set[str]:
    """The categories of a design; none if it names a file that is gone."""
    try:
        return set(terms(categories(Design.parse(spec))))
    except HwdseError:
        return set()


def _table(frame: pd.DataFrame) -> Technology | None:
    """The technology table of all rows, if it is a shipped one."""
    names = frame["technology"].dropna().unique()
    try:
        return load_technology(str(names[0])) if len(names) == 1 else None
    except TechnologyError:
        return None
