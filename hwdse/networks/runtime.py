"""onnxruntime, which runs whatever of a network stays float32."""

import os
from typing import TypeAlias

import onnx
from google.protobuf.message import EncodeError  # type: ignore[import-untyped]

from hwdse.errors import NetworkError, first_line

# From 1.29 on, the packages for Linux and macOS keep a device identifier in the user's cache folder
# and report what they run to their maker. The library looks at this once, when it is loaded.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

Session: TypeAlias = ort.InferenceSession

#: Everything that onnxruntime raises; its own errors share no base class.
RUNTIME_ERRORS: tuple[type[Exception], ...] = (
    *(
        each
        for each in vars(ort_errors).values()
        if isinstance(each, type) and issubclass(each, Exception)
    ),
    RuntimeError,
    ValueError,
    TypeError,
)

_LONGEST_REASON = 400  # letters


def session(model: onnx.ModelProto, name: str) -> Session:
    """A single-threaded session: sweeps run a process for each core.

    Raises:
        NetworkError: onnxruntime cannot run the model.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4  # what fails is raised
    # Products of dequantised weights must not be done in integers, which rounds the activations.
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    try:
        return Session(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    except (*RUNTIME_ERRORS, EncodeError) as error:
        raise cannot_run(name, error) from error


def cannot_run(name: str, error: BaseException) -> NetworkError:
    """The one-line error for a network that onnxruntime refuses."""
    reason = first_line(error)[:_LONGEST_REASON]
    return NetworkError(f"network {name} cannot be evaluated: {reason}")
