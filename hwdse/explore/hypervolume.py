"""Hypervolume: how much of the space of objectives a front beats, as one number.

E. Zitzler and L. Thiele, Multiobjective optimization using evolutionary algorithms, PPSN V, 1998.
The space is the box between the reference point, which has the worst value of each objective among
the designs compared, and the ideal point, which has the best. Costs are measured by their
logarithms, other objectives as they are. The hypervolume is the share of the box that designs on
the front beat: 0 to 1 for estimates, more for draws that are better than the ideal point.

It depends on the reference point, so only fronts with the same reference point are comparable.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hwdse.explore.aims import DEFAULT_AIMS, Aims
from hwdse.explore.columns import Column
from hwdse.explore.combinations import parts
from hwdse.explore.draws import Draws
from hwdse.explore.front import fronts, objectives, pareto_mask
from hwdse.explore.paired import Paired
from hwdse.explore.record import four_digits
from hwdse.jit import compiled

Floats = npt.NDArray[np.float64]

COVERAGE = 0.9
"""Share of draws inside the interval."""

_BLOCKS = 2
"""Blocks of draws to take. The ends of the interval need fewer draws than probabilities do."""


@dataclass(frozen=True, kw_only=True)
class Hypervolume:
    """The hypervolume of a front.

    Attributes:
        value: of the front of the estimates.
        low: lower end of the interval, by draws of errors and samples.
        high: upper end. Of several designs that seem equal one is better than estimated, so draws
            are rather above `value` than below.
        reference: worst value of each objective, in its unit.
        ideal: best value of each objective, in its unit.
    """

    value: float
    low: float
    high: float
    reference: dict[str, float]
    ideal: dict[str, float]

    def to_json(self) -> dict[str, Any]:
        """The attributes as JSON values."""
        return dict(vars(self))

    def in_text(self, aims: Aims) -> str:
        """A sentence with the interval and the reference point."""
        ends = (_point(aims.columns, point) for point in (self.reference, self.ideal))
        return (
            f"Hypervolume {self.value:.3f} (90 % of draws: {self.low:.3f} to {self.high:.3f}) of "
            f"the box from the reference point {' to the best values '.join(ends)}."
        )


def _point(columns: tuple[Column, ...], point: dict[str, float]) -> str:
    shown = []
    for c in columns:
        percent = c.unit == "%"
        number = f"{100 * point[c.name]:.2f}" if percent else four_digits(point[c.name])
        shown.append(f"{number} {c.unit}" if c.unit else f"{number} {c.title}")
    return f"({', '.join(shown)})"


def hypervolumes(
    frame: pd.DataFrame, aims: Aims = DEFAULT_AIMS, paired: Paired | None = None
) -> dict[str, Hypervolume]:
    """Measure the front of each combination in a table that has designs to compare."""
    found = {name: hypervolume(frame.iloc[places], aims, paired) for name, places in parts(frame)}
    return {name: volume for name, volume in found.items() if volume is not None}


def hypervolume(
    frame: pd.DataFrame, aims: Aims = DEFAULT_AIMS, paired: Paired | None = None
) -> Hypervolume | None:
    """Measure the front of a table.

    Designs of a kind of unit that was never measured are left out, because nothing says how good
    they may be.

    Args:
        frame: the designs of one combination, as of `Store.frame`.
        aims: objectives and limits of the front.
        paired: results of each sample, as of `standing`.

    Returns:
        The hypervolume; None if no design can be compared.
    """
    draws = Draws(frame=frame, aims=aims, paired=paired)
    compared = ~np.isnan(objectives(frame, aims)).any(axis=1) & ~draws.unmeasured
    estimates = _worse(frame, aims)
    box = _Box.around(estimates[compared])
    if box is None:
        return None
    drawn = []
    for _, (values, taken) in zip(range(_BLOCKS), draws.blocks(), strict=False):
        found = fronts(values, taken & ~draws.unmeasured)
        for place, c in enumerate(aims.columns):
            if c.order:
                values[:, :, place] = estimates[:, place]
        drawn += [box.share(one[mask]) for one, mask in zip(values, found, strict=True)]
    tail = (1 - COVERAGE) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return Hypervolume(
        value=box.share(estimates[compared & pareto_mask(frame, aims)]),
        low=float(low),
        high=float(high),
        reference=_named(aims, box.reference),
        ideal=_named(aims, box.ideal),
    )


def _worse(frame: pd.DataFrame, aims: Aims) -> Floats:
    """The objectives, smaller is better, costs as logarithms, shape (designs, objectives)."""
    found = []
    for c in aims.columns:
        values: Floats = frame[c.name].to_numpy(dtype=np.float64, na_value=np.nan)
        with np.errstate(divide="ignore", invalid="ignore"):
            scaled = np.log(values) if c.is_cost else values
        found.append(-scaled if c.maximize else scaled)
    return np.stack(found, axis=1)


def _named(aims: Aims, point: Floats) -> dict[str, float]:
    """A point in the units of its objectives."""
    signed = [-p if c.maximize else p for c, p in zip(aims.columns, point, strict=True)]
    return {
        c.name: float(np.exp(p) if c.is_cost else p)
        for c, p in zip(aims.columns, signed, strict=True)
    }


@dataclass(frozen=True, kw_only=True, eq=False)
class _Box:
    reference: Floats
    ideal: Floats

    @classmethod
    def around(cls, points: Floats) -> "_Box | None":
        """The box of the finite values; None if an objective has none."""
        finite = np.isfinite(points)
        if not finite.any(axis=0).all():
            return None
        return cls(
            reference=np.where(finite, points, -np.inf).max(axis=0),
            ideal=np.where(finite, points, np.inf).min(axis=0),
        )

    def share(self, points: Floats) -> float:
        """The share of the box that some points beat."""
        size = self.reference - self.ideal
        # Where all designs are equal in an objective, it says nothing.
        free = size == 0
        gains = (self.reference - points) / np.where(free, 1, size)
        gains[:, free] = 1
        # Results without any error are infinitely good, and count as the best ones.
        gains[np.isposinf(gains)] = 1
        return volume(np.maximum(gains, 0))


def volume(gains: npt.ArrayLike) -> float:
    """The volume that lies between 0 and any of some points, exactly.

    The last axis is cut into slabs at the points, and each slab measured with an axis less
    (L. While et al., IEEE Transactions on Evolutionary Computation 10, 2006).

    Args:
        gains: shape (points, axes), two axes or more, from 0 up.
    """
    points = np.ascontiguousarray(gains, dtype=np.float64)
    return float(_volume(points, points.shape[1])) if len(points) else 0.0


@compiled
def _volume(points: Floats, axes: int) -> float:
    order = np.argsort(-points[:, axes - 1])
    total = 0.0
    widest = 0.0
    kept = np.empty_like(points)
    size = 0
    for place in range(len(order)):
        point = points[order[place]]
        end = points[order[place + 1], axes - 1] if place + 1 < len(order) else 0.0
        thickness = point[axes - 1] - end
        if axes == 2:
            widest = max(widest, point[0])
            total += thickness * widest
            continue
        # Of the points that reach into this slab, keep those that no other covers there.
        covered = False
        left = 0
        for other in range(size):
            more, less = True, True
            for axis in range(axes - 1):
                more = more and kept[other, axis] >= point[axis]
                less = less and kept[other, axis] <= point[axis]
            covered = covered or more
            if covered or not less:
                kept[left] = kept[other]
                left += 1
        size = left
        if not covered:
            kept[size] = point
            size += 1
        if thickness > 0:
            total += thickness * _volume(kept[:size], axes - 1)
    return total
