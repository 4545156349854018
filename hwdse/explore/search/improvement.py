"""Expected gain in hypervolume of a design whose costs are known and whose quality is uncertain.

The hypervolume is what the front dominates, up to a reference point. A design with known costs and
quality q adds the volume between q and the front, over all costs that it dominates. For a normally
distributed q the expectation has a closed form (Emmerich et al., 2006, for one uncertain
objective): with A(t) the area that the design's costs dominate and no measured design of quality at
least t does, it is the integral of A(t) P(q > t) over t, and A changes only at measured qualities.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from hwdse.errors import ShapeError

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Staircase:
    """The best measured quality by cost.

    Attributes:
        costs: shape (steps,), ascending.
        qualities: shape (steps,), ascending: the best quality of designs of at most this cost.
        worst_cost: cost of the reference point. Designs of higher cost dominate nothing.
        worst_quality: quality of the reference point.
    """

    costs: Floats
    qualities: Floats
    worst_cost: float
    worst_quality: float

    @classmethod
    def of(
        cls, costs: npt.ArrayLike, qualities: npt.ArrayLike, reference: tuple[float, float]
    ) -> "Staircase":
        """The staircase of measured designs: smaller costs and larger qualities are better.

        Args:
            costs: shape (designs,).
            qualities: shape (designs,).
            reference: worst cost and worst quality.
        """
        x, y = np.asarray(costs, np.float64), np.asarray(qualities, np.float64)
        if x.shape != y.shape or x.ndim != 1:
            raise ShapeError(f"costs of shape {x.shape}, qualities of {y.shape}: (designs,) needed")
        worst_cost, worst_quality = reference
        inside = (x < worst_cost) & (y > worst_quality)
        order = np.lexsort((-y[inside], x[inside]))
        x, y = x[inside][order], y[inside][order]
        best = np.maximum.accumulate(y) if len(y) else y
        better = np.diff(best, prepend=-np.inf) > 0
        return cls(
            costs=x[better],
            qualities=best[better],
            worst_cost=worst_cost,
            worst_quality=worst_quality,
        )


def expected_improvement(
    front: Staircase, costs: npt.ArrayLike, means: npt.ArrayLike, deviations: npt.ArrayLike
) -> Floats:
    """Expected gain in hypervolume of each design, if it were measured.

    Args:
        front: what is measured.
        costs: shape (designs,): costs of the designs.
        means: shape (designs,): expected qualities.
        deviations: shape (designs,): standard deviations of the qualities, >= 0.

    Returns:
        Expectations of shape (designs,), >= 0.
    """
    own, mean, deviation = (
        np.asarray(values, np.float64)[:, None] for values in (costs, means, deviations)
    )
    # Between two steps of the front a design dominates a strip of costs, above the step's quality.
    left = np.append(-np.inf, front.costs)
    right = np.append(front.costs, front.worst_cost)
    floor = np.append(front.worst_quality, front.qualities)
    widths = np.maximum(right - np.maximum(left, own), 0.0)
    return np.asarray((widths * _expected_excess(mean, deviation, floor)).sum(axis=1))


def _expected_excess(mean: Floats, deviation: Floats, floor: Floats) -> Floats:
    """Expectation of max(q - floor, 0) for a normally distributed q."""
    gap = mean - floor
    with np.errstate(divide="ignore", invalid="ignore"):
        z = gap / deviation
        uncertain = gap * norm.cdf(z) + deviation * norm.pdf(z)
    return np.where(deviation > 0, np.maximum(uncertain, 0.0), np.maximum(gap, 0.0))
