"""The float parts of a graph, run by onnxruntime."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import TypeProto, helper, numpy_helper

from hwdse.networks.graph import reads
from hwdse.networks.large_weights import is_large, reference
from hwdse.networks.runtime import RUNTIME_ERRORS, Session, cannot_run, session

if TYPE_CHECKING:
    from hwdse.networks.network import Network


class Segment:
    """A float part: operators of a graph that run together in one onnxruntime session."""

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
        """Store the operators. A session is built later, when the types of the inputs are known.

        Args:
            network: name of the network, for errors.
            model: model that gives the versions of the operators.
            nodes: the operators, in order.
            inputs: names of the values that other parts compute.
            outputs: names of the values that other parts read.
            constants: arrays that never change, by name. Every value that the operators read is a
                constant, an input, or an output of another operator of this segment.
        """
        self.inputs, self.outputs = tuple(inputs), tuple(outputs)
        self._network, self._model, self._nodes = network, model, tuple(nodes)
        self._constants = constants
        self._large = {name: value for name, value in constants.items() if is_large(value)}
        self._sessions: dict[tuple[str, ...], Session] = {}

    def run(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Run the operators. Returns the value of each output, by name.

        Raises:
            NetworkError: onnxruntime cannot run these operators on these values.
        """
        given = {name: values[name] for name in self.inputs}
        try:
            types = {name: _type(value) for name, value in given.items()}
            key = tuple(each.SerializeToString() for each in types.values())
            if key not in self._sessions:
                self._sessions[key] = session(self._built(types), self._network, self._large)
            found = self._sessions[key].run(list(self.outputs), given)
        except RUNTIME_ERRORS as error:
            raise cannot_run(self._network, error) from error
        return dict(zip(self.outputs, found, strict=True))

    def _built(self, types: Mapping[str, TypeProto]) -> onnx.ModelProto:
        graph = helper.make_graph(
            self._nodes,
            "segment",
            [helper.make_value_info(name, each) for name, each in types.items()],
            [helper.make_empty_tensor_value_info(name) for name in self.outputs],
            [
                reference(name, value)
                if name in self._large
                else numpy_helper.from_array(value, name)
                for name, value in self._constants.items()
            ],
        )
        return helper.make_model(
            graph, opset_imports=self._model.opset_import, ir_version=self._model.ir_version
        )


def evaluate_constants(
    network: "Network", nodes: Sequence[onnx.NodeProto], wanted: Sequence[str]
) -> dict[str, Any]:
    """Compute values that depend only on stored weights. Returns each value, by name.

    Args:
        network: the network.
        nodes: the operators that compute the values, in order.
        wanted: names of the values.
    """
    read = {name for node in nodes for name in reads(node)}
    stored = {
        weight.name: network.weights.get(weight.name, weight)
        for weight in network.model.graph.initializer
        if weight.name in read or weight.name in wanted
    }
    stored = {
        name: each if isinstance(each, np.ndarray) else numpy_helper.to_array(each)
        for name, each in stored.items()
    }
    found = {name: stored[name] for name in wanted if name in stored}
    computed = [name for name in wanted if name not in stored]
    if computed:
        found |= Segment(
            network=network.name,
            model=network.model,
            nodes=nodes,
            inputs=(),
            outputs=computed,
            constants={name: value for name, value in stored.items() if name in read},
        ).run({})
    return found


def _type(value: Any) -> TypeProto:
    """ONNX type of a value.

    An array type includes the number of axes. A sequence has the element type of its first element.
    """
    if isinstance(value, list):
        kind = value[0].dtype if value else np.dtype(np.float32)
        element = helper.make_tensor_type_proto(helper.np_dtype_to_tensor_dtype(kind), None)
        return helper.make_sequence_type_proto(element)
    return helper.make_tensor_type_proto(
        helper.np_dtype_to_tensor_dtype(value.dtype), [None] * value.ndim
    )


def value_bytes(value: Any) -> int:
    """Size in bytes of a value (array or sequence) that one part of a graph hands to another."""
    return sum(map(value_bytes, value)) if isinstance(value, list) else int(value.nbytes)
