"""Policies for choosing scales, and the search for the best scale.

A real value is approximately the value of its code times the scale. The search covers all useful
scales. The smallest scale clips the largest value by three octaves. With the largest scale, all
values except the largest ones underflow. Uniform formats are best near the smallest scale. Posits
and other tapered formats are best when most values lie in the most precise binades.

The reference point of the search is the scale that maps the largest value to the largest value of
the format. This scale is rounded up to eight significant bits, so that the result does not depend
on the last bits of a single activation.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

import hwdse  # loads the slow module `hwdse.kernels` on first use
from hwdse.errors import NetworkError
from hwdse.formats import Format
from hwdse.networks.arithmetic import Real

Scales = npt.NDArray[np.float64]
Codes = npt.NDArray[np.unsignedinteger]
#: A function from a scaling to the squared error per channel.
Measure = Callable[["Scaling"], npt.NDArray[np.float64]]

_CLIPPED_OCTAVES = 3
_COARSE = 24
"""Largest number of candidates in the first pass."""
_ANCHOR_BITS = 8
_TOLERANCE = 1.03
"""Errors within this ratio count as equal. Among equal errors the scale nearest to 1 wins."""
_FLOAT32_SAFE = 2.0**100
_TINY = 1e-300


@dataclass(frozen=True, kw_only=True)
class ScalePolicy:
    """A policy for choosing scales.

    Attributes:
        name: name of the policy on the command line and in the store.
        title: one-line description for readers.
        measure: the squared error to minimise on calibration data. "output": error of the layer's
            output. "values": error of the operand. None: no search; the scale maps the largest
            value to the largest value of the format.
        steps: candidates per octave. 1: only powers of two.
    """

    name: str
    title: str
    measure: str | None
    steps: int = 8


_POLICIES: dict[str, ScalePolicy] = {}


def register(policy: ScalePolicy) -> ScalePolicy:
    """Register a policy under its name."""
    _POLICIES[policy.name] = policy
    return policy


def names() -> list[str]:
    """Names of all policies. The default comes first."""
    return list(_POLICIES)


def get(name: str) -> ScalePolicy:
    """The policy called `name`.

    Raises:
        NetworkError: no policy has this name.
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
    """Conversion of real values to codes of a format: divide by `scale`, clip to +-`limit`.

    Attributes:
        number_format: format of the codes.
        scale: real value that the format's 1.0 represents. The shape broadcasts to the values.
        limit: largest allowed magnitude of a code's value.
        zero: number of the code that stands for 0. Quantised networks have zero points that are
            not 0; values then stand for (number of the code - zero) * scale.
    """

    number_format: Format
    scale: Scales
    limit: float
    zero: Scales | float = 0.0

    def codes(self, x: npt.NDArray[np.floating[Any]]) -> Codes:
        """Codes of x, rounded to nearest even, saturating."""
        found: Codes = hwdse.kernels.encode(self.number_format, self._scaled(x))
        return found

    def values(self, x: Real) -> npt.NDArray[np.float64]:
        """Real values that the codes of x represent."""
        found = hwdse.kernels.quantize(self.number_format, self._scaled(x))
        return (np.asarray(found, np.float64) - self.zero) * self.scale

    def moved(self, octaves: int) -> "Scaling":
        """The same scaling with all scales multiplied by 2^octaves."""
        return replace(self, scale=self.scale * 2.0**octaves)

    def part(self, places: npt.NDArray[np.int64]) -> "Scaling":
        """The same scaling with only some entries of the first axis of `scale`."""
        return replace(self, scale=self.scale[places])

    def _scaled(self, x: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.floating[Any]]:
        # Use float32 if it can certainly represent the quotient and the limit.
        narrow = self.limit < _FLOAT32_SAFE
        narrow &= bool(((self.scale < _FLOAT32_SAFE) & (self.scale > 1 / _FLOAT32_SAFE)).all())
        scaled: npt.NDArray[np.floating[Any]]
        if narrow:
            with np.errstate(over="ignore"):  # infinities are clipped or saturate
                scaled = x * (1 / self.scale).astype(np.float32)
        else:
            scaled = x / self.scale
        if np.any(self.zero):
            scaled = scaled + self.zero
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
    """Choose a scaling by a policy.

    Args:
        policy: the policy.
        number_format: format of the codes.
        largest: largest magnitude per channel. The shape broadcasts to the values.
        limit: largest allowed magnitude of a code's value.
        measure: function from a scaling to the squared error per channel.
    """
    # For a channel of zeros any scale is right.
    top = np.where(largest > _TINY, largest, 1.0).astype(np.float64)

    def scaling(scale: Scales) -> Scaling:
        return Scaling(number_format=number_format, scale=scale, limit=limit)

    if policy.measure is None:
        return scaling(top / limit)
    # `base` is log2 of the smallest scale without clipping. `octaves` is the number of octaves from
    # `base` up to underflow.
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
    """The best scale so far, separately per channel."""

    def __init__(self, measure: Measure, scaling: Callable[[Scales], Scaling]) -> None:
        self._measure, self._scaling = measure, scaling
        self.logs: Scales = np.zeros(0)

    def try_all(self, start: Scales, offsets: npt.NDArray[np.floating[Any]]) -> None:
        """For each channel, set the scale to the best of several offsets (log2) from `start`."""
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
    """The smallest positive magnitude of a format, but at least 2^-1000 to stay in float64."""
    return max(number_format.min_subnormal, 2.0**-1000)
