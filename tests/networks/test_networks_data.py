"""Data of users: what each kind of file gives, which samples calibrate, and what is refused."""

import importlib
import io
import sys
import types
import zipfile

import numpy as np
import pytest
from onnx import TensorProto
from own_networks import picture_model, token_batch, token_model, write
from PIL import Image

from hwdse import networks
from hwdse.errors import DatasetError
from hwdse.networks import Options, Sample, datasets, open_data
from hwdse.networks.data import arrays

LENGTH = 6


@pytest.fixture
def tokens(tmp_path):
    path = write(token_model(), tmp_path / "tokens.onnx")
    return networks.load(path, shapes={"seq": (LENGTH,)})


def pictures(tmp_path, shape=(3, 4, 6), **options):
    return networks.load(write(picture_model(shape, **options), tmp_path / "pictures.onnx"))


def contents(samples):
    """What goes into the network, sample by sample."""
    return [b"".join(value.tobytes() for value in sample.inputs.values()) for sample in samples]


def saved(path, **given):
    np.savez(path, **given)
    return path


def test_arrays_named_as_the_inputs(tokens, tmp_path):
    batch, y = token_batch(40, LENGTH), np.arange(40)
    data = open_data(saved(tmp_path / "my.npz", **batch, y=y, note=np.ones(3)), tokens)
    assert data.name == "my.npz"
    test, known = list(data.test()), list(data.calibration())
    assert (len(test), len(known), data.test_size) == (30, 10, 30)
    assert not set(contents(test)) & set(contents(known))
    places = [int(sample.target) for sample in test]
    assert places == sorted(places)
    assert sorted(places + [int(sample.target) for sample in known]) == list(range(40))
    for sample in test:
        np.testing.assert_array_equal(sample.inputs["ids"], batch["ids"][int(sample.target)])
    assert contents(data.test(7)) == contents(test)[:7]


def test_contents_decide_which_samples_calibrate(tokens, tmp_path):
    """Wherever they are in the file; copies of them are left out of the test part."""
    batch = token_batch(40, LENGTH)
    chosen = []
    for order in (slice(None), slice(None, None, -1)):
        turned = {name: array[order] for name, array in batch.items()}
        data = open_data(saved(tmp_path / "my.npz", **turned), tokens, Options(calibration=5))
        chosen.append(sorted(contents(data.calibration())))
    assert chosen[0] == chosen[1]
    twice = {name: np.concatenate([array, array]) for name, array in batch.items()}
    data = open_data(saved(tmp_path / "my.npz", **twice), tokens, Options(calibration=5))
    assert sorted(contents(data.calibration())) == chosen[0]
    assert data.test_size == len(list(data.test())) == 70
    assert not set(contents(data.test())) & set(chosen[0])


def test_calibration_by_another_file(tokens, tmp_path):
    test = saved(tmp_path / "test.npz", **token_batch(9, LENGTH, seed=1))
    other = saved(tmp_path / "other.npz", **token_batch(4, LENGTH, seed=2))
    data = open_data(test, tokens, Options(calibration=other))
    assert (data.test_size, len(list(data.calibration()))) == (9, 4)
    with pytest.raises(DatasetError, match=r"9 of 9 samples of test\.npz are in test\.npz"):
        open_data(test, tokens, Options(calibration=test))


def test_the_only_input_may_be_called_x(tmp_path):
    network = pictures(tmp_path)
    x = np.random.default_rng(0).normal(size=(8, 3, 4, 6)).astype(np.float32)
    data = open_data(saved(tmp_path / "my.npz", x=x, labels=np.arange(8)), network)
    for sample in data.test():
        np.testing.assert_array_equal(sample.inputs["image"], x[sample.target])


