"""The options that name a network, its data and its metric: one meaning in all commands."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hwdse.cli.output import percent
from hwdse.networks import metrics
from hwdse.networks.metrics import Metric
from hwdse.networks.source import NetworkSettings, NetworkSource, OpenNetwork

if TYPE_CHECKING:
    from hwdse.explore.space import Space

_PREFIX = "of_network_"


@dataclass(frozen=True, kw_only=True)
class GivenNetworks:
    """What a command line says of networks.

    Attributes:
        networks: names and paths, in the order of --network, then those of --onnx.
        settings: what goes with them.
        folder: folder of a registered dataset, if it is given.
    """

    networks: tuple[str, ...]
    settings: NetworkSettings
    folder: Path | None

    @property
    def maybe(self) -> NetworkSource | None:
        """The network; None if none is given.

        Raises:
            UsageError: several are given, or settings without a network.
        """
        if len(self.networks) > 1:
            raise click.UsageError("Give a network: either --network NAME or --onnx FILE.")
        if not self.networks:
            for name in self.settings.given:
                option = name.removesuffix("s")
                raise click.UsageError(
                    f"--{option} belongs to a network: give --network NAME or --onnx FILE."
                )
            return None
        return NetworkSource(network=self.networks[0], settings=self.settings, folder=self.folder)

    @property
    def source(self) -> NetworkSource:
        """The network.

        Raises:
            UsageError: none or several are given.
        """
        found = self.maybe
        if found is None:
            raise click.UsageError("Give a network: either --network NAME or --onnx FILE.")
        return found

    def over(self, space: "Space") -> "Space":
        """The space with its network replaced by the given one, if there is one.

        A new network brings its data, metric and shapes. What the space says of these is dropped.
        """
        settings: dict[str, Any] = self.settings.given
        if not self.networks:
            return replace(space, settings=replace(space.settings, **settings))
        changed = replace(space, settings=self.settings).fixed(network=self.networks[0])
        if len(self.networks) > 1:
            changed = replace(changed, axes={"network": self.networks, **changed.axes})
        return changed

    def open(self) -> OpenNetwork:
        """The network with its data and metric.

        Raises:
            UsageError: none or several are given.
            HwdseError: it cannot be loaded, or its data cannot be read.
        """
        return self.source.open()


def _of_graph(several: bool, default: str) -> tuple[Callable[..., Any], ...]:
    again = " May be repeated." if several else ""
    return (
        click.option(
            "--network",
            f"{_PREFIX}names",
            multiple=True,
            help="Network by name, of those that hwdse networks lists, or ONNX file"
            f"{default}.{again}",
        ),
        click.option(
            "--onnx",
            f"{_PREFIX}files",
            type=click.Path(),
            multiple=True,
            help=f"ONNX file of yours.{again}",
        ),
        click.option(
            "--shape",
            f"{_PREFIX}shapes",
            multiple=True,
            metavar="NAME=1x128",
            help="Fix free dimensions of an input, or a named dimension (seq=128). May be "
            "repeated.",
        ),
        click.option(
            "--output",
            f"{_PREFIX}output",
            metavar="NAME",
            help="Output of the network; by default the first.",
        ),
    )


def _of_data() -> tuple[Callable[..., Any], ...]:
    return (
        click.option(
            "--data",
            f"{_PREFIX}data",
            help="Dataset by name, .npz file, folder of images, or text. By default the data that "
            "the network's file names.",
        ),
        click.option(
            "--calibration",
            f"{_PREFIX}calibration",
            metavar="N|FILE",
            help="Samples that choose scales: how many of the data, or other data.",
        ),
        click.option(
            "--tokenizer",
            f"{_PREFIX}tokenizer",
            type=click.Path(),
            help="tokenizer.json, for data that is text.",
        ),
        click.option(
            "--image",
            f"{_PREFIX}image",
            multiple=True,
            metavar="KEY=VALUE",
            help="What is done to images: resize, crop, interpolation, mean, std, channels. May be "
            "repeated.",
        ),
        click.option(
            "--data-dir",
            f"{_PREFIX}folder",
            type=click.Path(path_type=Path),
            help="Folder of the dataset.",
        ),
    )


def _of_metric() -> Callable[..., Any]:
    return click.option(
        "--metric",
        f"{_PREFIX}metric",
        help=f"How to score: {', '.join(metrics.names())}. By default as the network's file says, "
        f"or {metrics.DEFAULT}.",
    )


def network_options(
    *, data: bool = True, metric: bool = True, several: bool = False, default: str = ""
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add the options of a network to a command, which gets `given`, a `GivenNetworks`.

    Args:
        data: whether the command runs samples; without, it needs none.
        metric: whether it scores them.
        several: whether it takes several networks.
        default: what happens without a network, for the help, such as `; by default normal data`.
    """
    options = [*_of_graph(several, default)]
    if data:
        options += _of_data()
    if metric:
        options.append(_of_metric())

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def called(**arguments: Any) -> None:
            own = {
                name.removeprefix(_PREFIX): arguments.pop(name)
                for name in list(arguments)
                if name.startswith(_PREFIX)
            }
            networks = (*own.pop("names"), *own.pop("files"))
            folder = own.pop("folder", None)
            given = GivenNetworks(networks=networks, settings=NetworkSettings(**own), folder=folder)
            command(given=given, **arguments)

        found: Callable[..., None] = called
        for option in reversed(options):
            found = option(found)
        return found

    return decorated


def value_name(metric: Metric) -> str:
    """Head of the column of a metric's values."""
    return "accuracy" if metric.name == metrics.DEFAULT else metric.name


def shown_value(value: float | None, metric: Metric) -> str:
    """A value of a metric as text; `-` where there is none."""
    if value is None or math.isnan(value):
        return "-"
    return percent(value) if metric.is_percentage else f"{value:.4g}"


def shown_interval(low: float | None, high: float | None, metric: Metric) -> str:
    """An interval of a metric as text; `-` where nothing tells it, as of a single sample."""
    ends = [shown_value(end, metric) for end in (low, high)]
    return "-" if "-" in ends else " to ".join(ends)
