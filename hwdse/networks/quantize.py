"""Converts a network's operands to a design's formats, and multiplies the codes.

Scales: activations have one scale per tensor. Weights have one scale per output channel. A policy
of `hwdse.networks.scales` chooses all scales on calibration data from the train part. Operands are
not scaled if a layer's output already has a signal-to-noise ratio of 45 dB or more without scaling.
This is usually true for 16-bit formats.

Headroom: products and running sums must not overflow. The code lowers the largest allowed magnitude
of the operands by powers of two, and each time takes the operand with more range left. It stops
when two conditions hold on the calibration data. The worst running sum, times a margin for unseen
data, is within `Design.largest_sum`. The largest product is within the range of the multiplier. A
hardware designer would choose scales in the same way to avoid overflow.

Requantisation: with `requantize`, activations are first rounded to the design's output format, as
hardware hands them from layer to layer. The output format gets a separate scale if it needs one.
Without `requantize`, everything between two products stays float32, such as bias and activation
functions.

Operands that the network stores quantised keep the codes, scales and zero points of the file
(`hwdse.networks.given`). No policy applies to them, they give up no range, and they are not rounded
to the output format. With a zero point, the unit sums products of codes, and the terms that are
left of sum (a - za)(b - zb) are subtracted behind the unit, exactly. Weights with scales of blocks
are summed block by block in the unit, and the sums scaled and added in float64 behind it.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

import hwdse  # loads the slow module `hwdse.kernels` on first use
from hwdse.networks import scales
from hwdse.networks.arithmetic import Arithmetic, Operand, Real, Site
from hwdse.networks.given import Weights, activations, weights
from hwdse.networks.headroom import excess_bits, largest_codes
from hwdse.networks.observe import Observation
from hwdse.networks.operand_scales import handed_scalings, operand_scalings
from hwdse.networks.scales import Codes, ScalePolicy, Scaling
from hwdse.spec import Design

MatMul = Callable[[Design, Codes, Codes], Codes]
"""A function (design, codes of A (M, K), codes of B (K, N)) -> output codes (M, N)."""

_NOTICEABLE = 1.1
"""Squared errors with a smaller ratio count as equal."""
_PLACED_GROUPS, _PLACED_ROWS, _PLACING_TURNS = 8, 32, 12

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """Scaling of the operands of one site.

    Attributes:
        first: scaling of the first operand (activations), with one scale of shape (1, 1, 1).
        second: scaling of the second operand. Weights have scales of shape (groups, 1, N).
            Activations have one scale of shape (1, 1, 1).
        weights: codes of shape (groups, K, N) for constant weights; None for activations.
        reductions: headroom reductions of the first and the second operand, in powers of two.
        handed: scaling in the design's output format with which the previous layer hands on the
            first and the second operand. None: the operand is float32.
        segments: parts of K with a scale of their own, if weights are stored so; `second.scale`
            then has the shape (groups, segments, N), and so has a zero point that is not 0.
    """

    first: Scaling
    second: Scaling
    weights: Codes | None
    reductions: tuple[int, int]
    handed: tuple[Scaling | None, Scaling | None] = (None, None)
    segments: tuple[slice, ...] = (slice(None),)


def plan(
    design: Design,
    observation: Observation,
    matmul: MatMul,
    policy: ScalePolicy = scales.OUTPUT,
    *,
    requantize: bool = False,
) -> Plan:
    """Choose the scaling of one site, as the module docstring describes.

    Args:
        design: the design.
        observation: the operands that calibration recorded for this site.
        matmul: function that multiplies matrices of codes.
        policy: policy that chooses the scales.
        requantize: whether activations come in the design's output format.
    """
    formats = design.a, design.b
    limits = [float(design.a.max), float(design.b.max)]
    reductions = [0, 0]
    stored = _stored_weights(design, observation)
    given = _given_scalings(design, observation, stored)
    while True:
        first, second = operand_scalings(policy, formats, limits, observation, given)
        if None not in given:
            break
        excess = excess_bits(design, observation, first, second)
        room = [
            max(0, math.floor(math.log2(limit / each.min_normal))) if scaling is None else 0
            for each, limit, scaling in zip(formats, limits, given, strict=True)
        ]
        if excess == 0 or not any(room):
            break
        used = list(largest_codes(observation, first, second))
        for _ in range(min(excess, sum(room))):
            place = 0 if room[0] >= room[1] else 1
            room[place] -= 1
            reductions[place] += 1
            limits[place] = min(limits[place], used[place]) / 2
            used[place] = min(used[place], limits[place])
    movable = tuple(place for place in (0, 1) if given[place] is None)
    plain = stored is None or (len(stored.segments) == 1 and not stored.zero.any())
    if policy.placed and movable and plain:
        first, second = _placed(design, observation, first, second, matmul, movable=movable)
    handed = handed_scalings(design.out, observation) if requantize else (None, None)
    handed = (None if given[0] else handed[0], None if given[1] else handed[1])
    if stored is not None:
        second = replace(second, scale=stored.scale, zero=stored.zero)
        return Plan(
            first=first,
            second=second,
            weights=stored.codes,
            reductions=(reductions[0], reductions[1]),
            handed=handed,
            segments=stored.segments,
        )
    return Plan(
        first=first,
        second=second,
        weights=second.codes(observation.matrices) if observation.constant else None,
        reductions=(reductions[0], reductions[1]),
        handed=handed,
    )


def _stored_weights(design: Design, observation: Observation) -> Weights | None:
    """The weights as the network stores them, if it stores them quantised."""
    second = observation.given.second
    if second is None or second.values is None:
        return None
    return weights(design.b, "b", second)


def _given_scalings(
    design: Design, observation: Observation, stored: Weights | None
) -> tuple[Scaling | None, Scaling | None]:
    """Scalings of operands that the network stores quantised; None for others."""
    first, second = observation.given.first, observation.given.second
    scaling = None
    if stored is not None:
        scaling = stored.scaling(design.b)
    elif second is not None:
        scaling = activations(design.b, "b", second)
    return None if first is None else activations(design.a, "a", first), scaling


class DesignArithmetic(Arithmetic):
    """Arithmetic of a design: converts operands to codes, and multiplies the codes."""

    def __init__(self, design: Design, plans: dict[str, Plan], matmul: MatMul) -> None:
        self._design = design
        self._plans = plans
        self._matmul = matmul

    def first(self, site: Site, x: Real) -> Operand:
        """The operand as codes of `design.a`."""
        chosen = self._plans[site.name]
        values = as_handed(chosen.handed[0], x[np.newaxis, np.newaxis])
        return chosen.first.codes(values).reshape(x.shape)

    def second(self, site: Site, w: Real) -> Operand:
        """The operand as codes of `design.b`."""
        chosen = self._plans[site.name]
        if chosen.weights is not None:
            return chosen.weights
        return chosen.second.codes(as_handed(chosen.handed[1], w))

    def product(self, site: Site, group: int, a: Operand, b: Operand) -> Real:
        """The product in the design's arithmetic, scaled back to real values."""
        chosen = self._plans[site.name]
        scale, zero = chosen.second.scale, np.atleast_3d(chosen.second.zero)
        scale = scale[group if len(scale) > 1 else 0]
        zero = zero[group if len(zero) > 1 else 0]
        if len(chosen.segments) == 1:
            return _scaled_back(self._sums(site, a, b, zero), chosen.first.scale[0] * scale)
        found = np.zeros((a.shape[0], b.shape[1]))
        for place, part in enumerate(chosen.segments):
            at = slice(place, place + 1)
            sums = self._sums(site, a[:, part], b[part], zero[at])
            found += sums * (chosen.first.scale[0] * scale[at])
        real: Real = found.astype(np.float32)
        return real

    def stacks_groups(self, site: Site) -> bool:
        """True, unless weights have scales of blocks."""
        return len(self._plans[site.name].segments) == 1

    def products(self, site: Site, a: Operand, b: Operand) -> Real:
        """The product of each pair in the design's arithmetic, scaled back to real values."""
        chosen = self._plans[site.name]
        sums = self._sums(site, a, b, np.atleast_3d(chosen.second.zero))
        return _scaled_back(sums, chosen.first.scale * chosen.second.scale)

    def real(self, site: Site, a: Operand) -> Real:
        """The real values of codes of activations."""
        chosen = self._plans[site.name].first
        numbers = hwdse.kernels.decode(self._design.a, a).astype(np.float64)
        found: Real = ((numbers - chosen.zero) * chosen.scale.reshape(())).astype(np.float32)
        return found

    def multiplied(self, site: Site, a: Operand, b: Operand) -> Codes:
        """Output codes of the product, or of a stack of products, of codes."""
        del site
        return self._matmul(self._design, a, b)

    def _sums(self, site: Site, a: Operand, b: Operand, zero: Values) -> Values:
        """Sums (..., M, N) of products of the numbers, each less its zero point.

        Args:
            site: the site.
            a: codes (..., M, K).
            b: codes (..., K, N).
            zero: zero points of b, of a shape that broadcasts to (..., 1, N).
        """
        sums: Values = hwdse.kernels.decode(self._design.out, self.multiplied(site, a, b))
        of_a = np.asarray(self._plans[site.name].first.zero)
        if not of_a.any() and not zero.any():
            return sums
        left = hwdse.kernels.decode(self._design.a, a).astype(np.float64).sum(-1, keepdims=True)
        right = hwdse.kernels.decode(self._design.b, b).astype(np.float64).sum(-2, keepdims=True)
        found: Values = sums - (of_a * right + zero * left - a.shape[-1] * of_a * zero)
        return found


