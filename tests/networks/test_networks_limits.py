"""What a network's file may declare: batch, sample, weights, values, operators."""

import time

import numpy as np
import onnx
import pytest
from networks_fakes import digits_model, model_of
from onnx import helper, numpy_helper

from hwdse import networks
from hwdse.errors import NetworkError
from hwdse.networks import limits


def refused(model, tmp_path, message):
    path = tmp_path / "x.onnx"
    path.write_bytes(model.SerializeToString())
    start = time.process_time()
    with pytest.raises(NetworkError, match=message) as caught:
        networks.load(path, dataset="digits")
    assert time.process_time() - start < 1
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("batch", [-1, limits.MAX_BATCH + 1, 2**24, 2**31, 2**62])
def test_batches(batch, tmp_path):
    refused(digits_model(batch=batch), tmp_path, f"demands a batch of {batch}: 1 to 4096")


@pytest.mark.parametrize("size", [-1, limits.MAX_SAMPLE + 1, 2**62])
def test_samples(size, tmp_path):
    model = digits_model()
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = size
    refused(model, tmp_path, rf"samples of shape \[{size}\]: .* at most {limits.MAX_SAMPLE}")


def test_values_of_a_batch(tmp_path):
    weights = {"w": np.ones((64, 1), "f"), "shape": np.array([1, 1 << 20])}
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["h"]),
        helper.make_node("Expand", ["h", "shape"], ["e"]),
        helper.make_node("Slice", ["e", "zero", "ten", "axis"], ["y"]),
    ]
    ends = {"zero": np.array([0]), "ten": np.array([10]), "axis": np.array([1])}
    model = model_of(nodes, weights | ends, (64,), output_shape=(256, 10), batch=256)
    refused(model, tmp_path, r"values of 107\d+ bytes for a batch of 256, 'e' alone 1073741824")
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 4
    model.graph.output[0].type.tensor_type.shape.dim[0].dim_value = 4
    path = tmp_path / "fits.onnx"
    path.write_bytes(model.SerializeToString())
    assert networks.profile(networks.load(path, dataset="digits")).classes == 10


def test_a_constant_of_petabytes(tmp_path):
    model = digits_model()
    huge = numpy_helper.from_array(np.array([1 << 20, 1 << 30]), "huge")
    model.graph.initializer.append(huge)
    model.graph.node.insert(0, helper.make_node("ConstantOfShape", ["huge"], ["filled"]))
    refused(model, tmp_path, "'filled' alone 4503599627370496; at most")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_are_finite(value, tmp_path):
    model = digits_model()
    weights = numpy_helper.to_array(model.graph.initializer[0]).copy()
    weights[3, 4] = value
    model.graph.initializer[0].CopyFrom(numpy_helper.from_array(weights, "w1"))
    refused(model, tmp_path, "stores NaN or infinities in 'w1'")


def layered(depth, calls, last="Relu"):
    """The perceptron with functions that call the next one several times in its middle."""
    model = digits_model()
    for level in range(depth):
        inner = last if level == depth - 1 else f"F{level + 1}"
        domain = "mine" if inner.startswith("F") else ""
        names = ["a", *(f"b{k}" for k in range(calls))]
        nodes = [
            helper.make_node(inner, [names[k]], [names[k + 1]], domain=domain) for k in range(calls)
        ]
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid("mine", 1)]
        function = helper.make_function("mine", f"F{level}", ["a"], [names[-1]], nodes, opsets)
        model.functions.append(function)
    model.opset_import.append(helper.make_opsetid("mine", 1))
    model.graph.node[1].op_type, model.graph.node[1].domain = "F0", "mine"
    return model


def test_functions_count_at_each_call(tmp_path):
    refused(layered(60, 2), tmp_path, "more than 100000 operators, with those of its functions")
    refused(layered(3, 50), tmp_path, "more than 100000 operators")
    refused(layered(3, 1, last="F0"), tmp_path, "'F.' that calls itself")
    path = tmp_path / "x.onnx"
    path.write_bytes(layered(3, 5).SerializeToString())
    assert len(networks.load(path).model.graph.node) == 2 + 5**3


def test_loops_are_refused(tmp_path):
    body = helper.make_graph(
        [helper.make_node("Identity", ["c"], ["d"]), helper.make_node("Relu", ["s"], ["t"])],
        "body",
        [
            helper.make_tensor_value_info("i", onnx.TensorProto.INT64, []),
            helper.make_tensor_value_info("c", onnx.TensorProto.BOOL, []),
            helper.make_tensor_value_info("s", onnx.TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("d", onnx.TensorProto.BOOL, []),
            helper.make_tensor_value_info("t", onnx.TensorProto.FLOAT, None),
        ],
    )
    model = digits_model()
    model.graph.initializer.append(numpy_helper.from_array(np.array(True), "always"))
    loop = helper.make_node("Loop", ["", "always", "h"], ["r"], body=body)
    model.graph.node[1].CopyFrom(loop)
    refused(model, tmp_path, "has a Loop, whose length nothing bounds")


@pytest.mark.parametrize("place", [1, 2])
def test_weights_or_a_bias_wired_to_the_input(place, tmp_path):
    model = digits_model()
    model.graph.node[2].input[place] = "x"
    path = tmp_path / "x.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(NetworkError, match="cannot be evaluated: "):
        networks.profile(networks.load(path))


def test_files_that_are_no_files(tmp_path):
    with pytest.raises(NetworkError, match="unknown network"):
        networks.load("/dev/zero")
    with pytest.raises(NetworkError, match="unknown network"):
        networks.load("x" * 5000)
    large = tmp_path / "large.onnx"
    with large.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(NetworkError, match=f"at most {limits.MAX_FILE} are allowed"):
        networks.load(large)


def test_other_digits_are_no_numbers(tmp_path):
    model = digits_model(metadata={"hwdse.dataset": "digits", "hwdse.samples": "２０"})
    refused(model, tmp_path, "metadata hwdse.samples=２０ is no usable number")
