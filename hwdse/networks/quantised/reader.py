"""What a reader of quantised operators sees of a graph, and how it puts others in their place."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from hwdse.errors import NetworkError, first_line
from hwdse.networks.external import ONNX_ERRORS
from hwdse.networks.operators import STANDARD_DOMAINS
from hwdse.networks.quantised.stored import CodeKind, Stored

#: Operators whose result for constants the reference evaluator of ONNX computes rightly.
_COMPUTED = frozenset(
    {"Constant", "Identity", "Cast", "CastLike", "Reshape", "Transpose", "Squeeze", "Unsqueeze"}
    | {"Flatten", "Expand", "Slice", "Concat", "Gather", "Clip", "Add", "Sub", "Mul", "Div", "Abs"}
    | {"Neg", "Max", "Min", "Reciprocal", "Sqrt", "Pow", "Exp"}
)

MOVES = frozenset(
    {"Identity", "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Flatten", "Expand", "Tile"}
    | {"Slice", "Gather", "DepthToSpace", "SpaceToDepth", "Dropout"}
)
"""Operators whose first output has only elements of their first input."""

PICKS = frozenset({"MaxPool", "GlobalMaxPool", "Relu"})
"""Operators that put out elements of their input, or zero."""


class Reader:
    """A graph while its quantised operators are read.

    Attributes:
        network: name of the network, for errors.
        stored: the quantised tensors that were found, by the names of their real values.
        handed: codes of activations whose real values are computed already, by name.
    """

    def __init__(self, network: str, model: onnx.ModelProto) -> None:
        self.network = network
        self.stored: dict[str, Stored] = {}
        self.handed: dict[str, Handed] = {}
        self.producers = {name: node for node in model.graph.node for name in node.output}
        self._opsets = model.opset_import
        self._stored = {weight.name: weight for weight in model.graph.initializer}
        self._arrays: dict[str, npt.NDArray[Any] | None] = {}
        self._used = {*self._stored, *self.producers, *(each.name for each in model.graph.input)}
        self.made: list[onnx.TensorProto] = []

    @property
    def opset(self) -> int:
        """Version of the standard's operators."""
        return next((x.version for x in self._opsets if x.domain in STANDARD_DOMAINS), 1)

    def refused(self, node: onnx.NodeProto, why: str) -> NetworkError:
        """The error for a quantised operator that cannot be read."""
        return NetworkError(f"network {self.network} cannot be evaluated: {called(node)} {why}")

    def constant(self, name: str) -> npt.NDArray[Any] | None:
        """The value called `name` if it is stored or computed from stored values, or None.

        Raises:
            NetworkError: the value cannot be computed.
        """
        if name not in self._arrays:
            self._arrays[name] = self._computed(name)
        return self._arrays[name]

    def _computed(self, name: str) -> npt.NDArray[Any] | None:
        if name in self._stored:
            array: npt.NDArray[Any] = numpy_helper.to_array(self._stored[name])
            return array
        node = self.producers.get(name)
        if node is None or node.op_type not in _COMPUTED or node.domain not in STANDARD_DOMAINS:
            return None
        given = {each: self.constant(each) for each in node.input if each}
        if any(value is None for value in given.values()):
            return None
        try:
            inputs = [helper.make_empty_tensor_value_info(each) for each in given]
            outputs = [helper.make_empty_tensor_value_info(name)]
            graph = helper.make_graph([node], "constant", inputs, outputs)
            model = helper.make_model(graph, opset_imports=self._opsets)
            (found,) = ReferenceEvaluator(model).run(None, given)
        except (*ONNX_ERRORS, TypeError, LookupError) as error:
            raise self.refused(node, f"has no value: {first_line(error)}") from error
        return np.asarray(found)

    def number(self, node: onnx.NodeProto, place: int, default: float | None = None) -> float:
        """The single number that an input of a node is, known before any sample runs.

        Raises:
            NetworkError: it is missing and has no default, has several numbers, or depends on
                samples.
        """
        name = node.input[place] if place < len(node.input) else ""
        if not name and default is not None:
            return default
        found = self.constant(name) if name else None
        if found is None or found.size != 1:
            raise self.refused(node, f"needs one stored number as input {place}")
        return float(found.reshape(()))

    def kind(self, name: str) -> CodeKind | None:
        """What codes the integer (or narrow float) value called `name` may hold, if it is known."""
        array = self.constant(name)
        if array is not None:
            return CodeKind.of_type(array.dtype)
        node = self.producers.get(name)
        if node is None:
            return None
        if node.op_type == "QuantizeLinear":
            return CodeKind.of_type(self.quantised_type(node))
        if node.op_type == "Cast":
            return CodeKind.of_type(helper.tensor_dtype_to_np_dtype(attribute(node, "to", 1)))
        inner = self.kind(node.input[0]) if node.op_type in {*MOVES, *PICKS, "Clip"} else None
        if inner is None or node.op_type != "Clip":
            return inner
        return inner.within(self.number(node, 1, -np.inf), self.number(node, 2, np.inf))

    def quantised_type(self, node: onnx.NodeProto) -> np.dtype[Any]:
        """Type of the codes that a QuantizeLinear puts out."""
        if len(node.input) > 2 and node.input[2]:
            zero = self.constant(node.input[2])
            if zero is None:
                raise self.refused(node, "takes its zero point from the input of the network")
            return zero.dtype
        kind = attribute(node, "output_dtype", 0) or onnx.TensorProto.UINT8
        dtype: np.dtype[Any] = helper.tensor_dtype_to_np_dtype(kind)
        return dtype

    def fresh(self, hint: str) -> str:
        """A name that no value of the graph has."""
        name, count = hint, 0
        while name in self._used:
            count += 1
            name = f"{hint}_{count}"
        self._used.add(name)
        return name

    def add(self, array: npt.NDArray[Any], name: str) -> str:
        """Store an array under a name that is not in use, or that of a value that goes away."""
        self._arrays[name] = array
        self.made.append(numpy_helper.from_array(np.array(array, order="C"), name))
        return name

    def keep(self, name: str, stored: Stored, dtype: npt.DTypeLike = np.float32) -> None:
        """Note that the value called `name` is quantised; of constants, store the real values."""
        self.stored[name] = stored
        if stored.values is not None:
            self.add(stored.dequantised.astype(dtype), name)