IDS, MASK = token_batch(8, LENGTH).values()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"ids": IDS}, r"lacks the array 'mask', an input of network tokens: it has ids"),
        ({}, "lacks the array 'ids', .* it has none"),
        ({"ids": IDS, "mask": MASK[:5]}, r"ids of shape \(8, 6\), mask of shape \(5, 6\): the f"),
        ({"ids": IDS, "mask": MASK, "y": np.arange(7)}, r"y of shape \(7,\): the first axis"),
        ({"ids": IDS, "mask": MASK, "y": 1, "labels": 2}, "arrays y and labels: only one"),
        ({"ids": np.array(3), "mask": np.array(4)}, "the first axis of each must be the samples"),
        ({"ids": IDS[:1], "mask": MASK[:1]}, "calibration=1: data my.npz has 1 different samples"),
        ({"ids": IDS * 0, "mask": MASK | True}, "has 1 different samples, and some must be left"),
        ({"ids": np.array([{}] * 8), "mask": MASK}, "no usable .npz file: Object arrays"),
    ],
)
def test_arrays_that_do_not_fit(tokens, tmp_path, given, message):
    with pytest.raises(DatasetError, match=message) as caught:
        open_data(saved(tmp_path / "my.npz", **given), tokens)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"ids": IDS[:, :5]},
            r"sample 0: input 'ids' \(int64 of shape \(6,\)\) does .* \(5,\);",
        ),
        ({"ids": IDS + 0.5}, "input 'ids' .* does not take float64"),
        ({"mask": MASK.astype(int)}, r"input 'mask' \(bool of .* does not take int64"),
    ],
)
def test_values_that_do_not_fit(tokens, tmp_path, given, message):
    path = saved(tmp_path / "my.npz", **{"ids": IDS, "mask": MASK, **given})
    with pytest.raises(DatasetError, match=message) as caught:
        networks.float_accuracy(tokens, data=open_data(path, tokens), metric="agreement")
    assert "\n" not in str(caught.value)


def test_whole_numbers_may_be_narrower_but_not_too_large():
    small = networks.Input(name="x", dtype=np.dtype(np.int8), shape=(2,))
    assert small.of(np.array([-128, 127]), "it").dtype == np.int8
    with pytest.raises(DatasetError, match="does not take values from 0 to 128"):
        small.of(np.array([0, 128]), "it")


def test_damaged_arrays(tokens, tmp_path, monkeypatch):
    path = saved(tmp_path / "my.npz", ids=IDS, mask=MASK)
    content = path.read_bytes()
    for damaged in (b"", b"no zip", content[:-30], content.replace(b"NUMPY", b"NUMPS")):
        path.write_bytes(damaged)
        with pytest.raises(DatasetError, match=r"my\.npz is no usable \.npz file") as caught:
            open_data(path, tokens)
        assert "\n" not in str(caught.value)
    huge = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        huge, {"descr": "<f8", "fortran_order": False, "shape": (1 << 20, 1 << 30)}
    )
    with zipfile.ZipFile(path, "w") as members:
        members.writestr("ids.npy", huge.getvalue())
    with pytest.raises(DatasetError, match=r"holds more than \d+ bytes up to 'ids'"):
        open_data(path, tokens)
    monkeypatch.setattr(arrays, "MAX_ARRAYS", 10)
    path.write_bytes(content)
    with pytest.raises(DatasetError, match="at most 10 are allowed"):
        open_data(path, tokens)


@pytest.mark.parametrize("given", ["nothing.npz", "nowhere", "x" * 5000, "a\0b"])
def test_no_such_data(tokens, given):
    with pytest.raises(DatasetError, match=r"datasets are digits, .* an \.npz file") as caught:
        open_data(given, tokens)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("count", [0, 8, 99])
def test_impossible_calibration(tokens, tmp_path, count):
    path = saved(tmp_path / "my.npz", ids=IDS, mask=MASK)
    with pytest.raises(DatasetError, match=f"calibration={count}: "):
        open_data(path, tokens, Options(calibration=count))


def paint(path, colour, size=(6, 4)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)


@pytest.fixture
def folder(tmp_path):
    """Twelve images of three classes, each of another colour."""
    for number in range(12):
        name = ("bird", "cat", "dog")[number % 3]
        paint(tmp_path / "images" / name / f"{number}.png", (20 * number, 5, 9))
    return tmp_path / "images"


def colours(data):
    """Red of every image, by what the network gets, with its label."""
    parts = (*data.test(), *data.calibration())
    return {round(255 * float(x.inputs["image"][0, 0, 0])): x.target for x in parts}


