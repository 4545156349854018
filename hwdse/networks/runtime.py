"""Sessions of onnxruntime, for all parts of a network that stay float32."""

import os
from typing import TypeAlias

import onnx
from google.protobuf.message import EncodeError  # type: ignore[import-untyped]

from hwdse.errors import NetworkError, first_line
from hwdse.networks.large_weights import Weights

# From version 1.29 on, the packages for Linux and macOS store a device identifier in the user's
# cache folder and send usage data to the vendor. The library reads this variable only when it is
# loaded, so it must be set before the import.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

Session: TypeAlias = ort.InferenceSession

#: All exceptions that onnxruntime can raise. The errors of onnxruntime have no common base class.
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

_LONGEST_REASON = 400  # characters


#: It takes zero for the lowest value of every type with the zero point 0, and so removes each ReLU
#: before a quantisation to int4 or float8 (onnxruntime 1.32).
_DISABLED = ["ReluQuantRewrite"]


def session(
    model: onnx.ModelProto, name: str, weights: Weights | None = None, threads: int = 1
) -> Session:
    """A session.

    Args:
        model: the model.
        name: name of the network, for errors.
        weights: large weights that the model refers to. They must live as long as the session.
        threads: number of threads. Outputs do not depend on it.

    Raises:
        NetworkError: onnxruntime cannot run the model.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    # A network has a session for each of its float parts: memory that all of them keep adds up.
    options.enable_cpu_mem_arena = False
    # A thread that waits must not keep a core from the kernels.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4  # no log messages, since failures raise exceptions
    # onnxruntime must not turn products of dequantised weights into integer products. Integer
    # products would round the activations.
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    if weights:
        arrays = [ort.OrtValue.ortvalue_from_numpy(array) for array in weights.values()]
        options.add_external_initializers(list(weights), arrays)
        # Weights in the order that the processor likes best would be one more copy.
        options.add_session_config_entry("session.disable_prepacking", "1")
    try:
        return Session(
            model.SerializeToString(),
            options,
            providers=["CPUExecutionProvider"],
            disabled_optimizers=_DISABLED,
        )
    except (*RUNTIME_ERRORS, EncodeError) as error:
        raise cannot_run(name, error) from error


def cannot_run(name: str, error: BaseException) -> NetworkError:
    """A one-line error for a network that onnxruntime cannot run."""
    reason = first_line(error)[:_LONGEST_REASON]
    return NetworkError(f"network {name} cannot be evaluated: {reason}")