def _scaled_back(sums: npt.NDArray[Any], scale: Values) -> Real:
    """Real values of sums: rounded once to float32, without a float64 array between."""
    found = np.empty(sums.shape, np.float32)
    np.multiply(sums, scale, out=found, dtype=np.float64, casting="unsafe")
    return found


def as_handed(scaling: Scaling | None, x: Real) -> Real:
    """Activations of any shape as the previous layer hands them on."""
    return x if scaling is None else scaling.values(x).astype(np.float32)


def _placed(
    design: Design,
    observation: Observation,
    first: Scaling,
    second: Scaling,
    matmul: MatMul,
    *,
    movable: tuple[int, ...],
) -> tuple[Scaling, Scaling]:
    """Move scales by whole octaves to reduce the error of the design's products and sums.

    `movable` are the places of the operands whose scales may move.

    Nothing moves if the design's outputs are already about as good as the rounded operands allow.
    This is true for exact products and a wide accumulator, where moving a scale changes nothing.
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
        place = movable[turn % len(movable)]
        moved = [chosen[place].moved(octaves) for octaves in (-8, -4, -2, -1, 1, 2, 4, 8)]
        errors = [
            error(*((each, chosen[1]) if place == 0 else (chosen[0], each))) for each in moved
        ]
        if min(errors) < best / _NOTICEABLE:
            best = min(errors)
            chosen[place], last_move = moved[errors.index(best)], turn
    return chosen[0], chosen[1]
