"""Data for evaluations: registered datasets, and files of the user by their kind.

A module of this folder reads one kind of file, and registers a `DataReader`. A reader gives all
samples of the file. Which of them serve for calibration is decided here, the same for all kinds.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from hwdse.errors import DatasetError, quoted
from hwdse.networks import datasets
from hwdse.networks.named import NamedImages
from hwdse.networks.network import Network
from hwdse.networks.parts import FileSamples, separate, split
from hwdse.networks.protocols import Computation, Data
from hwdse.plugins import load_modules, load_offered, offered

_DEFAULT_CALIBRATION = 256


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the user says about data.

    Attributes:
        folder: folder of a registered dataset. None: $HWDSE_DATA or the system folder.
        calibration: number of samples for choosing scales, or a file that has them. None: as many
            as the network says, but at most a quarter of a file.
        tokenizer: file that says how a text becomes tokens.
        image: what is done to images, by name; see `hwdse.networks.data.images`. It overrides the
            metadata of the network.
    """

    folder: Path | None = None
    calibration: int | Path | None = None
    tokenizer: Path | None = None
    image: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class DataReader:
    """Reads one kind of file.

    Attributes:
        what: the kind in words, such as `an .npz file`.
        takes: whether a file or folder is of this kind.
        read: function (path, network, options) -> samples.
    """

    what: str
    takes: Callable[[Path], bool]
    read: Callable[[Path, Computation, Options], FileSamples]


_READERS: list[DataReader] = []


def register(reader: DataReader) -> None:
    """Make a kind of file known."""
    _READERS.append(reader)


def open_data(given: str | Path, network: Computation, options: Options | None = None) -> Data:
    """Data for a network.

    Args:
        given: name of a dataset, registered or offered by another package, or path of an .npz
            file, a folder of images or a text.
        network: the network that the samples are for.
        options: what the user says about the data.

    Raises:
        DatasetError: the name is unknown, or the data is missing, damaged or not for this network.
    """
    options = options or Options()
    name = str(given)
    dataset = images_named(name)
    if dataset is not None:
        return _named(name, dataset, network, options)
    if name in offered(datasets.GROUP):
        found, place = load_offered(datasets.GROUP, name, "dataset", DatasetError)
        if not callable(found):
            raise DatasetError(
                f"dataset {name}: {place} is neither a Dataset nor a function of a network"
            )
        data: Data = found(network)
        return data
    samples = _read(Path(given), network, options)
    if isinstance(options.calibration, Path):
        return separate(samples, _read(options.calibration, network, options))
    usual = network.calibration if isinstance(network, Network) else _DEFAULT_CALIBRATION
    return split(samples, options.calibration, usual)


def own_data(network: Network, options: Options | None = None) -> tuple[Data, int]:
    """The data that a network's file names, and how many samples of them are scored as a rule.

    These are data beside the file, or a registered dataset.

    Raises:
        NetworkError: the file names no data.
        DatasetError: the data is missing or damaged, or not for this network.
    """
    options = options or Options()
    companions = network.companions
    if companions.data is None:
        images = NamedImages.of(network, options.folder)
        return open_data(images.name, network, options), network.default_samples
    if options.calibration is None:
        options = replace(options, calibration=companions.calibration)
    found = open_data(companions.data, network, options)
    return found, min(network.default_samples or found.test_size, found.test_size)


def images_named(name: str) -> datasets.Dataset | None:
    """The dataset of images with a name, for which a network must be loaded; None: no such name.

    Raises:
        DatasetError: that of another package cannot be loaded.
    """
    if name not in datasets.names():
        if name not in offered(datasets.GROUP):
            return None
        found, _ = load_offered(datasets.GROUP, name, "dataset", DatasetError)
        if not isinstance(found, datasets.Dataset):
            return None
    return datasets.get(name)


def _named(
    name: str, dataset: datasets.Dataset, network: Computation, options: Options
) -> NamedImages:
    if not isinstance(network, Network) or network.dataset != dataset:
        raise DatasetError(f"dataset {name}: network {network.name} was not loaded for it")
    if isinstance(options.calibration, Path):
        raise DatasetError(
            f"calibration={options.calibration}: dataset {name} has a part for calibration; a "
            "number of its samples may be given"
        )
    return NamedImages.of(network, options.folder, options.calibration)


def _read(path: Path, network: Computation, options: Options) -> FileSamples:
    try:
        found = next((reader for reader in _READERS if reader.takes(path)), None)
    except (OSError, ValueError):  # names that no file can have
        found = None
    if found is None:
        kinds = " or ".join(reader.what for reader in _READERS)
        raise DatasetError(
            f"no data {quoted(str(path))}: datasets are {', '.join(datasets.names())}; anything "
            f"else must be the path of {kinds}"
        )
    return found.read(path, network, options)


load_modules(__name__, __path__)