@dataclass(frozen=True, kw_only=True)
class Handed:
    """Codes that one operator hands to another, which would dequantise them.

    Attributes:
        values: name of the real values; empty for the scales, which are in the values already.
        stored: what the codes mean.
    """

    values: str
    stored: Stored


class Nodes:
    """Makes operators and constants that take the place of another operator."""

    def __init__(self, reader: Reader, hint: str) -> None:
        self._reader, self._hint = reader, hint
        self.made: list[onnx.NodeProto] = []

    def __call__(self, operator: str, *inputs: str, to: str = "", **attributes: Any) -> str:
        """Add an operator. Returns the name of its output: `to`, or a fresh one."""
        output = to or self._reader.fresh(f"{self._hint}_{operator}")
        self.made.append(helper.make_node(operator, list(inputs), [output], **attributes))
        return output

    def cast(self, x: str) -> str:
        """Add a conversion to float32. Returns the name of the result."""
        output = self._reader.fresh(f"{self._hint}_Cast")
        kind = onnx.TensorProto.FLOAT
        self.made.append(helper.make_node("Cast", [x], [output], to=kind))
        return output

    def constant(self, value: npt.ArrayLike, dtype: npt.DTypeLike = np.float32) -> str:
        """Store a constant. Returns its name."""
        name = self._reader.fresh(f"{self._hint}_constant")
        return self._reader.add(np.asarray(value, dtype), name)


Read = Callable[[Reader, onnx.NodeProto], Iterable[onnx.NodeProto] | None]
"""A function that reads a node: the nodes that take its place, or None if it stays."""


def called(node: onnx.NodeProto) -> str:
    """Operator and first output of a node, for messages."""
    return f"{node.op_type} {next((name for name in node.output if name), '')!r}"


def attribute(node: onnx.NodeProto, name: str, default: Any) -> Any:
    """An attribute of a node, or the default."""
    found = next((each for each in node.attribute if each.name == name), None)
    if found is None:
        return default
    value = helper.get_attribute_value(found)
    return value.decode() if isinstance(value, bytes) else value
