"""MatMul, Gemm and Conv through codes equal the ONNX reference in a wide format."""

import numpy as np
import pytest
from networks_fakes import exact_matmul, model_of, network_of
from onnx import helper
from onnx.reference import ReferenceEvaluator

from hwdse import Design
from hwdse.errors import NetworkError
from hwdse.networks import lower
from hwdse.networks.arithmetic import FloatArithmetic
from hwdse.networks.execute import Executor, profile
from hwdse.networks.observe import Observer
from hwdse.networks.quantize import DesignArithmetic, plan

FP32 = Design.parse("a=fp32,acc=fp:fp32")


def random(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def through_codes(model, x, design=FP32, matmul=exact_matmul):
    network = network_of(model, x.shape[1:])
    observer = Observer()
    Executor(network, observer).run(x)
    plans = {name: plan(design, seen) for name, seen in observer.observations().items()}
    return Executor(network, DesignArithmetic(design, plans, matmul)).outputs(x)


def check(model, x):
    expected = ReferenceEvaluator(model).run(None, {"x": x})[0]
    tolerance = 2e-6 * max(1.0, float(np.abs(expected).max()))
    in_float = Executor(network_of(model, x.shape[1:]), FloatArithmetic()).outputs(x)
    in_codes = through_codes(model, x)
    for found in (in_float, in_codes):
        assert found.dtype == np.float32
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=5 * tolerance)


CONVOLUTIONS = {
    "plain": {},
    "stride": {"strides": [2, 3]},
    "pads": {"pads": [1, 1, 1, 1]},
    "asymmetric-pads": {"pads": [0, 2, 1, 3]},
    "dilation": {"dilations": [2, 3]},
    "all": {"strides": [2, 1], "dilations": [1, 2], "pads": [1, 0, 2, 1]},
    "same-upper": {"auto_pad": "SAME_UPPER", "strides": [2, 2]},
    "same-lower": {"auto_pad": "SAME_LOWER", "strides": [2, 2]},
    "valid": {"auto_pad": "VALID"},
}


@pytest.mark.parametrize("group", [1, 2, 4])
@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_conv(case, group):
    weights = {"w": random(1, 8, 4 // group, 3, 2), "b": random(2, 8)}
    node = helper.make_node("Conv", ["x", "w", "b"], ["y"], group=group, **CONVOLUTIONS[case])
    check(model_of([node], weights, (4, 9, 10)), random(3, 3, 4, 9, 10))


@pytest.mark.parametrize(("image", "kernel"), [((11,), (3,)), ((5, 6, 7), (2, 3, 2))])
def test_conv_of_one_and_three_axes(image, kernel):
    node = helper.make_node("Conv", ["x", "w"], ["y"])
    check(model_of([node], {"w": random(1, 5, 2, *kernel)}, (2, *image)), random(2, 2, 2, *image))


def test_conv_in_small_blocks(monkeypatch):
    node = helper.make_node("Conv", ["x", "w"], ["y"], pads=[1, 1, 1, 1])
    model = model_of([node], {"w": random(1, 6, 3, 3, 3)}, (3, 8, 8))
    x = random(2, 5, 3, 8, 8)
    for elements in (1, 500, 4000):
        monkeypatch.setattr(lower, "_BLOCK", elements)
        check(model, x)


GEMMS = {
    "plain": {},
    "transposed": {"transB": 1},
    "both-transposed": {"transA": 1, "transB": 1},
    "alpha": {"alpha": 0.5},
    "beta": {"alpha": 2.0, "beta": 0.25, "transB": 1},
}


@pytest.mark.parametrize("case", GEMMS)
@pytest.mark.parametrize("bias", [None, (5,), (1, 1), (6, 5)])
def test_gemm(case, bias):
    attributes = GEMMS[case]
    weights = {"w": random(1, *((5, 7) if attributes.get("transB") else (7, 5)))}
    inputs = ["x", "w"]
    if bias is not None:
        weights["b"] = random(2, *bias)
        inputs.append("b")
    shape = (7, 6) if attributes.get("transA") else (6, 7)
    node = helper.make_node("Gemm", inputs, ["y"], **attributes)
    check(model_of([node], weights, shape[1:], batch=shape[0]), random(3, *shape))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((6, 7), (7, 5)),
        ((2, 6, 7), (7, 5)),
        ((2, 3, 6, 7), (3, 7, 5)),
        ((3, 6, 7), (2, 1, 7, 5)),
        ((6, 7), (7,)),
    ],
)
def test_matmul_with_weights(left, right):
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    check(model_of([node], {"w": random(1, *right)}, left[1:], batch=left[0]), random(2, *left))


