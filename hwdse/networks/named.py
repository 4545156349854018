"""Samples of a registered dataset of images, as the network that names it takes them."""

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hwdse.errors import DatasetError, NetworkError
from hwdse.networks import datasets
from hwdse.networks.network import Network
from hwdse.networks.protocols import Sample


@dataclass(frozen=True, kw_only=True)
class NamedImages:
    """The dataset that a network's file names: a `hwdse.networks.protocols.Data`.

    Two of them are equal if they give the same samples.

    Attributes:
        network: the network.
        folder: data folder that the user gave. None: the default folder of the dataset.
        count: number of train samples for choosing scales.
    """

    network: Network
    folder: str | None
    count: int

    @classmethod
    def of(
        cls, network: Network, data_dir: Path | None = None, count: int | None = None
    ) -> "NamedImages":
        """The dataset of a network.

        Args:
            network: the network.
            data_dir: folder of the dataset. None: $HWDSE_DATA or the system folder.
            count: number of train samples for choosing scales. None: as the network says.

        Raises:
            NetworkError: the network names no dataset.
        """
        _ = network.named_dataset
        return cls(
            network=network,
            folder=data_folder(data_dir),
            count=network.calibration if count is None else count,
        )

    @property
    def name(self) -> str:
        """Name of the dataset."""
        return self.network.named_dataset.name

    @property
    def test_size(self) -> int:
        """Number of samples in the test part."""
        return self.network.named_dataset.test_size

    def calibration(self) -> Iterator[Sample]:
        """The first samples of the train part.

        Raises:
            DatasetError: the data is missing or damaged, or there are fewer.
        """
        part = self.network.named_dataset.train(self._path, limit=self.count)
        return samples_of(self.network, part)

    def test(self, limit: int | None = None) -> Iterator[Sample]:
        """The first samples of the test part.

        Raises:
            DatasetError: the data is missing or damaged, or there are fewer.
        """
        part = self.network.named_dataset.test(self._path, limit=limit)
        if limit is not None and len(part.x) < limit:
            raise DatasetError(f"samples={limit}: the test part of {self.name} has {len(part.x)}")
        return samples_of(self.network, part)

    @property
    def _path(self) -> Path | None:
        return Path(self.folder) if self.folder else None


def samples_of(network: Network, part: datasets.Split) -> Iterator[Sample]:
    """Samples with the pixels as the network takes them.

    Args:
        network: the network, for normalisation and input shape.
        part: images with pixels 0..1, of any shape with the right number of elements.

    Raises:
        NetworkError: the images have the wrong number of elements.
    """
    shape = network.sample_shape
    if math.prod(part.x.shape[1:]) != math.prod(shape):
        raise NetworkError(
            f"network {network.name} takes samples of shape {shape}, those of "
            f"{network.named_dataset.name} have {part.x.shape[1:]}"
        )
    return _samples(network, part.x.reshape(-1, *shape), part.y)


def _samples(
    network: Network, pixels: npt.NDArray[np.float32], labels: npt.NDArray[np.int64]
) -> Iterator[Sample]:
    mean, std = np.float32(network.mean), np.float32(network.std)
    for image, label in zip(pixels, labels, strict=True):
        yield Sample(inputs={network.input_name: (image - mean) / std}, target=label)


def data_folder(data_dir: Path | None) -> str | None:
    """The data folder that the user gave."""
    return str(data_dir) if data_dir else os.environ.get(datasets.DATA_VARIABLE)
