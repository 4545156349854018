"""Which scale puts real values into a format: policies, and the search that they share.

A real value is its code's value times the scale. The search goes over the whole range that can be
useful: from scales that clip the largest value three octaves down, to scales so large that all but
the largest values underflow. Uniform formats are best somewhere near the first end; posits and
other tapered formats are best where the bulk of the values meets the most precise binades.

The search starts where the largest value meets the format's largest. That scale is rounded up to
eight significant bits, so that it does not follow the last bit of some activation.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

import hwdse  # its kernels load slowly: on first use
from hwdse.errors import NetworkError
from hwdse.formats import Format
from hwdse.networks.arithmetic import Real

Scales = npt.NDArray[np.float64]
Codes = npt.NDArray[np.unsignedinteger]
#: The squared error that scales give, each for its channel.
Measure = Callable[["Scaling"], npt.NDArray[np.float64]]

_CLIPPED_OCTAVES = 3
_COARSE = 24
"""Most candidates of the first pass."""
_ANCHOR_BITS = 8
_TOLERANCE = 1.03
"""Errors this close are equal: then the scale nearest to 1 is taken."""
_FLOAT32_SAFE = 2.0**100
_TINY = 1e-300


@dataclass(frozen=True, kw_only=True)
class ScalePolicy:
    """How scales are chosen.

    Attributes:
        name: how the command line and the store call it.
        title: one line for a reader.
        measure: what is minimised: the error of the layer's "output" on calibration data, or that
            of the "values" themselves; None: nothing, the largest value becomes the format's.
        steps: candidates in each octave; 1 for powers of two only.
    """

    name: str
    title: str
    measure: str | None
    steps: int = 8


_POLICIES: dict[str, ScalePolicy] = {}


def register(policy: ScalePolicy) -> ScalePolicy:
    """Makes a policy known under its name."""
    _POLICIES[policy.name] = policy
    return policy


def names() -> list[str]:
    """The names of all policies, the default first."""
    return list(_POLICIES)


def get(name: str) -> ScalePolicy:
    """The policy of that name.

    Raises:
        NetworkError: there is none.
    """
    if name not in _POLICIES:
        raise NetworkError(f"unknown scales {name!r}: allowed are {', '.join(names())}")
    return _POLICIES[name]


OUTPUT = register(
    ScalePolicy(name="output", title="least squared error of each layer's output", measure="output")
)
POW2 = register(
    ScalePolicy(
        name="pow2",
        title="as output, powers of two only: scaling is a shift",
        measure="output",
        steps=1,
    )
)
MSE = register(
    ScalePolicy(name="mse", title="least squared error of the operands", measure="values")
)
ABSMAX = register(
    ScalePolicy(name="absmax", title="largest magnitude to the format's largest", measure=None)
)


DEFAULT = OUTPUT.name


@dataclass(frozen=True, kw_only=True, eq=False)
class Scaling:
    """How real values become codes of a format: divide by `scale`, clip to +-`limit`.

    Attributes:
        number_format: of the codes.
        scale: value of the format's 1.0; of a shape that broadcasts to the values.
        limit: largest magnitude of the format that is used.
    """

    number_format: Format
    scale: Scales
    limit: float

    def codes(self, x: Real) -> Codes:
        """Codes of x, to nearest even, saturating."""
        found: Codes = hwdse.kernels.encode(self.number_format, self._scaled(x))
        return found

    def values(self, x: Real) -> npt.NDArray[np.float64]:
        """What the codes of x stand for."""
        found = hwdse.kernels.quantize(self.number_format, self._scaled(x))
        return np.asarray(found, np.float64) * self.scale

    def moved(self, octaves: int) -> "Scaling":
        """With scales of 2^octaves times the size."""
        return replace(self, scale=self.scale * 2.0**octaves)

    def part(self, places: npt.NDArray[np.int64]) -> "Scaling":
        """The scales of some places of the first axis."""
        return replace(self, scale=self.scale[places])

    def _scaled(self, x: Real) -> npt.NDArray[np.floating[Any]]:
        # float32 wherever it surely holds quotient and limit.
        narrow = self.limit < _FLOAT32_SAFE
        narrow &= bool(((self.scale < _FLOAT32_SAFE) & (self.scale > 1 / _FLOAT32_SAFE)).all())
        scaled: npt.NDArray[np.floating[Any]]
        if narrow:
            with np.errstate(over="ignore"):  # clipped or saturated
                scaled = x * (1 / self.scale).astype(np.float32)
        else:
            scaled = x / self.scale
        if self.limit < self.number_format.max:
            np.clip(scaled, -self.limit, self.limit, out=scaled)
        return np.ascontiguousarray(scaled)


def choose(
    policy: ScalePolicy,
    number_format: Format,
    largest: npt.NDArray[np.floating[Any]],
    limit: float,
    measure: Measure,
) -> Scaling:
    """The scaling that a policy takes.

    Args:
        policy: the policy.
        number_format: of the codes.
        largest: largest magnitude of each channel; broadcasts to the values.
        limit: largest magnitude of the format that may be used.
        measure: the error of a scaling, for each channel.
    """
    # A channel of zeros takes any scale.
    top = np.where(largest > _TINY, largest, 1.0).astype(np.float64)

    def scaling(scale: Scales) -> Scaling:
        return Scaling(number_format=number_format, scale=scale, limit=limit)

    if policy.measure is None:
        return scaling(top / limit)
    # The least scale that clips nothing, and octaves above it up to underflow.
    fraction, exponent = np.frexp(top / limit)
    digits = 2.0**_ANCHOR_BITS if policy.steps > 1 else 1.0
    base = np.log2(np.ceil(fraction * digits) / digits) + exponent
    octaves = np.log2(limit) - np.log2(_smallest(number_format))
    best = _Best(measure, scaling)
    span = np.arange(-_CLIPPED_OCTAVES, max(1.0, np.floor(octaves)) + 1)
    stride = max(1, -(-len(span) // _COARSE))
    best.try_all(base, span[::stride])
    if stride > 1:
        best.try_all(best.logs, np.arange(1.0 - stride, stride))
    if policy.steps > 1:
        best.try_all(best.logs, np.arange(1 - policy.steps, policy.steps) / policy.steps)
    return scaling(2.0**best.logs)


class _Best:
    """The best scales so far, each channel's apart."""

    def __init__(self, measure: Measure, scaling: Callable[[Scales], Scaling]) -> None:
        self._measure, self._scaling = measure, scaling
        self.logs: Scales = np.zeros(0)

    def try_all(self, start: Scales, offsets: npt.NDArray[np.floating[Any]]) -> None:
        """Take for each channel the best of some offsets (log2) from where it starts."""
        candidates = np.stack([start + offset for offset in offsets])
        errors = np.stack(
            [
                np.broadcast_to(self._measure(self._scaling(2.0**logs)), logs.shape)
                for logs in candidates
            ]
        )
        errors = np.where(np.isfinite(errors), errors, np.inf)
        good = errors <= errors.min(axis=0) * _TOLERANCE
        chosen = np.where(good, np.abs(candidates), np.inf).argmin(axis=0)
        self.logs = np.take_along_axis(candidates, chosen[np.newaxis], axis=0)[0]


def _smallest(number_format: Format) -> float:
    """The smallest positive magnitude of a format, within float64."""
    return max(number_format.min_subnormal, 2.0**-1000)
