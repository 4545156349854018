"""Builds an ONNX graph operator by operator, and writes it with metadata."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from hwdse.networks.arithmetic import Real

OPSET, IR_VERSION = 23, 11
"""Opset 23 is the first with RMSNormalization."""

_OUTSIDE = 64 << 20
"""Weights of more bytes in all lie in a file beside the network's file."""


@dataclass(kw_only=True)
class OnnxGraph:
    """A graph that grows. Values are known by their names, which are given or made up.

    Attributes:
        name: name of the graph.
    """

    name: str
    _nodes: list[onnx.NodeProto] = field(default_factory=list)
    _weights: dict[str, onnx.TensorProto] = field(default_factory=dict)

    def constant(self, values: npt.NDArray[Any], name: str | None = None) -> str:
        """Store a tensor, and give its name."""
        called = name or f"constant{len(self._weights)}"
        self._weights[called] = numpy_helper.from_array(np.ascontiguousarray(values), called)
        return called

    def number(self, value: float) -> str:
        """A float32 constant without axes, stored once."""
        name = f"number {value!r}"
        if name not in self._weights:
            self.constant(np.array(value, np.float32), name)
        return name

    def node(
        self, operator: str, *inputs: str, called: str | None = None, **attributes: Any
    ) -> str:
        """Append an operator with one output, and give the name of that.

        Args:
            operator: name in the ONNX standard.
            inputs: names of values.
            called: name of the output.
            attributes: attributes of the operator.
        """
        output = called or f"{operator.lower()}{len(self._nodes)}"
        made = helper.make_node(operator, list(inputs), [output], name=output, **attributes)
        self._nodes.append(made)
        return output

    def shaped(self, x: str, *shape: int) -> str:
        """Reshape: 0 keeps a dimension, -1 takes what is left."""
        return self.node("Reshape", x, self.constant(np.array(shape, np.int64)))

    def linear(self, x: str, weight: Real, bias: Real | None, called: str) -> str:
        """Product with a matrix (outputs, inputs), and an addition.

        Args:
            x: values of shape (..., inputs).
            weight: the matrix.
            bias: what is added. None: nothing.
            called: name of the product. Layers have the names of their products.
        """
        product = self.node("MatMul", x, self.constant(weight.T, f"{called}.weight"), called=called)
        if bias is None:
            return product
        return self.node("Add", product, self.constant(bias, f"{called}.bias"))

    def heads(self, x: str, count: int, width: int) -> str:
        """Split (n, T, count * width) into (n, count, T, width)."""
        return self.node("Transpose", self.shaped(x, 0, 0, count, width), perm=[0, 2, 1, 3])

    def joined(self, x: str, width: int) -> str:
        """Undo `heads`: (n, count, T, width / count) becomes (n, T, width)."""
        return self.shaped(self.node("Transpose", x, perm=[0, 2, 1, 3]), 0, 0, width)

    def save(
        self,
        path: Path,
        *,
        given: tuple[str, npt.DTypeLike, Sequence[int]],
        output: tuple[str, Sequence[int]],
        metadata: dict[str, str],
    ) -> None:
        """Write the checked model; large weights into NAME.onnx.data beside it.

        Args:
            path: the file.
            given: name, type and sample shape of the input.
            output: name and sample shape of the output, which is float32.
            metadata: the `hwdse.*` properties of the file.
        """
        name, dtype, shape = given
        kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        graph = helper.make_graph(
            self._nodes,
            self.name,
            [helper.make_tensor_value_info(name, kind, ["batch", *shape])],
            [helper.make_tensor_value_info(output[0], TensorProto.FLOAT, ["batch", *output[1]])],
            list(self._weights.values()),
        )
        model = helper.make_model(
            graph,
            producer_name="hwdse",
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
        )
        helper.set_model_props(model, metadata)
        onnx.checker.check_model(model)
        large = sum(len(weight.raw_data) for weight in self._weights.values()) > _OUTSIDE
        onnx.save_model(
            model,
            path,
            save_as_external_data=large,
            location=f"{path.name}.data" if large else None,
        )
