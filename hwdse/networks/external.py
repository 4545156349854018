"""Weights that a network keeps in files beside it, as exporters write large ones."""

import warnings
from collections.abc import Iterator
from pathlib import Path

import onnx
import onnx.checker
import onnx.shape_inference
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import external_data_helper

from hwdse.errors import NetworkError, first_line
from hwdse.networks.graph import tensors

#: What the onnx package raises for a file that is not right; they share no base class.
ONNX_ERRORS = (
    DecodeError,
    onnx.checker.ValidationError,
    onnx.shape_inference.InferenceError,
    RuntimeError,
    ValueError,
)

_LONGEST_NAME = 200  # letters of a place that an error repeats
_MOST_BYTES = 2**31 - 1  # of a protobuf message, which is how onnxruntime takes a model


def load_other_files(path: Path, model: onnx.ModelProto, size: int) -> Iterator[bytes]:
    """Takes the weights from other files into a model, and gives what it read.

    Args:
        path: of the model; the other files lie in its folder or below.
        model: changed.
        size: bytes of the model's own file.

    Raises:
        NetworkError: a file that is missing, cut off or lies elsewhere, or weights without end.
    """
    for tensor in tensors(model):
        if not external_data_helper.uses_external_data(tensor):
            continue
        entries = {entry.key: entry.value for entry in tensor.external_data}
        place = entries.get("location", "")
        try:
            there = (path.parent / place).stat().st_size
            size += min(there, int(entries.get("length", there)))
            if size > _MOST_BYTES:
                raise ValueError("at most 2 GiB of weights can be evaluated")
            with warnings.catch_warnings(action="ignore"):  # keys that the standard lacks
                external_data_helper.load_external_data_for_tensor(tensor, str(path.parent))
        except (*ONNX_ERRORS, OSError) as error:
            reason = error.strerror if isinstance(error, OSError) else first_line(error)
            raise NetworkError(
                f"network {path} keeps {tensor.name!r} in {place[:_LONGEST_NAME]!r}, which cannot "
                f"be read: {reason}"
            ) from error
        yield tensor.raw_data
