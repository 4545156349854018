"""Accuracy of a network in a design's arithmetic, and the error of its outputs against float32.

Accuracy only counts right answers, so a few hundred samples cannot separate most designs. The error
of the outputs (logits) is one number per sample. Two designs are compared by these errors on the
same samples, in pairs. This paired comparison separates designs with equal accuracy.

A small logit error means that the design computes nearly the same outputs as float32. Close
decisions then stay the same. A small logit error does not mean that the answers are right.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any, Self

import numpy as np
import numpy.typing as npt

CONFIDENCE = 0.95
RIGHT, AGREES = 1, 2
"""Bits of the outcome of a sample: the answer is right, and it is that of float32."""
NO_ANSWER = -1
"""Prediction for a sample with a NaN among the outputs. It always counts as wrong."""


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


Outputs = npt.NDArray[np.float32]
"""Logits, or probabilities, of shape (samples, classes)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Accuracy:
    """Top-1 accuracy of a network in a design's arithmetic, and its error against float32.

    Attributes:
        value: fraction of right answers.
        low: lower end of the Wilson interval.
        high: upper end of the Wilson interval.
        confidence: coverage of the Wilson interval.
        samples: number of test samples.
        correct: number of right answers.
        metric: name of the quantity in `value`.
        float_value: fraction of right answers of the float32 network on the same samples.
        agreement: fraction of samples with the same answer as the float32 network.
        mcnemar_p: p-value of the exact McNemar test. It compares the number of answers that the
            design gets right and float32 gets wrong with the opposite number. A small value means
            that the accuracy differs from float32.
        sqnr_db: signal-to-quantisation-noise ratio in dB: power of the float32 outputs divided by
            the power of the errors, over all samples. Infinity without any error; minus infinity
            if an output is NaN or infinite.
        kl_divergence: mean Kullback-Leibler divergence in nats between the class probabilities of
            float32 and of the design. NaN if an output is NaN or infinite.
        network: name of the network.
        scales: name of the scale policy.
        requantize: whether layers hand on their outputs in the design's output format.
        other_scales: fraction of right answers by scale policy, on the first samples of the test
            part. The differences are part of the uncertainty of `value`.
        errors: Euclidean length of each sample's output error, shape (samples,). Infinite if an
            output is NaN or infinite.
        outcomes: `RIGHT` and `AGREES` of each sample, shape (samples,).
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
    outcomes: npt.NDArray[np.uint8] = field(repr=False)

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
        """Score outputs of shape (samples, classes) against the right classes `truth`."""
        predictions, float_predictions = (
            predicted_classes(outputs),
            predicted_classes(float_outputs),
        )
        right, float_right = predictions == truth, float_predictions == truth
        agrees = predictions == float_predictions
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
            agreement=float(np.mean(agrees)),
            mcnemar_p=mcnemar_p(right, float_right),
            sqnr_db=sqnr_db(errors, float_outputs),
            kl_divergence=kl_divergence(outputs, float_outputs),
            network=network,
            scales=scales,
            requantize=requantize,
            other_scales=dict(other_scales or {}),
            errors=errors.astype(np.float32),
            outcomes=(RIGHT * right | AGREES * agrees).astype(np.uint8),
        )

    @property
    def scale_spread(self) -> float:
        """Difference between the best and the worst fraction of right answers in `other_scales`."""
        found = self.other_scales.values()
        return max(found) - min(found) if found else 0.0

    def to_json(self) -> dict[str, Any]:
        """All attributes but those of each sample, and `scale_spread`, as JSON values."""
        samples = ("errors", "outcomes")
        document = {key: value for key, value in vars(self).items() if key not in samples}
        for key in ("sqnr_db", "kl_divergence"):
            # JSON cannot represent infinity or NaN.
            document[key] = document[key] if math.isfinite(document[key]) else None
        return document | {
            "other_scales": dict(self.other_scales),
            "scale_spread": self.scale_spread,
        }


def predicted_classes(outputs: Outputs) -> npt.NDArray[np.int64]:
    """Class with the largest output, for each row of (n, classes); NO_ANSWER for a row with NaN."""
    guess = np.argmax(outputs, axis=1)
    return np.where(np.isnan(outputs).any(axis=1), NO_ANSWER, guess).astype(np.int64)


def output_errors(outputs: Outputs, float_outputs: Outputs) -> npt.NDArray[np.float64]:
    """Euclidean error of each sample, shape (n,); infinite if an output is NaN or infinite."""
    with np.errstate(all="ignore"):
        difference = outputs.astype(np.float64) - float_outputs
        found = np.sqrt(np.square(difference).sum(axis=1))
    return np.where(np.isfinite(found), found, np.inf)


def sqnr_db(errors: npt.NDArray[np.float64], float_outputs: Outputs) -> float:
    """Signal-to-quantisation-noise ratio in dB, over the outputs of all samples together."""
    noise = float(np.square(errors).sum())
    signal = float(np.square(float_outputs.astype(np.float64)).sum())
    if noise == 0:
        return math.inf
    return 10 * math.log10(signal / noise) if signal and math.isfinite(noise) else -math.inf


def kl_divergence(outputs: Outputs, float_outputs: Outputs) -> float:
    """Mean Kullback-Leibler divergence in nats between float32 and design class probabilities."""
    if not np.isfinite(outputs).all():
        return math.nan
    expected, found = _log_probabilities(float_outputs), _log_probabilities(outputs)
    return max(0.0, float((np.exp(expected) * (expected - found)).sum(axis=1).mean()))


def _log_probabilities(outputs: Outputs) -> npt.NDArray[np.float64]:
    """Log probabilities of the classes.

    Outputs that are not negative and sum to 1 are probabilities already. All other outputs are
    logits and go through a softmax.
    """
    x = outputs.astype(np.float64)
    if (x >= 0).all() and np.allclose(x.sum(axis=1), 1, atol=1e-3):
        return np.asarray(np.log(np.maximum(x, 1e-30)), np.float64)
    from scipy.special import log_softmax  # noqa: PLC0415 - takes half a second to load

    return np.asarray(log_softmax(x, axis=1), np.float64)


def mcnemar_p(right: npt.NDArray[np.bool_], other_right: npt.NDArray[np.bool_]) -> float:
    """Exact two-sided McNemar test on paired answers.

    Source: Q. McNemar, Psychometrika 12 (1947). The exact form is a binomial test on the samples
    for which exactly one of the two answers is right.
    """
    from scipy.special import bdtr  # noqa: PLC0415 - as in `_log_probabilities`

    gained, lost = int((right & ~other_right).sum()), int((other_right & ~right).sum())
    return min(1.0, 2 * float(bdtr(min(gained, lost), gained + lost, 0.5)))
