"""Conversion of real values to codes, by scales."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

import hwdse  # loads the slow module `hwdse.kernels` on first use
from hwdse.formats import Format
from hwdse.networks.arithmetic import Real

Scales = npt.NDArray[np.float64]
Codes = npt.NDArray[np.unsignedinteger]

_FLOAT32_SAFE = 2.0**100


@dataclass(frozen=True, kw_only=True, eq=False)
class Scaling:
    """Conversion of real values to codes of a format: divide by `scale`, clip to +-`limit`.

    Attributes:
        number_format: format of the codes.
        scale: real value that the format's 1.0 represents. The shape broadcasts to the values.
        limit: largest allowed magnitude of a code's value.
        zero: number of the code that stands for 0. Quantised networks have zero points that are
            not 0; values then stand for (number of the code - zero) * scale.
        octaves_only: whether a scale may change by whole octaves only, because hardware shifts.
    """

    number_format: Format
    scale: Scales
    limit: float
    zero: Scales | float = 0.0
    octaves_only: bool = False

    def codes(self, x: npt.NDArray[np.floating[Any]]) -> Codes:
        """Codes of x, rounded to nearest even, saturating."""
        found: Codes = hwdse.kernels.encode(self.number_format, self._scaled(x))
        return found

    def values(self, x: Real) -> npt.NDArray[np.float64]:
        """Real values that the codes of x represent."""
        found = hwdse.kernels.quantize(self.number_format, self._scaled(x))
        return (np.asarray(found, np.float64) - self.zero) * self.scale

    def errors(self, x: Real) -> Real:
        """What the conversion to codes changes in values x, float32."""
        scaled = self._scaled(x)
        found = hwdse.kernels.quantize(self.number_format, scaled)
        if scaled.dtype == found.dtype == np.float32 and not np.any(self.zero):
            values = np.multiply(found, self.scale.astype(np.float32), out=found)
        else:
            values = (np.asarray(found, np.float64) - self.zero) * self.scale
        errors: Real = np.subtract(values, x, out=values).astype(np.float32, copy=False)
        return errors

    def moved(self, octaves: int) -> "Scaling":
        """The same scaling with all scales multiplied by 2^octaves."""
        return replace(self, scale=self.scale * 2.0**octaves)

    def part(self, places: npt.NDArray[np.int64]) -> "Scaling":
        """The same scaling with only some entries of the first axis of `scale`."""
        return replace(self, scale=self.scale[places])

    def columns(self, places: slice) -> "Scaling":
        """The same scaling for only some columns, the last axis of the values."""

        def taken(of_columns: Scales) -> Scales:
            return of_columns[..., places] if of_columns.shape[-1] > 1 else of_columns

        zero = (
            taken(self.zero) if isinstance(self.zero, np.ndarray) and self.zero.ndim else self.zero
        )
        return replace(self, scale=taken(self.scale), zero=zero)

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
