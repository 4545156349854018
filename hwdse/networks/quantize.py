"""Puts a network's operands into a design's formats: scales, codes, and products of codes.

Scales (all float32; a real value is its code's value times the scale):

* Activations have one scale a tensor, fixed on calibration data from the train part; weights one
  scale an output channel.
* A clip magnitude is mapped to the format's largest value. It is the one of 13 between the largest
  magnitude seen and an eighth of it that minimises the mean squared error of the quantised values:
  with the few levels of a 4-bit format, plain abs-max wastes most of them on outliers, and with 8
  bits or more the search returns abs-max or near it.
* Formats of 16 or more bits with at least fp16's range (`is_wide`) hold networks as they are:
  scale 1, no clipping.
* Headroom: the largest value that operands are mapped to is lowered by powers of two, taken in turn
  from the operand with more range to spare, until the worst running sum of the calibration data
  (times a margin for data not seen) is within `Design.largest_sum` and the largest product within
  the multiplier's range. A designer would do the same rather than let an accumulator overflow.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hwdse import kernels
from hwdse.formats import Format
from hwdse.networks.arithmetic import Arithmetic, Operand, Real, Site
from hwdse.networks.observe import Observation
from hwdse.spec import Design

Codes = npt.NDArray[np.unsignedinteger]
MatMul = Callable[[Design, Codes, Codes], Codes]
"""(design, A codes (M, K), B codes (K, N)) -> output codes (M, N)."""

SUM_MARGIN = 1.25
_RATIOS = tuple(2.0 ** (-step / 4) for step in range(13))
_WIDE_BITS = 16
_WIDE_MIN_NORMAL = 2.0**-14  # of fp16
_WIDE_MAX = 2.0**15
_TINY = 1e-30


@dataclass(frozen=True, kw_only=True, eq=False)
class Scaling:
    """How real values become values of a format: clip to +-`clip`, divide by `scale`.

    Attributes:
        clip: largest magnitude, of a shape that broadcasts to the values; may be infinite.
        scale: value of the format's 1.0, same shape.
    """

    clip: Real
    scale: Real

    def codes(self, number_format: Format, x: Real) -> Codes:
        """Codes of x, nearest even, saturating."""
        scaled = np.clip(x, -self.clip, self.clip) / self.scale
        return kernels.encode(number_format, np.asarray(scaled, np.float32))


def is_wide(number_format: Format) -> bool:
    """Whether a format holds a network's values without a scale."""
    return (
        number_format.bits >= _WIDE_BITS
        and number_format.min_normal <= _WIDE_MIN_NORMAL
        and number_format.max >= _WIDE_MAX
    )


def choose_scaling(
    number_format: Format, values: Real, largest: Real, reduction: int = 0
) -> Scaling:
    """The scaling of least squared error.

    Args:
        number_format: of the codes.
        values: samples (n, columns); each column has its own scale.
        largest: largest magnitude (columns,), which may exceed that of the samples.
        reduction: lowers the largest value used by 2^reduction.
    """
    if is_wide(number_format):
        scale = np.full(largest.shape, 2.0**reduction, np.float32)
        return Scaling(clip=np.full(largest.shape, np.inf, np.float32), scale=scale)
    target = np.float32(number_format.max / 2.0**reduction)
    # An all-zero column takes any scale.
    largest = np.where(largest > _TINY, largest, 1).astype(np.float32)
    best, least = largest, np.full(largest.shape, np.inf)
    for ratio in _RATIOS:
        clip = largest * np.float32(ratio)
        scaling = Scaling(clip=clip, scale=clip / target)
        decoded = number_format.decode(scaling.codes(number_format, values)) * scaling.scale
        error = np.square(decoded - values).sum(axis=0)
        best = np.where(error < least, clip, best)
        least = np.fmin(error, least)
    return Scaling(clip=best, scale=best / target)


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """Scaling of one site's operands.

    Attributes:
        first: of the activations, one scale: shape (1,).
        second: of the weights, shape (groups, 1, N), or (1, 1, 1) where they are activations too.
        weights: codes (groups, K, N) of constant weights.
        reductions: powers of two given up for headroom by first and second operand.
    """

    first: Scaling
    second: Scaling
    weights: Codes | None
    reductions: tuple[int, int]


def plan(design: Design, observation: Observation) -> Plan:
    """The scaling of one site; see the module's description."""
    formats = (design.a, design.b)
    reductions = [0, 0]
    while True:
        first = choose_scaling(
            design.a, observation.first[:, np.newaxis], observation.first_largest, reductions[0]
        )
        second = _second_scaling(design.b, observation, reductions[1])
        excess = _excess_bits(design, observation, first, second)
        room = [
            max(0, math.floor(math.log2(each.max / each.min_normal)) - reduction)
            for each, reduction in zip(formats, reductions, strict=True)
        ]
        if excess == 0 or not any(room):
            break
        for _ in range(min(excess, sum(room))):
            place = 0 if room[0] >= room[1] else 1
            room[place] -= 1
            reductions[place] += 1
    weights = None
    if observation.weights is not None:
        weights = second.codes(design.b, observation.weights)
    return Plan(
        first=first, second=second, weights=weights, reductions=(reductions[0], reductions[1])
    )


