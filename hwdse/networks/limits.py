"""Limits on the resources that a network file may demand, checked before the network runs.

A file of one kilobyte can declare a batch of petabytes, constants of any size, and functions that
double their size at each call. The checks use only the declarations in the file. Some shapes are
known only when the network runs. For these shapes the machine's memory is the only limit.
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
"""Largest size of an ONNX file in bytes."""

MAX_BATCH = 4096
"""Largest fixed batch size that a file may declare."""

MAX_SAMPLE = 1 << 22
"""Largest number of values per sample, enough for 1182 by 1182 pixels with three colours."""

MAX_VALUE_BYTES = 1024 * MEBIBYTE
"""Largest total size in bytes of all intermediate values of one batch with declared shapes."""

MAX_NODES = 100_000
"""Largest number of operators. Operators in local functions count once per call."""

_MAX_CONSTANT = 1024  # largest stored tensor, in values, that shape inference may use
_TURNS = range(1001)  # allowed numbers of iterations of a loop


def check_input(path: Path, dimensions: Sequence[int]) -> None:
    """Check the shape of the input.

    Args:
        path: path of the file, for errors.
        dimensions: batch size (0: any batch size), then the shape of one sample.

    Raises:
        NetworkError: a dimension is not allowed, or the batch or a sample is too large.
    """
    batch, *sample = dimensions
    if not 0 <= batch <= MAX_BATCH:
        raise NetworkError(
            f"network {path} demands a batch of {batch}: 1 to {MAX_BATCH} are allowed, or any"
        )
    if min(sample, default=1) < 1 or math.prod(sample) > MAX_SAMPLE:
        raise NetworkError(
            f"network {path} takes samples of shape {sample}: dimensions of at least 1 and at most "
            f"{MAX_SAMPLE} values are allowed"
        )


def check_operators(path: Path, model: onnx.ModelProto) -> None:
    """Check the number of operators, the function calls and the loops.

    Raises:
        NetworkError: there are more than `MAX_NODES` operators, a function calls itself, or a loop
            has no small fixed number of iterations.
    """
    functions = {(f.domain, f.name, f.overload): f for f in model.functions}
    sizes: dict[tuple[str, str, str], int] = {}
    # Depth-first search that handles called functions first. If the search meets a function again
    # while the calls in this function are still open, the function calls itself.
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
    """Refuse loops without a small fixed number of iterations, nested loops, loops in functions."""
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
    """Check the total size of the intermediate values of one batch.

    Raises:
        NetworkError: the size exceeds `MAX_VALUE_BYTES`. The message names the largest value.
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
    """Stored int64 tensors with a single value, by name."""
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
    """Size in bytes of each value with a shape that ONNX shape inference finds."""
    try:
        shaped = onnx.shape_inference.infer_shapes(_skeleton(model, batch), data_prop=True)
    except (onnx.shape_inference.InferenceError, RuntimeError, ValueError):
        return {}  # the run reports the error later
    found = {}
    for value in (*shaped.graph.value_info, *shaped.graph.output):
        tensor = value.type.tensor_type
        dimensions = [
            max(d.dim_value, 0) if d.HasField("dim_value") else 1 for d in tensor.shape.dim
        ]
        found[value.name] = math.prod(dimensions) * _item_bytes(tensor.elem_type)
    return found


def _skeleton(model: onnx.ModelProto, batch: int) -> onnx.ModelProto:
    """The model with a fixed batch size, without large weights. Their shapes are enough."""
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
