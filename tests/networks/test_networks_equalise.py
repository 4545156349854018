"""Cross-layer equalisation, and which layers follow each other."""

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from hwdse import Design, networks
from hwdse.networks.arithmetic import Site
from hwdse.networks.methods.equalise import Equalise
from hwdse.networks.methods.gram import Gram
from hwdse.networks.methods.method import SeenLayer
from hwdse.networks.neighbours import layers_before
from hwdse.networks.observe import Observation


def test_layers_before_in_shipped_networks() -> None:
    assert layers_before(networks.load("digits")) == {
        "gemm2.out": "gemm0.out",
        "gemm4.out": "gemm2.out",
    }
    # The outputs of some layers go around the next one, too: they take no factors.
    assert layers_before(networks.load("digits-cnn")) == {
        "conv2.out": "conv0.out",
        "conv6.out": "conv4.out",
    }


def graph_of(tmp_path, between, *, also=(), outputs=("y",)):
    """A convolution, some operators from h to x, and a convolution or product of x."""
    rng = np.random.default_rng(0)
    weights = {
        "w1": rng.normal(size=(4, 3, 3, 3)),
        "w2": rng.normal(size=(5, 4, 1, 1)),
        "w3": rng.normal(size=(4, 2)),
        "bias": rng.normal(size=(4, 1, 1)),
    }
    nodes = [helper.make_node("Conv", ["in", "w1"], ["h"]), *between, *also]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("in", 1, ["n", 3, 6, 6])],
        [helper.make_tensor_value_info(name, 1, None) for name in outputs],
        [numpy_helper.from_array(w.astype("f"), name) for name, w in weights.items()],
    )
    path = tmp_path / "g.onnx"
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(onnx.shape_inference.infer_shapes(model), path)
    return networks.load(path)


def chain(*operators):
    """Nodes of one input each, from h to x."""
    names = ["h", *(f"t{i}" for i in range(1, len(operators))), "x"]
    return [
        helper.make_node(op, [a, *more], [b], **how)
        for (op, more, how), a, b in zip(operators, names[:-1], names[1:], strict=True)
    ]


CONV = helper.make_node("Conv", ["x", "w2"], ["y"])
GEMM = helper.make_node("Gemm", ["x", "w3"], ["y"])
POOL = ("MaxPool", [], {"kernel_shape": [2, 2]})


@pytest.mark.parametrize(
    ("between", "last", "follows"),
    [
        ([("Relu", [], {})], CONV, True),
        ([("Add", ["bias"], {}), ("LeakyRelu", [], {"alpha": 0.1}), POOL], CONV, True),
        ([("Relu", [], {}), ("GlobalAveragePool", [], {}), ("Flatten", [], {})], GEMM, True),
        ([("Sigmoid", [], {})], CONV, False),
        ([("Clip", [], {})], CONV, False),
        ([("Relu", [], {}), ("Mul", ["bias"], {})], CONV, False),
    ],
)
def test_what_may_be_between(tmp_path, between, last, follows) -> None:
    network = graph_of(tmp_path, [*chain(*between), last])
    assert layers_before(network) == ({"y": "h"} if follows else {})


def test_outputs_that_others_read_take_no_factors(tmp_path) -> None:
    relu = chain(("Relu", [], {}))
    other = helper.make_node("Sigmoid", ["h"], ["z"])
    add = helper.make_node("Concat", ["y", "z"], ["out"], axis=1)
    network = graph_of(tmp_path, [*relu, CONV])
    assert layers_before(network) == {"y": "h"}
    network = graph_of(tmp_path, relu, also=[CONV, other, add], outputs=("out",))
    assert layers_before(network) == {}


def layer(name: str, matrices, taps: int = 1, axis: int = -1) -> SeenLayer:
    """A layer with these weights (G, K, N)."""
    rng = np.random.default_rng(1)
    w = np.asarray(matrices, np.float32)
    x = rng.normal(size=(len(w), 50, w.shape[1])).astype(np.float32)
    site = Site(name=name, constant=True, channel_axis=axis, taps=taps)
    return SeenLayer(
        observation=Observation(
            constant=True,
            rows=x,
            matrices=w,
            extremes=x[:, :2],
            first_largest=float(np.abs(x).max()),
            second_largest=float(np.abs(w).max()),
            terms=w.shape[1],
        ),
        gram=Gram(
            site=site,
            matrix=np.einsum("grk,grl->gkl", x, x) / 50,
            mean=x.mean(axis=1),
            largest=np.abs(x).max(axis=1),
        ),
        nearest=lambda m: np.asarray(m, np.float64),
        nearest_rows=lambda rows: rows,
    )


