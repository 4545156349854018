"""Scales that keep most of what a distribution says."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from hwdse.networks.scales.policy import ScalePolicy, ScaleTask, rounded_up
from hwdse.networks.scales.scaling import Scaling

_BINS = 2048
_FIRST = 128
_STRIDE = 8
_TOLERANCE = 1e-6
"""Divergences within this ratio count as equal. Among equal ones the largest range wins."""


@dataclass(frozen=True, kw_only=True)
class LeastDivergence(ScalePolicy):
    """Activations are clipped where the Kullback-Leibler divergence by quantisation is least.

    As in TensorRT's calibration, for any format: magnitudes are counted in 2,048 bins, and each
    range of 128 bins or more is tried. The counts of bins that get one code are spread over those
    of them that are not empty. In the distribution they are compared with, what lies beyond the
    range is in the last bin. Zeros do not count: they are exact. Ranges are tried in steps of eight
    bins, and range and bins end at the largest magnitude.

    Weights have too few values for such counts. As in TensorRT, their largest magnitude becomes the
    format's largest.
    """

    keyword: ClassVar[str] = "entropy"
    source: ClassVar[str] = "Migacz, 8-bit inference with TensorRT, GTC 2017"

    def choose(self, task: ScaleTask) -> Scaling:
        """See `ScalePolicy.choose`."""
        if task.weights:
            return task.clipped(task.top)
        top = float(rounded_up(task.top).max())
        magnitudes = np.abs(task.operand[task.operand != 0]).astype(np.float64)
        counts, edges = np.histogram(magnitudes, bins=_BINS, range=(0.0, top))
        centers = (edges[:-1] + edges[1:]) / 2
        best, bound = np.inf, top
        for bins in range(_BINS, _FIRST - 1, -_STRIDE):
            scaling = task.scaling(np.array([edges[bins] / task.limit]))
            found = divergence(counts, scaling.values(centers[:bins]))
            if found < best * (1 - _TOLERANCE):
                best, bound = found, float(edges[bins])
        return task.clipped(np.full_like(task.top, bound))


def divergence(counts: npt.NDArray[np.integer], values: npt.NDArray[np.float64]) -> float:
    """Kullback-Leibler divergence of counts from what quantisation leaves of them, in nats.

    Args:
        counts: values in each bin.
        values: what quantisation makes of the first bins, in ascending order. Those beyond are
            clipped.

    Returns:
        The divergence; infinite where nothing is left of a bin that has something.
    """
    bins = len(values)
    inside = counts[:bins].astype(np.float64)
    full = inside.copy()
    full[-1] += counts[bins:].sum()
    _, group = np.unique(values, return_inverse=True)
    filled = np.bincount(group, weights=inside > 0)
    spread = np.bincount(group, weights=inside) / np.maximum(filled, 1)
    left = np.where(inside > 0, spread[group], 0.0)
    if not left.any() or (left[full > 0] == 0).any():
        return float("inf")
    full, left = full / full.sum(), left / left.sum()
    used = full > 0
    return float((full[used] * np.log(full[used] / left[used])).sum())
