"""What a policy for choosing scales is, and what it sees of an operand."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from hwdse.errors import NetworkError, SpecError
from hwdse.formats import Format
from hwdse.networks.arithmetic import Real
from hwdse.networks.scales.scaling import Scales, Scaling
from hwdse.spec.part import Part

#: A function from a scaling to the squared error per scale.
Measure = Callable[[Scaling], npt.NDArray[np.float64]]

UNSEEN_MARGIN = 1.125
"""Margin on the largest activation.

Calibration sees few samples, and clipping an unseen activation costs more than this margin.
"""
_TINY = 1e-300
ANCHOR_BITS = 8

DEFAULT = "output"


@dataclass(frozen=True, kw_only=True, eq=False)
class ScaleTask:
    """An operand of a layer that needs scales.

    Attributes:
        number_format: format of the codes.
        operand: values of the operand on calibration data, of any shape.
        largest: largest magnitude for each scale. The shape broadcasts to the operand.
        limit: largest allowed magnitude of a code's value.
        weights: whether the operand is constant. Its values are then few for each scale, but all
            are known.
        of_outputs: squared error of the layer's output for each scale.
        of_some_outputs: as `of_outputs`, of fewer rows of large layers: for a first search.
        of_values: squared error of the operand for each scale.
    """

    number_format: Format
    operand: Real
    largest: Scales
    limit: float
    weights: bool
    of_outputs: Measure
    of_some_outputs: Measure
    of_values: Measure

    @property
    def top(self) -> Scales:
        """`largest`, and 1 for a channel of zeros: any scale is right there."""
        return np.where(self.largest > _TINY, self.largest, 1.0).astype(np.float64)

    @property
    def shared(self) -> tuple[int, ...]:
        """Axes of the operand along which all values share a scale."""
        return tuple(axis for axis, size in enumerate(self.largest.shape) if size == 1)

    def scaling(self, scale: Scales, *, octaves_only: bool = False) -> Scaling:
        """The scaling with these scales."""
        return Scaling(
            number_format=self.number_format,
            scale=scale,
            limit=self.limit,
            octaves_only=octaves_only,
        )

    def errors(self, measure: Measure, scale: Scales) -> npt.NDArray[np.float64]:
        """The error for each scale; infinite where it is no number."""
        found = np.broadcast_to(measure(self.scaling(scale)), scale.shape)
        return np.where(np.isfinite(found), found, np.inf)

    def clipped(self, bound: Scales) -> Scaling:
        """The scaling that maps `bound` to the largest allowed code.

        The largest magnitude takes the place of a bound of 0 or beyond it.
        """
        bound = np.where(bound > _TINY, np.minimum(bound, self.top), self.top)
        return self.scaling(bound / self.limit)


@dataclass(frozen=True, kw_only=True)
class ScalePolicy(Part):
    """A policy for choosing scales, written as `keyword[:option]`.

    Attributes:
        source: the publication; empty for what has none.
        margin: factor of the largest activation of the calibration data, for unseen samples.
        placed: whether scales are moved by octaves in the end, to where the outputs of a design
            are best whose products or sums are coarser than its operands.
    """

    kind: ClassVar[str] = "scales"
    source: ClassVar[str] = ""
    margin: ClassVar[float] = 1.0
    placed: ClassVar[bool] = False

    @abstractmethod
    def choose(self, task: ScaleTask) -> Scaling:
        """The scales of an operand."""


def names() -> list[str]:
    """Keywords of all policies. The default comes first."""
    return [DEFAULT, *sorted(set(ScalePolicy.choices) - {DEFAULT})]


def get(text: str) -> ScalePolicy:
    """The policy of a text such as `percentile:99.9`.

    Raises:
        NetworkError: no policy has this name, or it takes no such option.
    """
    try:
        return ScalePolicy.parse(text)
    except SpecError as error:
        raise NetworkError(str(error)) from error


def rounded_up(x: Scales) -> Scales:
    """Positive numbers, rounded up to eight significant bits.

    What is chosen by them then does not depend on the last bits of a single activation.
    """
    fraction, exponent = np.frexp(x)
    found: Scales = np.ldexp(np.ceil(np.ldexp(fraction, ANCHOR_BITS)), exponent - ANCHOR_BITS)
    return found
