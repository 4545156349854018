"""Loads weights from separate files beside a network. Exporters write large weights this way."""

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

#: All exceptions that the onnx package raises for a bad file. They have no common base class.
ONNX_ERRORS = (
    DecodeError,
    onnx.checker.ValidationError,
    onnx.shape_inference.InferenceError,
    RuntimeError,
    ValueError,
)

_LONGEST_NAME = 200  # characters of a file name in an error message
_MOST_BYTES = 2**31 - 1  # limit of a protobuf message; onnxruntime takes a model as a message


def load_other_files(path: Path, model: onnx.ModelProto, size: int) -> Iterator[bytes]:
    """Load all weights that lie in other files into the model. Yields the bytes of each tensor.

    Args:
        path: path of the model. The other files must be in the folder of the model or below.
        model: the model. The function stores the weights in it.
        size: size of the model file in bytes.

    Raises:
        NetworkError: a file is missing, is too short or lies in another folder, or model and
            weights together exceed 2 GiB.
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
            with warnings.catch_warnings(action="ignore"):  # for keys not in the standard
                external_data_helper.load_external_data_for_tensor(tensor, str(path.parent))
        except (*ONNX_ERRORS, OSError) as error:
            reason = error.strerror if isinstance(error, OSError) else first_line(error)
            raise NetworkError(
                f"network {path} keeps {tensor.name!r} in {place[:_LONGEST_NAME]!r}, which cannot "
                f"be read: {reason}"
            ) from error
        yield tensor.raw_data
