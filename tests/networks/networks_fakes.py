"""Small networks, and arithmetic that does not depend on the kernels."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from hwdse.networks import datasets
from hwdse.networks.network import Network
from hwdse.networks.protocols import Input
from hwdse.networks.rewrite import standard_form
from hwdse.networks.runtime import session


def exact_matmul(design, a, b):
    """Products and sums in float64, rounded once: exact for the wide designs of these tests."""
    return design.out.encode(design.a.decode(a) @ design.b.decode(b))


def model_of(nodes, weights, input_shape, *, output_shape=None, metadata=None, opset=17, batch="n"):
    """A model from `x` to `y`; `weights` maps names to arrays."""
    graph = helper.make_graph(
        nodes,
        "test",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, *input_shape])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, output_shape)],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    helper.set_model_props(model, metadata or {})
    return model


def runtime_outputs(model, x):
    """All outputs of a whole model, as onnxruntime computes them."""
    return session(model, "test").run(None, {"x": x})


def relative_difference(found, expected, least=1e-30):
    """The greatest difference, in units of the largest value expected, which is `least` or more."""
    assert found.shape == expected.shape
    assert found.dtype == expected.dtype == np.float32
    largest = max(np.abs(expected).max(initial=0.0), least)
    return float(np.abs(found - expected).max(initial=0.0) / largest)


def network_of(model, sample_shape, fixed_batch=None):
    """A network on the digits, as `load` would make it from a file."""
    return Network(
        name="test",
        title="test",
        digest="0" * 64,
        model=standard_form(model),
        inputs=(Input(name="x", dtype=np.dtype(np.float32), shape=tuple(sample_shape)),),
        fixed_batch=fixed_batch,
        dataset=datasets.DIGITS,
        mean=0.0,
        std=1.0,
        calibration=16,
        default_samples=20,
    )


def digits_model(hidden=12, *, metadata=None, batch="n", seed=0):
    """An untrained perceptron on the digits."""
    rng = np.random.default_rng(seed)
    weights = {
        "w1": rng.normal(size=(64, hidden)).astype(np.float32),
        "w2": rng.normal(size=(10, hidden)).astype(np.float32),
        "b2": rng.normal(size=10).astype(np.float32),
    }
    nodes = [
        helper.make_node("MatMul", ["x", "w1"], ["h"]),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("Gemm", ["r", "w2", "b2"], ["y"], transB=1),
    ]
    described = {"hwdse.dataset": "digits", "hwdse.samples": "20", "hwdse.calibration": "16"}
    return model_of(
        nodes,
        weights,
        (64,),
        output_shape=(batch, 10),
        metadata=described if metadata is None else metadata,
        batch=batch,
    )
