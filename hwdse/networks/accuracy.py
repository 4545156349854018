"""How well a network does in a design's arithmetic, and how far its outputs are from float.

Accuracy counts right answers, so a few hundred samples separate hardly any designs. The error of
the outputs (logits) is a number for each sample: two designs are compared on the same samples, in
pairs, which tells them apart where accuracy cannot. A small error of the logits says that a design
computes nearly what float computes, so that answers that are close calls stay as they are. It does
not say that the answers are right.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy.special import bdtr, log_softmax

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


Outputs = npt.NDArray[np.float32]
"""Logits, or probabilities, of shape (samples, classes)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Accuracy:
    """Top-1 accuracy of a network in a design's arithmetic, and its distance from float32.

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
        mcnemar_p: probability of so unequal numbers of answers gained and lost against float32 if
            both were as likely (exact McNemar test); small means that the accuracy differs.
        sqnr_db: power of the float32 outputs divided by the errors' power, over all samples, in
            dB; infinite without any error, minus infinity where an output is NaN or infinite.
        kl_divergence: mean Kullback-Leibler divergence of the answers' probabilities from those of
            float32, in nats; NaN where an output is NaN.
        network: the network's name.
        scales: the policy that chose the scales.
        requantize: whether layers handed on their outputs in the design's output format.
        other_scales: right answers (as a fraction) under other policies, and under this one, on
            the first samples of the test part; how far they differ is a part of the uncertainty.
        errors: length of the error vector of each sample's outputs (samples,); infinite for NaN.
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
    mcnemar_p: float
    sqnr_db: float
    kl_divergence: float
    network: str
    scales: str
    requantize: bool = False
    other_scales: Mapping[str, float] = field(default_factory=dict)
    errors: npt.NDArray[np.float32] = field(repr=False)

    @classmethod
    def of(
        cls,
        outputs: Outputs,
        float_outputs: Outputs,
        truth: npt.NDArray[np.int64],
        *,
        network: str,
        scales: str,
        requantize: bool = False,
        other_scales: Mapping[str, float] | None = None,
    ) -> Self:
        """Scores outputs of shape (samples, classes) for samples of these classes."""
        predictions, float_predictions = (
            predicted_classes(outputs),
            predicted_classes(float_outputs),
        )
        right, float_right = predictions == truth, float_predictions == truth
        correct = int(right.sum())
        low, high = wilson_interval(correct, len(truth))
        errors = output_errors(outputs, float_outputs)
        return cls(
            value=correct / len(truth),
            low=low,
            high=high,
            confidence=CONFIDENCE,
            samples=len(truth),
            correct=correct,
            metric="top-1 accuracy",
            float_value=float(np.mean(float_right)),
            agreement=float(np.mean(predictions == float_predictions)),
            mcnemar_p=mcnemar_p(right, float_right),
            sqnr_db=sqnr_db(errors, float_outputs),
            kl_divergence=kl_divergence(outputs, float_outputs),
            network=network,
            scales=scales,
            requantize=requantize,
            other_scales=dict(other_scales or {}),
            errors=errors.astype(np.float32),
        )

    @property
    def scale_spread(self) -> float:
        """How far the fraction of right answers moves between the policies compared."""
        found = self.other_scales.values()
        return max(found) - min(found) if found else 0.0

    def to_json(self) -> dict[str, Any]:
        """All attributes but the errors of single samples, and the spread, as JSON values."""
        document = {key: value for key, value in vars(self).items() if key != "errors"}
        for key in ("sqnr_db", "kl_divergence"):
            # JSON has no word for infinity.
            document[key] = document[key] if math.isfinite(document[key]) else None
        return document | {
            "other_scales": dict(self.other_scales),
            "scale_spread": self.scale_spread,
        }


def predicted_classes(outputs: Outputs) -> npt.NDArray[np.int64]:
    """Class of the largest output of each row of (n, classes); NO_ANSWER where one is NaN."""
    guess = np.argmax(outputs, axis=1)
    return np.where(np.isnan(outputs).any(axis=1), NO_ANSWER, guess).astype(np.int64)


def output_errors(outputs: Outputs, float_outputs: Outputs) -> npt.NDArray[np.float64]:
    """Length of each sample's error vector (n,); infinite where an output is NaN or infinite."""
    with np.errstate(all="ignore"):
        difference = outputs.astype(np.float64) - float_outputs
        found = np.sqrt(np.square(difference).sum(axis=1))
    return np.where(np.isfinite(found), found, np.inf)


def sqnr_db(errors: npt.NDArray[np.float64], float_outputs: Outputs) -> float:
    """Signal-to-quantisation-noise ratio of all samples' outputs together."""
    noise = float(np.square(errors).sum())
    signal = float(np.square(float_outputs.astype(np.float64)).sum())
    if noise == 0:
        return math.inf
    return 10 * math.log10(signal / noise) if signal and math.isfinite(noise) else -math.inf


def kl_divergence(outputs: Outputs, float_outputs: Outputs) -> float:
    """Mean divergence of the probabilities from those of float32, in nats."""
    if not np.isfinite(outputs).all():
        return math.nan
    expected, found = _log_probabilities(float_outputs), _log_probabilities(outputs)
    return max(0.0, float((np.exp(expected) * (expected - found)).sum(axis=1).mean()))


def _log_probabilities(outputs: Outputs) -> npt.NDArray[np.float64]:
    """Of logits, by softmax; of probabilities, which are not negative and sum to 1, as they are."""
    x = outputs.astype(np.float64)
    if (x >= 0).all() and np.allclose(x.sum(axis=1), 1, atol=1e-3):
        return np.asarray(np.log(np.maximum(x, 1e-30)), np.float64)
    return np.asarray(log_softmax(x, axis=1), np.float64)


def mcnemar_p(right: npt.NDArray[np.bool_], other_right: npt.NDArray[np.bool_]) -> float:
    """Exact two-sided McNemar test on paired answers.

    Source: Q. McNemar, Psychometrika 12 (1947); exact form: the binomial test of the samples that
    only one of the two gets right.
    """
    gained, lost = int((right & ~other_right).sum()), int((other_right & ~right).sum())
    return min(1.0, 2 * float(bdtr(min(gained, lost), gained + lost, 0.5)))
