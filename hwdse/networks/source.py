"""A network, its data and its metric as a user names them, in a command line or a space file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hwdse.errors import DatasetError, quoted
from hwdse.networks import metrics
from hwdse.networks.data import Options, images_named, open_data, own_data
from hwdse.networks.evaluate import count_of, usual_metric
from hwdse.networks.metrics import Metric
from hwdse.networks.named import NamedImages
from hwdse.networks.network import Network, load
from hwdse.networks.protocols import Data
from hwdse.networks.shapes import parse_shapes

_DIGITS = frozenset("0123456789")


def _calibration(text: str | None) -> int | Path | None:
    """A number of samples, or a file."""
    if text is None:
        return None
    if text and set(text) <= _DIGITS and len(text) < 10:
        return int(text)
    return Path(text)


def _settings(texts: Sequence[str]) -> dict[str, str]:
    """Settings of images from texts of the form KEY=VALUE."""
    found: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals:
            raise DatasetError(f"image {quoted(text)} is not of the form KEY=VALUE")
        if key in found:
            raise DatasetError(f"image gives {key!r} twice")
        found[key] = value
    return found


@dataclass(frozen=True, kw_only=True)
class NetworkSettings:
    """What a user says of a network, its data and its metric, as texts.

    None and () leave it to the network's file. The names are those of options and of keys of a
    space file.

    Attributes:
        data: name of a dataset, or path of an .npz file, a folder of images or a text.
        metric: name of a metric.
        shapes: shapes of inputs, such as `ids=1x128`, and sizes of named dimensions (`seq=128`).
        output: name of the output to score.
        calibration: number of samples that choose scales, or path of other data.
        tokenizer: path of the tokenizer of texts.
        image: what is done to images, such as `crop=0.875`.

    Raises:
        NetworkError: the metric is unknown, or a shape has another form.
        DatasetError: a setting of images has another form.
    """

    data: str | None = None
    metric: str | None = None
    shapes: tuple[str, ...] = ()
    output: str | None = None
    calibration: str | None = None
    tokenizer: str | None = None
    image: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        # Before a large network is loaded.
        if self.metric is not None:
            metrics.get(self.metric)
        parse_shapes(self.shapes)
        _settings(self.image)

    @property
    def given(self) -> dict[str, str | tuple[str, ...]]:
        """Those that say something, by name."""
        return {name: value for name, value in vars(self).items() if value}


NO_SETTINGS = NetworkSettings()


@dataclass(frozen=True, kw_only=True, eq=False)
class OpenNetwork:
    """A loaded network with its data and its metric.

    Attributes:
        network: the network.
        data: samples for calibration and scoring.
        metric: the metric, without settings from the network's file.
        usual_samples: number of samples that are scored if the user gives none.
        tells_data: whether results name the data: a dataset that the network's file names goes
            without saying.
    """

    network: Network
    data: Data
    metric: Metric
    usual_samples: int
    tells_data: bool

    def count(self, samples: int | None) -> int:
        """Number of samples to score.

        Raises:
            DatasetError: `samples` is no number of samples of the data.
        """
        return count_of(self.data, self.usual_samples if samples is None else samples)


@dataclass(frozen=True, kw_only=True)
class NetworkSource:
    """A network, with all that a user says of it.

    Attributes:
        network: name of a network, or path of an ONNX file.
        settings: its data, metric and the rest.
        folder: folder of a registered dataset. None: $HWDSE_DATA or the system folder.
    """

    network: str
    settings: NetworkSettings = NO_SETTINGS
    folder: Path | None = None

    def load(self) -> Network:
        """The network alone.

        Raises:
            NetworkError: as of `hwdse.networks.load`.
            DatasetError: a dataset of another package cannot be loaded.
        """
        data = self.settings.data
        return load(
            self.network,
            data if data is not None and images_named(data) else None,
            shapes=parse_shapes(self.settings.shapes),
            output=self.settings.output,
        )

    def open(self) -> OpenNetwork:
        """The network with its data and metric.

        Raises:
            NetworkError: as of `load`, or the file names no data and none is given.
            DatasetError: the data is missing or damaged, or not for this network.
        """
        loaded, given = self.load(), self.settings
        options = Options(
            folder=self.folder,
            calibration=_calibration(given.calibration),
            tokenizer=None if given.tokenizer is None else Path(given.tokenizer),
            image=_settings(given.image),
        )
        if given.data is None:
            data, usual = own_data(loaded, options)
        else:
            data = open_data(given.data, loaded, options)
            usual = loaded.default_samples if isinstance(data, NamedImages) else data.test_size
        return OpenNetwork(
            network=loaded,
            data=data,
            metric=metrics.get(given.metric or usual_metric(loaded)),
            usual_samples=usual,
            tells_data=given.data is not None or not isinstance(data, NamedImages),
        )
