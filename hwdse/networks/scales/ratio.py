"""Scales of a layer that differ by shifts only."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hwdse.networks.scales.policy import ScaleTask
from hwdse.networks.scales.scaling import Scaling
from hwdse.networks.scales.search import STEPS, LeastOfOutputs, best_logs

_OCTAVES = (0, 1, -1, 2)
"""Octaves around the best scale of a column. Errors have several minima when a sum is short."""


@dataclass(frozen=True, kw_only=True)
class ConstrainedRatios(LeastOfOutputs):
    """As `output`, but the scales of a layer's weights are one real number times powers of two.

    Hardware then multiplies by one number for each layer, and shifts for each column:
    S_i = S_max / 2^n. The paper rounds the ratio of each scale to the largest one up to a power of
    two. Here, of eight fractions of an octave and four shifts around each column's best scale,
    those with the least error of the layer's output are taken. An operand with one scale gets that
    of `output`.
    """

    keyword: ClassVar[str] = "ratio"
    source: ClassVar[str] = "Wu et al., ZeroQuant-FP, 2023"

    def choose(self, task: ScaleTask) -> Scaling:
        """See `ScalePolicy.choose`."""
        free = best_logs(task, task.of_outputs, STEPS, task.of_some_outputs)
        if free.size == 1:
            return task.scaling(2.0**free)
        least, chosen = np.inf, np.floor(free)
        for fraction in np.arange(STEPS) / STEPS:
            start = np.floor(free - fraction) + fraction
            tried = [start + octaves for octaves in _OCTAVES]
            errors = np.stack([task.errors(task.of_outputs, 2.0**logs) for logs in tried])
            total = float(errors.min(axis=0).sum())
            if total < least:
                least = total
                place = errors.argmin(axis=0)[np.newaxis]
                chosen = np.take_along_axis(np.stack(tried), place, axis=0)[0]
        return task.scaling(2.0**chosen, octaves_only=True)
