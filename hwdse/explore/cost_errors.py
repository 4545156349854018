"""Draws the errors of cost estimates: how far each true cost may be from its estimate.

An error is the logarithm of true over estimated cost, normally distributed about 0. Calibration
measures how far the errors of two designs are apart by the number of categories that they share
(`Adjustment.surely_apart`, for 90 % of such pairs). The errors are drawn with just these
differences: s is the spread of designs that share nothing, which are independent, and

    covariance(i, j) = s² - variance(error i - error j) / 2

so the part that a design has in common with others grows with what they share. Where these are not
the covariances of anything, the nearest ones are drawn, and a few pairs differ by up to a third
more than was measured. A table that says nothing about pairs gives independent errors, each from
the interval of its design.

The error of an assignment of designs to layers is the mean of those of its designs, weighted by
their shares of the cost: what it has in common with a design alone, it has in common for sure.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from statistics import NormalDist
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from hwdse.cost import LawTable, load_fabric, load_technology
from hwdse.cost.families import categories, terms
from hwdse.errors import HwdseError, TechnologyError
from hwdse.explore.columns import Column
from hwdse.explore.layer_designs import LayerDesigns
from hwdse.spec import Design

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_COVERAGE = 0.9
"""Share of designs inside an interval, and of pairs inside the ratio that orders them."""

Z = NormalDist().inv_cdf((1 + _COVERAGE) / 2)
"""Half width of an interval in standard deviations."""

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
Columns of one quantity have the same error.
"""


@dataclass(frozen=True, kw_only=True, eq=False)
class CostErrors:
    """The joint distribution of the errors of one quantity over some designs.

    Attributes:
        quantity: what has the error, such as `technology energy_pj`.
        spread: shape (rows,): standard deviation of each error.
        root: shape (kinds, kinds): symmetric root of the covariance that kinds of designs share.
        kinds: shape (designs,): kind of each design. Designs of one kind have equal categories.
        own: shape (designs,): standard deviation of the part that a design shares with no other.
        mixing: which designs make which rows. None: each row is one design.
    """

    quantity: str
    spread: Floats
    root: Floats
    kinds: npt.NDArray[np.int_]
    own: Floats
    mixing: "Mixing | None" = None

    @classmethod
    def of(cls, frame: pd.DataFrame, c: Column) -> Self | None:
        """The errors of a column; None for a quantity that is exact, or of unknown errors."""
        if c.margin not in _QUANTITIES:
            return None
        if c.margin in frame and (frame[c.margin] == 0).all():
            return None  # exact
        kind, quantity = _QUANTITIES[c.margin]
        name = f"{kind} {quantity}"
        table = _table(frame, kind)
        if table is not None and table.adjustment(quantity).pairs:
            mixing = Mixing.of(frame, quantity)
            specs = frame["spec"].tolist() if mixing is None else mixing.specs
            found = cls._by_pairs(specs, name, table.adjustment(quantity).surely_apart)
            return found if mixing is None else found.mixed(mixing)
        if c.margin not in frame or frame[c.margin].isna().all():
            return None
        spread = np.nan_to_num(interval_spreads(frame, c))
        return cls(
            quantity=name,
            spread=spread,
            root=np.zeros((1, 1)),
            kinds=np.zeros(len(frame), int),
            own=spread,
        )

    @classmethod
    def _by_pairs(
        cls, specs: Sequence[str], name: str, surely_apart: Callable[[int], float]
    ) -> Self:
        named, kinds = _kinds(specs)
        holds = _holds(named)
        shared = (holds @ holds.T).astype(int)
        apart = np.array([surely_apart(count) for count in range(int(shared.max(initial=0)) + 1)])
        apart[np.isinf(apart)] = apart[np.isfinite(apart)].max(initial=0.0)
        half = np.square(apart / Z) / 2
        return cls(
            quantity=name,
            spread=np.full(len(specs), np.sqrt(half[0])),
            root=_root(half[0] - half[shared]),
            kinds=kinds,
            own=np.sqrt(half[np.diag(shared)])[kinds],
        )

    def mixed(self, mixing: "Mixing") -> Self:
        """The errors of rows that consist of these designs."""
        # All designs have one spread.
        spread = np.full(len(mixing.rows), self.spread[0])
        return replace(self, mixing=mixing, spread=spread)

    def draw(self, count: int, rng: np.random.Generator) -> Floats:
        """Draw errors of all rows `count` times, shape (count, rows)."""
        shared = rng.standard_normal((count, len(self.root))) @ self.root
        found: Floats = rng.standard_normal((count, len(self.kinds)))
        found *= self.own
        found += shared[:, self.kinds]
        return found if self.mixing is None else self.mixing.of_rows(found)


