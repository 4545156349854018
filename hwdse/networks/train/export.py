"""Builds an ONNX model with hwdse metadata, layer by layer, and writes it to a file."""

import math
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
_NEWER_IR_VERSION = 10  # of opset 21


@dataclass(frozen=True, kw_only=True, eq=False)
class StoredWeights:
    """Weights as codes with one scale for each output.

    Attributes:
        codes: codes of the ONNX type, shape (outputs, ...), one byte each.
        kind: number of the ONNX type, such as `TensorProto.INT8`.
        scales: shape (outputs,).
    """

    codes: npt.NDArray[np.uint8]
    kind: int
    scales: npt.NDArray[np.float32]


@dataclass(kw_only=True)
class GraphBuilder:
    """Builds a network layer by layer. Each method appends a layer.

    Attributes:
        input_shape: shape of one sample, without the batch dimension.
        classes: number of outputs.
        of_tokens: whether the input holds numbers of tokens, (tokens,), and each token has a row
            of outputs. Otherwise the input is an image, and the network has one row.
        opset: version of the operators.
        tip: name of the last layer's output.
    """

    input_shape: tuple[int, ...]
    classes: int
    of_tokens: bool = False
    opset: int = OPSET
    tip: str = field(init=False)
    _nodes: list[onnx.NodeProto] = field(default_factory=list)
    _weights: list[onnx.TensorProto] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tip = self._input

    @property
    def _input(self) -> str:
        return "tokens" if self.of_tokens else "image"

    def embedded(self, weight: npt.NDArray[np.float32]) -> None:
        """Append a table of vectors: token numbers (n, tokens) to (n, tokens, width)."""
        name = f"gather{len(self._nodes)}.weight"
        array = np.ascontiguousarray(weight, dtype=np.float32)
        self._weights.append(numpy_helper.from_array(array, name))
        numbers, self.tip = self.tip, name
        self._append("Gather", others=(numbers,))

    def rounded(self, kind: int, scale: float) -> None:
        """Append a rounding to codes of an ONNX type with one scale, and back."""
        name = f"rounded{len(self._nodes)}"
        self._weights.append(numpy_helper.from_array(np.array(scale, np.float32), f"{name}.scale"))
        self._weights.append(helper.make_tensor(f"{name}.zero", kind, (), [0]))
        others = (f"{name}.scale", f"{name}.zero")
        self._append("QuantizeLinear", others=others)
        self._append("DequantizeLinear", others=others)

    def conv(
        self,
        weight: npt.NDArray[np.float32] | StoredWeights,
        bias: npt.NDArray[np.float32],
        *,
        stride: int = 1,
        padding: int = 0,
    ) -> None:
        """Append a convolution with a square kernel: weight (out, in, k, k), bias (out,)."""
        attributes = {
            "kernel_shape": list(_shape(weight)[2:]),
            "strides": [stride] * 2,
            "pads": [padding] * 4,
        }
        self._append("Conv", weights=(weight, bias), attributes=attributes)

    def gemm(
        self, weight: npt.NDArray[np.float32] | StoredWeights, bias: npt.NDArray[np.float32]
    ) -> None:
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

    def mean_of_tokens(self) -> None:
        """Append the mean over all tokens: (n, tokens, width) to (n, width)."""
        self._append("ReduceMean", attributes={"axes": [1], "keepdims": 0})

    def linear(self, weight: npt.NDArray[np.float32], bias: npt.NDArray[np.float32]) -> None:
        """Append a product with a matrix and an addition: weight (out, in), bias (out,)."""
        self._append("MatMul", weights=(weight.T,))
        self.plus(bias)

    def plus(self, values: npt.NDArray[np.float32]) -> None:
        """Append an addition of constants."""
        self._append("Add", weights=(values,))

    def times(self, factor: float) -> None:
        """Append a product with a constant."""
        self._append("Mul", weights=(np.array(factor, np.float32),))

    def layer_norm(
        self, weight: npt.NDArray[np.float32], bias: npt.NDArray[np.float32], epsilon: float
    ) -> None:
        """Append a normalisation of the last axis to mean 0 and variance 1, then weight, bias."""
        attributes = {"axis": -1, "epsilon": epsilon}
        self._append("LayerNormalization", weights=(weight, bias), attributes=attributes)

    def gelu(self) -> None:
        """Append a GELU: x (1 + erf(x / sqrt 2)) / 2 (Hendrycks and Gimpel, 2016)."""
        x = self.tip
        self.times(math.sqrt(0.5))
        self._append("Erf")
        self.plus(np.array(1.0, np.float32))
        self._append("Mul", others=(x,))
        self.times(0.5)

    def shaped(self, *shape: int) -> None:
        """Append a reshaping: 0 keeps a dimension, -1 takes what is left."""
        name = f"shape{len(self._nodes)}"
        self._weights.append(numpy_helper.from_array(np.array(shape, np.int64), name))
        self._append("Reshape", others=(name,))

    def transposed(self, *order: int) -> None:
        """Append a transposition."""
        self._append("Transpose", attributes={"perm": list(order)})

    def attention(
        self,
        weight: npt.NDArray[np.float32],
        bias: npt.NDArray[np.float32],
        *,
        heads: int,
        mask: npt.NDArray[np.float32] | None = None,
    ) -> None:
        """Append self-attention of (n, tokens, width), without the product behind it.

        Source: Vaswani et al., "Attention is all you need", 2017.

        Args:
            weight: (3 width, width), for queries, keys and values.
            bias: (3 width,).
            heads: number of heads, which divides the width.
            mask: what to add to the scores, (tokens, tokens).
        """
        x, width = self.tip, weight.shape[1]
        parts = []
        for part in range(3):
            self.tip, rows = x, slice(part * width, (part + 1) * width)
            self.linear(weight[rows], bias[rows])
            self.shaped(0, 0, heads, width // heads)
            self.transposed(*((0, 2, 3, 1) if part == 1 else (0, 2, 1, 3)))
            parts.append(self.tip)
        query, key, value = parts
        self.tip = query
        self.times((width // heads) ** -0.5)
        self._append("MatMul", others=(key,))
        if mask is not None:
            self._append("Add", others=(self._shared("mask", mask),))
        self._append("Softmax", attributes={"axis": -1})
        self._append("MatMul", others=(value,))
        self.transposed(0, 2, 1, 3)
        self.shaped(0, 0, width)

    def _shared(self, name: str, values: npt.NDArray[np.float32]) -> str:
        """Name of constants that several layers use; the first call stores them."""
        if all(weight.name != name for weight in self._weights):
            self._weights.append(numpy_helper.from_array(values, name))
        return name

    def _append(
        self,
        operator: str,
        weights: tuple[npt.NDArray[np.float32] | StoredWeights, ...] = (),
        attributes: Mapping[str, list[int] | int | float] | None = None,
        others: tuple[str, ...] = (),
    ) -> None:
        name = f"{operator.lower()}{len(self._nodes)}"
        inputs = [self.tip, *others]
        for suffix, values in zip(("weight", "bias"), weights, strict=False):
            inputs.append(f"{name}.{suffix}")
            if isinstance(values, StoredWeights):
                self._stored(inputs[-1], values)
                continue
            array = np.ascontiguousarray(values, dtype=np.float32)
            self._weights.append(numpy_helper.from_array(array, inputs[-1]))
        self.tip = f"{name}.out"
        node = helper.make_node(operator, inputs, [self.tip], name=name, **(attributes or {}))
        self._nodes.append(node)

    def _stored(self, name: str, values: StoredWeights) -> None:
        """Store codes and scales, with the operator that makes weights of them."""
        codes = np.ascontiguousarray(values.codes)
        self._weights += [
            helper.make_tensor(
                f"{name}.codes", values.kind, codes.shape, codes.tobytes(), raw=True
            ),
            numpy_helper.from_array(values.scales.astype(np.float32), f"{name}.scales"),
        ]
        inputs = [f"{name}.codes", f"{name}.scales"]
        self._nodes.append(
            helper.make_node("DequantizeLinear", inputs, [name], name=f"{name}.values", axis=0)
        )

    def model(self, name: str, metadata: dict[str, str]) -> onnx.ModelProto:
        """The complete, checked model. The same layers give the same bytes.

        Args:
            name: name of the graph.
            metadata: the `hwdse.*` properties of the file (see `hwdse.networks.network.load`).
        """
        batch = "batch"
        kind = TensorProto.INT64 if self.of_tokens else TensorProto.FLOAT
        rows = self.input_shape if self.of_tokens else ()
        outputs = [batch, *rows, self.classes]
        graph = helper.make_graph(
            self._nodes,
            name,
            [helper.make_tensor_value_info(self._input, kind, [batch, *self.input_shape])],
            [helper.make_tensor_value_info(self.tip, TensorProto.FLOAT, outputs)],
            self._weights,
        )
        model = helper.make_model(
            graph,
            producer_name="hwdse",
            opset_imports=[helper.make_opsetid("", self.opset)],
            ir_version=IR_VERSION if self.opset == OPSET else _NEWER_IR_VERSION,
        )
        helper.set_model_props(model, metadata)
        onnx.checker.check_model(model, full_check=True)
        return model


def _shape(weight: npt.NDArray[np.float32] | StoredWeights) -> tuple[int, ...]:
    return weight.codes.shape if isinstance(weight, StoredWeights) else weight.shape


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
