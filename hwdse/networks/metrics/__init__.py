"""Metrics: how good outputs are. A metric plugs in by describing itself.

A metric turns each sample into a few numbers, its *parts*, and the parts of all samples into one
value. So a value can be had from any draw of the samples, and two designs can be compared in pairs.

A module of this folder registers metrics. Another package offers one by an entry point:

```toml
[project.entry-points."hwdse.metrics"]
psnr = "my_package:PSNR"              # an object with the attributes of `Metric`
```
"""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from hwdse.errors import HwdseError, NetworkError, unknown
from hwdse.networks.protocols import Computation
from hwdse.networks.statistics import Parts, bootstrap_interval, wilson_interval
from hwdse.plugins import load_modules, load_offered, offered

GROUP = "hwdse.metrics"
"""Group of the entry points."""

DEFAULT = "top1"

Outputs = npt.NDArray[np.float32]
"""Outputs of several samples, shape (samples, ...)."""


class Metric(Protocol):
    """How good outputs are."""

    @property
    def name(self) -> str:
        """Name on the command line."""

    @property
    def title(self) -> str:
        """What the value is, in words."""

    @property
    def needs_labels(self) -> bool:
        """Whether every sample must have a target."""

    @property
    def higher_is_better(self) -> bool:
        """Direction of the value."""

    @property
    def is_percentage(self) -> bool:
        """Whether tables show the value as a percentage."""

    def parts(
        self, outputs: Outputs, float_outputs: Outputs, targets: Sequence[Any]
    ) -> npt.NDArray[np.float64]:
        """What each sample adds to the value.

        Args:
            outputs: outputs of a design, shape (samples, ...).
            float_outputs: those of the network in float32.
            targets: the target of each sample.

        Returns:
            Shape (samples, k). With k = 1 and only 0 and 1 in it, the value is a proportion.

        Raises:
            NetworkError: outputs of this shape have no such metric.
            DatasetError: the targets do not fit the metric or the outputs.
        """

    def value(self, parts: Parts) -> float:
        """The value for samples with these parts, such as their mean. NaN: there is none."""


class ForNetwork(Protocol):
    """What a metric may have besides: settings from a network's file."""

    def for_network(self, network: Computation) -> Metric:
        """The metric for outputs of a network."""


_NEEDED = (
    *("name", "title", "needs_labels", "higher_is_better", "is_percentage", "parts", "value"),
)
_REGISTERED: dict[str, Metric] = {}


def register(metric: Metric) -> None:
    """Make a metric known by its name.

    Raises:
        HwdseError: it lacks an attribute, or another metric has the name.
    """
    lacking = [name for name in _NEEDED if not hasattr(metric, name)]
    if lacking:
        raise HwdseError(f"{metric!r} is no metric: it lacks {', '.join(lacking)}")
    if _REGISTERED.setdefault(metric.name, metric) != metric:
        raise HwdseError(f"metric {metric.name} is registered twice")


def names() -> list[str]:
    """Names of all metrics, those of other packages included, sorted."""
    return sorted({*_REGISTERED, *offered(GROUP)})


def get(name: str) -> Metric:
    """The metric with a name.

    Raises:
        NetworkError: no metric has it.
        HwdseError: that of another package cannot be used.
    """
    if name not in _REGISTERED:
        if name not in offered(GROUP):
            raise NetworkError(unknown("metric", name, names()))
        found, place = load_offered(GROUP, name, "metric")
        if getattr(found, "name", None) != name:
            raise HwdseError(f"metric {name}: {place} is called otherwise")
        register(found)
    return _REGISTERED[name]


def for_network(metric: Metric | str, network: Computation) -> Metric:
    """A metric, with what the network's file says of it.

    Raises:
        NetworkError: the metric is unknown, or the file says something malformed.
    """
    found = get(metric) if isinstance(metric, str) else metric
    prepared = getattr(found, "for_network", None)
    if prepared is not None:
        made: Metric = prepared(network)
        return made
    return found


def without_labels() -> list[str]:
    """Names of the metrics that need no targets."""
    return sorted(name for name, metric in _REGISTERED.items() if not metric.needs_labels)


def is_proportion(metric: Metric, parts: Parts) -> bool:
    """Whether the value is a fraction of the samples: each adds 0 or 1."""
    return metric.is_percentage and parts.shape[1] == 1 and bool(np.isin(parts, (0, 1)).all())


def interval(metric: Metric, parts: Parts) -> tuple[float, float]:
    """Interval of the value: Wilson's for a proportion, else by bootstrap."""
    if is_proportion(metric, parts):
        return wilson_interval(int(parts.sum()), len(parts))
    return bootstrap_interval(metric.value, parts)


load_modules(__name__, __path__)
