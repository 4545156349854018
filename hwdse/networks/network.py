"""Networks: ONNX files with metadata, shipped in models/ or given by the user."""

import hashlib
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
import onnx
import onnx.checker
import onnx.numpy_helper

from hwdse.errors import NetworkError, first_line, one_line, unknown
from hwdse.networks import datasets, limits, lowered, quantised, recipes
from hwdse.networks.arithmetic import Arithmetic, Real
from hwdse.networks.companions import Companions, read_companions
from hwdse.networks.external import ONNX_ERRORS, load_other_files
from hwdse.networks.graph import nodes
from hwdse.networks.large_weights import Weights, take_out
from hwdse.networks.operators import (
    EXPANDED_OPERATORS,
    FLOAT_OPERATORS,
    STANDARD_DOMAINS,
    is_training,
)
from hwdse.networks.program import program
from hwdse.networks.protocols import Batch, Input
from hwdse.networks.rewrite import standard_form
from hwdse.networks.runtime import RUNTIME_ERRORS, Session, cannot_run, session
from hwdse.networks.shapes import Shapes, fix_shapes, read_inputs
from hwdse.reading import read_bytes
from hwdse.resources import resource
from hwdse.threads import usual_threads

_MIN_OPSET = 7  # in earlier versions Gemm had an explicit broadcast attribute
_DEFAULT_CALIBRATION = 256
_MAX_NUMBER = 1e9  # largest number in metadata, far above any sample count or pixel value


@dataclass(frozen=True, kw_only=True, eq=False)
class Network:
    """A loaded ONNX file and its metadata: a `hwdse.networks.protocols.Computation`.

    Attributes:
        name: file name without suffix.
        title: one-line description for readers.
        digest: hexadecimal SHA-256 of the file and of its weights in other files.
        model: the checked ONNX model in standard form. Its first output is the one to score.
        inputs: the inputs, with the shapes of one sample.
        fixed_batch: batch size that the file declares. None: any batch size.
        dataset: the dataset for scoring that the file names. None: it names none.
        mean: value to subtract from each pixel of the dataset (pixels are 0..1).
        std: divisor for each pixel after the subtraction.
        calibration: number of samples for choosing scales.
        default_samples: number of test samples of the dataset to score if the caller gives no
            number, or of the data that the file names; 0: all.
        companions: the data and the metric that the file names besides.
        metadata: all metadata of the file.
        stored: the tensors that the file has as codes and scales, by the names of their values.
        weights: the large weights, which the model only refers to.
    """

    name: str
    title: str
    digest: str
    model: onnx.ModelProto
    inputs: tuple[Input, ...]
    fixed_batch: int | None
    dataset: datasets.Dataset | None
    mean: float
    std: float
    calibration: int
    default_samples: int
    companions: Companions = field(default_factory=Companions)
    metadata: Mapping[str, str] = field(default_factory=dict)
    stored: Mapping[str, quantised.Stored] = field(default_factory=dict)
    weights: Weights = field(default_factory=dict)

    @property
    def input_name(self) -> str:
        """Name of the first input."""
        return self.inputs[0].name

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """Shape of one sample of the first input, without the batch dimension."""
        return self.inputs[0].shape

    @property
    def named_dataset(self) -> datasets.Dataset:
        """The dataset for scoring that the file names.

        Raises:
            NetworkError: it names none.
        """
        if self.dataset is None:
            raise NetworkError(
                f"network {self.name} names no dataset in its metadata (hwdse.dataset): give data "
                f"(--data), or one of {', '.join(datasets.names())}"
            )
        return self.dataset

    def outputs(self, batch: Batch, arithmetic: Arithmetic) -> Real:
        """The first output, with the matrix products in a given arithmetic.

        Raises:
            NetworkError: the network does not run.
        """
        found: Real = program(self).run(batch, arithmetic)[0]
        return found

    def float_outputs(self, batch: Batch) -> Real:
        """The first output, of the whole network in onnxruntime.

        Raises:
            NetworkError: the network does not run.
        """
        try:
            found: Real = _session(self).run([self.model.graph.output[0].name], dict(batch))[0]
        except RUNTIME_ERRORS as error:
            raise cannot_run(self.name, error) from error
        return found


@lru_cache(maxsize=4)
def _session(network: Network) -> Session:
    return session(network.model, network.name, network.weights, usual_threads())


def names() -> list[str]:
    """Names of the networks in models/, sorted."""
    return sorted(path.stem for path in resource("models").glob("*.onnx"))


