"""What a network may take, checked on what its file declares and before anything is run.

A file of a kilobyte can declare a batch of petabytes, constants of any size, and functions that
double at each call. Shapes that only running tells are bounded by the machine's memory.
"""

import math
from collections.abc import Sequence
from pathlib import Path

import onnx
import onnx.numpy_helper
import onnx.shape_inference

from hwdse.errors import NetworkError
from hwdse.networks.graph import nodes
from hwdse.reading import MEBIBYTE

MAX_FILE = 512 * MEBIBYTE
"""Most bytes of an ONNX file."""

MAX_BATCH = 4096
"""Largest batch that a file may demand."""

MAX_SAMPLE = 1 << 22
"""Most values of one sample: an image of three colours may have 1182 by 1182 pixels."""

MAX_VALUE_BYTES = 1024 * MEBIBYTE
"""Most bytes of all intermediate values of one batch, as far as their shapes are declared."""

MAX_NODES = 100_000
"""Most operators, those of local functions counted at each call."""

_MAX_CONSTANT = 1024  # values of a stored tensor that shapes may be computed from
_TURNS = range(1001)  # of a loop


def check_input(path: Path, dimensions: Sequence[int]) -> None:
    """Refuse an input of impossible or extreme shape; a batch of 0 is free.

    Raises:
        NetworkError: a negative dimension, or a batch or a sample that is too large.
    """
    batch, *sample = dimensions
    if not 0 <= batch <= MAX_BATCH:
        raise NetworkError(
            f"network {path} demands a batch of {batch}: 1 to {MAX_BATCH} are allowed, or any"
        )
    if min(sample) < 1 or math.prod(sample) > MAX_SAMPLE:
        raise NetworkError(
            f"network {path} takes samples of shape {sample}: dimensions of at least 1 and at most "
            f"{MAX_SAMPLE} values are allowed"
        )


def check_operators(path: Path, model: onnx.ModelProto) -> None:
    """Refuse too many operators, those of functions counted at each call, and endless loops.

    Raises:
        NetworkError: as said, or functions that call themselves.
    """
    functions = {(f.domain, f.name, f.overload): f for f in model.functions}
    sizes: dict[tuple[str, str, str], int] = {}
    # Callees first; a function that is met again on the way to its own callees calls itself.
    waiting = [(key, False) for key in functions]
    open_calls: set[tuple[str, str, str]] = set()
    while waiting:
        key, ready = waiting.pop()
        if key in sizes:
            continue
        inside = nodes(functions[key].node)
        called = [c for node, _ in inside if (c := _called(node)) in functions]
        if ready:
            sizes[key] = len(functions[key].node) + sum(min(sizes[c], MAX_NODES) for c in called)
            open_calls.discard(key)
        elif key in open_calls:
            raise NetworkError(f"network {path} has a function {key[1]!r} that calls itself")
        else:
            open_calls.add(key)
            waiting.append((key, True))
            waiting += [(c, False) for c in called if c not in sizes]
    count = sum(sizes.get(_called(node), 1) for node, _ in nodes(model.graph.node))
    if count > MAX_NODES:
        raise NetworkError(
            f"network {path} has more than {MAX_NODES} operators, with those of its functions"
        )
    _check_loops(path, model)


def _check_loops(path: Path, model: onnx.ModelProto) -> None:
    """Refuse loops of an unknown or large number of turns, and loops that others may repeat."""
    turns = _stored_counts(model.graph)
    loops = [each for each in nodes(model.graph.node) if each[0].op_type == "Loop"]
    in_functions = (node for f in model.functions for node, _ in nodes(f.node))
    if any(node.op_type == "Loop" for node in in_functions) or any(
        nested or turns.get(next(iter(node.input), ""), -1) not in _TURNS for node, nested in loops
    ):
        raise NetworkError(
            f"network {path} has a Loop, whose length nothing bounds: give it a stored number of "
            f"at most {_TURNS[-1]} turns outside of other loops, or unroll it"
        )


def check_values(path: Path, model: onnx.ModelProto, batch: int) -> None:
    """Refuse intermediate values of more than `MAX_VALUE_BYTES` in one batch.

    Raises:
        NetworkError: as said; it names the largest value.
    """
    sizes = _value_bytes(model, batch)
    total = sum(sizes.values())
    if total > MAX_VALUE_BYTES:
        largest = max(sizes, key=lambda name: sizes[name])
        raise NetworkError(
            f"network {path}: values of {total} bytes for a batch of {batch}, {largest!r} alone "
            f"{sizes[largest]}; at most {MAX_VALUE_BYTES} are allowed"
        )


def _stored_counts(graph: onnx.GraphProto) -> dict[str, int]:
    """Stored whole numbers by name."""
    stored = [(weight.name, weight) for weight in graph.initializer]
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute:
            stored.append((node.output[0], node.attribute[0].t))
    return {
        name: int(onnx.numpy_helper.to_array(tensor).reshape(()))
        for name, tensor in stored
        if tensor.data_type == onnx.TensorProto.INT64 and math.prod(tensor.dims) == 1
    }


def _called(node: onnx.NodeProto) -> tuple[str, str, str]:
    return node.domain, node.op_type, node.overload


def _value_bytes(model: onnx.ModelProto, batch: int) -> dict[str, int]:
    """Sizes of the values whose shapes follow from what is declared."""
    try:
        shaped = onnx.shape_inference.infer_shapes(_skeleton(model, batch), data_prop=True)
    except (onnx.shape_inference.InferenceError, RuntimeError, ValueError):
        return {}  # running tells what is wrong
    found = {}
    for value in (*shaped.graph.value_info, *shaped.graph.output):
        tensor = value.type.tensor_type
        dimensions = [
            max(d.dim_value, 0) if d.HasField("dim_value") else 1 for d in tensor.shape.dim
        ]
        found[value.name] = math.prod(dimensions) * _item_bytes(tensor.elem_type)
    return found


def _skeleton(model: onnx.ModelProto, batch: int) -> onnx.ModelProto:
    """The model for one batch, without its weights: their shapes are enough."""
    skeleton = onnx.ModelProto()
    skeleton.ir_version = model.ir_version
    skeleton.opset_import.extend(model.opset_import)
    graph = skeleton.graph
    graph.name = "skeleton"
    graph.node.extend(model.graph.node)
    graph.output.extend(model.graph.output)
    stored = set()
    for weight in model.graph.initializer:
        stored.add(weight.name)
        if math.prod(weight.dims) <= _MAX_CONSTANT:
            graph.initializer.append(weight)
        else:
            graph.input.append(
                onnx.helper.make_tensor_value_info(weight.name, weight.data_type, weight.dims)
            )
    for value in model.graph.input:
        if value.name not in stored:
            graph.input.append(value)
            graph.input[-1].type.tensor_type.shape.dim[0].dim_value = batch
    return skeleton


def _item_bytes(kind: int) -> int:
    try:
        return int(onnx.helper.tensor_dtype_to_np_dtype(kind).itemsize) or 1
    except (KeyError, TypeError):
        return 1
