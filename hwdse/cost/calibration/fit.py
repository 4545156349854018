"""Fits the analytic model to measured primitives and measured designs.

The model has three layers. A law per primitive class says how its cost grows with its widths; laws
are fitted to primitives measured alone. A factor per block and class says what synthesis, real
operands and neighbours make of that class in whole designs. An effect per trait of the design (the
families of its formats, its multiplier, its accumulator, how often its operands switch, ...) takes
up what is left. Factors and effects are fitted to whole designs. Both are pulled towards no effect,
so that a few designs cannot bend the model.
"""

from collections.abc import Mapping, Sequence
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

FACTOR_PULL, CATEGORY_PULL = 0.2, 2.0
"""How strongly factors and effects are pulled towards no effect.

The square of the logarithm of a factor has weight `FACTOR_PULL`**2, the square of an effect has
weight `CATEGORY_PULL`**2, the squared logarithm of a design's error has weight 1. Among 0.15 to 1
and 0.5 to 4, these two gave the smallest median error in cross-validation.
"""

ROBUST = 0.25
"""Logarithm of an error from which on errors count linearly, not by their square."""

FOLDS = 5
_STEPS = 100
_SHORTEST = 1e-9


def fit_law(
    features: Sequence[Mapping[str, float]],
    values: Sequence[float],
    names: Sequence[str],
    floor: float = 0.0,
) -> dict[str, Any]:
    """Fit a linear law with non-negative coefficients by least squares of the relative error.

    Args:
        features: features of each measured primitive.
        values: measured cost of each primitive, >= 0. Errors are those of costs above 0.
        names: names of the features that the law may use.
        floor: share of the median cost. Costs far below this share of the median are weighted by
            their absolute error instead of their relative error.

    Returns:
        `coefficients` by feature (without zeros), and the relative errors `max_error` and
        `rms_error`.
    """
    target = np.asarray(values, dtype=np.float64)
    if not target.any():
        return {"coefficients": {}, "max_error": 0.0, "rms_error": 0.0}
    rows = np.array([[item[name] for name in names] for item in features])
    weights = 1.0 / (target + floor * np.median(target[target > 0]))
    solution, _ = nnls(rows * weights[:, None], target * weights)
    some = target > 0
    errors = rows[some] @ solution / target[some] - 1.0
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
        traits: shape (designs, terms): 1 where a category holds, or the value of a measure.
        terms: `category=value` or name of the measure of each column of `traits`.
        measured: shape (designs,): what synthesis gave.
    """

    parts: Floats
    keys: tuple[tuple[str, str], ...]
    traits: Floats
    terms: tuple[str, ...]
    measured: Floats

    @classmethod
    def of(
        cls,
        parts: Sequence[Mapping[tuple[str, str], float]],
        traits: Sequence[Mapping[str, float]],
        measured: Sequence[float],
    ) -> "Samples":
        """Arrays of designs that are described by costs per key and by traits."""
        keys = tuple(sorted({key for item in parts for key in item}))
        terms = tuple(sorted({term for item in traits for term in item}))
        return cls(
            parts=np.array([[item.get(key, 0.0) for key in keys] for item in parts]),
            keys=keys,
            traits=np.array([[item.get(term, 0.0) for term in terms] for item in traits]),
            terms=terms,
            measured=np.asarray(measured, np.float64),
        )

    def some(self, chosen: npt.NDArray[np.bool_]) -> "Samples":
        """The designs of a mask."""
        return Samples(
            parts=self.parts[chosen],
            keys=self.keys,
            traits=self.traits[chosen],
            terms=self.terms,
            measured=self.measured[chosen],
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Fit:
    """Factors and effects of one quantity.

    Attributes:
        factors: shape (keys,).
        effects: shape (terms,): natural logarithm of a factor per unit of each trait.
        common: the factor towards which all others are pulled.
    """

    factors: Floats
    effects: Floats
    common: float

    def __call__(self, samples: Samples) -> Floats:
        """Estimates of some designs."""
        base = np.maximum(samples.parts @ self.factors, DUST)
        estimates: Floats = base * np.exp(samples.traits @ self.effects)
        return estimates


def fit(samples: Samples) -> Fit:
    """Fit factors and effects together.

    The fit minimises the logarithms of the errors. Large ones count linearly, so that a design that
    synthesis reduces to almost nothing does not bend the model for all others.
    """
    keys = samples.parts.shape[1]
    totals = samples.parts.sum(axis=1)
    common = float(np.median(samples.measured / totals))

    pulls = np.full(keys + samples.traits.shape[1], CATEGORY_PULL**2)
    pulls[:keys] = FACTOR_PULL**2

    def errors_of(unknown: Floats) -> tuple[Floats, Floats]:
        """Parts of each design, and the logarithm of the error of their sum."""
        parts = samples.parts * (common * np.exp(unknown[:keys]))
        total = np.maximum(parts.sum(axis=1), DUST)
        logarithms = np.log(total / samples.measured) + samples.traits @ unknown[keys:]
        return parts / total[:, None], logarithms

    def loss_of(unknown: Floats) -> float:
        _, errors = errors_of(unknown)
        soft = 2 * ROBUST**2 * (np.sqrt(1 + (errors / ROBUST) ** 2) - 1)
        return float(soft.sum() + pulls @ unknown**2)

    # Gauss and Newton's method with the weights of the soft absolute value. Each step is halved
    # until the loss falls.
    unknown = np.zeros(len(pulls))
    loss = loss_of(unknown)
    for _ in range(_STEPS):
        shares, errors = errors_of(unknown)
        slopes = np.hstack([shares, samples.traits])
        weighted = slopes / np.sqrt(1 + (errors / ROBUST) ** 2)[:, None]
        step = np.linalg.solve(
            weighted.T @ slopes + np.diag(pulls), -(weighted.T @ errors + pulls * unknown)
        )
        length = 1.0
        while loss_of(unknown + length * step) > loss and length > _SHORTEST:
            length /= 2
        unknown = unknown + length * step
        before, loss = loss, loss_of(unknown)
        if before - loss < _SHORTEST * before:
            break
    return Fit(factors=common * np.exp(unknown[:keys]), effects=unknown[keys:], common=common)


def cross_validated(samples: Samples) -> Floats:
    """Estimate of each design by a fit to the designs of all other folds."""
    fold = np.arange(len(samples.measured)) % FOLDS
    found = np.zeros(len(fold))
    for number in range(min(FOLDS, len(fold))):
        mine = fold == number
        found[mine] = fit(samples.some(~mine))(samples.some(mine))
    return found