def load(
    source: str | Path,
    dataset: str | None = None,
    *,
    shapes: Shapes | None = None,
    output: str | None = None,
) -> Network:
    """Load a shipped network or one that was made by recipe by name, or an ONNX file by path.

    The ONNX metadata of the file may have these keys:

    * `hwdse.dataset`: name of a registered dataset of images. The network then has one float32
      input. Without this key and the argument `dataset`, an evaluation must be given data.
    * `hwdse.mean` and `hwdse.std` (default 0 and 1): the input of the network is
      (pixel - mean) / std, with pixels of 0..1.
    * `hwdse.calibration`: number of samples for choosing scales, default 256.
    * `hwdse.samples`: default number of test samples; default: the whole test part.
    * `hwdse.title`: one-line description.
    * `hwdse.data`, `hwdse.metric` and others: see `hwdse.networks.companions`.

    Args:
        source: name of a shipped network or of a recipe, or path of an .onnx file. Weights in
            separate files must be in the folder of the .onnx file or below.
        dataset: name of the dataset for scoring. It overrides the metadata.
        shapes: shapes of inputs, batch first, and sizes of named dimensions. Needed where other
            dimensions than the batch are free.
        output: name of the output to score. Default: the first.

    Raises:
        NetworkError: the name is unknown, the network of a recipe has not been made, the file is
            not valid ONNX, metadata is malformed, an operator cannot be evaluated, or a shape or
            the output does not fit the file.
        DatasetError: the dataset is not registered.
    """
    path = _locate(source)
    content = read_bytes(path, "network", NetworkError, most=limits.MAX_FILE)
    try:
        model = onnx.load_model_from_string(content)
        digest = hashlib.sha256(content)
        for others in load_other_files(path, model, len(content)):
            digest.update(others)
        limits.check_operators(path, model)
        quantised.declare_domains(model)
        onnx.checker.check_model(model)
        fix_shapes(path, model, shapes or {})
        model = standard_form(model)
        stored = quantised.read(path.stem, model)
    except ONNX_ERRORS as error:
        raise NetworkError(f"network {path} is no valid ONNX file: {first_line(error)}") from error
    _check_operators(path, model)
    _check_weights(path, model)
    inputs, fixed_batch = read_inputs(path, model)
    _choose_output(path, model, output)
    limits.check_values(path, model, fixed_batch or 1)
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    model, weights = take_out(model)
    name = dataset or metadata.get("hwdse.dataset")
    chosen = None if name is None else datasets.get(name)
    if chosen is not None:
        _check_images(path, inputs)
    return Network(
        name=path.stem,
        title=one_line(metadata.get("hwdse.title", path.stem)),
        digest=digest.hexdigest(),
        model=model,
        weights=weights,
        inputs=inputs,
        fixed_batch=fixed_batch,
        dataset=chosen,
        # Without such a dataset these may be several numbers: `hwdse.networks.data.images`.
        mean=_number(path, metadata, "hwdse.mean", 0.0) if chosen else 0.0,
        std=_number(path, metadata, "hwdse.std", 1.0, least=1e-30) if chosen else 1.0,
        calibration=_count(path, metadata, "hwdse.calibration", _DEFAULT_CALIBRATION),
        default_samples=_default_samples(path, metadata, chosen),
        companions=read_companions(path, metadata),
        metadata=metadata,
        stored=stored,
    )


def _locate(source: str | Path) -> Path:
    if str(source) in names():
        return resource("models", f"{source}.onnx")
    if str(source) in recipes.names():
        return recipes.locate(str(source))
    path = Path(source)
    if not os.path.isfile(path):  # `Path.is_file` raises for names that are too long
        more = "anything else must be the path of an .onnx file"
        raise NetworkError(unknown("network", str(source), [*names(), *recipes.names()], more))
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
                f"without sums of products stay float32; it is node {_called(node)!r}"
            )
        if is_training(node, model.graph):
            raise NetworkError(
                f"network {path} has a {node.op_type} in training mode: export it for evaluation"
            )


def _called(node: onnx.NodeProto) -> str:
    """Name of a node; of its first output, if the file names only values."""
    return node.name or next(filter(None, node.output), "")


def _check_weights(path: Path, model: onnx.ModelProto) -> None:
    """Refuse constants that cannot be read, and NaN and infinite weights of products.

    Elsewhere, as in masks, infinities are allowed.
    """
    lowered_names = lowered.names()
    read = {
        name for node in model.graph.node if node.op_type in lowered_names for name in node.input
    }
    for weight in model.graph.initializer:
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
        products = weight.name in read
        if products and values.dtype.kind == "f" and not np.isfinite(values).all():
            raise NetworkError(
                f"network {path} stores NaN or infinities in {weight.name!r}: finite weights are "
                "needed"
            )


def _choose_output(path: Path, model: onnx.ModelProto, name: str | None) -> None:
    """Keep one output of the model: the named one, or the first."""
    outputs = {value.name: value for value in model.graph.output}
    if not outputs:
        raise NetworkError(f"network {path} has no output")
    chosen = next(iter(outputs)) if name is None else name
    if chosen not in outputs:
        raise NetworkError(unknown(f"output of network {path}", chosen, outputs))
    kept = onnx.ValueInfoProto()
    kept.CopyFrom(outputs[chosen])
    del model.graph.output[:]
    model.graph.output.append(kept)


def _check_images(path: Path, inputs: tuple[Input, ...]) -> None:
    """Refuse inputs that take no samples of a registered dataset."""
    if len(inputs) != 1:
        raise NetworkError(
            f"network {path} has {len(inputs)} inputs: one image input is needed for a registered "
            "dataset"
        )
    if inputs[0].dtype != np.float32:
        raise NetworkError(f"network {path} takes another input type than float32")
    if not inputs[0].shape:
        raise NetworkError(f"network {path} takes one number for each sample, not an image")


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


def _default_samples(path: Path, metadata: dict[str, str], dataset: datasets.Dataset | None) -> int:
    if dataset is None and "hwdse.samples" not in metadata:
        return 0
    return _count(path, metadata, "hwdse.samples", dataset.test_size if dataset else 1)


def _count(path: Path, metadata: dict[str, str], key: str, default: int) -> int:
    value = _number(path, metadata, key, default, least=1)
    if value != int(value):
        raise NetworkError(f"network {path}: metadata {key}={metadata[key]} is no whole number")
    return int(value)
