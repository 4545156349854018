"""Reads a folder of images. Names of subfolders are the classes, or `labels.csv` has the labels.

What is done to an image stands in the metadata of the network's file (`hwdse.resize` and so on) or
is given by the user:

* `resize`: `N`, the length of the shorter side, or `HxW`, height and width. Default: the shorter
  side becomes that of a square input; for other inputs both sides become theirs.
* `crop`: part of the resized image that the input shows, such as 0.875. It stands for a `resize`.
* `interpolation`: nearest, bilinear (default), bicubic or lanczos, with the filter of Pillow.
* `mean`, `std`: one number, or one for each channel: the input is (pixel - mean) / std, with
  pixels of 0..1. Default 0 and 1. Inputs of integers take pixels of 0..255 as they are.
* `channels`: rgb (default) or bgr.

The middle of the resized image is the input, channels first or last as the network has it.
"""

import csv
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from hwdse.errors import DatasetError, first_line, unknown
from hwdse.networks.data import DataReader, Options, register
from hwdse.networks.network import Network
from hwdse.networks.parts import digest
from hwdse.networks.protocols import Array, Computation, Input, Sample
from hwdse.reading import MEBIBYTE, read_bytes, read_text

LABELS = "labels.csv"
SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
SETTINGS = ("resize", "crop", "interpolation", "mean", "std", "channels")
_HEADS = {"file", "filename", "image", "name", "path"}
_MAX_IMAGE = 64 * MEBIBYTE
_MAX_SIDE = 8192
_FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Preparation:
    """What is done to an image before the network gets it.

    Attributes:
        target: the input of the network.
        size: height and width after resizing; one of them 0: in proportion.
        resample: the filter.
        mean: value to subtract from each channel.
        std: divisor of each channel.
        is_bgr: whether blue is the first channel.
    """

    target: Input
    size: tuple[int, int]
    resample: Image.Resampling
    mean: npt.NDArray[np.float32]
    std: npt.NDArray[np.float32]
    is_bgr: bool

    @classmethod
    def of(cls, network: Computation, options: Options) -> "Preparation":
        """Read the settings of the network's file and of the user.

        Raises:
            DatasetError: the network takes no images, or a setting is unknown or malformed.
        """
        if len(network.inputs) != 1 or _channels(network.inputs[0].shape) is None:
            inputs = ", ".join(map(str, network.inputs))
            raise DatasetError(
                f"network {network.name} takes {inputs}: a folder of images needs one input of 1 "
                "or 3 channels, first or last"
            )
        target = network.inputs[0]
        given = dict(options.image)
        for name in given:
            if name not in SETTINGS:
                raise DatasetError(unknown("setting of images", name, SETTINGS))
        metadata = network.metadata if isinstance(network, Network) else {}
        settings = {
            name: metadata[f"hwdse.{name}"] for name in SETTINGS if f"hwdse.{name}" in metadata
        } | given
        name = settings.get("interpolation", "bilinear")
        if name not in _FILTERS:
            raise DatasetError(unknown("interpolation", name, _FILTERS))
        channels = settings.get("channels", "rgb")
        if channels not in {"rgb", "bgr"}:
            raise DatasetError(unknown("order of channels", channels, ("rgb", "bgr")))
        return cls(
            target=target,
            size=_size(settings, target.shape),
            resample=_FILTERS[name],
            mean=_numbers("mean", settings.get("mean", "0"), target.shape),
            std=_numbers("std", settings.get("std", "1"), target.shape),
            is_bgr=channels == "bgr",
        )

    def __call__(self, content: bytes) -> Array:
        """The value of the input for the bytes of an image file.

        Raises:
            OSError: it is no image that Pillow reads.
            ValueError: it is too large, or smaller than the input after resizing.
        """
        shape = self.target.shape
        channels = _channels(shape) or 1
        with warnings.catch_warnings(action="error"):  # of images with too many pixels
            image = Image.open(BytesIO(content)).convert("L" if channels == 1 else "RGB")
        height, width = _plane(shape)
        image = self._resized(image)
        top, left = (image.height - height) // 2, (image.width - width) // 2
        if top < 0 or left < 0:
            raise ValueError(
                f"{image.height} x {image.width} pixels after resizing, the input has {height} x "
                f"{width}"
            )
        image = image.crop((left, top, left + width, top + height))
        pixels = np.asarray(image, np.uint8).reshape(height, width, channels)
        if self.is_bgr:
            pixels = pixels[..., ::-1]
        if self.target.dtype.kind == "f":
            scaled = pixels.astype(np.float32) / np.float32(255)
            found: Array = (scaled - self.mean) / self.std
        else:
            found = pixels
        if len(shape) == 3 and shape[0] == channels:
            found = found.transpose(2, 0, 1)
        return np.ascontiguousarray(found.reshape(shape), self.target.dtype)

    def _resized(self, image: Image.Image) -> Image.Image:
        height, width = self.size
        if not width:  # the shorter side is `height`
            scale = height / min(image.height, image.width)
            height, width = (max(1, round(side * scale)) for side in (image.height, image.width))
        if max(height, width) > _MAX_SIDE:
            raise ValueError(f"{height} x {width} pixels, at most {_MAX_SIDE} a side are allowed")
        if (image.height, image.width) == (height, width):
            return image
        return image.resize((width, height), self.resample)


