"""Builds an ONNX model with hwdse metadata, layer by layer, and writes it to a file."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from hwdse.errors import OutputError, why
from hwdse.temporary import temporary_folder

OPSET = 17
IR_VERSION = 8


@dataclass(kw_only=True)
class GraphBuilder:
    """Builds a network layer by layer. Each method appends a layer.

    Attributes:
        input_shape: shape of one sample, without the batch dimension.
        classes: number of outputs.
        tip: name of the last layer's output.
    """

    input_shape: tuple[int, ...]
    classes: int
    tip: str = "image"
    _nodes: list[onnx.NodeProto] = field(default_factory=list)
    _weights: list[onnx.TensorProto] = field(default_factory=list)

    def conv(
        self,
        weight: npt.NDArray[np.float32],
        bias: npt.NDArray[np.float32],
        *,
        stride: int = 1,
        padding: int = 0,
    ) -> None:
        """Append a convolution with a square kernel: weight (out, in, k, k), bias (out,)."""
        attributes = {
            "kernel_shape": list(weight.shape[2:]),
            "strides": [stride] * 2,
            "pads": [padding] * 4,
        }
        self._append("Conv", weights=(weight, bias), attributes=attributes)

    def gemm(self, weight: npt.NDArray[np.float32], bias: npt.NDArray[np.float32]) -> None:
        """Append a fully connected layer: weight (out, in), bias (out,)."""
        self._append("Gemm", weights=(weight, bias), attributes={"transB": 1})

    def relu(self) -> None:
        """Append a ReLU: max(x, 0)."""
        self._append("Relu")

    def add(self, earlier: str) -> None:
        """Append an addition of an earlier layer's `tip`, which ends a residual connection."""
        self._append("Add", others=(earlier,))

    def mean_of_pixels(self) -> None:
        """Append the mean over all pixels: (n, channels, h, w) to (n, channels)."""
        self._append("GlobalAveragePool")
        self._append("Flatten")

    def _append(
        self,
        operator: str,
        weights: tuple[npt.NDArray[np.float32], ...] = (),
        attributes: Mapping[str, list[int] | int] | None = None,
        others: tuple[str, ...] = (),
    ) -> None:
        name = f"{operator.lower()}{len(self._nodes)}"
        inputs = [self.tip, *others]
        for suffix, values in zip(("weight", "bias"), weights, strict=False):
            inputs.append(f"{name}.{suffix}")
            array = np.ascontiguousarray(values, dtype=np.float32)
            self._weights.append(numpy_helper.from_array(array, inputs[-1]))
        self.tip = f"{name}.out"
        node = helper.make_node(operator, inputs, [self.tip], name=name, **(attributes or {}))
        self._nodes.append(node)

    def model(self, name: str, metadata: dict[str, str]) -> onnx.ModelProto:
        """The complete, checked model. The same layers give the same bytes.

        Args:
            name: name of the graph.
            metadata: the `hwdse.*` properties of the file (see `hwdse.networks.network.load`).
        """
        batch = "batch"
        graph = helper.make_graph(
            self._nodes,
            name,
            [helper.make_tensor_value_info("image", TensorProto.FLOAT, [batch, *self.input_shape])],
            [helper.make_tensor_value_info(self.tip, TensorProto.FLOAT, [batch, self.classes])],
            self._weights,
        )
        model = helper.make_model(
            graph,
            producer_name="hwdse",
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
        )
        helper.set_model_props(model, metadata)
        onnx.checker.check_model(model, full_check=True)
        return model


def save(model: onnx.ModelProto, path: Path) -> None:
    """Write the model to a file. If writing fails, no incomplete file appears.

    Raises:
        OutputError: the folder or the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary_folder("export", path.parent) as folder:
            written = folder / path.name
            written.write_bytes(model.SerializeToString(deterministic=True))
            written.chmod(0o644)
            os.replace(written, path)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {why(error)}") from error
