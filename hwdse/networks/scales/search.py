"""The search for the scales of least error.

A real value is approximately the value of its code times the scale. The search covers all useful
scales. The smallest scale clips the largest value by three octaves. With the largest scale, all
values except the largest ones underflow. Uniform formats are best near the smallest scale. Posits
and other tapered formats are best when most values lie in the most precise binades.

The reference point of the search is the scale that maps the largest value to the largest value of
the format. This scale is rounded up to eight significant bits, so that the result does not depend
on the last bits of a single activation.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from hwdse.formats import Format
from hwdse.networks.scales.policy import (
    ANCHOR_BITS,
    UNSEEN_MARGIN,
    Measure,
    ScalePolicy,
    ScaleTask,
)
from hwdse.networks.scales.scaling import Scales, Scaling

STEPS = 8
"""Candidates per octave."""
_CLIPPED_OCTAVES = 3
_COARSE = 24
"""Largest number of candidates in the first pass."""
_TOLERANCE = 1.03
"""Errors within this ratio count as equal. Among equal errors the scale nearest to 1 wins."""


@dataclass(frozen=True, kw_only=True)
class LeastOfOutputs(ScalePolicy):
    """Least squared error of each layer's output."""

    keyword: ClassVar[str] = "output"
    margin: ClassVar[float] = UNSEEN_MARGIN
    placed: ClassVar[bool] = True

    def choose(self, task: ScaleTask) -> Scaling:
        """See `ScalePolicy.choose`."""
        return task.scaling(2.0 ** best_logs(task, task.of_outputs, STEPS, task.of_some_outputs))


@dataclass(frozen=True, kw_only=True)
class OctaveScales(LeastOfOutputs):
    """As `output`, powers of two only: scaling is a shift."""

    keyword: ClassVar[str] = "pow2"

    def choose(self, task: ScaleTask) -> Scaling:
        """See `ScalePolicy.choose`."""
        return task.scaling(2.0 ** best_logs(task, task.of_outputs, 1), octaves_only=True)


@dataclass(frozen=True, kw_only=True)
class LeastOfOperands(ScalePolicy):
    """Least squared error of the operands."""

    keyword: ClassVar[str] = "mse"
    margin: ClassVar[float] = UNSEEN_MARGIN

    def choose(self, task: ScaleTask) -> Scaling:
        """See `ScalePolicy.choose`."""
        return task.scaling(2.0 ** best_logs(task, task.of_values, STEPS))


def best_logs(
    task: ScaleTask, measure: Measure, steps: int, first: Measure | None = None
) -> Scales:
    """Binary logarithms of the scales of least error.

    Args:
        task: the operand.
        measure: the error.
        steps: candidates per octave. 1: only powers of two.
        first: the error by which the octave is chosen that `steps` then divide. None: `measure`.
    """
    # `base` is log2 of the smallest scale without clipping. `octaves` is the number of octaves from
    # `base` up to underflow.
    fraction, exponent = np.frexp(task.top / task.limit)
    digits = 2.0**ANCHOR_BITS if steps > 1 else 1.0
    base = np.log2(np.ceil(fraction * digits) / digits) + exponent
    octaves = np.log2(task.limit) - np.log2(_smallest(task.number_format))
    best = _Best(task, first or measure)
    span = np.arange(-_CLIPPED_OCTAVES, max(1.0, np.floor(octaves)) + 1)
    stride = max(1, -(-len(span) // _COARSE))
    best.try_all(base, span[::stride])
    if stride > 1:
        best.try_all(best.logs, np.arange(1.0 - stride, stride))
    if steps == 1:
        return best.logs
    finer = _Best(task, measure)
    finer.try_all(best.logs, np.arange(1 - steps, steps) / steps)
    return finer.logs


class _Best:
    """The best scale so far, separately per channel."""

    def __init__(self, task: ScaleTask, measure: Measure) -> None:
        self._task, self._measure = task, measure
        self.logs: Scales = np.zeros(0)

    def try_all(self, start: Scales, offsets: npt.NDArray[np.floating[Any]]) -> None:
        """For each channel, set the scale to the best of several offsets (log2) from `start`."""
        candidates = np.stack([start + offset for offset in offsets])
        errors = np.stack([self._task.errors(self._measure, 2.0**logs) for logs in candidates])
        good = errors <= errors.min(axis=0) * _TOLERANCE
        chosen = np.where(good, np.abs(candidates), np.inf).argmin(axis=0)
        self.logs = np.take_along_axis(candidates, chosen[np.newaxis], axis=0)[0]


def _smallest(number_format: Format) -> float:
    """The smallest positive magnitude of a format, but at least 2^-1000 to stay in float64."""
    return max(number_format.min_subnormal, 2.0**-1000)
