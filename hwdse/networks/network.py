"""Networks: ONNX files with metadata, shipped in models/ or given by the user."""

import hashlib
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
import onnx.checker
import onnx.numpy_helper

from hwdse.errors import NetworkError, first_line, one_line, unknown
from hwdse.networks import datasets, limits, lowered, quantised
from hwdse.networks.external import ONNX_ERRORS, load_other_files
from hwdse.networks.graph import nodes
from hwdse.networks.operators import (
    EXPANDED_OPERATORS,
    FLOAT_OPERATORS,
    STANDARD_DOMAINS,
    is_training,
)
from hwdse.networks.rewrite import standard_form
from hwdse.reading import read_bytes
from hwdse.resources import resource

_MIN_OPSET = 7  # in earlier versions Gemm had an explicit broadcast attribute
_DEFAULT_CALIBRATION = 256
_MAX_NUMBER = 1e9  # largest number in metadata, far above any sample count or pixel value


@dataclass(frozen=True, kw_only=True, eq=False)
class Network:
    """A loaded network and its metadata.

    Attributes:
        name: file name without suffix.
        title: one-line description for readers.
        digest: hexadecimal SHA-256 of the file and of its weights in other files.
        model: the checked ONNX model in standard form, including all weights.
        dataset: the dataset for scoring.
        mean: value to subtract from each pixel (pixels are 0..1).
        std: divisor for each pixel after the subtraction.
        calibration: number of train samples for choosing scales.
        default_samples: number of test samples to score if the caller gives no number.
        input_name: name of the graph's input.
        sample_shape: shape of one sample, without the batch dimension.
        fixed_batch: batch size that the file declares. None: any batch size.
        stored: the tensors that the file has as codes and scales, by the names of their values.
    """

    name: str
    title: str
    digest: str
    model: onnx.ModelProto
    dataset: datasets.Dataset
    mean: float
    std: float
    calibration: int
    default_samples: int
    input_name: str
    sample_shape: tuple[int, ...]
    fixed_batch: int | None
    stored: Mapping[str, quantised.Stored] = field(default_factory=dict)


def names() -> list[str]:
    """Names of the networks in models/, sorted."""
    return sorted(path.stem for path in resource("models").glob("*.onnx"))


def load(source: str | Path, dataset: str | None = None) -> Network:
    """Load a shipped network by name, or an ONNX file by path.

    The ONNX metadata of the file has these keys:

    * `hwdse.dataset`: name of a registered dataset. Needed unless the argument `dataset` is given.
    * `hwdse.mean` and `hwdse.std` (optional, default 0 and 1): the input of the network is
      (pixel - mean) / std, with pixels of 0..1.
    * `hwdse.calibration` (optional): number of train samples for choosing scales, default 256.
    * `hwdse.samples` (optional): default number of test samples; default: the whole test part.
    * `hwdse.title` (optional): one-line description.

    Args:
        source: name of a shipped network, or path of an .onnx file. Weights in separate files must
            be in the folder of the .onnx file or below.
        dataset: name of the dataset for scoring. It overrides the metadata.

    Raises:
        NetworkError: the name is unknown, the file is not valid ONNX, metadata is missing or
            malformed, or an operator cannot be evaluated.
        DatasetError: the dataset is not registered.
    """
    path = _locate(source)
    content = read_bytes(path, "network", NetworkError, most=limits.MAX_FILE)
    try:
        model = onnx.load_model_from_string(content)
        digest = hashlib.sha256(content)
        for weights in load_other_files(path, model, len(content)):
            digest.update(weights)
        limits.check_operators(path, model)
        quantised.declare_domains(model)
        onnx.checker.check_model(model)
        model = standard_form(model)
        stored = quantised.read(path.stem, model)
    except ONNX_ERRORS as error:
        raise NetworkError(f"network {path} is no valid ONNX file: {first_line(error)}") from error
    _check_operators(path, model)
    _check_weights(path, model)
    input_name, dimensions = _input(path, model)
    limits.check_values(path, model, dimensions[0] or 1)
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    name = dataset or metadata.get("hwdse.dataset")
    if name is None:
        raise NetworkError(
            f"network {path} names no dataset in its metadata (hwdse.dataset): give one of "
            f"{', '.join(datasets.names())}"
        )
    chosen = datasets.get(name)
    return Network(
        name=path.stem,
        title=one_line(metadata.get("hwdse.title", path.stem)),
        digest=digest.hexdigest(),
        model=model,
        dataset=chosen,
        mean=_number(path, metadata, "hwdse.mean", 0.0),
        std=_number(path, metadata, "hwdse.std", 1.0, least=1e-30),
        calibration=_count(path, metadata, "hwdse.calibration", _DEFAULT_CALIBRATION),
        default_samples=_count(path, metadata, "hwdse.samples", chosen.test_size),
        input_name=input_name,
        sample_shape=dimensions[1:],
        fixed_batch=dimensions[0] or None,
        stored=stored,
    )


