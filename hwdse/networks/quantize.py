"""Puts a network's operands into a design's formats: scales, codes, and products of codes.

Activations have one scale per tensor, weights one scale per output channel, all fixed on
calibration data from the train part by a policy of `hwdse.networks.scales`. A format that holds a
layer's values so well as they are that its output has a signal-to-noise ratio of 45 dB or more
(formats of 16 bits, as a rule) is not scaled.

Headroom: the largest magnitude that operands may take is lowered by powers of two, in turn from
the operand with more range to spare, until the worst running sum of the calibration data (times a
margin for data not seen) is within `Design.largest_sum` and the largest product within the
multiplier's range. A designer would do the same rather than let an accumulator overflow.

With `requantize` activations are first rounded to the design's output format, with a scale of their
own where they need one: what hardware hands on from layer to layer. Otherwise bias, activation
functions and all else between two products work on float32.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

import hwdse  # its kernels load slowly: on first use
from hwdse.formats import Format
from hwdse.networks import scales
from hwdse.networks.arithmetic import Arithmetic, Operand, Real, Site
from hwdse.networks.observe import Observation
from hwdse.networks.scales import Codes, ScalePolicy, Scaling
from hwdse.spec import Design

MatMul = Callable[[Design, Codes, Codes], Codes]
"""(design, A codes (M, K), B codes (K, N)) -> output codes (M, N)."""

SUM_MARGIN = 1.25
UNSEEN_MARGIN = 1.125
"""Of the largest activation: calibration sees few samples, and clipping costs more than a bit."""
_UNSCALED_NOISE = 10**-4.5
"""Squared error of the output, in units of its power, at which no scale is needed: 45 dB."""

_NOTICEABLE = 1.1
"""Ratio of squared errors that makes a difference."""
_PLACED_GROUPS, _PLACED_ROWS, _PLACING_TURNS = 8, 32, 12

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """Scaling of one site's operands.

    Attributes:
        first: of the activations, one scale: shape (1, 1, 1).
        second: of the weights, shape (groups, 1, N), or (1, 1, 1) where they are activations too.
        weights: codes (groups, K, N) of constant weights.
        reductions: powers of two given up for headroom by first and second operand.
        handed: for the first and second operand how the layer before hands it on in the design's
            output format; None where it comes as float32.
    """

    first: Scaling
    second: Scaling
    weights: Codes | None
    reductions: tuple[int, int]
    handed: tuple[Scaling | None, Scaling | None] = (None, None)


def plan(
    design: Design,
    observation: Observation,
    matmul: MatMul,
    policy: ScalePolicy = scales.OUTPUT,
    *,
    requantize: bool = False,
) -> Plan:
    """The scaling of one site; see the module's description.

    Args:
        design: the arithmetic.
        observation: what calibration saw of the site's operands.
        matmul: products of codes.
        policy: chooses among scales.
        requantize: whether activations come in the design's output format.
    """
    formats = design.a, design.b
    limits = [float(design.a.max), float(design.b.max)]
    reductions = [0, 0]
    while True:
        first, second = _scalings(policy, formats, limits, observation)
        excess = _excess_bits(design, observation, first, second)
        room = [
            max(0, math.floor(math.log2(limit / each.min_normal)))
            for each, limit in zip(formats, limits, strict=True)
        ]
        if excess == 0 or not any(room):
            break
        used = list(_largest_codes(observation, first, second))
        for _ in range(min(excess, sum(room))):
            place = 0 if room[0] >= room[1] else 1
            room[place] -= 1
            reductions[place] += 1
            limits[place] = min(limits[place], used[place]) / 2
            used[place] = min(used[place], limits[place])
    if policy.measure == "output":
        first, second = _placed(design, observation, first, second, matmul)
    return Plan(
        first=first,
        second=second,
        weights=second.codes(observation.matrices) if observation.constant else None,
        reductions=(reductions[0], reductions[1]),
        handed=_handed(design.out, observation) if requantize else (None, None),
    )


class DesignArithmetic(Arithmetic):
    """Products of codes in a design's arithmetic."""

    def __init__(self, design: Design, plans: dict[str, Plan], matmul: MatMul) -> None:
        self._design = design
        self._plans = plans
        self._matmul = matmul

    def first(self, site: Site, x: Real) -> Operand:
        """Codes of `design.a`."""
        chosen = self._plans[site.name]
        values = _as_handed(chosen.handed[0], x[np.newaxis, np.newaxis])
        return chosen.first.codes(values).reshape(x.shape)

    def second(self, site: Site, w: Real) -> Operand:
        """Codes of `design.b`."""
        chosen = self._plans[site.name]
        if chosen.weights is not None:
            return chosen.weights
        return chosen.second.codes(_as_handed(chosen.handed[1], w))

    def product(self, site: Site, group: int, a: Operand, b: Operand) -> Real:
        """The design's sums, scaled back to real values."""
        chosen = self._plans[site.name]
        units = chosen.second.scale
        unit = chosen.first.scale[0] * units[group if len(units) > 1 else 0]
        return self._values(self._matmul(self._design, a, b), unit)

    def products(self, site: Site, a: Operand, b: Operand) -> Real:
        """The design's sums of each pair, scaled back to real values."""
        chosen = self._plans[site.name]
        codes = self._matmul(self._design, a, b)
        return self._values(codes, chosen.first.scale * chosen.second.scale)

    def _values(self, codes: Codes, unit: Values) -> Real:
        found: Real = (hwdse.kernels.decode(self._design.out, codes) * unit).astype(np.float32)
        return found


