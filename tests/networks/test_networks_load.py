"""Loading networks, and every file that cannot be one."""

import hashlib

import numpy as np
import onnx
import pytest
from networks_fakes import digits_model, model_of
from onnx import helper

from hwdse import networks
from hwdse.errors import DatasetError, NetworkError
from hwdse.networks.arithmetic import FloatArithmetic
from hwdse.networks.execute import Executor, constant_names
from hwdse.resources import resource


def save(model, path):
    path.write_bytes(model.SerializeToString())
    return path


def refused(model, path, message):
    with pytest.raises(NetworkError, match=message) as caught:
        networks.load(save(model, path))
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_shipped_networks():
    assert networks.names() == ["digits", "fashion-cnn"]
    for name in networks.names():
        network = networks.load(name)
        content = resource("models", f"{name}.onnx").read_bytes()
        assert network.name == name
        assert network.digest == hashlib.sha256(content).hexdigest()
        assert len(content) < 400_000
        assert 1 <= network.default_samples <= network.dataset.test_size


def test_sizes_of_the_shipped_networks():
    assert networks.profile(networks.load("digits")).macs == 64 * 64 + 64 * 32 + 32 * 10
    cnn = networks.load("fashion-cnn")
    assert networks.profile(cnn).macs == 2_926_784
    operators = [node.op_type for node in cnn.model.graph.node]
    assert operators.count("Conv") == 5
    assert "BatchNormalization" not in operators


def test_a_file_describes_itself(tmp_path):
    metadata = {
        "hwdse.dataset": "digits",
        "hwdse.title": "mine",
        "hwdse.mean": "0.25",
        "hwdse.std": "0.5",
        "hwdse.calibration": "7",
        "hwdse.samples": "9",
    }
    network = networks.load(save(digits_model(metadata=metadata), tmp_path / "mine.onnx"))
    assert (network.name, network.title, network.dataset.name) == ("mine", "mine", "digits")
    assert (network.mean, network.std) == (0.25, 0.5)
    assert (network.calibration, network.default_samples) == (7, 9)
    assert (network.sample_shape, network.fixed_batch) == ((64,), None)


def test_metadata_is_optional_but_for_the_dataset(tmp_path):
    path = tmp_path / "bare.onnx"
    refused(digits_model(metadata={}), path, "names no dataset .* give one of digits, fashion")
    network = networks.load(path, dataset="digits")
    assert (network.mean, network.std, network.calibration) == (0.0, 1.0, 256)
    assert network.default_samples == network.dataset.test_size
    with pytest.raises(DatasetError, match="unknown dataset 'cifar'"):
        networks.load(path, dataset="cifar")


def test_unknown_name_lists_the_known(tmp_path):
    with pytest.raises(NetworkError, match="'resnet': known are digits, fashion-cnn;"):
        networks.load("resnet")
    with pytest.raises(NetworkError, match="unknown network"):
        networks.load(tmp_path)


@pytest.mark.parametrize("content", [b"", b"not an onnx file", b"\x08"])
def test_no_onnx_file(tmp_path, content):
    path = tmp_path / "x.onnx"
    path.write_bytes(content)
    with pytest.raises(NetworkError, match="is no valid ONNX file") as caught:
        networks.load(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("hwdse.mean", "grey"),
        ("hwdse.mean", "nan"),
        ("hwdse.std", "0"),
        ("hwdse.calibration", "0"),
        ("hwdse.samples", "2.5"),
    ],
)
def test_malformed_metadata(tmp_path, key, value):
    model = digits_model(metadata={"hwdse.dataset": "digits", key: value})
    refused(model, tmp_path / "x.onnx", f"metadata {key}={value}")


def test_arithmetic_that_would_stay_float_is_refused(tmp_path):
    node = helper.make_node("ConvTranspose", ["x", "w"], ["y"])
    model = model_of(
        [node], {"w": np.ones((1, 1, 2, 2), "f")}, (1, 8, 8), output_shape=("n", 1, 9, 9)
    )
    refused(model, tmp_path / "x.onnx", "has a ConvTranspose, whose arithmetic cannot be replaced")