@dataclass(frozen=True, kw_only=True, eq=False)
class ImageSamples:
    """Images of a folder.

    Attributes:
        name: name of the folder.
        files: the images.
        targets: label of each image. None: there are none.
        prepare: what is done to an image.
    """

    name: str
    files: Sequence[Path]
    targets: Sequence[int | str] | None
    prepare: Preparation

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> Sample:
        path = self.files[index]
        try:
            value = self.prepare(self._content(index))
        except (OSError, ValueError, SyntaxError, Warning, Image.DecompressionBombError) as error:
            raise DatasetError(f"image {path} cannot be used: {first_line(error)}") from error
        return Sample(
            inputs={self.prepare.target.name: value},
            target=None if self.targets is None else self.targets[index],
        )

    def key(self, index: int) -> bytes:
        """Digest of the file."""
        return digest(self._content(index))

    def _content(self, index: int) -> bytes:
        return read_bytes(self.files[index], "image", DatasetError, most=_MAX_IMAGE)


def read_images(path: Path, network: Computation, options: Options) -> ImageSamples:
    """Images of a folder, with labels.

    With `labels.csv` (rows `file,label`), images come in the order of its rows, and labels are
    class numbers, or texts if one of them is no number. Without it, a class is a subfolder: its
    number is its name if all names are numbers, else its place among the sorted names. Images of
    subfolders come in the order of a hash of their names, so that the first of them are of all
    classes.

    Raises:
        DatasetError: there is no image, `labels.csv` is malformed, or images lie both in the folder
            and in subfolders; or as of `Preparation.of`.
    """
    prepare = Preparation.of(network, options)
    try:
        files, targets = (_labelled if (path / LABELS).is_file() else _classes)(path)
    except OSError as error:
        raise DatasetError(f"data {path}: {error.strerror or error}") from error
    return ImageSamples(name=path.name, files=files, targets=targets, prepare=prepare)


_Found = tuple[list[Path], Sequence[int | str] | None]


def _labelled(folder: Path) -> _Found:
    path = folder / LABELS
    rows = [row for row in csv.reader(read_text(path, "labels", DatasetError).splitlines()) if row]
    if rows and rows[0][0].strip().lower() in _HEADS:
        rows = rows[1:]
    if not rows:
        raise DatasetError(f"labels {path} has no rows")
    files = []
    for number, row in enumerate(rows, 1):
        if len(row) != 2:
            raise DatasetError(f"labels {path}: row {number} is not of the form file,label")
        file = folder / row[0].strip()
        if not file.is_file():
            raise DatasetError(f"labels {path}: row {number} names {row[0]!r}, which is no file")
        files.append(file)
    labels = [row[1] for row in rows]
    if all(_is_number(label.strip()) for label in labels):
        return files, [int(label) for label in labels]
    return files, labels


def _classes(folder: Path) -> _Found:
    loose = [file for file in sorted(folder.iterdir()) if _is_image(file)]
    classes = [each for each in sorted(folder.iterdir()) if each.is_dir()]
    inside = [(each, file) for each in classes for file in sorted(each.iterdir())]
    inside = [(each, file) for each, file in inside if _is_image(file)]
    if loose and inside:
        raise DatasetError(
            f"data {folder} has images in itself and in subfolders: either all have a class, the "
            f"name of their subfolder, or none; {LABELS} can give labels, too"
        )
    if not loose and not inside:
        raise DatasetError(f"data {folder} has no images ({', '.join(SUFFIXES)})")
    if loose:
        return loose, None
    if all(_is_number(each.name) for each in classes):
        numbers = {each: int(each.name) for each in classes}
    else:
        numbers = {each: number for number, each in enumerate(classes)}
    inside.sort(key=lambda pair: digest(pair[1].name.encode(errors="surrogateescape")))
    return [file for _, file in inside], [numbers[each] for each, _ in inside]


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and path.is_file()


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def _channels(shape: tuple[int, ...]) -> int | None:
    """Number of channels of an input of images; None: it is none."""
    if len(shape) == 2:
        return 1
    if len(shape) != 3:
        return None
    return next((size for size in (shape[0], shape[-1]) if size in {1, 3}), None)


def _plane(shape: tuple[int, ...]) -> tuple[int, int]:
    """Height and width of an input of images."""
    if len(shape) == 2:
        return shape[0], shape[1]
    return (shape[1], shape[2]) if shape[0] == _channels(shape) else (shape[0], shape[1])


def _size(settings: dict[str, str], shape: tuple[int, ...]) -> tuple[int, int]:
    """Height and width after resizing, or the shorter side and 0."""
    height, width = _plane(shape)
    if "resize" in settings:
        if "crop" in settings:
            raise DatasetError("settings of images: resize and crop exclude each other")
        sides = settings["resize"].split("x")
        if len(sides) > 2 or not all(_is_number(side) and int(side) for side in sides):
            raise DatasetError(f"resize={settings['resize']} is not of the form 256 or 256x256")
        return (int(sides[0]), int(sides[1])) if len(sides) == 2 else (int(sides[0]), 0)
    part = float(_numbers("crop", settings.get("crop", "1"), ())[0])
    if not 0 < part <= 1:
        raise DatasetError(f"crop={settings['crop']}: a part from 0 to 1 is needed")
    if height == width:
        return round(height / part), 0
    return round(height / part), round(width / part)


def _numbers(name: str, text: str, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    try:
        values = np.array([float(each) for each in text.split(",")], np.float32)
    except ValueError:
        values = np.full(1, np.nan, np.float32)
    channels = _channels(shape) or 1
    if not np.isfinite(values).all() or len(values) not in {1, channels}:
        raise DatasetError(
            f"{name}={text}: one number, or {channels} with commas between, are needed"
        )
    if name == "std" and not (values > 0).all():
        raise DatasetError(f"std={text}: numbers above 0 are needed")
    return values


register(DataReader(what="a folder of images", takes=lambda path: path.is_dir(), read=read_images))
