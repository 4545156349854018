"""Metrics of answers that are classes: top-1, top-5, and agreement with float32."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.errors import DatasetError, NetworkError
from hwdse.networks.metrics import Outputs, register
from hwdse.networks.statistics import Parts

NO_ANSWER = -1
"""Prediction for a sample with a NaN among the outputs. It always counts as wrong."""


def predicted_classes(outputs: Outputs) -> npt.NDArray[np.int64]:
    """Class with the largest output, for each row of (n, classes); NO_ANSWER for a row with NaN."""
    guess = np.argmax(outputs, axis=1)
    return np.where(np.isnan(outputs).any(axis=1), NO_ANSWER, guess).astype(np.int64)


@dataclass(frozen=True, kw_only=True)
class TopClasses:
    """Fraction of samples whose class is among the `count` largest outputs.

    Of equal outputs, the first counts as larger. A sample with NaN among its outputs is wrong.
    """

    count: int
    needs_labels = True
    higher_is_better = True
    is_percentage = True

    @property
    def name(self) -> str:
        """`top1` and so on."""
        return f"top{self.count}"

    @property
    def title(self) -> str:
        """What the value is, in words."""
        return f"top-{self.count} accuracy"

    def parts(self, outputs: Outputs, float_outputs: Outputs, targets: Sequence[Any]) -> Parts:
        """1 for a right answer, 0 for a wrong one; shape (n, 1)."""
        del float_outputs
        rows = _rows(self.name, outputs)
        truth = _classes(self.name, targets, rows.shape[1])
        if self.count >= rows.shape[1]:
            raise NetworkError(
                f"metric {self.name}: the output has {rows.shape[1]} classes, of which the first "
                f"{self.count} always hold the right one"
            )
        own = rows[np.arange(len(rows)), truth][:, np.newaxis]
        before = np.arange(rows.shape[1]) < truth[:, np.newaxis]
        place = ((rows > own) | ((rows == own) & before)).sum(axis=1)
        right = (place < self.count) & ~np.isnan(rows).any(axis=1)
        return _column(right)

    def value(self, parts: Parts) -> float:
        """Fraction of right answers."""
        return float(np.mean(parts))


@dataclass(frozen=True, kw_only=True)
class FloatAgreement:
    """Fraction of answers that are those of float32: the same output is the largest.

    An output of shape (n, classes) is one answer, one of (n, T, classes) is T answers. Images
    (n, classes, height, width) and the like have the classes along their second axis.
    """

    name = "agreement"
    title = "agreement with float32"
    needs_labels = False
    higher_is_better = True
    is_percentage = True

    def parts(self, outputs: Outputs, float_outputs: Outputs, targets: Sequence[Any]) -> Parts:
        """Answers that agree, and all answers, shape (n, 2); of one answer each, shape (n, 1)."""
        del targets
        found, expected = (_answers(each) for each in (outputs, float_outputs))
        equal = (found == expected).sum(axis=1)
        if found.shape[1] == 1:
            return _column(equal)
        return np.stack([equal, np.full(len(equal), found.shape[1])], axis=1).astype(np.float64)

    def value(self, parts: Parts) -> float:
        """Fraction of answers that agree."""
        total = parts.sum(axis=0)
        return float(total[0] / (total[1] if len(total) > 1 else len(parts)))


def _column(values: npt.NDArray[Any]) -> Parts:
    return np.asarray(values, np.float64).reshape(-1, 1)


def _rows(metric: str, outputs: Outputs) -> Outputs:
    """Outputs as rows of classes, shape (n, classes)."""
    classes = max(outputs.shape[1:], default=1)
    if math.prod(outputs.shape[1:]) != classes:
        raise NetworkError(
            f"metric {metric} needs one row of classes for each sample, the output has the shape "
            f"{outputs.shape[1:]}; --output chooses another, agreement takes any"
        )
    return outputs.reshape(len(outputs), classes)


def _classes(metric: str, targets: Sequence[Any], classes: int) -> npt.NDArray[np.int64]:
    try:
        truth = np.asarray(targets)
        if truth.ndim == 2 and truth.shape[1] == 1:
            truth = truth[:, 0]
        usable = truth.ndim == 1 and truth.dtype.kind in "iu"
    except ValueError:  # targets of several shapes
        usable = False
    if not usable:
        raise DatasetError(
            f"metric {metric} needs a class number as the target of each sample, the first is "
            f"{targets[0]!r}"
        )
    if truth.min() < 0 or truth.max() >= classes:
        wrong = truth.min() if truth.min() < 0 else truth.max()
        raise DatasetError(
            f"metric {metric}: target {wrong} is no class of an output of {classes} classes, "
            f"which are 0 to {classes - 1}"
        )
    return truth.astype(np.int64)


def _answers(outputs: Outputs) -> npt.NDArray[np.int64]:
    """The largest output at each place, shape (n, places); NO_ANSWER where one is NaN."""
    if outputs.ndim >= 4:
        outputs = np.moveaxis(outputs, 1, -1)
    if outputs.ndim < 2 or outputs.shape[-1] < 2:
        raise NetworkError(
            "metric agreement needs several outputs of which one is the largest, there is one for "
            "each sample: mse-float takes it"
        )
    rows = predicted_classes(outputs.reshape(-1, outputs.shape[-1]))
    return rows.reshape(len(outputs), -1)


for _count in (1, 5):
    register(TopClasses(count=_count))
register(FloatAgreement())
