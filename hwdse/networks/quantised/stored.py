"""Quantised tensors of a network: codes, and what each code stands for."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.formats import Format, parse

Numbers = npt.NDArray[np.float64]
Real = npt.NDArray[np.float32]

#: Formats of hwdse by the names of NumPy's types, in which `onnx` hands out stored codes.
_FORMATS = {
    **{f"{sign}int{bits}": f"{sign}int{bits}" for sign in ("", "u") for bits in (2, 4, 8, 16)},
    "int32": "int32",
    "float8_e4m3fn": "e4m3fn",
    "float8_e4m3fnuz": "e4m3fnuz",
    "float8_e5m2": "e5m2",
    "float8_e5m2fnuz": "e5m2fnuz",
    "float8_e8m0fnu": "e8m0",
    "float6_e2m3fn": "e2m3fn",
    "float6_e3m2fn": "e3m2fn",
    "float4_e2m1fn": "e2m1fn",
}
_MOST_CODES = 1 << 16


@dataclass(frozen=True, kw_only=True, eq=False)
class CodeKind:
    """The codes that a quantised tensor may hold.

    Attributes:
        name: name for messages: that of a format of hwdse if one has these values.
        numbers: all values of a code, sorted. Of formats of more than 16 bits, only the ends.
    """

    name: str
    numbers: Numbers

    @classmethod
    def of_type(cls, dtype: np.dtype[Any]) -> "CodeKind | None":
        """The kind of a NumPy type, such as int8 or ml_dtypes.float8_e4m3fn. None: no codes."""
        name = _FORMATS.get(dtype.name)
        return None if name is None else _kind(name)

    @classmethod
    def integers(cls, low: int, high: int, name: str | None = None) -> "CodeKind":
        """Whole numbers from `low` to `high`."""
        numbers = np.arange(low, high + 1, dtype=np.float64)
        return cls(name=name or f"integers {low} to {high}", numbers=numbers)

    def within(self, low: float, high: float) -> "CodeKind":
        """The same kind without values outside low..high."""
        numbers = self.numbers[(self.numbers >= low) & (self.numbers <= high)]
        if len(numbers) == len(self.numbers) or not len(numbers):
            return self
        return CodeKind(name=f"{self.name} from {numbers[0]:g} to {numbers[-1]:g}", numbers=numbers)


@lru_cache
def _kind(name: str) -> CodeKind:
    number_format: Format = parse(name)
    if 1 << number_format.bits > _MOST_CODES:
        ends = [float(number_format.min), float(number_format.max)]
        return CodeKind(name=name, numbers=np.array(ends))
    numbers = number_format.decode(np.arange(1 << number_format.bits))
    return CodeKind(name=name, numbers=np.unique(numbers[np.isfinite(numbers)]))


@dataclass(frozen=True, kw_only=True, eq=False)
class Stored:
    """A quantised tensor: each value is (number of the code - zero) * scale * factor.

    Attributes:
        node: operator and output in the file, for messages.
        kind: the codes that the tensor may hold.
        scale: scales, of a shape that broadcasts to the tensor. None: computed at run time.
        zero: zero points, of a shape that broadcasts to the tensor.
        values: numbers of all codes in the shape of the tensor; None for activations.
        factor: a scale of the whole tensor beside `scale`.
        blocked: values along an axis that share a scale, if the file has scales of blocks.
        source: of activations whose blocks get scales at run time, the name of the value before.
    """

    node: str
    kind: CodeKind
    scale: Numbers | None
    zero: Numbers
    values: Real | None = None
    factor: float = 1.0
    blocked: int | None = None
    source: str | None = None

    @property
    def dequantised(self) -> Real:
        """The real values of a constant tensor, in float32 as DequantizeLinear computes them."""
        assert self.values is not None
        assert self.scale is not None
        # Integers minus their zero points are exact in float64, and rounded to float32 once.
        shifted = (self.values - self.zero).astype(np.float32)
        found: Real = shifted * (self.scale * self.factor).astype(np.float32)
        return found


def spread(per_axis: npt.NDArray[Any], shape: Iterable[int], axis: int, block: int) -> Numbers:
    """Scales or zero points of a tensor, of a shape that broadcasts to it.

    Args:
        per_axis: one number, one for each index along `axis`, or one for each block of `block`
            values along `axis` (in the other axes as in the tensor).
        shape: shape of the tensor.
        axis: axis of channels or blocks.
        block: values that share a number; 0 without blocks.

    Raises:
        ValueError: the numbers do not fit the shape.
    """
    shape = tuple(shape)
    numbers = per_axis.astype(np.float64)
    if block:
        numbers = numbers.repeat(min(block, shape[axis]), axis)
        numbers = numbers[tuple(map(slice, shape))]
        if numbers.shape != shape:
            raise ValueError(f"scales of shape {per_axis.shape} in blocks of {block} for {shape}")
        return numbers
    if numbers.size == 1:
        return numbers.reshape(())
    along = [1] * len(shape)
    along[axis] = -1
    numbers = numbers.reshape(along)
    np.broadcast_shapes(numbers.shape, shape)
    return numbers
