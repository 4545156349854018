"""Scales that clip the few largest magnitudes."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from hwdse.networks.number_option import option
from hwdse.networks.scales.policy import ScalePolicy, ScaleTask, rounded_up
from hwdse.networks.scales.scaling import Scaling

_PERCENT = 99.9


@dataclass(frozen=True, kw_only=True)
class Percentile(ScalePolicy):
    """A percentile of the magnitudes becomes the format's largest; what is above it saturates.

    The magnitudes are those of the values drawn from the calibration data, for each scale. A column
    of fewer than 1,000 weights hardly changes at 99.9: numbers between the two largest are
    interpolated.

    Attributes:
        percent: percentile. 100: the largest of the values drawn.
    """

    keyword: ClassVar[str] = "percentile"
    source: ClassVar[str] = "Wu et al., Integer quantization for deep learning inference, 2020"

    percent: float = _PERCENT

    @classmethod
    def from_options(cls, options: tuple[str, ...]) -> Self:
        """Parse the percentile."""
        return cls(percent=option(cls, options, _PERCENT, low=50.0, high=100.0))

    @classmethod
    def syntax(cls) -> str:
        """The form."""
        return "percentile[:{50 to 100}]"

    def __str__(self) -> str:
        return self.keyword if self.percent == _PERCENT else f"{self.keyword}:{self.percent!r}"

    def choose(self, task: ScaleTask) -> Scaling:
        """See `ScalePolicy.choose`."""
        magnitudes = np.abs(task.operand).astype(np.float64)
        bound = np.percentile(magnitudes, self.percent, axis=task.shared, keepdims=True)
        return task.clipped(rounded_up(bound))
