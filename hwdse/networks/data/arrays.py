"""Reads samples from .npz files: one array for each input of the network, and one of targets."""

import math
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from numpy.lib import format as npy

from hwdse.errors import DatasetError, first_line
from hwdse.networks.data import DataReader, Options, register
from hwdse.networks.parts import digest
from hwdse.networks.protocols import Array, Computation, Sample
from hwdse.reading import MEBIBYTE, open_regular, reason

TARGETS = ("y", "labels", "label", "target", "targets")
"""Names that an array of targets may have."""
_ONLY = "x"  # the only input may be called so, whatever its name in the network

MAX_ARRAYS = 2048 * MEBIBYTE
"""Largest size of all arrays of a file in bytes."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ArraySamples:
    """Samples whose values lie in arrays.

    Attributes:
        name: name of the file.
        inputs: values by input, each of shape (samples, *sample shape).
        targets: the targets, of shape (samples, ...). None: there are none.
    """

    name: str
    inputs: Mapping[str, Array]
    targets: Array | None

    def __len__(self) -> int:
        return len(next(iter(self.inputs.values())))

    def __getitem__(self, index: int) -> Sample:
        target = None if self.targets is None else self.targets[index]
        return Sample(
            inputs={name: array[index] for name, array in self.inputs.items()}, target=target
        )

    def key(self, index: int) -> bytes:
        """Digest of the values of all inputs."""
        return digest(*(array[index].tobytes() for array in self.inputs.values()))


def read_arrays(path: Path, network: Computation, options: Options) -> ArraySamples:
    """Samples of an .npz file.

    Raises:
        DatasetError: the file cannot be read or is too large, lacks an input or has several arrays
            of targets, or its arrays have different numbers of samples.
    """
    del options
    arrays = _arrays(path)
    there = ", ".join(arrays) or "none"
    inputs = {}
    for each in network.inputs:
        name = each.name
        if name not in arrays and len(network.inputs) == 1:
            name = _ONLY
        if name not in arrays:
            raise DatasetError(
                f"data {path} lacks the array {each.name!r}, an input of network {network.name}: "
                f"it has {there}"
            )
        inputs[each.name] = arrays.pop(name)
    targets = [name for name in TARGETS if name in arrays]
    if len(targets) > 1:
        raise DatasetError(
            f"data {path} has the arrays {' and '.join(targets)}: only one can be the targets"
        )
    target = arrays[targets[0]] if targets else None
    sized = [*inputs.items(), *((name, arrays[name]) for name in targets)]
    if len({len(array) if array.ndim else -1 for _, array in sized}) > 1 or not sized[0][1].ndim:
        shapes = ", ".join(f"{name} of shape {array.shape}" for name, array in sized)
        raise DatasetError(f"data {path} has {shapes}: the first axis of each must be the samples")
    return ArraySamples(name=path.name, inputs=inputs, targets=target)


def _arrays(path: Path) -> dict[str, Array]:
    """All arrays of a file, by name."""
    found: dict[str, Array] = {}
    total = 0
    try:
        with open_regular(path, MAX_ARRAYS) as file, zipfile.ZipFile(file) as members:
            for member in members.namelist():
                name = member.removesuffix(".npy")
                with members.open(member) as content:
                    total += _announced(content)
                if total > MAX_ARRAYS:
                    raise DatasetError(
                        f"data {path} holds more than {MAX_ARRAYS} bytes up to {name!r}: split it"
                    )
                with members.open(member) as content:
                    found[name] = npy.read_array(content, allow_pickle=False)
    except OSError as error:
        raise DatasetError(f"data {path}: {reason(error)}") from error
    except (ValueError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise DatasetError(f"data {path} is no usable .npz file: {first_line(error)}") from error
    except RuntimeError as error:  # of zipfile, for members with a password
        raise DatasetError(f"data {path} is no usable .npz file: {first_line(error)}") from error
    return found


def _announced(content: IO[bytes]) -> int:
    """Size in bytes that the header of an array announces."""
    version = npy.read_magic(content)
    if version == (1, 0):
        shape, _, dtype = npy.read_array_header_1_0(content)
    else:
        shape, _, dtype = npy.read_array_header_2_0(content)
    return math.prod(shape) * int(dtype.itemsize)


register(
    DataReader(
        what="an .npz file",
        takes=lambda path: path.suffix == ".npz" and path.is_file(),
        read=read_arrays,
    )
)