def _locate(source: str | Path) -> Path:
    if str(source) in names():
        return resource("models", f"{source}.onnx")
    path = Path(source)
    if not os.path.isfile(path):  # `Path.is_file` raises for names that are too long
        more = "anything else must be the path of an .onnx file"
        raise NetworkError(unknown("network", str(source), names(), more))
    return path


def _check_operators(path: Path, model: onnx.ModelProto) -> None:
    opsets = [entry.version for entry in model.opset_import if entry.domain in STANDARD_DOMAINS]
    if min(opsets, default=_MIN_OPSET) < _MIN_OPSET:
        raise NetworkError(
            f"network {path} has opset {min(opsets)}: {_MIN_OPSET} or later is needed"
        )
    for node, nested in nodes(model.graph.node):
        standard = node.domain in STANDARD_DOMAINS
        if standard and node.op_type in lowered.names():
            if nested:
                raise NetworkError(
                    f"network {path} has a {node.op_type} inside a branch or loop: arithmetic "
                    "there cannot be replaced"
                )
        elif not standard or node.op_type not in FLOAT_OPERATORS:
            name = f"{node.domain}.{node.op_type}" if node.domain else node.op_type
            raise NetworkError(
                f"network {path} has a {name}, whose arithmetic cannot be replaced: that of "
                f"{', '.join(sorted(lowered.names() | EXPANDED_OPERATORS))} can, and operators "
                "without sums of products stay float32"
            )
        if is_training(node, model.graph):
            raise NetworkError(
                f"network {path} has a {node.op_type} in training mode: export it for evaluation"
            )


def _check_weights(path: Path, model: onnx.ModelProto) -> None:
    """Refuse NaN and infinite weights of products. Elsewhere, as in masks, they are allowed."""
    lowered_names = lowered.names()
    read = {
        name for node in model.graph.node if node.op_type in lowered_names for name in node.input
    }
    for weight in model.graph.initializer:
        if weight.name not in read:
            continue
        if weight.data_type not in onnx.TensorProto.DataType.values():
            raise NetworkError(
                f"network {path} stores {weight.name!r} as type {weight.data_type}, which this "
                f"version of onnx does not know"
            )
        try:
            values = onnx.numpy_helper.to_array(weight)
        except ONNX_ERRORS as error:
            raise NetworkError(
                f"network {path} stores {weight.name!r} wrongly: {first_line(error)}"
            ) from error
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise NetworkError(
                f"network {path} stores NaN or infinities in {weight.name!r}: finite weights are "
                "needed"
            )


def _input(path: Path, model: onnx.ModelProto) -> tuple[str, tuple[int, ...]]:
    """Name and dimensions of the only input. Batch dimension 0 allows any batch size."""
    stored = {weight.name for weight in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in stored]
    if len(inputs) != 1:
        raise NetworkError(f"network {path} has {len(inputs)} inputs: one image input is needed")
    tensor = inputs[0].type.tensor_type
    if tensor.elem_type != onnx.TensorProto.FLOAT:
        raise NetworkError(f"network {path} takes another input type than float32")
    dimensions = tuple(int(dimension.dim_value) for dimension in tensor.shape.dim)
    if len(dimensions) < 2 or not math.prod(dimensions[1:]):
        raise NetworkError(
            f"network {path} must declare the shape of its input, batch first; only the batch may "
            f"be free, but it says {list(dimensions)}"
        )
    limits.check_input(path, dimensions)
    if not model.graph.output:
        raise NetworkError(f"network {path} has no output: one row of classes is needed")
    return inputs[0].name, dimensions


def _number(
    path: Path, metadata: dict[str, str], key: str, default: float, least: float = -math.inf
) -> float:
    text = str(metadata.get(key, default))
    try:
        value = float(text) if text.isascii() else math.nan
    except ValueError:
        value = math.nan
    if not (least <= value <= _MAX_NUMBER and value >= -_MAX_NUMBER):
        raise NetworkError(f"network {path}: metadata {key}={metadata[key]} is no usable number")
    return value


def _count(path: Path, metadata: dict[str, str], key: str, default: int) -> int:
    value = _number(path, metadata, key, default, least=1)
    if value != int(value):
        raise NetworkError(f"network {path}: metadata {key}={metadata[key]} is no whole number")
    return int(value)