def test_subfolders_are_classes(folder, tmp_path):
    data = open_data(folder, pictures(tmp_path))
    assert (data.name, data.test_size) == ("images", 9)
    assert colours(data) == {20 * number: number % 3 for number in range(12)}
    # The first images are not all of the first class.
    assert len({sample.target for sample in data.test(5)}) > 1


def test_numbers_of_subfolders_are_classes(tmp_path):
    for number in (2, 10):
        for shade in (0, 1):
            paint(tmp_path / "images" / f"{number}" / f"{shade}.png", (number + 100 * shade, 0, 0))
    data = open_data(tmp_path / "images", pictures(tmp_path, classes=11))
    assert colours(data) == {2: 2, 102: 2, 10: 10, 110: 10}


@pytest.mark.parametrize(("labels", "expected"), [("753", [7, 5, 3]), (["a b", "c", "1"], None)])
def test_a_file_of_labels(tmp_path, labels, expected):
    folder = tmp_path / "images"
    for number in range(3):
        paint(folder / "deep" / f"{number}.png", (50 * number, 0, 0))
    rows = [f"deep/{number}.png,{label}\n" for number, label in enumerate(labels)]
    (folder / "labels.csv").write_text("file,label\n" + "".join(rows))
    found = colours(open_data(folder, pictures(tmp_path)))
    assert [found[0], found[50], found[100]] == (expected or labels)


def test_images_without_labels(tmp_path):
    for number in range(4):
        paint(tmp_path / "images" / f"{number}.jpg", (60 * number, 0, 0))
    network = pictures(tmp_path)
    data = open_data(tmp_path / "images", network)
    assert {sample.target for sample in data.test()} == {None}
    with pytest.raises(DatasetError, match="top1 needs a target for each sample, and data images "):
        networks.float_accuracy(network, data=data)
    assert networks.float_accuracy(network, data=data, metric="agreement").value == 1


def noise(height, width):
    return np.random.default_rng(6).integers(0, 256, (height, width, 3), np.uint8)


def prepared(tmp_path, pixels, shape, settings=None, **options):
    """What the network gets for an image."""
    folder = tmp_path / "images"
    folder.mkdir()
    Image.fromarray(pixels).save(folder / "0.png")
    paint(folder / "1.png", (1, 2, 3), size=pixels.shape[1::-1])
    data = open_data(folder, pictures(tmp_path, shape, **options), Options(image=settings or {}))
    images = [sample.inputs["image"] for sample in (*data.test(), *data.calibration())]
    return max(images, key=np.std)  # not the plain one


def test_normalised_as_the_file_says(tmp_path):
    pixels = noise(5, 5)
    metadata = {"hwdse.mean": "0.485,0.456,0.406", "hwdse.std": "0.5", "hwdse.channels": "bgr"}
    found = prepared(tmp_path, pixels, (3, 5, 5), {"std": "0.25"}, metadata=metadata)
    expected = (pixels[..., ::-1] / 255 - np.array([0.485, 0.456, 0.406])) / 0.25
    np.testing.assert_allclose(found, expected.transpose(2, 0, 1), atol=1e-6)


def test_channels_last_of_bytes(tmp_path):
    pixels = noise(5, 4)
    found = prepared(tmp_path, pixels, (5, 4, 3), kind=TensorProto.UINT8)
    np.testing.assert_array_equal(found, pixels)


def test_grey(tmp_path):
    pixels = noise(5, 4)
    found = prepared(tmp_path, pixels, (1, 5, 4))
    grey = (pixels @ np.array([0.299, 0.587, 0.114])) / 255  # ITU-R 601-2, which Pillow names
    np.testing.assert_allclose(found[0], grey, atol=1 / 255)


@pytest.mark.parametrize(
    ("settings", "middle"),
    [
        ({"crop": "0.5", "interpolation": "nearest"}, np.s_[4:12, 8:16]),
        ({"resize": "16", "interpolation": "bicubic"}, np.s_[4:12, 8:16]),
        ({"resize": "16x24"}, np.s_[4:12, 8:16]),
    ],
)
def test_the_middle_of_the_resized_image(tmp_path, settings, middle):
    pixels = noise(16, 24)
    found = prepared(tmp_path, pixels, (3, 8, 8), settings)
    np.testing.assert_allclose(found.transpose(1, 2, 0), pixels[middle] / 255, atol=1e-6)