def _scalings(
    policy: ScalePolicy,
    formats: tuple[Format, Format],
    limits: list[float],
    observation: Observation,
) -> tuple[Scaling, Scaling]:
    """Scalings of both operands, for codes of at most these magnitudes."""
    rows, matrices = observation.rows.astype(np.float64), observation.matrices
    search = _Search(
        policy=policy,
        expected=rows @ matrices,
        # Weights of a channel decide about that channel alone.
        channels=(1,) if observation.constant else (0, 1, 2),
    )
    second = search.scaling(
        formats[1], matrices, _second_largest(observation), limits[1], lambda b: rows @ b
    )
    weights = second.values(matrices)
    margin = UNSEEN_MARGIN if policy.measure else 1.0
    first_largest = np.full((1, 1, 1), observation.first_largest * margin)
    search = replace(search, channels=(0, 1, 2))
    first = search.scaling(
        formats[0], observation.rows, first_largest, limits[0], lambda a: a @ weights
    )
    return first, second


@dataclass(frozen=True, kw_only=True, eq=False)
class _Search:
    """Finds the scaling of one operand of a product.

    Attributes:
        policy: what is minimised.
        expected: the product in float.
        channels: axes that have one scale together.
    """

    policy: ScalePolicy
    expected: npt.NDArray[np.floating]
    channels: tuple[int, ...]

    def scaling(
        self,
        number_format: Format,
        operand: Real,
        largest: Values,
        limit: float,
        product: Callable[[Values], Values],
    ) -> Scaling:
        """The scaling of an operand of this largest magnitude, for codes up to `limit`."""

        def of_outputs(scaling: Scaling) -> Values:
            with np.errstate(all="ignore"):
                return self._summed(product(scaling.values(operand)) - self.expected)

        def of_values(scaling: Scaling) -> Values:
            return self._summed(scaling.values(operand) - operand)

        plain = Scaling(number_format=number_format, scale=np.ones_like(largest), limit=limit)
        enough = _UNSCALED_NOISE * np.square(self.expected).sum()
        if largest.max(initial=0.0) <= limit and of_outputs(plain).sum() <= enough:
            return plain
        measure = of_outputs if self.policy.measure == "output" else of_values
        return scales.choose(self.policy, number_format, largest, limit, measure)

    def _summed(self, difference: Values) -> Values:
        found: Values = np.square(difference).sum(axis=self.channels, keepdims=True)
        return found


def _handed(
    number_format: Format, observation: Observation
) -> tuple[Scaling | None, Scaling | None]:
    """How activations are handed on in this format; weights are not."""

    def scaling(operand: Real, largest: float) -> Scaling:
        search = _Search(policy=scales.MSE, expected=operand, channels=(0, 1, 2))
        top = np.full((1, 1, 1), largest * UNSEEN_MARGIN)
        return search.scaling(number_format, operand, top, float(number_format.max), lambda x: x)

    first = scaling(observation.rows, observation.first_largest)
    if observation.constant:
        return first, None
    return first, scaling(observation.matrices, observation.second_largest)


def _as_handed(scaling: Scaling | None, x: Real) -> Real:
    return x if scaling is None else scaling.values(x).astype(np.float32)


