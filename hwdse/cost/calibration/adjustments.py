"""Fits what whole designs add to the laws of primitives: factors, effects and intervals."""

from dataclasses import replace
from typing import Any

import numpy as np

from hwdse.cost.analytic import GLITCHES
from hwdse.cost.calibration.fit import Floats, Samples, cross_validated, fit

COVERAGE = 0.9
"""Share of designs that an interval holds."""

_PRIOR = 5.0
"""The spread of a term with this many designs counts as much as the spread of all designs."""

_FEWEST_PAIRS = 40
"""Pairs of designs that a ratio for sure order needs."""

_ROUNDED = 6


def adjustment(samples: Samples, *, effects: bool = True) -> dict[str, Any]:
    """Fit the adjustment of one quantity; returns the entry of a table.

    Args:
        samples: the measured designs.
        effects: whether traits have effects. Without, they only say how wide intervals are.
    """
    taken = samples if effects else replace(samples, traits=np.zeros_like(samples.traits))
    found = fit(taken)
    factors: dict[str, dict[str, float]] = {}
    glitches: dict[str, dict[str, float]] = {}
    for (block, kind), value in zip(samples.keys, found.factors, strict=True):
        entry = glitches if block.endswith(GLITCHES) else factors
        entry.setdefault(block.removesuffix(GLITCHES), {})[kind] = round(float(value), _ROUNDED)
    corrections = {
        term: round(float(effect), _ROUNDED)
        for term, effect in zip(samples.terms, found.effects, strict=True)
    }
    errors = np.log(cross_validated(taken) / samples.measured)
    return {
        "factors": factors,
        "glitches": glitches,
        "other": round(found.common, _ROUNDED),
        "effects": corrections,
        **_intervals(samples, errors),
    }


def _intervals(samples: Samples, errors: Floats) -> dict[str, Any]:
    """Spreads per term, and how many spreads an interval of `COVERAGE` has on each side.

    The errors are those of cross-validation. The number of spreads is their quantile (conformal
    prediction: Lei et al., Distribution-free predictive inference for regression, 2018), so the
    intervals hold for designs like those that were measured, whatever the distribution is. The
    error of a design is divided by the spread of the other designs. Its own error would widen the
    spread, and so a large error would look small.
    """
    squares = errors**2
    overall = float(np.sqrt(squares.mean()))
    chosen = ["=" in term for term in samples.terms]
    terms = [term for term in samples.terms if "=" in term]
    holds = samples.traits[:, chosen]
    spreads = np.sqrt((holds.T @ squares + _PRIOR * overall**2) / (holds.sum(axis=0) + _PRIOR))
    ratios = np.sort(np.abs(errors) / _spreads_of_others(holds, squares))
    place = min(int(np.ceil((len(ratios) + 1) * COVERAGE)), len(ratios)) - 1
    return {
        "reach": round(float(ratios[place]), _ROUNDED),
        "spread": round(overall, _ROUNDED),
        "spreads": {
            term: round(float(spread), _ROUNDED)
            for term, spread in zip(terms, spreads, strict=True)
        },
        "pairs": _pairs(holds, errors),
    }


def _spreads_of_others(holds: Floats, squares: Floats) -> Floats:
    """The spread of each design, by the squared errors of all other designs; shape (designs,)."""
    overall = (squares.sum() - squares) / max(1, len(squares) - 1)
    left = holds.T @ squares - holds * squares[:, np.newaxis] + _PRIOR * overall[:, np.newaxis]
    spreads = left / (holds.sum(axis=0) - holds + _PRIOR)
    found: Floats = np.sqrt((holds * spreads).sum(axis=1) / np.maximum(holds.sum(axis=1), 1.0))
    return found


def _pairs(holds: Floats, errors: Floats) -> dict[str, float]:
    """Logarithm of the ratio of two estimates from which on their order is sure.

    Designs that share much have similar errors, so their order is sure at smaller ratios. Of pairs
    that share at least so many categories, the errors of `COVERAGE` differ by less.

    Args:
        holds: shape (designs, terms): 1 for each category of a design.
        errors: logarithms of the errors of the designs.

    Returns:
        Ratio by the least number of shared categories, for numbers with enough pairs. Those of
        more shared categories are never larger.
    """
    first, second = np.triu_indices(len(errors), 1)
    shared = (holds @ holds.T)[first, second]
    apart = np.abs(errors[first] - errors[second])
    found: dict[str, float] = {}
    least = np.inf
    for count in range(int(holds.sum(axis=1).max(initial=0)) + 1):
        chosen = apart[shared >= count]
        if len(chosen) < _FEWEST_PAIRS:
            break
        least = min(least, float(np.quantile(chosen, COVERAGE)))
        found[str(count)] = round(least, _ROUNDED)
    return found