def test_resized_by_pillow(tmp_path):
    pixels = noise(20, 10)
    found = prepared(tmp_path, pixels, (3, 5, 5), {"interpolation": "lanczos"})
    image = Image.fromarray(pixels).resize((5, 10), Image.Resampling.LANCZOS)
    np.testing.assert_allclose(found.transpose(1, 2, 0), np.asarray(image)[2:7] / 255, atol=1e-6)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"crops": "1"}, "unknown setting of images 'crops': near crop"),
        ({"mean": "1,2"}, "mean=1,2: one number, or 3 with commas between"),
        ({"mean": "nan"}, "mean=nan: one number"),
        ({"std": "0"}, "std=0: numbers above 0"),
        ({"crop": "2"}, "crop=2: a part from 0 to 1"),
        ({"resize": "0"}, "resize=0 is not of the form 256 or 256x256"),
        ({"resize": "8", "crop": "1"}, "resize and crop exclude each other"),
        ({"interpolation": "area"}, "unknown interpolation 'area'"),
        ({"channels": "grb"}, "unknown order of channels 'grb'"),
    ],
)
def test_settings_that_nothing_can_be(folder, tmp_path, settings, message):
    with pytest.raises(DatasetError, match=message) as caught:
        open_data(folder, pictures(tmp_path), Options(image=settings))
    assert "\n" not in str(caught.value)


def refused_folder(tmp_path, message):
    network = pictures(tmp_path)
    with pytest.raises(DatasetError, match=message) as caught:
        list(open_data(tmp_path / "images", network).test())
    assert "\n" not in str(caught.value)


def test_folders_that_do_not_fit(folder, tmp_path, tokens):
    with pytest.raises(DatasetError, match=r"network tokens takes 'ids' .* needs one inp"):
        open_data(folder, tokens)
    paint(folder / "loose.png", (0, 0, 0))
    refused_folder(tmp_path, "images in itself and in subfolders")
    labels = folder / "labels.csv"
    for text, message in (
        ("file,label\n", "has no rows"),
        ("loose.png\n", "row 1 is not of the form file,label"),
        ("loose.png,1\nlost.png,2\n", "row 2 names 'lost.png', which is no file"),
    ):
        labels.write_text(text)
        refused_folder(tmp_path, message)


def test_damaged_images(tmp_path):
    (tmp_path / "images").mkdir()
    refused_folder(tmp_path, r"has no images \(\.bmp")
    for number in range(3):
        (tmp_path / "images" / f"{number}.png").write_bytes(b"no image %d" % number)
    refused_folder(tmp_path, r"image .*\.png cannot be used: cannot identify image file")


class Spaces:
    """As the package `tokenizers`: a word is a token, its length the number."""

    @classmethod
    def from_str(cls, text):
        if text != "spaces":
            raise ValueError("expected value at line 1")
        return cls()

    def no_truncation(self):
        pass

    def no_padding(self):
        pass

    def encode(self, text, *, add_special_tokens):
        assert not add_special_tokens
        return types.SimpleNamespace(ids=[len(word) for word in text.split()])


