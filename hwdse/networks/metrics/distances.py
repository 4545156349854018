"""Metrics of outputs that are numbers: mean square error, cosine similarity, rank correlation."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.errors import DatasetError, NetworkError
from hwdse.networks.metrics import Outputs, register
from hwdse.networks.statistics import Parts

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class SquareError:
    """Mean square error of the outputs, against the targets or against float32."""

    against_float: bool
    higher_is_better = False
    is_percentage = False

    @property
    def name(self) -> str:
        """`mse` or `mse-float`."""
        return "mse-float" if self.against_float else "mse"

    @property
    def title(self) -> str:
        """What the value is, in words."""
        return f"mean square error {_against(self.against_float)}"

    @property
    def needs_labels(self) -> bool:
        """Whether targets are what to compare with."""
        return not self.against_float

    def parts(self, outputs: Outputs, float_outputs: Outputs, targets: Sequence[Any]) -> Parts:
        """Sum of the squares and number of values of each sample, shape (n, 2)."""
        expected = _expected(self, outputs, float_outputs, targets)
        squares = np.square(_flat(outputs) - expected).sum(axis=1)
        return np.stack([squares, np.full(len(squares), expected.shape[1])], axis=1)

    def value(self, parts: Parts) -> float:
        """Mean over all values."""
        total = parts.sum(axis=0)
        return float(total[0] / total[1])


@dataclass(frozen=True, kw_only=True)
class Cosine:
    """Mean cosine of the angle between output and target, or output of float32, as vectors.

    A vector of zeros has the cosine 0 with all others.
    """

    against_float: bool
    higher_is_better = True
    is_percentage = False

    @property
    def name(self) -> str:
        """`cosine` or `cosine-float`."""
        return "cosine-float" if self.against_float else "cosine"

    @property
    def title(self) -> str:
        """What the value is, in words."""
        return f"cosine similarity {_against(self.against_float)}"

    @property
    def needs_labels(self) -> bool:
        """Whether targets are what to compare with."""
        return not self.against_float

    def parts(self, outputs: Outputs, float_outputs: Outputs, targets: Sequence[Any]) -> Parts:
        """Cosine of each sample, shape (n, 1)."""
        expected = _expected(self, outputs, float_outputs, targets)
        found = _flat(outputs)
        lengths = np.linalg.norm(found, axis=1) * np.linalg.norm(expected, axis=1)
        products = (found * expected).sum(axis=1)
        cosines: Parts = products / np.where(lengths == 0, 1, lengths)
        return cosines[:, np.newaxis]

    def value(self, parts: Parts) -> float:
        """Mean over the samples."""
        return float(np.mean(parts))


@dataclass(frozen=True, kw_only=True)
class Spearman:
    """Rank correlation of outputs and targets, one number for each sample.

    Source: C. Spearman, "The proof and measurement of association between two things", American
    Journal of Psychology 15 (1904). Equal numbers share the mean of their ranks.
    """

    name = "spearman"
    title = "Spearman correlation"
    needs_labels = True
    higher_is_better = True
    is_percentage = False

    def parts(self, outputs: Outputs, float_outputs: Outputs, targets: Sequence[Any]) -> Parts:
        """Output and target of each sample, shape (n, 2)."""
        del float_outputs
        found = _flat(outputs)
        if found.shape[1] != 1:
            raise NetworkError(
                f"metric {self.name} needs one number for each sample, the output has the shape "
                f"{outputs.shape[1:]}; --output chooses another"
            )
        return np.concatenate([found, _targets(self.name, found.shape, targets)], axis=1)

    def value(self, parts: Parts) -> float:
        """Correlation of the ranks; NaN if all outputs or all targets are equal."""
        from scipy.stats import rankdata  # noqa: PLC0415 - takes a second to load

        if not np.isfinite(parts).all():
            return float("nan")
        ranks = rankdata(parts, axis=0)
        centred = ranks - ranks.mean(axis=0)
        lengths = np.sqrt(np.square(centred).sum(axis=0)).prod()
        return float(centred.prod(axis=1).sum() / lengths) if lengths else float("nan")


def _against(is_float: bool) -> str:
    return "against float32" if is_float else "against the targets"


def _flat(outputs: Outputs) -> Values:
    return outputs.reshape(len(outputs), -1).astype(np.float64)


def _expected(
    metric: SquareError | Cosine, outputs: Outputs, float_outputs: Outputs, targets: Sequence[Any]
) -> Values:
    """What the outputs are compared with, shape (n, values)."""
    if metric.against_float:
        return _flat(float_outputs)
    return _targets(metric.name, outputs.shape, targets)


def _targets(metric: str, shape: tuple[int, ...], targets: Sequence[Any]) -> Values:
    """Targets of the shape of the outputs, but for axes of length 1, as rows."""
    try:
        found = np.asarray(targets)
        if found.dtype.kind not in "fiub":
            raise ValueError
    except ValueError as error:  # several shapes, or no numbers
        raise DatasetError(
            f"metric {metric} needs numbers as targets, the first is {targets[0]!r}"
        ) from error
    if _long_axes(found.shape) != _long_axes(shape):
        raise DatasetError(
            f"metric {metric}: targets of shape {found.shape[1:]} for outputs of shape {shape[1:]}"
        )
    return found.reshape(len(found), -1).astype(np.float64)


def _long_axes(shape: tuple[int, ...]) -> list[int]:
    return [size for size in shape[1:] if size != 1]


for _against_float in (False, True):
    register(SquareError(against_float=_against_float))
    register(Cosine(against_float=_against_float))
register(Spearman())
