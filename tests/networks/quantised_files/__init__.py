"""Quantised networks as exporters write them, made when a test runs. All take 64 pixels.

A function makes each file. It also says which design takes the file as it is, and which codes must
reach the matrix products: those that the file stores, as bits.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from hwdse.plugins import load_modules

METADATA = {"hwdse.dataset": "digits", "hwdse.samples": "20", "hwdse.calibration": "16"}


@dataclass(frozen=True, kw_only=True)
class File:
    """A quantised network.

    `codes` are the codes of the second operand of each product, (K, N); `scales` those of its
    blocks, (blocks, N). `runs` says whether onnxruntime runs the file as it is; if not, `expected`
    computes its outputs from its inputs. Without either, the float baseline is the reference.
    """

    model: onnx.ModelProto
    spec: str
    codes: list[np.ndarray]
    scales: list[np.ndarray] = field(default_factory=list)
    runs: bool = True
    expected: Callable[[np.ndarray], np.ndarray] | None = None


@dataclass(frozen=True, kw_only=True)
class Made:
    """How to make a file, and whose exporter writes it; `long` if long tests have its packages."""

    name: str
    exporter: str
    make: Callable[..., File]
    long: bool


FILES: dict[str, Made] = {}


def file(exporter: str, *, long: bool = False) -> Callable[..., Any]:
    """Registers a function that makes a file, under its name."""

    def register(make):
        name = make.__name__.strip("_").replace("_", "-")
        FILES[name] = Made(name=name, exporter=exporter, make=make, long=long)
        return make

    return register


class Graph:
    """Nodes and stored tensors of one network, written by hand."""

    def __init__(self, opset, shape=(64,), seed=1, domains=()):
        self.opset, self.shape, self.domains = opset, shape, domains
        self.nodes, self.stored = [], []
        self.rng = np.random.default_rng(seed)

    def __call__(self, operator, *inputs, outputs=1, domain="", **attributes):
        """Adds a node; the name of its output, or of each."""
        names = [f"{operator.lower()}{len(self.nodes)}_{place}" for place in range(outputs)]
        node = helper.make_node(operator, inputs, names, domain=domain, **attributes)
        self.nodes.append(node)
        return names[0] if outputs == 1 else names

    def store(self, array):
        """A stored tensor of the type of a NumPy array."""
        name = f"w{len(self.stored)}"
        self.stored.append(numpy_helper.from_array(np.array(array, order="C"), name))
        return name

    def floats(self, *values):
        """A stored vector of float32, or a number."""
        return self.store(np.float32(values[0] if len(values) == 1 else values))

    def model(self, y):
        """The network that puts out y."""
        graph = helper.make_graph(
            [*self.nodes, helper.make_node("Identity", [y], ["y"])],
            "quantised",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", *self.shape])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 10])],
            self.stored,
        )
        opsets = [helper.make_opsetid(domain, 1) for domain in self.domains]
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", self.opset), *opsets], ir_version=8
        )
        if self.opset >= 19:
            model.ir_version = helper.find_min_ir_version_for([model.opset_import[0]])
        helper.set_model_props(model, METADATA)
        return model


def bits(array):
    """The codes of an array of small numbers, as unsigned integers."""
    bytes_each = array.view(np.uint8) if array.dtype.itemsize == 1 else None
    if bytes_each is None:
        return array.view(f"u{array.dtype.itemsize}")
    width = {"int4": 4, "int2": 2}.get(array.dtype.name)
    return bytes_each & ((1 << width) - 1) if width else bytes_each


load_modules(__name__, __path__)
