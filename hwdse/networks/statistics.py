"""Statistics of scores: intervals of proportions and of other values, and paired tests."""

import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from hwdse.threads import for_each, usual_threads

CONFIDENCE = 0.95

SEED = 29
DRAWS = 1000
"""Draws of a bootstrap. The seed is fixed: the same samples have the same interval."""

_ROWS_AT_ONCE = 16

Parts = npt.NDArray[np.float64]
"""What each sample adds to a value, shape (samples, numbers)."""


def wilson_interval(
    correct: int, samples: int, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Two-sided Wilson confidence interval of a proportion.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
    J. Am. Stat. Assoc. 22 (1927). Unlike the normal approximation, the Wilson interval stays within
    0..1. Its width is not zero, even if every answer is right.

    Args:
        correct: number of right answers, 0..samples.
        samples: number of answers, at least 1.
        confidence: coverage of the interval, between 0 and 1.
    """
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    p = correct / samples
    spread = 1 + z * z / samples
    centre = (p + z * z / (2 * samples)) / spread
    half = z / spread * math.sqrt(p * (1 - p) / samples + z * z / (4 * samples * samples))
    # For 0 or `samples` right answers the bound is exactly 0 or 1. The formula has rounding errors.
    low = 0.0 if correct == 0 else centre - half
    high = 1.0 if correct == samples else centre + half
    return low, high


def bootstrap_interval(
    value: Callable[[Parts], float], parts: Parts, others: Parts | None = None
) -> tuple[float, float]:
    """Percentile interval of a value, or of its difference from the value of other parts.

    Source: B. Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 7
    (1979). Samples are drawn with replacement; `others` are drawn in pairs with `parts`.

    Args:
        value: function from the parts of samples to the value.
        parts: what each sample adds, shape (samples, numbers).
        others: the same samples' parts to compare with. None: the interval of the value itself.

    Returns:
        Both ends; NaN for a single sample, whose interval nothing tells, or if a draw gives no
        number.
    """
    count = len(parts)
    if count < 2 or not np.isfinite(parts).all():
        return math.nan, math.nan
    rng = np.random.default_rng(SEED)
    drawn = np.empty(DRAWS)
    for number in range(DRAWS):
        chosen = rng.integers(count, size=count)
        drawn[number] = value(parts[chosen])
        if others is not None:
            drawn[number] -= value(others[chosen])
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return float(low), float(high)


def mcnemar_p(right: npt.NDArray[np.bool_], other_right: npt.NDArray[np.bool_]) -> float:
    """Exact two-sided McNemar test on paired answers.

    Source: Q. McNemar, Psychometrika 12 (1947). The exact form is a binomial test on the samples
    for which exactly one of the two answers is right.
    """
    from scipy.special import bdtr  # noqa: PLC0415 - takes half a second to load

    gained, lost = int((right & ~other_right).sum()), int((other_right & ~right).sum())
    return min(1.0, 2 * float(bdtr(min(gained, lost), gained + lost, 0.5)))


def log_probability_of(
    outputs: npt.NDArray[np.floating], classes: npt.NDArray[np.integer]
) -> npt.NDArray[np.float64]:
    """Log probability of one class of each row of (n, classes), as in `log_probabilities`."""
    if _are_probabilities(outputs):
        return _logarithms(outputs[np.arange(len(outputs)), classes])
    found = np.empty(len(outputs))

    def work(start: int) -> None:
        some = slice(start, start + _ROWS_AT_ONCE)
        logarithms = _log_softmax(outputs[some])
        found[some] = np.take_along_axis(logarithms, classes[some, np.newaxis], 1)[:, 0]

    for_each(work, range(0, len(outputs), _ROWS_AT_ONCE), usual_threads())
    return found


def log_probabilities(outputs: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Log probabilities of the classes, for rows of (n, classes).

    Outputs that are not negative and sum to 1 are probabilities already. All other outputs are
    logits and go through a softmax.
    """
    return _logarithms(outputs) if _are_probabilities(outputs) else _log_softmax(outputs)


def _are_probabilities(outputs: npt.NDArray[np.floating]) -> bool:
    return bool((outputs >= 0).all()) and np.allclose(
        outputs.sum(axis=1, dtype=np.float64), 1, atol=1e-3
    )


def _logarithms(probabilities: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    return np.asarray(np.log(np.maximum(probabilities.astype(np.float64), 1e-30)), np.float64)


def _log_softmax(logits: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    from scipy.special import log_softmax  # noqa: PLC0415 - as in `mcnemar_p`

    return np.asarray(log_softmax(logits.astype(np.float64), axis=1), np.float64)
