"""Fits the analytic model to measured primitives and measured designs.

The model has three layers. A law per primitive class says how its cost grows with its widths; laws
are fitted to primitives measured alone. A factor per block and class says what synthesis, real
operands and neighbours make of that class in whole designs. A correction per category of the design
(the families of its formats, its multiplier, its accumulator, ...) takes up what is left. Factors
and corrections are fitted to whole designs, and both are pulled towards no effect, so that a few
designs cannot bend the model.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls

Floats = npt.NDArray[np.float64]

DUST = 1e-12
FLOOR = {"area_um2": 0.1, "energy_pj": 0.1, "delay_ns": 0.5}
"""A share of the median cost of the grid, for each quantity.

The weight of a measured primitive is 1 / (cost + share * median cost). For delays the share is
large, because delays add up along a path and so the absolute error matters. For areas and energies
the share is small, because many small primitives add up.
"""

FACTOR_PULLS = (0.1, 0.3, 1.0, 3.0)
CATEGORY_PULLS = (0.3, 1.0, 3.0, 10.0, 30.0)
"""Strengths that cross-validation tries."""

FOLDS = 10


def fit_law(
    features: Sequence[Mapping[str, float]],
    values: Sequence[float],
    names: Sequence[str],
    floor: float = 0.0,
) -> dict[str, Any]:
    """Fit a linear law with non-negative coefficients by least squares of the relative error.

    Args:
        features: features of each measured primitive.
        values: measured cost of each primitive, > 0.
        names: names of the features that the law may use.
        floor: share of the median cost. Costs far below this share of the median are weighted by
            their absolute error instead of their relative error.

    Returns:
        `coefficients` by feature (without zeros), and the relative errors `max_error` and
        `rms_error`.
    """
    target = np.asarray(values, dtype=np.float64)
    rows = np.array([[item[name] for name in names] for item in features])
    weights = 1.0 / (target + floor * np.median(target))
    solution, _ = nnls(rows * weights[:, None], target * weights)
    errors = rows @ solution / target - 1.0
    return {
        "coefficients": {
            name: float(f"{value:.6g}")
            for name, value in zip(names, solution, strict=True)
            # The solver may return tiny values instead of 0.
            if value > DUST
        },
        "max_error": round(float(np.max(np.abs(errors))), 4),
        "rms_error": round(float(np.sqrt(np.mean(errors**2))), 4),
    }


@dataclass(frozen=True, kw_only=True, eq=False)
class Samples:
    """Measured designs as arrays.

    Attributes:
        parts: shape (designs, keys): cost of the primitives of each key by the laws alone.
        keys: (block, class) of each column of `parts`.
        categories: shape (designs, terms): 1 where a term holds.
        terms: `category=value` of each column of `categories`.
        measured: shape (designs,): what synthesis gave.
    """

    parts: Floats
    keys: tuple[tuple[str, str], ...]
    categories: Floats
    terms: tuple[str, ...]
    measured: Floats

    @classmethod
    def of(
        cls,
        parts: Sequence[Mapping[tuple[str, str], float]],
        categories: Sequence[Mapping[str, str]],
        measured: Sequence[float],
    ) -> "Samples":
        """Arrays of designs that are described by costs per key and by categories."""
        keys = tuple(sorted({key for item in parts for key in item}))
        texts = [{f"{name}={value}" for name, value in item.items()} for item in categories]
        terms = tuple(sorted(set().union(*texts)))
        return cls(
            parts=np.array([[item.get(key, 0.0) for key in keys] for item in parts]),
            keys=keys,
            categories=np.array([[float(term in own) for term in terms] for own in texts]),
            terms=terms,
            measured=np.asarray(measured, np.float64),
        )

    def some(self, chosen: npt.NDArray[np.bool_]) -> "Samples":
        """The designs of a mask."""
        return Samples(
            parts=self.parts[chosen],
            keys=self.keys,
            categories=self.categories[chosen],
            terms=self.terms,
            measured=self.measured[chosen],
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Fit:
    """Factors and corrections of one quantity.

    Attributes:
        factors: shape (keys,).
        constant: correction of every design, as a natural logarithm.
        effects: shape (terms,): correction per term, as a natural logarithm.
    """

    factors: Floats
    constant: float
    effects: Floats

    def __call__(self, samples: Samples) -> Floats:
        """Estimates of some designs."""
        base = np.maximum(samples.parts @ self.factors, DUST)
        estimates: Floats = base * np.exp(self.constant + samples.categories @ self.effects)
        return estimates


def fit(samples: Samples, factor_pull: float, category_pull: float) -> Fit:
    """Fit factors, then corrections.

    Args:
        samples: measured designs.
        factor_pull: how strongly each factor is pulled towards the best common factor. The squared
            distance has weight `factor_pull`**2, the squared relative error of a design has 1.
        category_pull: how many designs a term would need to take up half of an error that they
            share.
    """
    shares = samples.parts / samples.measured[:, None]
    totals = shares.sum(axis=1)
    common = float(totals.sum() / (totals @ totals))
    count = len(samples.keys)
    factors, _ = nnls(
        np.vstack([shares, factor_pull * np.eye(count)]),
        np.concatenate([np.ones(len(totals)), np.full(count, factor_pull * common)]),
    )
    left = np.log(samples.measured / np.maximum(samples.parts @ factors, DUST))
    constant = float(np.median(left))
    terms = samples.categories
    effects = np.linalg.solve(
        terms.T @ terms + category_pull * np.eye(terms.shape[1]), terms.T @ (left - constant)
    )
    return Fit(factors=factors, constant=constant, effects=effects)


def cross_validated(samples: Samples, method: Callable[[Samples], Fit]) -> Floats:
    """Estimate of each design by a fit to the designs of all other folds."""
    fold = np.arange(len(samples.measured)) % FOLDS
    found = np.zeros(len(fold))
    for number in range(FOLDS):
        mine = fold == number
        found[mine] = method(samples.some(~mine))(samples.some(mine))
    return found


def best_fit(samples: Samples) -> tuple[Fit, Floats]:
    """The fit with the pulls of the smallest error in cross-validation, and its estimates there."""
    tried = []
    for factor_pull in FACTOR_PULLS:
        for category_pull in CATEGORY_PULLS:
            estimates = cross_validated(
                samples, lambda some, f=factor_pull, c=category_pull: fit(some, f, c)
            )
            error = float(np.mean(np.abs(np.log(estimates / samples.measured))))
            tried.append((error, factor_pull, category_pull, estimates))
    _, factor_pull, category_pull, estimates = min(tried, key=lambda item: item[0])
    return fit(samples, factor_pull, category_pull), estimates
