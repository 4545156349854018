"""How often a network is right, with the confidence interval that the sample count allows."""

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Self

import numpy as np
import numpy.typing as npt

CONFIDENCE = 0.95
NO_ANSWER = -1
"""Prediction of a network whose outputs hold a NaN; it is never right."""


def wilson_interval(
    correct: int, samples: int, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Two-sided interval of a proportion.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
    J. Am. Stat. Assoc. 22 (1927). Unlike the normal approximation it stays within 0..1 and has a
    width even when every answer is right.

    Args:
        correct: right answers, 0..samples.
        samples: answers, at least 1.
        confidence: coverage, between 0 and 1.
    """
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    p = correct / samples
    spread = 1 + z * z / samples
    centre = (p + z * z / (2 * samples)) / spread
    half = z / spread * math.sqrt(p * (1 - p) / samples + z * z / (4 * samples * samples))
    # At the ends the bound is exact; rounding would leave it a little off.
    low = 0.0 if correct == 0 else centre - half
    high = 1.0 if correct == samples else centre + half
    return low, high


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """Top-1 accuracy of a network in a design's arithmetic.

    Attributes:
        value: fraction of right answers.
        low: lower end of the Wilson interval.
        high: upper end of the Wilson interval.
        confidence: coverage of that interval.
        samples: test samples scored.
        correct: right answers among them.
        metric: what `value` is.
        float_value: fraction of right answers of the float32 network on the same samples.
        agreement: fraction of samples answered as the float32 network answers them.
        network: the network's name.
    """

    value: float
    low: float
    high: float
    confidence: float
    samples: int
    correct: int
    metric: str
    float_value: float
    agreement: float
    network: str

    @classmethod
    def of(
        cls,
        predictions: npt.NDArray[np.int64],
        float_predictions: npt.NDArray[np.int64],
        truth: npt.NDArray[np.int64],
        network: str,
    ) -> Self:
        """Scores predicted classes, all of shape (samples,)."""
        correct = int(np.sum(predictions == truth))
        low, high = wilson_interval(correct, len(truth))
        return cls(
            value=correct / len(truth),
            low=low,
            high=high,
            confidence=CONFIDENCE,
            samples=len(truth),
            correct=correct,
            metric="top-1 accuracy",
            float_value=float(np.mean(float_predictions == truth)),
            agreement=float(np.mean(predictions == float_predictions)),
            network=network,
        )

    def to_json(self) -> dict[str, float | int | str]:
        """All attributes, as JSON values."""
        return {
            "value": self.value,
            "low": self.low,
            "high": self.high,
            "confidence": self.confidence,
            "samples": self.samples,
            "correct": self.correct,
            "metric": self.metric,
            "float_value": self.float_value,
            "agreement": self.agreement,
            "network": self.network,
        }


def predicted_classes(outputs: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    """Class of the largest output of each row of (n, classes); NO_ANSWER where one is NaN."""
    guess = np.argmax(outputs, axis=1)
    return np.where(np.isnan(outputs).any(axis=1), NO_ANSWER, guess).astype(np.int64)
