"""Loading networks, and every file that cannot be one."""

import hashlib

import numpy as np
import onnx
import pytest
from networks_fakes import digits_model, model_of
from onnx import TensorProto, helper, numpy_helper

from hwdse import networks
from hwdse.errors import DatasetError, NetworkError
from hwdse.networks import lowered, recipes
from hwdse.networks.arithmetic import FloatArithmetic
from hwdse.networks.execute import Executor, batches
from hwdse.networks.graph import constant_names, reads
from hwdse.networks.operators import EXPANDED_OPERATORS, FLOAT_OPERATORS
from hwdse.networks.protocols import Sample
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
    assert networks.names() == [
        *("digits", "digits-cnn", "fashion-cnn", "fashion-mlp", "fashion-vit"),
    ]
    for name in networks.names():
        network = networks.load(name)
        content = resource("models", f"{name}.onnx").read_bytes()
        assert network.name == name
        assert network.digest == hashlib.sha256(content).hexdigest()
        assert len(content) < 1_000_000
        assert 1 <= network.default_samples <= network.dataset.test_size


def test_sizes_of_the_shipped_networks():
    profile = networks.profile(networks.load("digits"))
    assert profile.macs == 64 * 64 + 64 * 32 + 32 * 10
    shapes = [(work.m, work.k, work.n, work.groups) for work in profile.workloads]
    assert shapes == [(1, 64, 64, 1), (1, 64, 32, 1), (1, 32, 10, 1)]
    assert all(work.constant for work in profile.workloads)
    assert sum(work.macs for work in profile.workloads) == profile.macs
    small = networks.load("digits-cnn")
    assert networks.profile(small).macs == 108_448
    operators = [node.op_type for node in small.model.graph.node]
    assert operators.count("Conv") == 4
    assert operators.count("Add") == 1
    assert "BatchNormalization" not in operators
    cnn = networks.load("fashion-cnn")
    assert networks.profile(cnn).macs == 2_926_784
    operators = [node.op_type for node in cnn.model.graph.node]
    assert operators.count("Conv") == 5
    assert "BatchNormalization" not in operators
    mlp = networks.profile(networks.load("fashion-mlp"))
    assert mlp.macs == 784 * 256 + 256 * 128 + 128 * 10
    tokens, width, heads = 49, 64, 4
    of_tokens = tokens * width * (3 * width + width + 2 * 2 * width)
    of_heads = 2 * heads * tokens * tokens * (width // heads)
    vit = networks.profile(networks.load("fashion-vit"))
    assert vit.macs == tokens * 16 * width + 4 * (of_tokens + of_heads) + 10 * width
    assert sum(not work.constant for work in vit.workloads) == 4 * 2


def test_inputs_of_layers_count_values_and_not_patches():
    workloads = networks.profile(networks.load("fashion-cnn")).workloads
    sizes = [28 * 28, 14 * 14 * 16, 14 * 14 * 32, 7 * 7 * 32, 7 * 7 * 64, 64]
    assert [work.inputs for work in workloads] == sizes
    # A patch of a 3 x 3 convolution repeats each value up to nine times.
    assert workloads[1].elements_a == 14 * 14 * 16 * 9
    assert workloads[-1].elements_a == workloads[-1].inputs


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
    bare = networks.load(save(digits_model(metadata={}), path))
    with pytest.raises(NetworkError, match=r"names no dataset .* one of digits, digits-"):
        networks.float_accuracy(bare)
    network = networks.load(path, dataset="digits")
    assert (network.mean, network.std, network.calibration) == (0.0, 1.0, 256)
    assert network.default_samples == network.dataset.test_size
    with pytest.raises(DatasetError, match="unknown dataset 'cifar'"):
        networks.load(path, dataset="cifar")


def test_unknown_name_lists_the_known(tmp_path):
    known = ", ".join([*networks.names(), *recipes.names()])
    assert known.startswith("digits, digits-cnn, fashion-cnn, fashion-mlp, fashion-vit, char-gpt, ")
    with pytest.raises(NetworkError, match=f"'resnet': known are {known};"):
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


def refused_node(tmp_path, node, message, weights=(), opset=17, shape=(64,)):
    model = model_of([node], dict(weights), shape, output_shape=("n", 10), opset=opset)
    refused(model, tmp_path / "x.onnx", message)


@pytest.mark.parametrize(
    ("operator", "inputs", "opset"),
    [
        ("MatMulInteger", 2, 17),
        ("ConvInteger", 2, 17),
        ("DeformConv", 3, 19),
        ("DFT", 1, 17),
        ("Det", 1, 22),
        ("RandomNormalLike", 1, 22),
        ("LinearAttention", 3, 27),
        ("CausalConvWithState", 2, 28),
    ],
)
def test_arithmetic_that_would_stay_float_is_refused(tmp_path, operator, inputs, opset):
    """By name, whatever the operator's inputs are."""
    node = helper.make_node(operator, ["x"] * inputs, ["y"])
    if operator == "LinearAttention":
        node.attribute.extend(helper.make_attribute(f"{x}_num_heads", 2) for x in ("q", "kv"))
    if opset >= 27:
        node.output.append("state")
    message = f"has a {operator}, whose arithmetic cannot be replaced: that of Attention, Conv, "
    refused_node(tmp_path, node, message, opset=opset)


def test_every_operator_of_the_standard_is_float_or_lowered_or_refused_for_a_reason():
    """New versions of onnx bring operators: each must be looked at before it may stay float."""
    known = {each.name for each in onnx.defs.get_all_schemas_with_history() if not each.domain}
    handled = FLOAT_OPERATORS | EXPANDED_OPERATORS | lowered.names()
    assert handled <= known
    assert not FLOAT_OPERATORS & lowered.names()
    products = {
        *("AffineGrid", "CausalConvWithState", "ConvInteger", "DFT", "DeformConv", "Det"),
        *("LinearAttention", "MatMulInteger", "MelWeightMatrix", "QLinearConv", "QLinearMatMul"),
        "STFT",
    }
    random = {
        *("Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike"),
        *("RandomUniform", "RandomUniformLike"),
    }
    not_for_images = {
        *("BlackmanWindow", "HammingWindow", "HannWindow", "ImageDecoder", "RegexFullMatch"),
        *("StringConcat", "StringNormalizer", "StringSplit", "TfIdfVectorizer"),
    }
    not_for_inference = {"NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss"}
    rare = {"DynamicQuantizeLinear", "Optional", "OptionalGetElement", "OptionalHasElement"}
    rare |= {"SequenceMap"}
    refused_ones = products | random | not_for_images | not_for_inference | rare
    assert known - handled == refused_ones


def test_operators_of_other_domains_are_refused(tmp_path):
    for domain, name in (("com.microsoft", "FusedMatMul"), ("else.where", "Relu")):
        model = digits_model()
        model.graph.node[1].op_type, model.graph.node[1].domain = name, domain
        model.opset_import.append(helper.make_opsetid(domain, 1))
        refused(model, tmp_path / "x.onnx", f"has a {domain}.{name}, whose arithmetic cannot")


def branches(*nodes):
    value = helper.make_tensor_value_info(nodes[-1].output[0], onnx.TensorProto.FLOAT, ("n", 10))
    return helper.make_graph(nodes, "branch", [], [value])


@pytest.mark.parametrize("operator", ["MatMul", "Gemm", "Einsum"])
def test_arithmetic_in_a_branch_is_refused(tmp_path, operator):
    attributes = {"equation": "ab,bc->ac"} if operator == "Einsum" else {}
    branch = branches(helper.make_node(operator, ["x", "w"], ["z"], **attributes))
    inner = helper.make_node("If", ["c"], ["q"], then_branch=branch, else_branch=branch)
    weights = {"w": np.ones((64, 10), "f"), "c": np.array(True)}
    for outer in (branch, branches(inner)):
        node = helper.make_node("If", ["c"], ["y"], then_branch=outer, else_branch=outer)
        refused_node(tmp_path, node, f"{operator} inside a branch or loop", weights)


def test_attention_in_a_branch_is_refused(tmp_path):
    attention = helper.make_node("Attention", ["x", "x", "x"], ["z"], q_num_heads=1, kv_num_heads=1)
    branch = branches(attention)
    node = helper.make_node("If", ["c"], ["y"], then_branch=branch, else_branch=branch)
    weights = {"c": np.array(True)}
    refused_node(tmp_path, node, "MatMul inside a branch or loop", weights, opset=23, shape=(4, 10))


@pytest.mark.parametrize(
    "nodes",
    [
        [helper.make_node("Slice", ["x", "zero", "ten", "one"], ["y"])],
        # Products that nothing reads, or that weights alone go into.
        [
            helper.make_node("MatMul", ["x", "w"], ["unread"]),
            helper.make_node("Slice", ["x", "zero", "ten", "one"], ["y"]),
        ],
        [
            helper.make_node("MatMul", ["w", "w"], ["fixed"]),
            helper.make_node("ReduceSum", ["fixed"], ["total"], keepdims=0),
            helper.make_node("Slice", ["x", "zero", "ten", "one"], ["part"]),
            helper.make_node("Add", ["part", "total"], ["y"]),
        ],
        [helper.make_node("Identity", ["w"], ["y"])],
    ],
)
def test_networks_without_products_are_refused(tmp_path, nodes):
    weights = {
        "w": np.ones((64, 64), "f"),
        **{name: np.array([value]) for name, value in (("zero", 0), ("one", 1), ("ten", 10))},
    }
    model = model_of(nodes, weights, (64,), output_shape=("n", 10))
    network = networks.load(save(model, tmp_path / "x.onnx"), dataset="digits")
    x = np.zeros((2, 64), np.float32)
    run = Executor(network, FloatArithmetic()).outputs
    for use in (lambda: networks.profile(network), lambda: run(x)):
        with pytest.raises(NetworkError, match="has no matrix product on the way") as caught:
            use()
        assert "\n" not in str(caught.value)


def test_einsum_of_one_operand_is_no_product(tmp_path):
    node = helper.make_node("Einsum", ["x"], ["y"], equation="abc->ab")
    model = model_of([node], {}, (10, 4), output_shape=("n", 10), opset=12)
    network = networks.load(save(model, tmp_path / "x.onnx"), dataset="digits")
    with pytest.raises(NetworkError, match="has no matrix product on the way"):
        networks.profile(network)


def test_training_mode_is_refused(tmp_path):
    path = tmp_path / "x.onnx"
    statistics = ["s", "b", "m", "v"]
    weights = {name: np.ones(64, "f") for name in statistics} | {"yes": np.array(True)}
    node = helper.make_node("BatchNormalization", ["x", *statistics], ["y", "p", "q"])
    node.attribute.append(helper.make_attribute("training_mode", 1))
    message = "in training mode: export it for evaluation"
    refused_node(tmp_path, node, f"BatchNormalization {message}", weights)
    dropout = helper.make_node("Dropout", ["x", "", "t"], ["y"])
    for mode, expected in (([1], True), ([0], False)):
        tensor = helper.make_tensor("m", onnx.TensorProto.BOOL, [], mode)
        constant = helper.make_node("Constant", [], ["t"], value=tensor)
        model = model_of([constant, dropout], {}, (64,), output_shape=("n", 10))
        if expected:
            refused(model, path, f"Dropout {message}")
        else:
            assert networks.load(save(model, path), dataset="digits")
    random = model_of(
        [helper.make_node("Not", ["yes"], ["t"]), dropout], weights, (64,), output_shape=("n", 10)
    )
    refused(random, path, f"Dropout {message}")


def test_old_opset_is_refused(tmp_path):
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    model = model_of([node], {"w": np.ones((64, 10), "f")}, (64,), output_shape=("n", 10), opset=6)
    refused(model, tmp_path / "x.onnx", "opset 6: 7 or later")


def test_later_opsets_than_onnxruntime_knows(tmp_path):
    path = tmp_path / "x.onnx"
    model = digits_model()
    model.opset_import[0].version = 99
    with pytest.raises(NetworkError) as caught:
        networks.profile(networks.load(save(model, path)))
    assert "\n" not in str(caught.value)


def test_inputs(tmp_path):
    model = digits_model()
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_param = "any"
    refused(model, tmp_path / "x.onnx", "has the input x=nxany: only the batch, its first dimen")
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


def test_shapes_that_do_not_fit(tmp_path):
    model = digits_model()
    broken = onnx.numpy_helper.from_array(np.ones((10, 11), np.float32), "w2")
    model.graph.initializer[1].CopyFrom(broken)
    network = networks.load(save(model, tmp_path / "x.onnx"))
    with pytest.raises(NetworkError, match="cannot be evaluated"):
        networks.profile(network)


def check_output(tmp_path, nodes, weights, message, batch="n"):
    model = model_of(nodes, weights, (64,), output_shape=(batch, 10), batch=batch)
    network = networks.load(save(model, tmp_path / "x.onnx"), dataset="digits")
    samples = [Sample(inputs={"x": np.zeros(64, np.float32)})] * 3
    for use in (networks.profile, lambda network: list(batches(network, samples))):
        with pytest.raises(NetworkError, match=message) as caught:
            use(network)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("batch", ["n", 2])
def test_outputs_that_are_no_scores(tmp_path, batch):
    product = helper.make_node("MatMul", ["x", "w"], ["h"])
    same = helper.make_node("Identity", ["h"], ["y"])
    few, enough = {"w": np.ones((64, 9), "f")}, {"w": np.ones((64, 10), "f")}
    message = r"output of shape \(2, 9\).*\(2, 10\) is needed"
    check_output(tmp_path, [product, same], few, message, batch)
    mean = helper.make_node("ReduceMean", ["h"], ["y"], axes=[0])
    message = r"output of shape \(1, 10\) for 2 samples"
    check_output(tmp_path, [product, mean], enough, message, batch)
    # onnxruntime is told the type by the file, so that one must be right.
    integer = helper.make_node("Cast", ["h"], ["i"], to=onnx.TensorProto.INT32)
    model = model_of([product, integer], enough, (64,), output_shape=("n", 10))
    model.graph.output[0].name = "i"
    model.graph.output[0].type.tensor_type.elem_type = onnx.TensorProto.INT32
    network = networks.load(save(model, tmp_path / "x.onnx"), dataset="digits")
    with pytest.raises(NetworkError, match="another output than a float32 tensor"):
        networks.profile(network)


def test_constants_are_what_does_not_depend_on_the_input():
    nodes = [
        helper.make_node("Transpose", ["w"], ["t"]),
        helper.make_node("MatMul", ["x", "t"], ["y"]),
        helper.make_node("Shape", ["y"], ["s"]),
    ]
    graph = model_of(nodes, {"w": np.ones((4, 4), "f")}, (4,)).graph
    assert constant_names(graph) == {"w", "t"}


def test_a_branch_that_reads_activations_is_not_constant():
    """Whatever its condition is, and however deep the branch that reads them."""
    branch = branches(helper.make_node("Relu", ["h"], ["z"]))
    inner = helper.make_node("If", ["c"], ["q"], then_branch=branch, else_branch=branch)
    fixed = branches(helper.make_node("Relu", ["w"], ["z"]))
    for outer, expected in (
        (branch, {"c", "h"}),
        (branches(inner), {"c", "h"}),
        (fixed, {"c", "w"}),
    ):
        node = helper.make_node("If", ["c"], ["y"], then_branch=outer, else_branch=outer)
        assert set(reads(node)) == expected
        nodes = [helper.make_node("MatMul", ["x", "w"], ["h"]), node]
        graph = model_of(nodes, {"w": np.ones((4, 4), "f"), "c": np.array(True)}, (4,)).graph
        assert ("y" in constant_names(graph)) is (outer is fixed)


def test_hidden_names_of_a_branch_are_its_own():
    nodes = [helper.make_node("Relu", ["a"], ["b"]), helper.make_node("Add", ["b", "c"], ["d"])]
    branch = branches(*nodes)
    node = helper.make_node("If", ["p"], ["y"], then_branch=branch, else_branch=branch)
    assert set(reads(node)) == {"p", "a", "c"}


def test_executor_returns_the_first_output():
    network = networks.load("digits")
    found = Executor(network, FloatArithmetic()).outputs(np.zeros((3, 64), np.float32))
    assert found.shape == (3, 10)


@pytest.mark.parametrize("operator", ["Gemm", "Add"])
def test_constants_of_another_size_are_refused(operator, tmp_path):
    """Of products and of everything else: an addition is run by onnxruntime."""
    nodes = [
        helper.make_node("Gemm", ["x", "w"], ["h"]),
        helper.make_node("Add", ["h", "c"], ["y"]),
    ]
    weights = {"w": np.ones((64, 10), np.float32), "c": np.ones(10, np.float32)}
    model = model_of(nodes, weights, (64,), output_shape=("n", 10))
    stored = model.graph.initializer[0 if operator == "Gemm" else 1]
    stored.dims[-1] = 7
    refused(model, tmp_path / "net.onnx", f"stores {stored.name!r} wrongly")


def test_large_weights_are_kept_once_and_read_by_name(tmp_path):
    """Read by a product and by a float part, under a name that looks like a path."""
    generator = np.random.default_rng(7)
    table = generator.normal(size=(1024, 300)).astype(np.float32)
    name = "/model/layers.0/table"
    graph = helper.make_graph(
        [
            helper.make_node("Gather", [name, "tokens"], ["x"]),
            helper.make_node("Transpose", [name], ["turned"], perm=[1, 0]),
            helper.make_node("MatMul", ["x", "turned"], ["y"]),
        ],
        "tied",
        [helper.make_tensor_value_info("tokens", TensorProto.INT64, [None, 5])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 5, 1024])],
        [numpy_helper.from_array(table, name)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, tmp_path / "tied.onnx")
    network = networks.load(tmp_path / "tied.onnx")
    assert list(network.weights) == [name]
    assert network.model.ByteSize() < 10_000
    tokens = generator.integers(0, 1024, (3, 5))
    expected = table[tokens] @ table.T
    for found in (
        network.float_outputs({"tokens": tokens}),
        network.outputs({"tokens": tokens}, FloatArithmetic()),
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-4)
