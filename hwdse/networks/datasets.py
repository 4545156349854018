"""Datasets for evaluating networks. A dataset object knows where to find its data.

`register` adds a dataset under its name. No other code lists the names. Scores always use the test
part. The train part is for calibrating scales.

Another package offers a dataset by an entry point:

```toml
[project.entry-points."hwdse.datasets"]
birds = "my_package:BIRDS"            # a `Dataset`, or a function of a network that returns `Data`
```
"""

import os
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hwdse.errors import DatasetError, unknown
from hwdse.networks.idx import read_idx
from hwdse.plugins import load_offered, offered

GROUP = "hwdse.datasets"
"""Group of the entry points."""

DATA_VARIABLE = "HWDSE_DATA"
"""Environment variable with the data folder, used if no argument gives the folder."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Split:
    """Labelled samples.

    Attributes:
        x: float32 array of shape (n, *sample shape), with pixels scaled to 0..1.
        y: int64 array of shape (n,) with the class of each sample.
    """

    x: npt.NDArray[np.float32]
    y: npt.NDArray[np.int64]

    def __post_init__(self) -> None:
        if len(self.x) != len(self.y):
            raise DatasetError(f"{len(self.x)} samples but {len(self.y)} labels")


@dataclass(frozen=True, kw_only=True)
class Dataset(ABC):
    """A labelled classification dataset with a fixed train and test part.

    Attributes:
        name: name of the dataset, as in the metadata of networks.
        title: one-line description for readers, with the source.
        classes: the class names, in label order.
        test_size: number of samples in the test part.
    """

    name: str
    title: str
    classes: tuple[str, ...]
    test_size: int

    @abstractmethod
    def train(self, data_dir: Path | None = None, limit: int | None = None) -> Split:
        """The train part, or its first `limit` samples, in a fixed order.

        Raises:
            DatasetError: the data is missing or damaged.
        """

    @abstractmethod
    def test(self, data_dir: Path | None = None, limit: int | None = None) -> Split:
        """The test part, or its first `limit` samples, in a fixed order.

        Raises:
            DatasetError: the data is missing or damaged.
        """


@dataclass(frozen=True, kw_only=True)
class Digits(Dataset):
    """The 8x8 digits that scikit-learn ships: 1,797 samples of shape (64,), no file needed.

    The rank of a sample within its class, in file order, decides whether the sample is held out for
    the test part. The split uses no random generator, so it is the same with every version of every
    library. Both parts contain samples of the same writers, as in a random split.
    Source: E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI, 1998.

    Attributes:
        period: number of samples of a class after which the split pattern repeats.
        held_out: positions within the period, from 0, of the samples in the test part.
    """

    period: int
    held_out: tuple[int, ...]

    def train(self, data_dir: Path | None = None, limit: int | None = None) -> Split:
        """The samples that are not held out. `data_dir` has no effect."""
        return self._split(False, limit)

    def test(self, data_dir: Path | None = None, limit: int | None = None) -> Split:
        """The held-out samples. `data_dir` has no effect."""
        return self._split(True, limit)

    def _split(self, held_out: bool, limit: int | None) -> Split:
        # Imported here: importing scikit-learn takes seconds, and only this dataset needs it.
        from sklearn.datasets import load_digits  # noqa: PLC0415

        x, y = load_digits(return_X_y=True)
        rank = np.zeros(len(y), np.int64)
        for label in range(len(self.classes)):
            rank[y == label] = np.arange(np.count_nonzero(y == label))
        in_test = np.isin(rank % self.period, self.held_out)
        chosen = np.flatnonzero(in_test == held_out)[:limit]
        return Split(x=(x[chosen] / 16.0).astype(np.float32), y=y[chosen].astype(np.int64))


@dataclass(frozen=True, kw_only=True)
class IdxImages(Dataset):
    """Images in the four IDX files of the MNIST family; samples of shape (1, height, width).

    Attributes:
        folder: folder in which the operating system's package installs the files.
        how_to_get: last part of the error message for missing files. It says how to get them.
    """

    folder: Path
    how_to_get: str

    def train(self, data_dir: Path | None = None, limit: int | None = None) -> Split:
        """Read the train files from `data_dir`, $HWDSE_DATA or the system folder."""
        return self._load("train", data_dir, limit)

    def test(self, data_dir: Path | None = None, limit: int | None = None) -> Split:
        """Read the test files from `data_dir`, $HWDSE_DATA or the system folder."""
        return self._load("t10k", data_dir, limit)

    def _load(self, prefix: str, data_dir: Path | None, limit: int | None) -> Split:
        image_file = self._find(f"{prefix}-images-idx3-ubyte", data_dir)
        label_file = self._find(f"{prefix}-labels-idx1-ubyte", data_dir)
        images, labels = read_idx(image_file, limit), read_idx(label_file, limit)
        if images.ndim != 3 or labels.ndim != 1 or len(images) != len(labels):
            raise DatasetError(
                f"{image_file} is damaged: images of shape {images.shape} "
                f"with labels of shape {labels.shape} in {label_file.name}"
            )
        if labels.size and labels.max() >= len(self.classes):
            raise DatasetError(
                f"{label_file} is damaged: label {labels.max()} of {len(self.classes)} classes"
            )
        return Split(
            x=images[:, np.newaxis].astype(np.float32) / np.float32(255),
            y=labels.astype(np.int64),
        )

    def _find(self, file: str, data_dir: Path | None) -> Path:
        given = data_dir or os.environ.get(DATA_VARIABLE)
        # If the user named a folder, search only there. Another copy of the data could give a score
        # on data that the user did not ask for.
        bases = [Path(given), Path(given) / self.name] if given else [self.folder]
        for base in bases:
            for path in (base / f"{file}.gz", base / file):
                if os.path.isfile(path):
                    return path
        raise DatasetError(
            f"dataset {self.name} is missing: no {file}.gz in {bases[0]}; {self.how_to_get}"
        )


_REGISTRY: dict[str, Dataset] = {}


def register(dataset: Dataset) -> Dataset:
    """Register a dataset under its name.

    Raises:
        DatasetError: a different dataset with this name is registered already.
    """
    if _REGISTRY.setdefault(dataset.name, dataset) != dataset:
        raise DatasetError(f"dataset {dataset.name} is registered twice")
    return dataset


def names() -> list[str]:
    """Names of all registered datasets, sorted."""
    return sorted(_REGISTRY)


def get(name: str) -> Dataset:
    """The dataset of images called `name`, registered or offered by another package.

    Raises:
        DatasetError: no dataset has this name, or it is no `Dataset`.
    """
    if name not in _REGISTRY:
        if name not in offered(GROUP):
            raise DatasetError(unknown("dataset", name, sorted({*names(), *offered(GROUP)})))
        found, place = load_offered(GROUP, name, "dataset", DatasetError)
        if not isinstance(found, Dataset):
            raise DatasetError(
                f"dataset {name}: {place} is no Dataset of images; it may serve as --data"
            )
        if found.name != name:
            raise DatasetError(f"dataset {name}: {place} is called otherwise")
        register(found)
    return _REGISTRY[name]


DIGITS = register(
    Digits(
        name="digits",
        title="handwritten digits of 8x8 pixels (UCI, from scikit-learn)",
        classes=tuple("0123456789"),
        test_size=445,
        period=4,
        held_out=(3,),
    )
)

DIGITS_LARGE_TEST = register(
    Digits(
        name="digits-large-test",
        title="handwritten digits of 8x8 pixels (UCI, from scikit-learn), two thirds held out",
        classes=tuple("0123456789"),
        test_size=1195,
        period=3,
        held_out=(1, 2),
    )
)

FASHION_MNIST = register(
    IdxImages(
        name="fashion-mnist",
        title="Fashion-MNIST, 28x28 grey images of clothing (Xiao, Rasul, Vollgraf 2017)",
        classes=(
            "T-shirt/top",
            "trouser",
            "pullover",
            "dress",
            "coat",
            "sandal",
            "shirt",
            "sneaker",
            "bag",
            "ankle boot",
        ),
        test_size=10_000,
        folder=Path("/usr/share/datasets/fashion-mnist"),
        how_to_get="apt-get install dataset-fashion-mnist, or pass the folder with --data-dir "
        f"(or in ${DATA_VARIABLE})",
    )
)