@pytest.fixture
def spaces(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tokenizers", types.SimpleNamespace(Tokenizer=Spaces))
    path = tmp_path / "tokenizer.json"
    path.write_text("spaces")
    return path


def test_windows_of_a_text(tokens, tmp_path, spaces):
    lengths = np.random.default_rng(3).integers(1, 10, 6 * LENGTH + 3)
    path = tmp_path / "text.txt"
    path.write_text(" ".join("x" * length for length in lengths))
    data = open_data(path, tokens, Options(tokenizer=spaces, calibration=2))
    parts = [*data.test(), *data.calibration()]
    assert (data.test_size, len(parts)) == (4, 6)
    windows = {tuple(sample.inputs["ids"]): tuple(sample.target) for sample in parts}
    assert windows == {
        tuple(lengths[k : k + LENGTH]): tuple(lengths[k + 1 : k + 1 + LENGTH])
        for k in range(0, 6 * LENGTH, LENGTH)
    }
    assert all(sample.inputs["mask"].tolist() == [True] * LENGTH for sample in parts)


def test_texts_that_do_not_fit(tokens, tmp_path, spaces, monkeypatch):
    path = tmp_path / "text.txt"
    path.write_text("a few words")

    def refused(message, network=tokens, tokenizer=spaces):
        with pytest.raises(DatasetError, match=message) as caught:
            open_data(path, network, Options(tokenizer=tokenizer))
        assert "\n" not in str(caught.value)

    refused("is taken as a text: --tokenizer tokenizer.json", tokenizer=None)
    refused("has 3 tokens: a window takes 6")
    refused("a text needs one input of token ids", network=pictures(tmp_path))
    refused("tokenizer .*missing.json: No such file", tokenizer=tmp_path / "missing.json")
    spaces.write_text("{}")
    refused("is no tokenizer file of Hugging Face: expected value")
    path.write_bytes(b"\xff\xff")
    refused("is no UTF-8 text")
    path.write_text("a few words")
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    refused(r"needs the package tokenizers, which is missing: install it with: pip .*\[text\]")


@pytest.mark.long
def test_a_tokenizer_of_hugging_face(tokens, tmp_path):
    from tokenizers import Tokenizer, models, pre_tokenizers

    made = Tokenizer(models.WordLevel({word: k for k, word in enumerate("abcdefghij")}))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.save(str(tmp_path / "tokenizer.json"))
    path = tmp_path / "text.txt"
    path.write_text(" ".join("abcdefghij" * 4))
    data = open_data(path, tokens, Options(tokenizer=tmp_path / "tokenizer.json"))
    parts = [*data.test(), *data.calibration()]
    # The sixth window, from token 30, is as the first.
    assert {int(sample.inputs["ids"][0]) for sample in parts} == {0, 2, 4, 6, 8}
    for sample in parts:
        np.testing.assert_array_equal(sample.target, (sample.inputs["ids"] + 1) % 10)


class Counting:
    """Data of another package, in a few lines."""

    name, test_size = "counting", 3

    def _samples(self, first):
        for number in range(first, first + 3):
            ids = np.full(LENGTH, number)
            yield Sample(inputs={"ids": ids, "mask": np.ones(LENGTH, bool)}, target=ids)

    def calibration(self):
        return self._samples(0)

    def test(self, limit=None):
        return self._samples(3)


def counting(network):
    assert network.name == "tokens"
    return Counting()


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A package that offers data, a dataset of images, and what cannot be used."""
    described = tmp_path / "brought-1.0.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: brought\nVersion: 1.0\n")
    (described / "entry_points.txt").write_text(
        f"[hwdse.datasets]\ncounting = {__name__}:counting\nlength = {__name__}:LENGTH\n"
        f"none = {__name__}:NOTHING\nmine = {__name__}:MINE\nother = {__name__}:MINE\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(datasets, "_REGISTRY", dict(datasets._REGISTRY))
    importlib.invalidate_caches()


MINE = datasets.Digits(
    name="mine", title="mine", classes=tuple("0123456789"), test_size=355, period=5, held_out=(4,)
)


@pytest.mark.usefixtures("installed")
def test_datasets_of_other_packages(tokens, tmp_path):
    data = open_data("counting", tokens)
    found = networks.float_accuracy(tokens, data=data, metric="perplexity")
    assert (found.samples, found.metric) == (3, "perplexity")
    for name, message in (
        ("length", "is neither a Dataset nor a function"),
        ("none", "dataset none cannot be loaded"),
        ("other", "is called otherwise"),
        ("mine", "network tokens was not loaded for it"),
    ):
        with pytest.raises(DatasetError, match=message):
            open_data(name, tokens)
    path = write(picture_model((64,), classes=10), tmp_path / "linear.onnx")
    assert networks.float_accuracy(networks.load(path, dataset="mine")).samples == 355
    with pytest.raises(DatasetError, match=r"counting: .* is no Dataset of images"):
        networks.load(path, dataset="counting")
