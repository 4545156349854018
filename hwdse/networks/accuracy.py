"""Accuracy of a network in a design's arithmetic, and the error of its outputs against float32.

Accuracy only counts right answers, so a few hundred samples cannot separate most designs. The error
of the outputs (logits) is one number per sample. Two designs are compared by these errors on the
same samples, in pairs. This paired comparison separates designs with equal accuracy.

A small logit error means that the design computes nearly the same outputs as float32. Close
decisions then stay the same. A small logit error does not mean that the answers are right.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from hwdse.errors import NetworkError
from hwdse.networks import metrics
from hwdse.networks.metrics import Metric, Outputs
from hwdse.networks.metrics.classes import predicted_classes
from hwdse.networks.statistics import (
    CONFIDENCE,
    Parts,
    bootstrap_interval,
    log_probabilities,
    mcnemar_p,
)

RIGHT, AGREES = 1, 2
"""Bits of the outcome of a sample: the answer is right, and it is that of float32."""

_CHUNK_BYTES = 64 << 20
_ELEMENTS_AT_ONCE = 1 << 18
_NEVER_IN_JSON = ("errors", "outcomes", "parts")


@dataclass(frozen=True, kw_only=True, eq=False)
class Accuracy:
    """How good a network is in a design's arithmetic by a metric, and its error against float32.

    The metric is top-1 accuracy unless another is named. What only answers that are classes have is
    None for others, and what only other metrics have is None for top-1 accuracy.

    Attributes:
        value: value of the metric; of top-1 accuracy, the fraction of right answers.
        low: lower end of the interval: Wilson's of a fraction of samples, else by bootstrap.
        high: upper end of the interval.
        confidence: coverage of the interval.
        samples: number of test samples.
        correct: number of right answers.
        metric: name of the quantity in `value`, in words.
        float_value: value of the float32 network on the same samples.
        agreement: fraction of samples with the same answer as the float32 network.
        mcnemar_p: p-value of the exact McNemar test. It compares the number of answers that the
            design gets right and float32 gets wrong with the opposite number. A small value means
            that the accuracy differs from float32.
        difference: `value` minus `float_value`.
        difference_low: lower end of the interval of `difference`, by bootstrap of pairs.
        difference_high: upper end of the interval of `difference`.
        sqnr_db: signal-to-quantisation-noise ratio in dB: power of the float32 outputs divided by
            the power of the errors, over all samples. Infinity without any error; minus infinity
            if an output is NaN or infinite.
        kl_divergence: mean Kullback-Leibler divergence in nats between the class probabilities of
            float32 and of the design. NaN if an output is NaN or infinite.
        network: name of the network.
        scales: name of the scale policy.
        requantize: whether layers hand on their outputs in the design's output format.
        methods: the quantisation methods, as text; empty: rounding to nearest.
        other_scales: value by scale policy, on the first samples of the test part. The differences
            are part of the uncertainty of `value`.
        nan_samples: number of samples with a NaN among their outputs. A design that has some is not
            ranked.
        higher_is_better: direction of `value`.
        errors: Euclidean length of each sample's output error, over all axes of the output; shape
            (samples,). Infinite if an output is NaN or infinite.
        outcomes: `RIGHT` and `AGREES` of each sample, shape (samples,); 0 where answers are no
            classes.
        parts: what each sample adds to `value`, as of `Metric.parts`.
    """

    value: float
    low: float
    high: float
    confidence: float
    samples: int
    correct: int | None
    metric: str
    float_value: float
    agreement: float | None
    mcnemar_p: float | None
    difference: float | None = None
    difference_low: float | None = None
    difference_high: float | None = None
    sqnr_db: float
    kl_divergence: float | None
    network: str
    scales: str
    requantize: bool = False
    methods: str = ""
    other_scales: Mapping[str, float] = field(default_factory=dict)
    nan_samples: int = 0
    higher_is_better: bool = True
    errors: npt.NDArray[np.float32] = field(repr=False)
    outcomes: npt.NDArray[np.uint8] = field(repr=False)
    parts: Parts = field(repr=False)

    @classmethod
    def of(
        cls,
        outputs: Outputs,
        float_outputs: Outputs,
        truth: Sequence[Any] | npt.NDArray[np.int64],
        *,
        metric: str = metrics.DEFAULT,
        **known: Any,
    ) -> Self:
        """Score outputs of shape (samples, ...) against the targets `truth`.

        Args:
            outputs: outputs of the design.
            float_outputs: outputs in float32.
            truth: target of each sample.
            metric: name of a metric.
            known: `network`, `scales`, and what else the attributes say that is not scored.
        """
        scores = Scores(metrics.get(metric))
        scores.add(outputs, float_outputs, list(truth))
        return cls(**scores.result(), **known)

    @property
    def scale_spread(self) -> float:
        """Difference between the best and the worst value in `other_scales`."""
        found = self.other_scales.values()
        return max(found) - min(found) if found else 0.0

    def to_json(self) -> dict[str, Any]:
        """All attributes but those of each sample, and `scale_spread`, as JSON values.

        What the metric does not have is left out. JSON has no infinity and no NaN: null stands for
        both.
        """
        document = {
            key: value
            for key, value in vars(self).items()
            if key not in _NEVER_IN_JSON and value is not None
        }
        document = {key: _finite(value) for key, value in document.items()}
        return document | {
            "other_scales": {name: _finite(value) for name, value in self.other_scales.items()},
            "scale_spread": _finite(self.scale_spread),
        }


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


class Scores:
    """Scores the outputs of all samples, some at a time: all outputs may be too large to keep."""

    def __init__(self, metric: Metric) -> None:
        self._metric = metric
        self._waiting: list[tuple[Outputs, Outputs, Sequence[Any]]] = []
        self._bytes = 0
        self._scored: list[_Chunk] = []

    def add(self, outputs: Outputs, float_outputs: Outputs, targets: Sequence[Any]) -> None:
        """Add samples, in order.

        Raises:
            NetworkError: the metric takes no such outputs, or their shape is not that of earlier
                ones.
            DatasetError: the targets do not fit the metric.
        """
        if self._waiting and self._waiting[0][0].shape[1:] != outputs.shape[1:]:
            raise NetworkError(
                f"outputs of shape {self._waiting[0][0].shape[1:]} and {outputs.shape[1:]}: all "
                "samples must give the same shape"
            )
        self._waiting.append((outputs, float_outputs, targets))
        self._bytes += outputs.nbytes
        if self._bytes >= _CHUNK_BYTES:
            self._score()

    @property
    def parts(self) -> Parts:
        """What the samples added so far add to the value, shape (samples, numbers)."""
        self._score()
        return np.concatenate([chunk.parts for chunk in self._scored])

    def value(self, limit: int | None = None) -> float:
        """Value of the metric for the samples added so far, or for the first `limit` of them."""
        return self._metric.value(self.parts[:limit])

    def result(self) -> dict[str, Any]:
        """The attributes of `Accuracy` that samples decide."""
        self._score()
        chunks = self._scored
        parts, float_parts, errors = (
            np.concatenate([getattr(chunk, name) for chunk in chunks])
            for name in ("parts", "float_parts", "errors")
        )
        value, float_value = self._metric.value(parts), self._metric.value(float_parts)
        low, high = metrics.interval(self._metric, parts)
        return {
            "value": value,
            "low": low,
            "high": high,
            "confidence": CONFIDENCE,
            "samples": len(parts),
            "metric": self._metric.title,
            "float_value": float_value,
            "sqnr_db": _decibels(
                sum(chunk.signal for chunk in chunks), float(np.square(errors).sum())
            ),
            "nan_samples": sum(chunk.nan_samples for chunk in chunks),
            "higher_is_better": self._metric.higher_is_better,
            "errors": errors.astype(np.float32),
            "parts": parts,
            **self._of_classes(parts, float_parts),
        }

    def _of_classes(self, parts: Parts, float_parts: Parts) -> dict[str, Any]:
        """What only answers that are classes have, or only others."""
        chunks = self._scored
        if not all(chunk.has_classes for chunk in chunks):
            low, high = bootstrap_interval(self._metric.value, parts, float_parts)
            return {
                **dict.fromkeys(("correct", "agreement", "mcnemar_p", "kl_divergence")),
                "difference": self._metric.value(parts) - self._metric.value(float_parts),
                "difference_low": low,
                "difference_high": high,
                "outcomes": np.zeros(len(parts), np.uint8),
            }
        agrees = np.concatenate([chunk.agrees for chunk in chunks])
        right, float_right = parts[:, 0] > 0, float_parts[:, 0] > 0
        return {
            "correct": int(right.sum()),
            "agreement": float(np.mean(agrees)),
            "mcnemar_p": mcnemar_p(right, float_right),
            "kl_divergence": _mean([(chunk.kl, len(chunk.errors)) for chunk in chunks]),
            "outcomes": (RIGHT * right | AGREES * agrees).astype(np.uint8),
        }

    def _score(self) -> None:
        if not self._waiting:
            return
        outputs, float_outputs = self._waiting[0][:2]
        if len(self._waiting) > 1:
            outputs = np.concatenate([part[0] for part in self._waiting])
            float_outputs = np.concatenate([part[1] for part in self._waiting])
        targets = [target for part in self._waiting for target in part[2]]
        self._waiting, self._bytes = [], 0
        self._scored.append(_Chunk.of(self._metric, outputs, float_outputs, targets))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Chunk:
    """What some samples give."""

    parts: Parts
    float_parts: Parts
    errors: npt.NDArray[np.float64]
    signal: float
    nan_samples: int
    has_classes: bool
    agrees: npt.NDArray[np.bool_]
    kl: float

    @classmethod
    def of(
        cls, metric: Metric, outputs: Outputs, float_outputs: Outputs, targets: Sequence[Any]
    ) -> "_Chunk":
        with np.errstate(all="ignore"):
            parts, float_parts = (
                np.asarray(metric.parts(each, float_outputs, targets), np.float64)
                for each in (outputs, float_outputs)
            )
        if parts.ndim != 2 or parts.shape != float_parts.shape or len(parts) != len(outputs):
            raise NetworkError(
                f"metric {metric.name} gives parts of shape {parts.shape} for {len(outputs)} "
                "samples: one row for each is needed"
            )
        rows, float_rows = (each.reshape(len(each), -1) for each in (outputs, float_outputs))
        # Answers that are right or wrong, each from one row of classes.
        has_classes = (
            metric.needs_labels
            and metrics.is_proportion(metric, parts)
            and rows.shape[1] == max(outputs.shape[1:], default=1) > 1
        )
        agrees = np.zeros(len(outputs), bool)
        if has_classes:
            agrees = predicted_classes(rows) == predicted_classes(float_rows)
        return cls(
            parts=parts,
            float_parts=float_parts,
            errors=output_errors(outputs, float_outputs),
            signal=_power(float_outputs),
            nan_samples=int(np.isnan(rows).any(axis=1).sum()),
            has_classes=has_classes,
            agrees=agrees,
            kl=kl_divergence(rows, float_rows) if has_classes else math.nan,
        )


def output_errors(outputs: Outputs, float_outputs: Outputs) -> npt.NDArray[np.float64]:
    """Euclidean error of each sample, shape (n,); infinite if an output is NaN or infinite."""
    with np.errstate(all="ignore"):
        found = np.sqrt(_squares(outputs, float_outputs))
    return np.where(np.isfinite(found), found, np.inf)


def sqnr_db(errors: npt.NDArray[np.float64], float_outputs: Outputs) -> float:
    """Signal-to-quantisation-noise ratio in dB, over the outputs of all samples together."""
    return _decibels(_power(float_outputs), float(np.square(errors).sum()))


def _power(outputs: Outputs) -> float:
    return float(_squares(outputs).sum())


def _squares(outputs: Outputs, expected: Outputs | None = None) -> npt.NDArray[np.float64]:
    """Sum of squares of each sample, shape (n,); of differences, if something is expected.

    Some elements at a time, which stay in the cache.
    """
    rows = outputs.reshape(len(outputs), -1)
    found = np.zeros(len(rows))
    step = max(1, _ELEMENTS_AT_ONCE // max(1, len(rows)))
    for start in range(0, rows.shape[1], step):
        some = rows[:, start : start + step].astype(np.float64)
        if expected is not None:
            some -= expected.reshape(rows.shape)[:, start : start + step]
        found += np.square(some, out=some).sum(axis=1)
    return found


def _decibels(signal: float, noise: float) -> float:
    if noise == 0:
        return math.inf
    return 10 * math.log10(signal / noise) if signal and math.isfinite(noise) else -math.inf


def kl_divergence(outputs: Outputs, float_outputs: Outputs) -> float:
    """Mean Kullback-Leibler divergence in nats between float32 and design class probabilities."""
    if not np.isfinite(outputs).all():
        return math.nan
    expected, found = log_probabilities(float_outputs), log_probabilities(outputs)
    return max(0.0, float((np.exp(expected) * (expected - found)).sum(axis=1).mean()))


def _mean(means: Sequence[tuple[float, int]]) -> float:
    """Mean of all samples from the means of parts of them."""
    if len(means) == 1:
        return means[0][0]
    return float(np.average([mean for mean, _ in means], weights=[count for _, count in means]))