@dataclass(frozen=True, kw_only=True, eq=False)
class Mixing:
    """The designs of rows that are designs or assignments.

    Attributes:
        specs: the different designs: those of rows first.
        rows: places in `specs` and weights of the designs of each row.
    """

    specs: Sequence[str]
    rows: Sequence[tuple[Sequence[int], Floats]]

    @classmethod
    def of(cls, frame: pd.DataFrame, quantity: str) -> Self | None:
        """The designs of a table; None if each row is one.

        Args:
            frame: the table.
            quantity: the cost by whose shares designs count, as of `LayerDesigns.weights`.
        """
        if "by_layer" not in frame or frame["by_layer"].isna().all():
            return None
        layers = [LayerDesigns.of_text(text) for text in frame["by_layer"]]
        weights = [
            {spec: 1.0} if one is None else one.weights(quantity)
            for spec, one in zip(frame["spec"], layers, strict=True)
        ]
        alone = [spec for spec, one in zip(frame["spec"], layers, strict=True) if one is None]
        places: dict[str, int] = {}
        for spec in (*alone, *(spec for one in weights for spec in one)):
            places.setdefault(spec, len(places))
        return cls(
            specs=list(places),
            rows=[([places[spec] for spec in one], np.array([*one.values()])) for one in weights],
        )

    def of_rows(self, errors: Floats) -> Floats:
        """The errors of the rows, shape (count, rows), from those of the designs."""
        return np.stack([errors[:, places] @ own for places, own in self.rows], axis=1)


def interval_spreads(frame: pd.DataFrame, c: Column) -> Floats:
    """Standard deviations of the logarithm of a cost, from its intervals; NaN where unknown."""
    widths: Floats = frame[c.margin].to_numpy(dtype=np.float64, na_value=np.nan)
    return np.log1p(widths) / Z


def unmeasured(frame: pd.DataFrame, c: Column) -> Mask:
    """Mask of the rows of a kind of unit that was never measured: nothing says how wrong it is."""
    if c.margin not in _QUANTITIES or c.margin not in frame:
        return np.zeros(len(frame), np.bool_)
    return frame[c.margin].isna().to_numpy()


def _root(covariance: Floats) -> Floats:
    """The symmetric root, which is unique, so that every machine draws the same.

    Counts of shared categories need not be a covariance. What is negative of it is left out, and
    the variances are kept.
    """
    values, vectors = np.linalg.eigh(covariance)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    grown = np.sqrt(np.square(root).sum(axis=0))
    wanted = np.sqrt(np.maximum(np.diag(covariance), 0))
    kept: Floats = root * np.divide(wanted, grown, out=np.zeros_like(grown), where=grown > 0)
    return kept


def _kinds(specs: Iterable[str]) -> tuple[list[frozenset[str]], npt.NDArray[np.int_]]:
    """The different sets of categories, and the place of each design's set."""
    found: dict[frozenset[str], int] = {}
    places = [found.setdefault(_terms(spec), len(found)) for spec in specs]
    return list(found), np.array(places, int)


def _holds(named: Sequence[frozenset[str]]) -> npt.NDArray[np.float32]:
    """Shape (kinds, categories): 1 for each category of a kind."""
    every = {term: place for place, term in enumerate(sorted(frozenset().union(*named)))}
    holds = np.zeros((len(named), len(every)), np.float32)
    for row, own in enumerate(named):
        holds[row, [every[term] for term in own]] = 1
    return holds


@lru_cache(maxsize=1 << 14)
def _terms(spec: str) -> frozenset[str]:
    """The categories of a design; none if it names a file that is gone."""
    try:
        return frozenset(terms(categories(Design.parse(spec))))
    except HwdseError:
        return frozenset()


def _table(frame: pd.DataFrame, kind: str) -> LawTable | None:
    """The table of all rows, if it is a shipped one."""
    names = list(frame[kind].dropna().unique()) if kind in frame else []
    load = load_fabric if kind == "fabric" else load_technology
    try:
        return load(str(names[0])) if len(names) == 1 else None
    except TechnologyError:
        return None
