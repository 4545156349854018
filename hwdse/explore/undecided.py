"""Which designs the errors of cost estimates could put on a Pareto front, or take from it.

Two estimates order two designs for sure if they are further apart than the errors of such pairs in
calibration (`Adjustment.surely_apart`). The errors of designs that share much are alike, so these
are ordered at smaller differences.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from hwdse.cost import LawTable, load_fabric, load_technology
from hwdse.cost.families import categories, terms
from hwdse.errors import HwdseError, TechnologyError
from hwdse.explore.aims import DEFAULT_AIMS, Aims
from hwdse.explore.columns import Column
from hwdse.explore.front import objectives, pareto_mask
from hwdse.spec import Design

#: Rows to compare at once, and more categories than a design has.
_BLOCK, _MOST_SHARED = 256, 32

_QUANTITIES = {
    "area_error": ("technology", "area_um2"),
    "energy_error": ("technology", "energy_pj"),
    "delay_error": ("technology", "delay_ns"),
    "latency_error": ("technology", "delay_ns"),
    "inference_error": ("technology", "energy_pj"),
    "luts_error": ("fabric", "luts"),
    "fmax_error": ("fabric", "delay_ns"),
}
"""Column that names the table, and quantity of the table, by the column of the relative error.

Units are only a part of the energy of a machine, so its energies differ by less than theirs.
"""

Mask = npt.NDArray[np.bool_]


def undecided_mask(frame: pd.DataFrame, aims: Aims = DEFAULT_AIMS) -> Mask:
    """Mask of the rows of `frame` whose place on or off the front is not sure.

    A design on the front is undecided if another may be at least as good in every objective. A
    design off the front is undecided if no other is surely better. The order in accuracy counts as
    sure: where it goes by rank, designs that are not told apart are tied. A design whose interval
    has a limit inside is undecided unless another beats it for sure.
    """
    known = [_Sureness.of(frame, c) for c in aims.columns]
    unsure_limit = np.zeros(len(frame), np.bool_)
    for limit in aims.where:
        unsure_limit |= limit.unsure(frame)
    found = np.zeros(len(frame), np.bool_)
    if all(sureness is None for sureness in known) and not unsure_limit.any():
        return found
    front = pareto_mask(frame, aims)
    # A limit that may be kept excludes nobody.
    possible = objectives(frame, replace(aims, where=()))
    kept = ~np.isnan(objectives(frame, aims)).any(axis=1)
    candidates = kept | (unsure_limit & ~np.isnan(possible).any(axis=1))
    holds = _categories(frame)
    for start in range(0, len(frame), _BLOCK):
        rows = slice(start, start + _BLOCK)
        shared = (holds[rows] @ holds.T).astype(int)
        may_beat = np.ones(shared.shape, np.bool_)
        surely_beats = np.ones(shared.shape, np.bool_)
        for sureness, values in zip(known, possible.T, strict=True):
            if sureness is None:
                at_least_as_good = values[None, :] <= values[rows, None]
                may_beat &= at_least_as_good
                surely_beats &= at_least_as_good
                continue
            apart = sureness.apart(rows, shared)
            with np.errstate(divide="ignore", invalid="ignore"):
                # Row i, column j: how much cheaper i is than j, as the logarithm of the ratio.
                cheaper = np.log(sureness.cost[None, :] / sureness.cost[rows, None])
            may_beat &= cheaper < apart
            surely_beats &= -cheaper >= apart
        here = np.arange(len(may_beat))
        may_beat[here, start + here] = surely_beats[here, start + here] = False
        rivals = (may_beat & candidates).any(axis=1)
        beaten = (surely_beats & kept & ~unsure_limit).any(axis=1)
        found[rows] = np.where(front[rows], rivals | unsure_limit[rows], ~beaten)
    return found & candidates


@dataclass(frozen=True, kw_only=True, eq=False)
class _Sureness:
    """How far apart two estimates of a cost must be to order two designs.

    Attributes:
        cost: shape (designs,): the cost; smaller is better.
        ratios: logarithm of the ratio by number of shared categories.
        unknown: rows of a kind that was never measured: nothing about their order is sure.
    """

    cost: npt.NDArray[np.float64]
    ratios: npt.NDArray[np.float64]
    unknown: Mask

    @classmethod
    def of(cls, frame: pd.DataFrame, c: Column) -> "_Sureness | None":
        """None for a quantity whose order is sure, or of whose errors nothing is known."""
        ratios = _sure_ratios(frame, c)
        if ratios is None:
            return None
        values = frame[c.name].to_numpy(dtype=np.float64, na_value=np.nan)
        with np.errstate(divide="ignore"):
            cost = 1 / values if c.maximize else values
        return cls(cost=cost, ratios=ratios, unknown=_without_interval(frame, c))

    def apart(self, rows: slice, shared: npt.NDArray[np.int_]) -> npt.NDArray[np.float64]:
        """The ratio of each pair, shape (rows, designs)."""
        found = self.ratios[shared]
        found[self.unknown[rows, None] | self.unknown] = np.inf
        return found


def with_undecided(frame: pd.DataFrame, aims: Aims = DEFAULT_AIMS) -> pd.DataFrame:
    """The frame with the column `undecided`."""
    return frame.assign(undecided=undecided_mask(frame, aims))


def _sure_ratios(frame: pd.DataFrame, cost: Column) -> npt.NDArray[np.float64] | None:
    """Logarithms of the ratios that order pairs for sure, by shared categories; None: not known."""
    if cost.margin not in _QUANTITIES:
        return None
    if cost.margin in frame and (frame[cost.margin] == 0).all():
        return None  # exact
    kind, quantity = _QUANTITIES[cost.margin]
    table = _table(frame, kind)
    if table is None or not table.adjustment(quantity).pairs:
        return None
    adjustment = table.adjustment(quantity)
    return np.array([adjustment.surely_apart(shared) for shared in range(_MOST_SHARED + 1)])


def _without_interval(frame: pd.DataFrame, cost: Column) -> Mask:
    """Mask of the rows whose kind of unit was never measured: nothing about their order is sure."""
    if cost.margin not in frame:
        return np.zeros(len(frame), np.bool_)
    return frame[cost.margin].isna().to_numpy()


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


def _table(frame: pd.DataFrame, kind: str) -> LawTable | None:
    """The table of all rows, if it is a shipped one."""
    names = frame[kind].dropna().unique()
    load = load_fabric if kind == "fabric" else load_technology
    try:
        return load(str(names[0])) if len(names) == 1 else None
    except TechnologyError:
        return None