def test_arithmetic_in_a_branch_is_refused(tmp_path):
    value = helper.make_tensor_value_info("z", onnx.TensorProto.FLOAT, ("n", 10))
    branch = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["z"])], "b", [], [value])
    node = helper.make_node("If", ["c"], ["y"], then_branch=branch, else_branch=branch)
    weights = {"w": np.ones((64, 10), "f"), "c": np.array(True)}
    model = model_of([node], weights, (64,), output_shape=("n", 10))
    refused(model, tmp_path / "x.onnx", "MatMul inside a branch or loop")


def test_old_opset_is_refused(tmp_path):
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    model = model_of([node], {"w": np.ones((64, 10), "f")}, (64,), output_shape=("n", 10), opset=6)
    refused(model, tmp_path / "x.onnx", "opset 6: 7 or later")


def test_weights_in_other_files_are_refused(tmp_path):
    path = tmp_path / "x.onnx"
    onnx.save(digits_model(), path, save_as_external_data=True, location="w.bin", size_threshold=0)
    with pytest.raises(NetworkError, match="keeps weights in other files"):
        networks.load(path)


def test_inputs(tmp_path):
    model = digits_model()
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_param = "any"
    refused(model, tmp_path / "x.onnx", "must declare the shape of its input")
    model = digits_model()
    model.graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.DOUBLE
    refused(model, tmp_path / "x.onnx", "another input type than float32")
    model = digits_model()
    model.graph.input.append(helper.make_tensor_value_info("second", onnx.TensorProto.FLOAT, [1]))
    refused(model, tmp_path / "x.onnx", "has 2 inputs")


def test_local_functions_are_lowered_too(tmp_path):
    model = digits_model()
    function = helper.make_function(
        "mine",
        "Layer",
        ["a", "b"],
        ["c"],
        [helper.make_node("MatMul", ["a", "b"], ["c"])],
        [helper.make_opsetid("", 17)],
    )
    model.functions.append(function)
    model.opset_import.append(helper.make_opsetid("mine", 1))
    model.graph.node[0].op_type, model.graph.node[0].domain = "Layer", "mine"
    network = networks.load(save(model, tmp_path / "x.onnx"))
    assert networks.profile(network).macs == 64 * 12 + 12 * 10


def test_unknown_operator(tmp_path):
    model = digits_model()
    model.graph.node[1].op_type, model.graph.node[1].domain = "Mystery", "else.where"
    model.opset_import.append(helper.make_opsetid("else.where", 1))
    network = networks.load(save(model, tmp_path / "x.onnx"))
    with pytest.raises(NetworkError, match=r"cannot be evaluated: .*Mystery"):
        networks.profile(network)


def test_shapes_that_do_not_fit(tmp_path):
    model = digits_model()
    broken = onnx.numpy_helper.from_array(np.ones((10, 11), np.float32), "w2")
    model.graph.initializer[1].CopyFrom(broken)
    network = networks.load(save(model, tmp_path / "x.onnx"))
    with pytest.raises(NetworkError, match="cannot be evaluated"):
        networks.profile(network)


def test_too_few_outputs(tmp_path):
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    model = model_of([node], {"w": np.ones((64, 9), "f")}, (64,), output_shape=("n", 9))
    path = save(model, tmp_path / "x.onnx")
    with pytest.raises(NetworkError, match=r"output of shape \(1, 9\).*\(1, 10\) is needed"):
        networks.profile(networks.load(path, dataset="digits"))


def test_constants_are_what_does_not_depend_on_the_input():
    nodes = [
        helper.make_node("Transpose", ["w"], ["t"]),
        helper.make_node("MatMul", ["x", "t"], ["y"]),
        helper.make_node("RandomNormal", [], ["r"], shape=[2]),
    ]
    graph = model_of(nodes, {"w": np.ones((4, 4), "f")}, (4,)).graph
    assert constant_names(graph) == {"w", "t"}


def test_executor_returns_the_first_output():
    network = networks.load("digits")
    found = Executor(network, FloatArithmetic()).outputs(np.zeros((3, 64), np.float32))
    assert found.shape == (3, 10)
