"""Reads a GGUF file, version 3: facts by key, and tensors of floats or of blocks of integers.

Blocks have 32 values. Q8_0 is a float16 scale d and 32 int8: d q. Q4_1 is float16 scale d and
minimum m and 32 numbers of 4 bits, the first 16 in the low halves of the bytes: d q + m.

Source: ggml/docs/gguf.md, and `dequantize_row_*` in ggml/src/ggml-quants.c, which compute in
float32.
"""

import math
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.errors import NetworkError, first_line
from hwdse.networks.arithmetic import Real

_MAGIC, _VERSION, _ALIGNMENT = b"GGUF", 3, 32
_SCALARS = {
    **{0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i"},
    **{6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"},
}
_STRING, _ARRAY = 8, 9
_BLOCK = 32
_Q8_0 = np.dtype([("d", "<f2"), ("q", "<i1", _BLOCK)])
_Q4_1 = np.dtype([("d", "<f2"), ("m", "<f2"), ("q", "<u1", _BLOCK // 2)])


def _q8_0(blocks: npt.NDArray[Any]) -> Real:
    values: Real = blocks["d"].astype(np.float32)[:, None] * blocks["q"].astype(np.float32)
    return values


def _q4_1(blocks: npt.NDArray[Any]) -> Real:
    scale, least = (blocks[name].astype(np.float32)[:, None] for name in ("d", "m"))
    numbers = np.concatenate([blocks["q"] & 15, blocks["q"] >> 4], axis=1).astype(np.float32)
    values: Real = scale * numbers + least
    return values


@dataclass(frozen=True, kw_only=True)
class _Kind:
    """A type of tensors: what a block holds, and how it becomes float32."""

    values: int
    dtype: np.dtype[Any]
    decode: Callable[[npt.NDArray[Any]], Real]


_KINDS = {
    0: _Kind(values=1, dtype=np.dtype("<f4"), decode=lambda blocks: blocks.astype(np.float32)),
    1: _Kind(values=1, dtype=np.dtype("<f2"), decode=lambda blocks: blocks.astype(np.float32)),
    3: _Kind(values=_BLOCK, dtype=_Q4_1, decode=_q4_1),
    8: _Kind(values=_BLOCK, dtype=_Q8_0, decode=_q8_0),
}
_KIND_NAMES = "F32, F16, Q4_1 and Q8_0"


@dataclass(frozen=True, kw_only=True, eq=False)
class Gguf:
    """The contents of a file.

    Attributes:
        facts: numbers, texts and lists by key.
        tensors: float32 arrays by name, the axes in the order of rows and columns: a weight has
            the shape (outputs, inputs).
    """

    facts: Mapping[str, Any]
    tensors: Mapping[str, Real]


def read_gguf(content: bytes, name: str) -> Gguf:
    """Read a file.

    Args:
        content: the file.
        name: its name, for errors.

    Raises:
        NetworkError: the file is damaged, or has tensors of other types than F32, F16, Q4_1, Q8_0.
    """
    try:
        reader = _Reader(content=memoryview(content))
        if (reader.take(4), reader.number(4)) != (_MAGIC, _VERSION):
            raise ValueError(f"it is no GGUF of version {_VERSION}")
        tensors, facts = reader.number(10), reader.number(10)
        found = {reader.text(): reader.value(reader.number(4)) for _ in range(facts)}
        places = [_Place.read(reader) for _ in range(tensors)]
        unit = int(found.get("general.alignment", _ALIGNMENT))
        start = -(-reader.position // unit) * unit
        return Gguf(facts=found, tensors={each.name: each.of(reader, start) for each in places})
    except (ValueError, struct.error, KeyError, TypeError, ZeroDivisionError) as error:
        raise NetworkError(f"weights {name} cannot be read: {first_line(error)}") from error


@dataclass(kw_only=True)
class _Reader:
    content: memoryview
    position: int = field(default=0)

    def take(self, size: int) -> bytes:
        """The next bytes."""
        found = bytes(self.content[self.position : self.position + size])
        if len(found) != size:
            raise ValueError(f"it ends after {len(self.content)} bytes")
        self.position += size
        return found

    def number(self, kind: int) -> Any:
        """The next number of a type."""
        form = _SCALARS[kind]
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def text(self) -> str:
        """The next text: its length in bytes, then UTF-8."""
        return self.take(self.number(10)).decode("utf-8", "replace")

    def value(self, kind: int) -> Any:
        """The next value of a type."""
        if kind == _STRING:
            return self.text()
        if kind != _ARRAY:
            return self.number(kind)
        of, count = self.number(4), self.number(10)
        if count > len(self.content):
            raise ValueError(f"a list of {count} values in {len(self.content)} bytes")
        if of == _ARRAY:
            raise ValueError("lists of lists are not read")
        return [self.value(of) for _ in range(count)]


@dataclass(frozen=True, kw_only=True)
class _Place:
    """Where a tensor lies."""

    name: str
    shape: tuple[int, ...]
    kind: int
    offset: int

    @classmethod
    def read(cls, reader: _Reader) -> "_Place":
        name, axes = reader.text(), reader.number(4)
        if axes > 4:
            raise ValueError(f"tensor {name} has {axes} axes, at most 4 are allowed")
        # The file names the axis first along which values lie side by side.
        shape = tuple(reader.number(10) for _ in range(axes))[::-1]
        return cls(name=name, shape=shape, kind=reader.number(4), offset=reader.number(10))

    def of(self, reader: _Reader, start: int) -> Real:
        """The values."""
        kind = _KINDS.get(self.kind)
        if kind is None:
            raise ValueError(f"tensor {self.name} has type {self.kind}: {_KIND_NAMES} are read")
        count, rest = divmod(math.prod(self.shape), kind.values)
        first = start + self.offset
        part = reader.content[first : first + count * kind.dtype.itemsize]
        if rest or len(part) != count * kind.dtype.itemsize:
            raise ValueError(f"tensor {self.name} of shape {self.shape} is incomplete")
        return kind.decode(np.frombuffer(part, kind.dtype)).reshape(self.shape)
