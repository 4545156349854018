"""Large weights, kept once beside the model instead of in it: all sessions read the same memory.

To run a model, onnxruntime needs it as a message. Weights inside the model are copied into the
message, and onnxruntime keeps one more copy. So large weights are taken out of the model: it keeps
their names, types and shapes only.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, numpy_helper

Weights = Mapping[str, npt.NDArray[Any]]
"""Arrays by the names of the model's tensors."""

_LARGE = 1 << 20
"""Least bytes of a large weight."""


def is_large(array: npt.NDArray[Any]) -> bool:
    """Whether an array is kept beside the model."""
    return array.dtype == np.float32 and array.nbytes >= _LARGE and array.flags.c_contiguous


def reference(name: str, array: npt.NDArray[Any]) -> TensorProto:
    """A tensor whose numbers are elsewhere."""
    tensor = TensorProto(
        name=name,
        data_type=TensorProto.FLOAT,
        dims=array.shape,
        data_location=TensorProto.EXTERNAL,
    )
    # Nobody reads this file: onnxruntime gets the numbers by the tensor's name.
    tensor.external_data.add(key="location", value="weights")
    return tensor


def take_out(model: onnx.ModelProto) -> tuple[onnx.ModelProto, Weights]:
    """The model without its large weights, and these. The function may change its argument."""
    taken = {}
    for weight in model.graph.initializer:
        if weight.data_type == TensorProto.FLOAT and weight.ByteSize() >= _LARGE:
            array = np.ascontiguousarray(numpy_helper.to_array(weight))
            taken[weight.name] = array
            weight.CopyFrom(reference(weight.name, array))
    if not taken:
        return model, taken
    # Cleared fields stay in the memory of their message: only another message is small.
    small = onnx.ModelProto()
    small.CopyFrom(model)
    return small, taken