class DesignArithmetic(Arithmetic):
    """Products of codes in a design's arithmetic."""

    def __init__(self, design: Design, plans: dict[str, Plan], matmul: MatMul) -> None:
        self._design = design
        self._plans = plans
        self._matmul = matmul

    def first(self, site: Site, x: Real) -> Operand:
        """Codes of `design.a`."""
        return self._plans[site.name].first.codes(self._design.a, x).reshape(x.shape)

    def second(self, site: Site, w: Real) -> Operand:
        """Codes of `design.b`."""
        chosen = self._plans[site.name]
        if chosen.weights is not None:
            return chosen.weights
        return chosen.second.codes(self._design.b, w)

    def product(self, site: Site, group: int, a: Operand, b: Operand) -> Real:
        """The design's sums, scaled back to real values."""
        chosen = self._plans[site.name]
        scales = chosen.second.scale
        scale = chosen.first.scale * scales[group if len(scales) > 1 else 0]
        codes = self._matmul(self._design, a, b)
        values: Real = (self._design.out.decode(codes) * scale).astype(np.float32)
        return values

    def products(self, site: Site, a: Operand, b: Operand) -> Real:
        """The design's sums, scaled back to real values."""
        return np.stack([self.product(site, 0, x, y) for x, y in zip(a, b, strict=True)])


def _second_scaling(number_format: Format, observation: Observation, reduction: int) -> Scaling:
    weights = observation.weights
    if weights is None:
        found = choose_scaling(
            number_format,
            observation.second[:, np.newaxis],
            observation.second_largest,
            reduction,
        )
        return Scaling(clip=found.clip.reshape(1, 1, 1), scale=found.scale.reshape(1, 1, 1))
    groups, inner, columns = weights.shape
    flat = weights.transpose(1, 0, 2).reshape(inner, groups * columns)
    found = choose_scaling(number_format, flat, np.abs(flat).max(axis=0), reduction)
    shape = (groups, 1, columns)
    return Scaling(clip=found.clip.reshape(shape), scale=found.scale.reshape(shape))


def _excess_bits(design: Design, observation: Observation, first: Scaling, second: Scaling) -> int:
    """Powers of two by which the worst product or running sum is too large."""
    largest_first = float(np.fmin(observation.first_largest, first.clip).max() / first.scale.max())
    second_largest = observation.second_largest
    if observation.weights is not None:
        second_largest = np.abs(observation.weights).max(axis=1, keepdims=True)
    largest_second = float((np.fmin(second_largest, second.clip) / second.scale).max())
    product = largest_first * largest_second
    if product == 0:
        return 0
    excess = product / _largest_product(design)
    # Sums are only added up where the cheap bound leaves a doubt.
    if product * observation.terms * SUM_MARGIN > design.largest_sum:
        worst = max(
            worst_running_sum(
                np.clip(sample.rows, -first.clip, first.clip) / first.scale,
                (np.clip(sample.matrix, -clip, clip) / scale).astype(np.float32),
            )
            for sample in observation.samples
            for clip, scale in [_of_group(second, sample.group)]
        )
        excess = max(excess, worst * SUM_MARGIN / design.largest_sum)
    return math.ceil(math.log2(excess)) if excess > 1 else 0


def _of_group(scaling: Scaling, group: int) -> tuple[Real, Real]:
    place = group if len(scaling.clip) > 1 else 0
    return scaling.clip[place], scaling.scale[place]


def _largest_product(design: Design) -> float:
    """Largest product that the multiplier's range surely holds."""
    top = 2.0 ** min(design.product.top, 1023)
    # A product format that holds max * max never limits; one that does not (L-Mul gives a code of
    # the operand format) overflows somewhere in its top binade.
    return math.inf if design.a.max * design.b.max <= top else top / 2


def worst_running_sum(rows: Real, matrix: Real) -> float:
    """Largest magnitude of any sum of the first terms of rows @ matrix, however many."""
    total: npt.NDArray[np.float32] = np.zeros((len(rows), matrix.shape[1]), np.float32)
    worst = np.zeros_like(total)
    for k in range(matrix.shape[0]):
        total += rows[:, k, np.newaxis] * matrix[k]
        np.maximum(worst, np.abs(total), out=worst)
    return float(worst.max(initial=0.0))
