"""The float parts of a graph, run by onnxruntime."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TypeProto, helper, numpy_helper
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from hwdse.errors import NetworkError

#: Everything that onnxruntime raises; its errors share no base class.
ORT_ERRORS = tuple(
    each
    for each in vars(ort_errors).values()
    if isinstance(each, type) and issubclass(each, Exception)
) + (RuntimeError, ValueError, TypeError)

_MOST_BYTES = 2**31 - 1
"""Size of a protobuf message."""


def session(model: onnx.ModelProto, name: str) -> ort.InferenceSession:
    """A single-threaded session: sweeps run a process for each core.

    Raises:
        NetworkError: onnxruntime cannot run the model.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4  # what fails is raised
    try:
        return ort.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
    except ORT_ERRORS as error:
        raise cannot_run(name, error) from error


def cannot_run(name: str, error: BaseException) -> NetworkError:
    """The one-line error for a network that onnxruntime refuses."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    reason = lines[0] if lines else type(error).__name__
    return NetworkError(f"network {name} cannot be evaluated: {reason[:400]}")


class Segment:
    """Some operators of a graph that run together, from values that others gave."""

    def __init__(
        self,
        *,
        network: str,
        model: onnx.ModelProto,
        nodes: Sequence[onnx.NodeProto],
        inputs: Sequence[str],
        outputs: Sequence[str],
        constants: Mapping[str, Any],
    ) -> None:
        """Keeps what is needed to build a session when the types of the inputs are known.

        Args:
            network: its name, for errors.
            model: where the operators' versions come from.
            nodes: the operators, in order.
            inputs: values that others give.
            outputs: values that others need.
            constants: values that never change, among them all other values that the nodes read.
        """
        self.inputs, self.outputs = tuple(inputs), tuple(outputs)
        self._network, self._model, self._nodes = network, model, tuple(nodes)
        self._constants = dict(constants)
        self._sessions: dict[tuple[str, ...], ort.InferenceSession] = {}

    def run(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Values of the outputs.

        Raises:
            NetworkError: onnxruntime cannot run these operators on these values.
        """
        given = {name: values[name] for name in self.inputs}
        key = tuple(_type_key(value) for value in given.values())
        try:
            if key not in self._sessions:
                self._sessions[key] = session(self._built(given), self._network)
            found = self._sessions[key].run(list(self.outputs), given)
        except ORT_ERRORS as error:
            raise cannot_run(self._network, error) from error
        return dict(zip(self.outputs, found, strict=True))

    @cached_property
    def _stored(self) -> list[onnx.TensorProto]:
        size = sum(np.asarray(value).nbytes for value in self._constants.values())
        if size > _MOST_BYTES:
            raise NetworkError(
                f"network {self._network} has {size / 2**30:.1f} GiB of constants in one float "
                "part: at most 2 GiB can be evaluated"
            )
        return [numpy_helper.from_array(value, name) for name, value in self._constants.items()]

    def _built(self, given: Mapping[str, Any]) -> onnx.ModelProto:
        graph = helper.make_graph(
            self._nodes,
            "segment",
            [helper.make_value_info(name, _type(value)) for name, value in given.items()],
            [helper.make_empty_tensor_value_info(name) for name in self.outputs],
            self._stored,
        )
        return helper.make_model(
            graph, opset_imports=self._model.opset_import, ir_version=self._model.ir_version
        )


def evaluate_constants(
    network: str, model: onnx.ModelProto, nodes: Sequence[onnx.NodeProto], wanted: Sequence[str]
) -> dict[str, Any]:
    """Values of a graph that depend on its stored weights alone.

    Args:
        network: its name, for errors.
        model: the whole model.
        nodes: the operators that compute them, in order.
        wanted: the names of the values.
    """
    stored = {weight.name: numpy_helper.to_array(weight) for weight in model.graph.initializer}
    found = {name: stored[name] for name in wanted if name in stored}
    computed = [name for name in wanted if name not in stored]
    if computed:
        found |= Segment(
            network=network,
            model=model,
            nodes=nodes,
            inputs=(),
            outputs=computed,
            constants=stored,
        ).run({})
    return found


def _type_key(value: Any) -> str:
    if isinstance(value, list):
        return f"[{value[0].dtype.str if value else ''}]"
    return f"{value.dtype.str}{value.ndim}"


def _type(value: Any) -> TypeProto:
    if isinstance(value, list):
        kind = value[0].dtype if value else np.dtype(np.float32)
        return helper.make_sequence_type_proto(
            helper.make_tensor_type_proto(helper.np_dtype_to_tensor_dtype(kind), None)
        )
    return helper.make_tensor_type_proto(
        helper.np_dtype_to_tensor_dtype(value.dtype), [None] * value.ndim
    )


def value_bytes(value: Any) -> int:
    """Memory of a value that travels between parts of a graph."""
    return sum(map(value_bytes, value)) if isinstance(value, list) else int(value.nbytes)
