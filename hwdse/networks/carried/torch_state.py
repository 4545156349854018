"""Reads a state dictionary that PyTorch saved before version 1.6, without torch.

Such a file is a row of pickles (a magic number, the version, facts about the machine, the
dictionary, the keys of the storages) with the values behind them. A pickle can call any function,
so only the few names that tensors need are admitted, and none of them is torch's own.

Source: `_legacy_save` in torch/serialization.py.
"""

import math
import pickle
from collections import OrderedDict
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.errors import NetworkError, first_line
from hwdse.networks.arithmetic import Real

_MAGIC = 0x1950A86A20F9469CFC6C
_VERSION = 1001
_STORAGES = {
    "FloatStorage": np.dtype("<f4"),
    "DoubleStorage": np.dtype("<f8"),
    "HalfStorage": np.dtype("<f2"),
    "LongStorage": np.dtype("<i8"),
    "IntStorage": np.dtype("<i4"),
}
_MAX_AXES = 16


@dataclass(frozen=True, kw_only=True, eq=False)
class _Tensor:
    """A view of a storage: its first element, its shape and the step of each axis, in elements."""

    key: str
    kind: np.dtype[Any]
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def of(self, storage: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The values, copied out of the storage."""
        axes = list(zip(self.shape, self.strides, strict=True))
        if len(axes) > _MAX_AXES or self.offset < 0 or any(min(axis) < 0 for axis in axes):
            raise ValueError(f"a tensor of shape {self.shape}, steps {self.strides}")
        last = self.offset + sum((size - 1) * step for size, step in axes)
        if math.prod(self.shape) and last >= len(storage):
            raise ValueError(f"a tensor of shape {self.shape} in {len(storage)} values")
        steps = [step * self.kind.itemsize for step in self.strides]
        part = storage[self.offset :]
        return np.lib.stride_tricks.as_strided(part, self.shape, steps, writeable=False).copy()


class _Unpickler(pickle.Unpickler):
    """Admits dictionaries, tensors and the types of their storages, and nothing else."""

    def __init__(self, file: BytesIO) -> None:
        super().__init__(file)
        self.sizes: dict[str, tuple[np.dtype[Any], int]] = {}

    def find_class(self, module: str, name: str) -> Any:
        """What stands for a global name in the pickle."""
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuilt
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        raise pickle.UnpicklingError(f"{module}.{name} is not admitted")

    def persistent_load(self, pid: Any) -> tuple[str, np.dtype[Any]]:
        """The key and the type of a storage, whose values come behind the pickles."""
        what, kind, key, _, count, view = pid
        if what != "storage" or view is not None:
            raise pickle.UnpicklingError("a part of a storage is not admitted")
        self.sizes[str(key)] = (np.dtype(kind), int(count))
        return str(key), np.dtype(kind)


def _rebuilt(
    storage: tuple[str, np.dtype[Any]],
    offset: int,
    shape: tuple[int, ...],
    strides: tuple[int, ...],
    *_: Any,
) -> _Tensor:
    key, kind = storage
    return _Tensor(
        key=key,
        kind=kind,
        offset=int(offset),
        shape=tuple(map(int, shape)),
        strides=tuple(map(int, strides)),
    )


def read_torch_state(content: bytes, name: str) -> dict[str, Real]:
    """The tensors of a state dictionary.

    Args:
        content: the file.
        name: its name, for errors.

    Returns:
        float32 arrays by name.

    Raises:
        NetworkError: the file is damaged, newer, or needs a name that is not admitted.
    """
    file = BytesIO(content)
    try:
        if (_Unpickler(file).load(), _Unpickler(file).load()) != (_MAGIC, _VERSION):
            raise ValueError("it is no state dictionary of PyTorch before 1.6")
        _Unpickler(file).load()  # the order of bytes and the sizes of types, which storages tell
        unpickler = _Unpickler(file)
        state = unpickler.load()
        keys = [str(key) for key in _Unpickler(file).load()]
        storages = {key: _storage(file, *unpickler.sizes[key]) for key in keys}
        if not isinstance(state, dict):
            raise ValueError("it is no dictionary")
        return {
            str(key): tensor.of(storages[tensor.key]).astype(np.float32)
            for key, tensor in state.items()
            if isinstance(tensor, _Tensor)
        }
    except Exception as error:  # a damaged pickle raises anything
        raise NetworkError(f"weights {name} cannot be read: {first_line(error)}") from error


def _storage(file: BytesIO, kind: np.dtype[Any], count: int) -> npt.NDArray[Any]:
    """The values of a storage: their number in 8 bytes, then the values."""
    announced = int.from_bytes(file.read(8), "little")
    values = file.read(kind.itemsize * max(0, count))
    if announced != count or len(values) != kind.itemsize * count:
        raise ValueError(f"a storage of {count} values has {announced}")
    return np.frombuffer(values, kind)