def test_two_layers_by_hand() -> None:
    rng = np.random.default_rng(0)
    first = rng.normal(size=(1, 18, 4)) * 4.0 ** np.arange(4)
    second = rng.normal(size=(1, 4, 5))
    layers = {"a": layer("a", first, taps=9, axis=1), "b": layer("b", second)}
    found = Equalise().transforms(layers, {"b": "a"})
    assert set(found) == {"b"}
    made, taken = np.abs(first[0]).max(axis=0), np.abs(second[0]).max(axis=1)
    factors = np.sqrt(made * taken) / taken
    np.testing.assert_allclose(
        found["b"].factors[0], factors / np.exp(np.log(factors).mean()), 1e-5
    )
    assert Equalise().transforms(layers, {}) == {}
    assert Equalise().transforms({"b": layers["b"]}, {"b": "a"}) == {}


def test_ranges_of_three_layers_are_equal_in_the_end_and_groups_have_their_channels() -> None:
    rng = np.random.default_rng(2)
    weights = {
        "a": rng.normal(size=(1, 3, 6)) * 3.0 ** np.arange(6),
        "b": rng.normal(size=(2, 3 * 4, 4)),  # two groups of three channels with four taps
        "c": rng.normal(size=(1, 8, 2)),
    }
    layers = {
        "a": layer("a", weights["a"]),
        "b": layer("b", weights["b"], taps=4, axis=1),
        "c": layer("c", weights["c"]),
    }
    found = Equalise().transforms(layers, {"b": "a", "c": "b"})
    of_b, of_c = found["b"].factors, found["c"].factors
    assert of_b.shape == (2, 3)
    assert of_c.shape == (1, 8)
    a = np.abs(weights["a"][0]) / of_b.reshape(-1)
    b = np.abs(weights["b"]).reshape(2, 3, 4, 4).max(axis=2)
    b = b * of_b[:, :, np.newaxis] / of_c.reshape(2, 1, 4)
    c = np.abs(weights["c"][0]) * of_c[0][:, np.newaxis]
    for made, taken in ((a.max(axis=0), b.max(axis=2)), (b.max(axis=1), c.max(axis=1))):
        ratio = made.reshape(-1) / taken.reshape(-1)
        assert np.ptp(ratio) < 0.01 * ratio.max()


def test_channels_without_weights_keep_their_factor() -> None:
    first, second = np.ones((1, 2, 3)), np.ones((1, 3, 2))
    first[..., 1] = 0
    second[:, 2] = 0
    layers = {"a": layer("a", first), "b": layer("b", 4 * second)}
    factors = Equalise().transforms(layers, {"b": "a"})["b"].factors[0]
    assert np.isfinite(factors).all()
    np.testing.assert_allclose(factors, np.array([0.5, 1, 1]) / 0.5 ** (1 / 3))


def uneven(tmp_path):
    """The network digits, with channels that differ by powers of two: the same in float32."""
    network = networks.load("digits")
    model = onnx.ModelProto()
    model.CopyFrom(network.model)
    factors = 2.0 ** np.random.default_rng(3).integers(-5, 6, 1000)
    gemms = [node for node in model.graph.node if node.op_type == "Gemm"]
    transposed = [any(a.name == "transB" and a.i for a in node.attribute) for node in gemms]
    stored = {each.name: each for each in model.graph.initializer}

    def change(name, axis, by):
        w = numpy_helper.to_array(stored[name])
        shape = [-1 if i == axis else 1 for i in range(w.ndim)]
        w = (w * by(factors[: w.shape[axis]]).reshape(shape)).astype("f")
        stored[name].CopyFrom(numpy_helper.from_array(w, name))

    change(gemms[0].input[1], 0 if transposed[0] else 1, lambda s: s)
    change(gemms[0].input[2], 0, lambda s: s)
    change(gemms[1].input[1], 1 if transposed[1] else 0, lambda s: 1 / s)
    path = tmp_path / "uneven.onnx"
    onnx.save(model, path)
    return networks.load(path)


@pytest.mark.parametrize("spec", ["a=int8,b=int4,acc=int:32", "a=mxfp4,acc=fp:fp32,unit=mx"])
def test_networks_with_uneven_channels_become_even(tmp_path, spec) -> None:
    design, network = Design.parse(spec), uneven(tmp_path)

    def run(which, methods):
        return networks.evaluate(design, which, 60, methods=methods, compare_scales=False)

    plain, better = run(network, ""), run(network, "equalise")
    assert better.sqnr_db > plain.sqnr_db + 3
    # Nothing is left of what the channels were before, but where ranges lie between octaves.
    assert better.sqnr_db == pytest.approx(run("digits", "equalise").sqnr_db, abs=1)
