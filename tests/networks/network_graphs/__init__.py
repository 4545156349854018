"""Graphs as exporters write them, from the oldest opset to the newest, all with (n, 10) outputs.

A function builds each graph; it is called for several opsets and writes what each of them knows.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from hwdse.plugins import load_modules

NEWEST = 28
"""The newest opset that the pinned onnx and onnxruntime know."""

CLASSES = 10


class Builder:
    """Nodes and weights of one graph."""

    def __init__(self, opset, seed):
        self.opset = opset
        self.functions = []
        self.nodes, self.weights = [], {}
        self._rng = np.random.default_rng(seed)

    def __call__(self, operator, *inputs, **attributes):
        """Adds a node with one output, which it names."""
        return self.many(1, operator, *inputs, **attributes)[0]

    def many(self, outputs, operator, *inputs, **attributes):
        """Adds a node with several outputs; a name of each."""
        names = [f"{operator.lower()}{len(self.nodes)}_{place}" for place in range(outputs)]
        self.nodes.append(helper.make_node(operator, inputs, names, **attributes))
        return names

    def random(self, *shape):
        """Values of about the size at which sums stay near 1."""
        fan_in = int(np.prod(shape[1:])) if len(shape) > 1 else 4
        return (self._rng.normal(size=shape) / np.sqrt(fan_in)).astype(np.float32)

    def weight(self, *shape):
        """A stored random tensor."""
        return self.constant(self.random(*shape))

    def constant(self, values, kind=np.float32):
        """A stored tensor."""
        name = f"w{len(self.weights)}"
        known = isinstance(values, np.ndarray | np.generic)
        self.weights[name] = np.asarray(values) if known else np.array(values, kind)
        return name

    def integers(self, *values):
        """A stored vector, as shapes and axes are given."""
        return self.constant(np.array(values, np.int64))

    def dense(self, x, inputs, outputs=CLASSES):
        """A fully connected layer."""
        return self("Gemm", x, self.weight(outputs, inputs), self.weight(outputs), transB=1)

    def conv(self, x, inputs, outputs, kernel, **attributes):
        """A convolution with bias; `kernel` is the size on each axis."""
        group = attributes.get("group", 1)
        weight = self.weight(outputs, inputs // group, *kernel)
        return self("Conv", x, weight, self.weight(outputs), **attributes)

    def with_axes(self, operator, x, axes, since, **attributes):
        """An operator whose axes were an attribute before the opset `since`."""
        if self.opset < since:
            return self(operator, x, axes=axes, **attributes)
        return self(operator, x, self.integers(*axes), **attributes)

    def mean(self, x, axes, keepdims=0):
        """The mean over some axes."""
        return self.with_axes("ReduceMean", x, axes, 18, keepdims=keepdims)

    def classes(self, x, channels):
        """Classes from an image of any number of axes."""
        return self.dense(self("Flatten", self("GlobalAveragePool", x)), channels)

    def model(self, output, sample_shape):
        """The model from `x` to `output`, its batch free."""
        opsets = [helper.make_opsetid("", self.opset)]
        version = helper.find_min_ir_version_for(opsets)
        stored = [numpy_helper.from_array(array, name) for name, array in self.weights.items()]
        inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", *sample_shape])]
        if version < 4:  # stored weights were inputs as well
            inputs += [
                helper.make_tensor_value_info(each.name, each.data_type, each.dims)
                for each in stored
            ]
        graph = helper.make_graph(
            self.nodes,
            "test",
            inputs,
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["n", CLASSES])],
            stored,
        )
        if self.functions:
            opsets += [helper.make_opsetid("mine", 1)]
            version = max(version, 8)
        return helper.make_model(
            graph, opset_imports=opsets, ir_version=version, functions=self.functions
        )


@dataclass(frozen=True, kw_only=True)
class Graph:
    """One graph in one opset.

    `runnable` is a graph that computes the same where onnxruntime cannot run this one.
    """

    name: str
    opset: int
    sample_shape: tuple[int, ...]
    build: Callable[[Builder, str], str]
    runnable: Callable[[Builder, str], str]

    def model(self) -> onnx.ModelProto:
        """The model as a file would hold it."""
        return self._model(self.build)

    def runnable_model(self) -> onnx.ModelProto:
        """A model that onnxruntime runs."""
        return self._model(self.runnable)

    def _model(self, build):
        builder = Builder(self.opset, seed=len(self.name))
        return builder.model(build(builder, "x"), self.sample_shape)

    def samples(self, count, seed=0):
        """Random samples."""
        shape = (count, *self.sample_shape)
        return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


GRAPHS: dict[tuple[str, int], Graph] = {}


def graph(sample_shape, *opsets, runnable=None):
    """Registers a function `(builder, input) -> output` under its name, for some opsets."""

    def register(build):
        name = build.__name__.replace("_", "-")
        for opset in opsets:
            GRAPHS[name, opset] = Graph(
                name=name,
                opset=opset,
                sample_shape=sample_shape,
                build=build,
                runnable=runnable or build,
            )
        return build

    return register


load_modules(__name__, __path__)
