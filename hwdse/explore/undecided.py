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

#: Rows to compare at once, and more categories than a design has.
_BLOCK, _MOST_SHARED = 256, 32

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
    found = np.zeros(len(frame), np.bool_)
    ratios = _sure_ratios(frame, column(x))
    if ratios is None:
        return found
    holds = _categories(frame)
    costs, qualities = objectives(frame, x, y).T
    for start in range(0, len(frame), _BLOCK):
        rows = slice(start, start + _BLOCK)
        apart = ratios[(holds[rows] @ holds.T).astype(int)]
        with np.errstate(divide="ignore", invalid="ignore"):
            # Row i, column j: how much cheaper i is than j, as the logarithm of the ratio.
            cheaper = np.log(costs[None, :] / costs[rows, None])
        as_good = qualities[None, :] <= qualities[rows, None]
        rivals = as_good & (np.abs(cheaper) < apart)
        here = np.arange(len(rivals))
        rivals[here, start + here] = False
        surely_beaten = (as_good & (-cheaper >= apart)).any(axis=1)
        found[rows] = np.where(front[rows], rivals.any(axis=1), ~surely_beaten)
    found &= ~np.isnan(costs) & ~np.isnan(qualities)
    return found


def with_undecided(
    frame: pd.DataFrame, x: str = DEFAULT_COST, y: str = DEFAULT_QUALITY
) -> pd.DataFrame:
    """The frame with the column `undecided`."""
    return frame.assign(undecided=undecided_mask(frame, x, y))


def _sure_ratios(frame: pd.DataFrame, cost: Column) -> npt.NDArray[np.float64] | None:
    """Logarithms of the ratios that order pairs for sure, by shared categories; None: not known."""
    quantity = _QUANTITIES.get(cost.margin, "")
    table = _table(frame)
    if table is None or not table.adjustment(quantity).pairs:
        return None
    adjustment = table.adjustment(quantity)
    return np.array([adjustment.surely_apart(shared) for shared in range(_MOST_SHARED + 1)])


def _categories(frame: pd.DataFrame) -> npt.NDArray[np.float32]:
    """Shape (designs, categories): 1 for each category of a design."""
    named = [_terms(spec) for spec in frame["spec"]]
    every = {term: place for place, term in enumerate(sorted(set().union(*named)))}
    holds = np.zeros((len(named), len(every)), np.float32)
    for row, own in enumerate(named):
        holds[row, [every[term] for term in own]] = 1
    return holds


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
