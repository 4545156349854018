"""Finds the scales of a layer's operands: a policy chooses, and this module measures the errors.

The error of a product is the product of an operand's own rounding errors with the other operand, so
it is computed in float32 without cancellation. Weights are taken some columns at a time, which stay
in the cache, in several threads. The parts do not depend on the number of threads, so neither do
the scales.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hwdse.formats import Format
from hwdse.networks import scales
from hwdse.networks.arithmetic import Real
from hwdse.networks.headroom import column_parts, second_largest
from hwdse.networks.observe import Observation
from hwdse.networks.scales import UNSEEN_MARGIN, ScalePolicy, ScaleTask, Scaling
from hwdse.threads import for_each, usual_threads

_UNSCALED_NOISE = 10**-4.5
"""No scale is needed if the output's squared error is below this fraction of its power (45 dB)."""

_MOST_ELEMENTS = 1 << 20
"""Elements of weights by which the scale of the activations is chosen: more say nothing new."""

_LARGE = 1 << 18
"""Elements of weights from which a first search takes every second row of the activations only."""

_PARTS = 4
_STRIDE = 2
_ALL = slice(None)

Values = npt.NDArray[np.float64]
_Part = tuple[slice, slice, slice]
_Product = Callable[[Real, _Part], Real]
"""A function from values of a part of an operand, and this part, to the product."""


def operand_scalings(
    policy: ScalePolicy,
    formats: tuple[Format, Format],
    limits: list[float],
    observation: Observation,
    given: tuple[Scaling | None, Scaling | None] = (None, None),
) -> tuple[Scaling, Scaling]:
    """Scalings of both operands of a site.

    Args:
        policy: the scale policy.
        formats: formats of the operands.
        limits: largest allowed magnitudes of the codes.
        observation: the operands.
        given: scalings that are fixed already.
    """
    rows, matrices = observation.rows, observation.matrices
    large = matrices.size >= _LARGE
    fewer_rows = np.ascontiguousarray(rows[:, ::_STRIDE]) if large else rows
    second = given[1] or _Search(
        policy=policy,
        operand=matrices,
        parts=[(_ALL, _ALL, part) for part in column_parts(matrices)],
        product=lambda b, _: rows @ b,
        rough_error=lambda b, _: fewer_rows @ b,
        weights=observation.constant,
    ).scaling(formats[1], second_largest(observation), limits[1])
    if given[0] is not None:
        return given[0], second
    some = slice(None, None, -(-matrices.size // _MOST_ELEMENTS) or 1)
    matrices = matrices[..., some]
    rounded = second.columns(some).values(matrices).astype(np.float32)
    with np.errstate(all="ignore"):
        # What the rounding of the weights adds, whatever the scale of the activations.
        more = rows @ (rounded - matrices)
    some_rows = -(-rows.shape[1] // _PARTS) or 1
    first = _Search(
        policy=policy,
        operand=rows,
        parts=[
            (_ALL, slice(start, start + some_rows), _ALL)
            for start in range(0, rows.shape[1], some_rows)
        ],
        rough_parts=[(_ALL, slice(start, None, 2 * _STRIDE), _ALL) for start in (0, _STRIDE)]
        if large
        else None,
        product=lambda a, _: a @ matrices,
        error=lambda errors, part: errors @ rounded + more[part],
    )
    largest = np.full((1, 1, 1), observation.first_largest * policy.margin)
    return first.scaling(formats[0], largest, limits[0]), second


def handed_scalings(
    number_format: Format, observation: Observation
) -> tuple[Scaling | None, Scaling | None]:
    """Scalings with which layers hand on both operands in this format; None for weights."""

    def scaling(operand: Real, largest: float) -> Scaling:
        search = _Search(
            policy=scales.get("mse"),
            operand=operand,
            parts=[(_ALL, _ALL, _ALL)],
            product=lambda x, _: x,
        )
        top = np.full((1, 1, 1), largest * UNSEEN_MARGIN)
        return search.scaling(number_format, top, float(number_format.max))

    first = scaling(observation.rows, observation.first_largest)
    if observation.constant:
        return first, None
    return first, scaling(observation.matrices, observation.second_largest)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Search:
    """Finds the scaling of one operand of a product.

    Attributes:
        policy: the scale policy; it decides which error to minimise.
        operand: values of the operand.
        parts: parts of the operand that stay in the cache. Those of weights are columns.
        product: the product of values of the operand.
        error: error of the product by errors of the operand. None: `product` of them.
        rough_parts: parts for a first search, which may be fewer. None: all.
        rough_error: as `error`, for a first search. None: `error` itself.
        weights: whether the operand is weights. Each column of weights has its own scale.
    """

    policy: ScalePolicy
    operand: Real
    parts: Sequence[_Part]
    product: _Product
    error: _Product | None = None
    rough_parts: Sequence[_Part] | None = None
    rough_error: _Product | None = None
    weights: bool = False

    def scaling(self, number_format: Format, largest: Values, limit: float) -> Scaling:
        """Find the scaling of the operand.

        Args:
            number_format: format of the codes.
            largest: largest magnitude of the operand, per scale.
            limit: largest allowed magnitude of a code.
        """
        error = self.error or self.product
        rough_error = self.rough_error or error

        def of_values(scaling: Scaling) -> Values:
            return self._power(lambda part: self._errors(scaling, part))

        def of_outputs(scaling: Scaling) -> Values:
            return self._power(lambda part: error(self._errors(scaling, part), part))

        def of_some_outputs(scaling: Scaling) -> Values:
            return self._power(
                lambda part: rough_error(self._errors(scaling, part), part), self.rough_parts
            )

        plain = Scaling(number_format=number_format, scale=np.ones_like(largest), limit=limit)
        if largest.max(initial=0.0) <= limit:
            power = self._power(lambda part: self.product(self.operand[part], part))
            if of_outputs(plain).sum() <= _UNSCALED_NOISE * power.sum():
                return plain
        return self.policy.choose(
            ScaleTask(
                number_format=number_format,
                operand=self.operand,
                largest=largest,
                limit=limit,
                weights=self.weights,
                of_outputs=of_outputs,
                of_some_outputs=of_some_outputs,
                of_values=of_values,
            )
        )

    def _errors(self, scaling: Scaling, part: _Part) -> Real:
        """What the conversion to codes changes in a part of the operand."""
        return scaling.columns(part[2]).errors(self.operand[part])

    def _power(
        self, values: Callable[[_Part], Real], parts: Sequence[_Part] | None = None
    ) -> Values:
        """Sums of squares for each scale, of values that are computed for one part at a time.

        The weights of a column affect the outputs of this column only.
        """
        parts = self.parts if parts is None else parts
        found: list[Values] = [np.zeros(0)] * len(parts)

        def work(place: int) -> None:
            with np.errstate(all="ignore"):
                squares = np.square(values(parts[place]), dtype=np.float64)
                found[place] = squares.sum(axis=1, keepdims=True)

        for_each(work, range(len(parts)), usual_threads())
        if self.weights:
            return np.concatenate(found, axis=2)
        with np.errstate(all="ignore"):
            return np.full((1, 1, 1), sum(float(each.sum()) for each in found))
