"""Datasets: splits, IDX files, and every way in which they can be missing or damaged."""

import gzip
import struct
from dataclasses import replace

import numpy as np
import pytest

from hwdse.errors import DatasetError
from hwdse.networks import datasets
from hwdse.networks.idx import read_idx


def idx_bytes(array, kind=8):
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, kind, array.ndim, *array.shape)
    return header + array.astype(np.uint8).tobytes()


@pytest.fixture
def fashion_folder(tmp_path):
    rng = np.random.default_rng(1)
    for prefix, count in (("train", 40), ("t10k", 12)):
        images = rng.integers(0, 256, (count, 28, 28))
        labels = rng.integers(0, 10, count)
        (tmp_path / f"{prefix}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx_bytes(images)))
        (tmp_path / f"{prefix}-labels-idx1-ubyte").write_bytes(idx_bytes(labels))
    return tmp_path


def test_registry_describes_itself():
    assert {"digits", "digits-large-test", "fashion-mnist"} <= set(datasets.names())
    assert datasets.get("digits") is datasets.DIGITS
    with pytest.raises(
        DatasetError,
        match="unknown dataset 'cifar': known are digits, digits-large-test, fashion-mnist",
    ):
        datasets.get("cifar")
    with pytest.raises(DatasetError, match="registered twice"):
        datasets.register(replace(datasets.DIGITS, title="other"))


@pytest.mark.parametrize(
    ("dataset", "sizes", "of_a_class"),
    [
        (datasets.DIGITS, (1352, 445), (43, 46)),
        (datasets.DIGITS_LARGE_TEST, (602, 1195), (116, 122)),
    ],
)
def test_digits_split_is_disjoint_stratified_and_complete(dataset, sizes, of_a_class):
    train, test = dataset.train(), dataset.test()
    assert (len(train.x), len(test.x)) == sizes
    assert len(test.x) == dataset.test_size
    assert train.x.dtype == np.float32
    assert train.x.max() == 1.0
    everything = np.concatenate([train.x, test.x])
    seen = {sample.tobytes() for sample in train.x}
    assert not any(sample.tobytes() in seen for sample in test.x)
    assert len(everything) == 1797
    counts = np.bincount(test.y)
    assert counts.min() >= of_a_class[0]
    assert counts.max() <= of_a_class[1]


def test_limit_is_a_prefix(fashion_folder):
    for dataset in (datasets.DIGITS, datasets.FASHION_MNIST):
        whole, some = dataset.test(fashion_folder), dataset.test(fashion_folder, limit=5)
        assert np.array_equal(whole.x[:5], some.x)
        assert np.array_equal(whole.y[:5], some.y)


def test_images_are_scaled_and_have_a_channel(fashion_folder):
    part = datasets.FASHION_MNIST.train(fashion_folder)
    assert part.x.shape == (40, 1, 28, 28)
    assert part.x.max() == 1.0
    assert part.y.dtype == np.int64


def test_folder_from_the_environment(fashion_folder, monkeypatch):
    monkeypatch.setenv(datasets.DATA_VARIABLE, str(fashion_folder))
    assert len(datasets.FASHION_MNIST.test().x) == 12


def test_missing_says_how_to_get_it(tmp_path):
    with pytest.raises(DatasetError) as caught:
        datasets.FASHION_MNIST.test(tmp_path)
    message = str(caught.value)
    assert "apt-get install dataset-fashion-mnist" in message
    assert "--data-dir" in message
    assert str(tmp_path) in message
    assert "\n" not in message


def test_a_named_folder_is_the_only_one_searched(tmp_path, fashion_folder, monkeypatch):
    monkeypatch.setenv(datasets.DATA_VARIABLE, str(fashion_folder))
    with pytest.raises(DatasetError, match="missing"):
        datasets.FASHION_MNIST.test(tmp_path / "elsewhere")


IMAGES = idx_bytes(np.zeros((3, 2, 2)))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "does not start like an IDX file"),
        (b"PK\3\4 not idx", "does not start like an IDX file"),
        (IMAGES[:9], "ends within its header"),
        (IMAGES[:-1], "11 bytes of data where its header announces 12"),
        (IMAGES + b"!", "more than 12 bytes"),
        (idx_bytes(np.zeros((3, 2, 2)), kind=13), "type 0x0d"),
        (b"\0\0\x08\0", "0 dimensions"),
    ],
)
def test_damaged_file(tmp_path, content, message):
    path = tmp_path / "plain"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=message):
        read_idx(path)
    packed = tmp_path / "packed.gz"
    packed.write_bytes(gzip.compress(content))
    with pytest.raises(DatasetError, match=message):
        read_idx(packed)


def test_damaged_compression(tmp_path):
    packed = gzip.compress(np.random.default_rng(0).integers(0, 256, 4000, np.uint8).tobytes())
    path = tmp_path / "x.gz"
    for content in (b"no gzip", packed[:-9], packed[:40]):
        path.write_bytes(content)
        with pytest.raises(DatasetError, match=r"x\.gz"):
            read_idx(path)
    path.write_bytes(gzip.compress(IMAGES)[:-9])
    with pytest.raises(DatasetError, match=r"x\.gz"):
        read_idx(path)


def test_a_folder_in_place_of_a_file(tmp_path):
    with pytest.raises(DatasetError, match="cannot be read"):
        read_idx(tmp_path)


def test_images_and_labels_that_do_not_fit(fashion_folder):
    labels = fashion_folder / "t10k-labels-idx1-ubyte"
    labels.write_bytes(idx_bytes(np.zeros(11)))
    with pytest.raises(DatasetError, match="damaged"):
        datasets.FASHION_MNIST.test(fashion_folder)
    labels.write_bytes(idx_bytes(np.full(12, 10)))
    with pytest.raises(DatasetError, match="label 10 of 10 classes"):
        datasets.FASHION_MNIST.test(fashion_folder)
