"""The inputs of an ONNX file: their types and shapes, with free dimensions fixed by the user."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from hwdse.errors import NetworkError, quoted
from hwdse.networks import limits
from hwdse.networks.protocols import Input

Shapes = Mapping[str, tuple[int, ...]]
"""Shapes of inputs, batch first, and sizes of dimensions that the file names, by name."""

_SHAPE = re.compile("(.+)=([0-9]{1,9}(?:x[0-9]{1,9})*)")
_KINDS = "fiub"  # of NumPy's types: real, integer, unsigned, bool


def parse_shapes(texts: Iterable[str]) -> dict[str, tuple[int, ...]]:
    """Shapes from texts such as `input_ids=1x128` (an input) or `seq=128` (a named dimension).

    Raises:
        NetworkError: a text has another form, or a name comes twice.
    """
    found: dict[str, tuple[int, ...]] = {}
    for text in texts:
        match = _SHAPE.fullmatch(text)
        if match is None:
            raise NetworkError(
                f"shape {quoted(text)} is not of the form NAME=1x128 for an input, or NAME=128 for "
                "a named dimension"
            )
        if match[1] in found:
            raise NetworkError(f"shape {quoted(text)}: {match[1]!r} is given twice")
        found[match[1]] = tuple(map(int, match[2].split("x")))
    return found


def fix_shapes(path: Path, model: onnx.ModelProto, shapes: Shapes) -> None:
    """Write shapes into the inputs and outputs of a model.

    Raises:
        NetworkError: a name is neither an input nor a named dimension, or a shape contradicts the
            file.
    """
    given = {value.name: value.type.tensor_type.shape.dim for value in _inputs(model)}
    sizes: dict[str, int] = {}
    named = {dim.dim_param for dims in given.values() for dim in dims if dim.dim_param}
    for name, shape in shapes.items():
        if name in given:
            _fix(path, name, given[name], shape, sizes)
        elif name in named and len(shape) == 1:
            _name(path, sizes, name, shape[0])
        else:
            known = ", ".join(_described(name, dims) for name, dims in given.items())
            raise NetworkError(f"shape {name!r} of network {path}: inputs are {known}")
    for value in (*model.graph.input, *model.graph.output):
        for dim in value.type.tensor_type.shape.dim:
            if dim.dim_param in sizes:
                dim.dim_value = sizes[dim.dim_param]


def _fix(
    path: Path,
    name: str,
    dims: Iterable[onnx.TensorShapeProto.Dimension],
    shape: tuple[int, ...],
    sizes: dict[str, int],
) -> None:
    dims = list(dims)
    fits = len(dims) == len(shape) and all(
        dim.dim_value in (0, size) for dim, size in zip(dims, shape, strict=True)
    )
    if not fits:
        raise NetworkError(
            f"shape {name}={'x'.join(map(str, shape))}: network {path} declares "
            f"{_described(name, dims)}"
        )
    for dim, size in zip(dims, shape, strict=True):
        if dim.dim_param:
            _name(path, sizes, dim.dim_param, size)
        dim.dim_value = size


def _name(path: Path, sizes: dict[str, int], name: str, size: int) -> None:
    if sizes.setdefault(name, size) != size:
        raise NetworkError(
            f"dimension {name!r} of network {path} cannot be both {sizes[name]} and {size}"
        )


def read_inputs(path: Path, model: onnx.ModelProto) -> tuple[tuple[Input, ...], int | None]:
    """The inputs, and the number of samples that run at a time (None: any number).

    Raises:
        NetworkError: there is no input, one has a free dimension, no batch dimension, another type
            than numbers, or is too large, or inputs have different batches.
    """
    values = _inputs(model)
    if not values:
        raise NetworkError(f"network {path} has 0 inputs: one or several are needed")
    found, batches = [], set()
    for value in values:
        tensor = value.type.tensor_type
        dims = tensor.shape.dim
        if not dims:
            raise NetworkError(
                f"network {path}: input {value.name!r} has no batch dimension, which must be its "
                "first"
            )
        dimensions = [int(dim.dim_value) for dim in dims]
        if 0 in dimensions[1:]:
            raise NetworkError(
                f"network {path} has the input {_described(value.name, dims)}: only the batch, "
                "its first dimension, may be free; fix others with --shape (shapes= in Python)"
            )
        limits.check_input(path, dimensions)
        batches.add(dimensions[0])
        found.append(
            Input(
                name=value.name,
                dtype=_dtype(path, value.name, tensor.elem_type),
                shape=tuple(dimensions[1:]),
            )
        )
    fixed = batches - {0}
    if len(fixed) > 1:
        raise NetworkError(
            f"network {path} takes batches of {', '.join(map(str, sorted(fixed)))}: all inputs "
            "must have the same first dimension, the batch"
        )
    return tuple(found), next(iter(fixed), None)


def _dtype(path: Path, name: str, kind: int) -> np.dtype[Any]:
    try:
        found: np.dtype[Any] = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(kind))
    except (KeyError, TypeError):
        found = np.dtype(object)
    if found.kind not in _KINDS:
        raise NetworkError(
            f"network {path}: input {name!r} takes another type than real numbers, integers or bool"
        )
    return found


def _inputs(model: onnx.ModelProto) -> list[onnx.ValueInfoProto]:
    stored = {weight.name for weight in model.graph.initializer}
    return [value for value in model.graph.input if value.name not in stored]


def _described(name: str, dims: Iterable[onnx.TensorShapeProto.Dimension]) -> str:
    sizes = (str(dim.dim_value or dim.dim_param or "?") for dim in dims)
    return f"{name}={'x'.join(sizes)}"
