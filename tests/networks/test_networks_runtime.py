"""onnxruntime as hwdse uses it: silent, exact, and reporting to nobody."""

import os
import subprocess
import sys

import numpy as np
import pytest
from networks_fakes import digits_model, model_of, network_of
from onnx import TensorProto, helper

from hwdse.errors import NetworkError
from hwdse.networks import runtime
from hwdse.networks.arithmetic import FloatArithmetic
from hwdse.networks.execute import Executor, FloatNetwork

SCRIPT = """
import numpy as np
from hwdse import networks
from hwdse.networks.execute import FloatNetwork
network = networks.load("digits")
print(FloatNetwork(network).outputs(np.zeros((1, *network.sample_shape), np.float32)).shape)
"""


def test_nothing_is_kept_of_what_runs(tmp_path):
    """Its packages write an identifier to the cache folder, and report, unless told not to."""
    environment = {
        key: value for key, value in os.environ.items() if key != "ORT_DISABLE_TELEMETRY"
    }
    environment |= {"HOME": str(tmp_path), "NUMBA_CACHE_DIR": str(tmp_path / "numba")}
    for key in ("XDG_CACHE_HOME", "CI"):
        environment.pop(key, None)
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=False
    )
    assert (run.stdout, run.returncode) == ("(1, 10)\n", 0), run.stderr
    assert not [each for each in tmp_path.rglob("*") if "onnxruntime" in each.name.lower()]
    assert not list(tmp_path.rglob("deviceid"))


def test_dequantised_weights_do_not_round_activations():
    """Left to itself, onnxruntime multiplies these in integers."""
    levels = np.random.default_rng(0).integers(-127, 128, (64, 10)).astype(np.int8)
    nodes = [
        helper.make_node("DequantizeLinear", ["levels", "scale"], ["w"]),
        helper.make_node("MatMul", ["x", "w"], ["y"]),
    ]
    model = model_of(nodes, {"levels": levels, "scale": np.float32(0.01)}, (64,))
    x = np.random.default_rng(1).normal(size=(5, 64)).astype(np.float32)
    expected = x.astype(np.float64) @ (levels * 0.01)
    network = network_of(model, (64,))
    for runner in (FloatNetwork(network), Executor(network, FloatArithmetic())):
        np.testing.assert_allclose(runner.outputs(x), expected, atol=2e-5)


@pytest.mark.parametrize(
    ("kind", "most"),
    [(TensorProto.INT8, 127), (TensorProto.INT4, 7), (TensorProto.FLOAT8E4M3FN, 448)],
)
def test_a_relu_before_a_quantisation_stays(kind, most):
    """onnxruntime takes 0 for the least value of int4 and float8, and removes the operator."""
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["h"]),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("QuantizeLinear", ["r", "scale", "zero"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "scale", "zero"], ["d"]),
        helper.make_node("MatMul", ["d", "w"], ["y"]),
    ]
    weights = np.eye(6, dtype=np.float32)
    model = model_of(nodes, {"w": weights, "scale": np.float32(4 / most)}, (6,))
    model.graph.initializer.append(helper.make_tensor("zero", kind, (), [0]))
    model.opset_import[0].version, model.ir_version = 21, 10
    x = np.float32([[-3, -1, -0.25, 0, 0.5, 2]])
    network = network_of(model, (6,))
    for runner in (FloatNetwork(network), Executor(network, FloatArithmetic())):
        np.testing.assert_allclose(runner.outputs(x), np.maximum(x, 0), atol=0.3)


def test_a_model_that_does_not_run_is_one_line():
    model = digits_model()
    model.graph.node[1].op_type = "Nothing"
    with pytest.raises(
        NetworkError, match=r"network mine cannot be evaluated: .*Nothing"
    ) as caught:
        runtime.session(model, "mine")
    assert "\n" not in str(caught.value)


def test_values_that_do_not_fit_are_one_line():
    """In the float part between two products."""
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["h"]),
        helper.make_node("Reshape", ["h", "shape"], ["r"]),
        helper.make_node("MatMul", ["r", "w"], ["y"]),
    ]
    weights = {"w": np.ones((4, 4), "f"), "shape": np.array([3, 4])}
    network = network_of(model_of(nodes, weights, (4,)), (4,))
    for runner in (FloatNetwork(network), Executor(network, FloatArithmetic())):
        assert runner.outputs(np.ones((3, 4), np.float32)).shape == (3, 4)
        with pytest.raises(NetworkError, match="network test cannot be evaluated") as caught:
            runner.outputs(np.ones((2, 4), np.float32))
        assert "\n" not in str(caught.value)


def test_a_float_part_takes_values_of_several_types():
    """Text, lists and numbers go in; the session is built for what comes."""
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["h"]),
        helper.make_node("SplitToSequence", ["h"], ["parts"], axis=1),
        helper.make_node("ArgMax", ["h"], ["best"], axis=1, keepdims=0),
        helper.make_node("SequenceAt", ["parts", "one"], ["part"]),
        helper.make_node("MatMul", ["part", "v"], ["g"]),
        helper.make_node("ConcatFromSequence", ["parts"], ["all"], axis=1),
        helper.make_node("Cast", ["best"], ["number"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["number", "one"], ["column"]),
        helper.make_node("Sum", ["all", "g", "column"], ["y"]),
    ]
    rng = np.random.default_rng(0)
    weights = {
        "w": rng.normal(size=(4, 4)).astype("f"),
        "v": rng.normal(size=(1, 4)).astype("f"),
        "one": np.array([1]),
    }
    nodes[3].input[1] = "first"
    weights["first"] = np.array(1)
    network = network_of(model_of(nodes, weights, (4,)), (4,))
    x = rng.normal(size=(3, 4)).astype("f")
    h = x @ weights["w"]
    expected = h + h[:, 1:2] @ weights["v"] + h.argmax(axis=1)[:, np.newaxis]
    for runner in (FloatNetwork(network), Executor(network, FloatArithmetic())):
        np.testing.assert_allclose(runner.outputs(x), expected, rtol=1e-5, atol=1e-5)
