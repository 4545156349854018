"""Scales without clipping."""

from dataclasses import dataclass
from typing import ClassVar

from hwdse.networks.scales.policy import ScalePolicy, ScaleTask
from hwdse.networks.scales.scaling import Scaling


@dataclass(frozen=True, kw_only=True)
class LargestMagnitude(ScalePolicy):
    """The largest magnitude of the calibration data becomes the format's largest."""

    keyword: ClassVar[str] = "absmax"

    def choose(self, task: ScaleTask) -> Scaling:
        """See `ScalePolicy.choose`."""
        return task.scaling(task.top / task.limit)
