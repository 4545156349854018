"""How much of an operand's range a multiplier and an accumulator leave, on calibration data."""

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from hwdse.networks.observe import Observation
from hwdse.networks.scales import Scaling
from hwdse.spec import Design

SUM_MARGIN = 1.25
"""Margin on the worst running sum, for data that calibration has not seen."""

_PART_ELEMENTS = 1 << 18
"""Most elements of weights that are looked at together."""
_SMALL = 1 << 16
"""Elements that are not worth two parts."""

Values = npt.NDArray[np.float64]


def column_parts(matrices: npt.NDArray[np.floating]) -> Iterator[slice]:
    """Columns of matrices (G, K, N), as many at a time as stay in the cache.

    The number of parts is even, so that two threads share them well.
    """
    columns = matrices.shape[2]
    parts = 2 * -(-matrices.size // (2 * _PART_ELEMENTS)) if matrices.size > _SMALL else 1
    step = max(1, -(-columns // parts))
    for start in range(0, max(1, columns), step):
        yield slice(start, min(start + step, columns))


def second_largest(observation: Observation) -> Values:
    """Largest magnitude of the second operand: per channel for weights, overall for activations."""
    if not observation.constant:
        return np.full((1, 1, 1), observation.second_largest)
    found: Values = np.abs(observation.matrices).max(axis=1, keepdims=True, initial=0.0)
    return found


def largest_codes(observation: Observation, first: Scaling, second: Scaling) -> tuple[float, float]:
    """Largest magnitudes of both operands, in units of the operands' scales."""
    of_first = observation.first_largest / float(first.scale.min()) + np.abs(first.zero).max()
    of_second = second_largest(observation) / np.abs(second.scale) + np.abs(second.zero)
    return (
        min(float(of_first), first.limit),
        min(float(of_second.max(initial=0.0)), second.limit),
    )


def excess_bits(design: Design, observation: Observation, first: Scaling, second: Scaling) -> int:
    """Number of powers of two by which the worst product or running sum is too large."""
    product = math.prod(largest_codes(observation, first, second))
    if product == 0:
        return 0
    excess = product / _largest_product(design)
    # Compute exact running sums only if this cheap upper bound exceeds the limit.
    if product * observation.terms * SUM_MARGIN > design.largest_sum:
        worst = max(
            (worst_running_sum(a, b) for a, b in _in_codes(observation, first, second)),
            default=0.0,
        )
        excess = max(excess, worst * SUM_MARGIN / design.largest_sum)
    return math.ceil(math.log2(excess)) if excess > 1 else 0


def _in_codes(
    observation: Observation, first: Scaling, second: Scaling
) -> Iterator[tuple[Values, Values]]:
    """Pairs of recorded rows and matrix, clipped and in units of their scales.

    Some columns of the matrices come at a time.
    """
    rows = np.concatenate([observation.rows, observation.extremes], axis=1)
    rows = np.clip(rows / first.scale + first.zero, -first.limit, first.limit)
    for part in column_parts(observation.matrices):
        scaling = second.columns(part)
        matrices = observation.matrices[..., part] / scaling.scale + scaling.zero
        matrices = np.clip(matrices, -scaling.limit, scaling.limit)
        yield from zip(rows, matrices, strict=True)


def _largest_product(design: Design) -> float:
    """Largest product that is certainly within the range of the multiplier."""
    top = 2.0 ** min(design.product.top, 1023)
    # If the product format can represent max * max, there is no limit. Otherwise the product
    # overflows somewhere in its top binade. L-Mul, for example, gives a code of the operand format.
    return math.inf if design.a.max * design.b.max <= top else top / 2


def worst_running_sum(rows: npt.NDArray[np.floating], matrix: npt.NDArray[np.floating]) -> float:
    """Largest magnitude of any running sum (sum of the first k terms, any k) of rows @ matrix."""
    total = np.zeros((len(rows), matrix.shape[1]))
    worst = np.zeros_like(total)
    for k in range(matrix.shape[0]):
        total += rows[:, k, np.newaxis] * matrix[k]
        np.maximum(worst, np.abs(total), out=worst)
    return float(worst.max(initial=0.0))