def test_matmul_in_blocks_of_rows(monkeypatch):
    monkeypatch.setattr(lower, "_BLOCK", 20)
    test_matmul_with_weights((2, 6, 7), (7, 5))


def test_matmul_of_two_activations():
    nodes = [
        helper.make_node("Transpose", ["x"], ["t"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["x", "t"], ["y"]),
    ]
    check(model_of(nodes, {}, (4, 6)), random(1, 3, 4, 6))


def test_matmul_with_weights_first_makes_them_the_second_operand():
    node = helper.make_node("MatMul", ["w", "x"], ["y"])
    model = model_of([node], {"w": random(1, 5, 4)}, (4, 6))
    x = random(2, 3, 4, 6)
    check(model, x)
    design = Design.parse("a=fp32,b=bf16,acc=fp:fp32")
    seen = []

    def spy(design, a, b):
        seen.append((a.shape, b.shape))
        return exact_matmul(design, a, b)

    through_codes(model, x, design, spy)
    assert seen == [((18, 4), (4, 5))]


def test_transposed_weights_are_constant():
    nodes = [
        helper.make_node("Transpose", ["w"], ["t"]),
        helper.make_node("MatMul", ["x", "t"], ["y"]),
    ]
    model = model_of(nodes, {"w": random(1, 5, 7)}, (7,))
    observer = Observer()
    Executor(network_of(model, (7,)), observer).run(random(2, 3, 7))
    assert observer.observations()["y"].weights.shape == (1, 7, 5)


def test_operands_meet_the_design_as_documented():
    """A holds codes of design.a, B of design.b; K runs over channel, row, column."""
    x = np.arange(2 * 2 * 3 * 3, dtype=np.float32).reshape(2, 2, 3, 3)
    node = helper.make_node("Conv", ["x", "w"], ["y"])
    model = model_of([node], {"w": random(1, 4, 2, 2, 2)}, (2, 3, 3))
    design = Design.parse("a=fp32,b=bf16,acc=fp:fp32")
    seen = []

    def spy(design, a, b):
        seen.append((a, b))
        return exact_matmul(design, a, b)

    through_codes(model, x, design, spy)
    ((a, b),) = seen
    assert a.dtype == np.uint32
    assert b.dtype == np.uint16
    assert design.a.decode(a[0]).tolist() == [0, 1, 3, 4, 9, 10, 12, 13]
    weights = design.b.decode(b)[:, 1]
    np.testing.assert_allclose(weights, random(1, 4, 2, 2, 2)[1].reshape(-1), rtol=2**-8)


def test_macs_are_counted():
    weights = {"w": random(1, 8, 2, 3, 3), "v": random(2, 8 * 36, 10)}
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], group=2),
        helper.make_node("Flatten", ["c"], ["f"]),
        helper.make_node("MatMul", ["f", "v"], ["y"]),
    ]
    measured = profile(network_of(model_of(nodes, weights, (4, 8, 8)), (4, 8, 8)))
    assert measured.macs == 36 * 8 * 2 * 9 + 8 * 36 * 10
    assert measured.classes == 10


def test_integer_products_are_refused():
    nodes = [
        helper.make_node("Cast", ["x"], ["i"], to=7),
        helper.make_node("MatMul", ["i", "w"], ["y"]),
    ]
    model = model_of(nodes, {"w": np.ones((7, 5), np.int64)}, (7,))
    with pytest.raises(NetworkError, match="MatMul 'y' multiplies int64"):
        Executor(network_of(model, (7,)), FloatArithmetic()).run(random(1, 2, 7))


def test_computed_convolution_weights_are_refused():
    node = helper.make_node("Conv", ["x", "x"], ["y"])
    with pytest.raises(NetworkError, match="Conv 'y' computes its weights"):
        Executor(network_of(model_of([node], {}, (2, 3, 3)), (2, 3, 3)), FloatArithmetic()).run(
            random(1, 2, 2, 3, 3)
        )


def test_infinities_and_nan_travel_without_warnings():
    """An overflowing accumulator is a result; warnings are errors in these tests."""
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    model = model_of([node], {"w": random(1, 7, 5)}, (7,))

    def overflow(design, a, b):
        values = np.tile([np.inf, -np.inf, np.nan, 0, 1], (len(a), 1))
        return design.out.encode(values, overflow="ieee")

    found = through_codes(model, random(2, 3, 7), matmul=overflow)
    assert np.isinf(found[:, 0]).all()
    assert np.isnan(found[:, 2]).all()