def _second_largest(observation: Observation) -> Values:
    """Largest magnitude of each channel of weights, or of activations as a whole."""
    if not observation.constant:
        return np.full((1, 1, 1), observation.second_largest)
    found: Values = np.abs(observation.matrices).max(axis=1, keepdims=True, initial=0.0)
    return found


def _placed(
    design: Design, observation: Observation, first: Scaling, second: Scaling, matmul: MatMul
) -> tuple[Scaling, Scaling]:
    """The scalings, moved by whole octaves to where the design's own products and sums fit.

    Nothing moves where the design's outputs are about as good as its operands allow: with products
    that are exact and an accumulator that is wide, all places are alike.
    """
    groups = np.linspace(0, len(observation.rows) - 1, _PLACED_GROUPS).astype(int)
    groups = np.unique(groups)
    rows = np.concatenate(
        [observation.rows[groups, :_PLACED_ROWS], observation.extremes[groups, :_PLACED_ROWS]],
        axis=1,
    )
    matrices = observation.matrices[groups]
    expected = rows.astype(np.float64) @ matrices

    def of_groups(scaling: Scaling) -> Scaling:
        return scaling.part(groups) if len(scaling.scale) > 1 else scaling

    def error(a: Scaling, b: Scaling) -> float:
        b = of_groups(b)
        codes = zip(a.codes(rows), b.codes(matrices), strict=True)
        found = np.stack([hwdse.kernels.decode(design.out, matmul(design, x, w)) for x, w in codes])
        with np.errstate(all="ignore"):
            total = float(np.square(found * (a.scale * b.scale) - expected).sum())
        return total if math.isfinite(total) else math.inf

    operands_alone = first.values(rows) @ of_groups(second).values(matrices)
    enough = _NOTICEABLE * float(np.square(operands_alone - expected).sum())
    best = error(first, second)
    chosen, last_move = [first, second], 0
    for turn in range(_PLACING_TURNS):
        if best <= enough or turn - last_move > 1:
            break
        place = turn % 2
        moved = [chosen[place].moved(octaves) for octaves in (-8, -4, -2, -1, 1, 2, 4, 8)]
        errors = [
            error(*((each, chosen[1]) if place == 0 else (chosen[0], each))) for each in moved
        ]
        if min(errors) < best / _NOTICEABLE:
            best = min(errors)
            chosen[place], last_move = moved[errors.index(best)], turn
    return chosen[0], chosen[1]


def _largest_codes(
    observation: Observation, first: Scaling, second: Scaling
) -> tuple[float, float]:
    """Largest magnitudes of both operands in units of their scales."""
    return (
        min(observation.first_largest / float(first.scale.min()), first.limit),
        min(float((_second_largest(observation) / second.scale).max(initial=0.0)), second.limit),
    )


def _excess_bits(design: Design, observation: Observation, first: Scaling, second: Scaling) -> int:
    """Powers of two by which the worst product or running sum is too large."""
    product = math.prod(_largest_codes(observation, first, second))
    if product == 0:
        return 0
    excess = product / _largest_product(design)
    # Sums are only added up where the cheap bound leaves a doubt.
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
    """Rows and matrices in units of their scales."""
    rows = np.concatenate([observation.rows, observation.extremes], axis=1)
    rows = np.clip(rows / first.scale, -first.limit, first.limit)
    matrices = np.clip(observation.matrices / second.scale, -second.limit, second.limit)
    yield from zip(rows, matrices, strict=True)


def _largest_product(design: Design) -> float:
    """Largest product that the multiplier's range surely holds."""
    top = 2.0 ** min(design.product.top, 1023)
    # A product format that holds max * max never limits; one that does not (L-Mul gives a code of
    # the operand format) overflows somewhere in its top binade.
    return math.inf if design.a.max * design.b.max <= top else top / 2


def worst_running_sum(rows: npt.NDArray[np.floating], matrix: npt.NDArray[np.floating]) -> float:
    """Largest magnitude of any sum of the first terms of rows @ matrix, however many."""
    total = np.zeros((len(rows), matrix.shape[1]))
    worst = np.zeros_like(total)
    for k in range(matrix.shape[0]):
        total += rows[:, k, np.newaxis] * matrix[k]
        np.maximum(worst, np.abs(total), out=worst)
    return float(worst.max(initial=0.0))
