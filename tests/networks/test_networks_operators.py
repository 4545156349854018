"""Every lowered operator equals onnxruntime, in float32 and through codes of a wide format."""

import numpy as np
import pytest
from networks_fakes import (
    exact_matmul,
    model_of,
    network_of,
    relative_difference,
    runtime_outputs,
)
from onnx import helper

from hwdse import Design, kernels
from hwdse.errors import NetworkError
from hwdse.networks.arithmetic import FloatArithmetic
from hwdse.networks.execute import Executor, profile
from hwdse.networks.lowered import matrix
from hwdse.networks.observe import Observer
from hwdse.networks.quantize import DesignArithmetic, plan

FP32 = Design.parse("a=fp32,acc=fp:fp32")
TOLERANCE = 1e-5


def random(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def in_float(model, x):
    return Executor(network_of(model, x.shape[1:]), FloatArithmetic()).outputs(x)


def through_codes(model, x, design=FP32, matmul=exact_matmul):
    network = network_of(model, x.shape[1:])
    observer = Observer()
    Executor(network, observer).outputs(x)
    plans = {
        name: plan(design, seen, exact_matmul) for name, seen in observer.observations().items()
    }
    return Executor(network, DesignArithmetic(design, plans, matmul)).outputs(x)


def check(model, x):
    (expected,) = runtime_outputs(model, x)
    assert relative_difference(in_float(model, x), expected) <= TOLERANCE
    assert relative_difference(through_codes(model, x), expected) <= TOLERANCE


def one_node(operator, x, *weights, opset=17, **attributes):
    """A model of one operator, of the input and weights; None for an input left out."""
    names = {f"w{place}": value for place, value in enumerate(weights) if value is not None}
    inputs = ["x", *("" if v is None else f"w{k}" for k, v in enumerate(weights))]
    node = helper.make_node(operator, inputs, ["y"], **attributes)
    return model_of([node], names, x.shape[1:], batch=x.shape[0], opset=opset)


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
    x, w, b = random(3, 3, 4, 9, 10), random(1, 8, 4 // group, 3, 2), random(2, 8)
    check(one_node("Conv", x, w, b, group=group, **CONVOLUTIONS[case]), x)


@pytest.mark.parametrize(("image", "kernel"), [((11,), (3,)), ((5, 6, 7), (2, 3, 2))])
def test_conv_of_one_and_three_axes(image, kernel):
    x = random(2, 2, 2, *image)
    check(one_node("Conv", x, random(1, 5, 2, *kernel)), x)


def test_conv_in_small_blocks(monkeypatch):
    x = random(2, 5, 3, 8, 8)
    model = one_node("Conv", x, random(1, 6, 3, 3, 3), pads=[1, 1, 1, 1])
    for elements in (1, 500, 4000):
        monkeypatch.setattr(matrix, "BLOCK_ELEMENTS", elements)
        check(model, x)


@pytest.mark.parametrize("group", [2, 8])
@pytest.mark.parametrize("spec", ["a=e4m3fn,acc=fp:bf16", "a=int8,b=int4,acc=int:32"])
def test_groups_of_a_convolution_go_at_once(spec, group, monkeypatch):
    x = random(2, 3, 8, 6, 7)
    w, b = random(1, 16, 8 // group, 3, 3), random(2, 16)
    model, design = one_node("Conv", x, w, b, group=group, pads=[1, 1, 1, 1]), Design.parse(spec)
    for elements in (matrix.BLOCK_ELEMENTS, 500):
        monkeypatch.setattr(matrix, "BLOCK_ELEMENTS", elements)
        together = through_codes(model, x, design, kernels.matmul)
        with monkeypatch.context() as one_by_one:
            one_by_one.setattr(DesignArithmetic, "stacks_groups", lambda *_: False)
            single = through_codes(model, x, design, kernels.matmul)
        assert single.tobytes() == together.tobytes()


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
    w = random(1, *((5, 7) if attributes.get("transB") else (7, 5)))
    x = random(3, *((7, 6) if attributes.get("transA") else (6, 7)))
    weights = [w] if bias is None else [w, random(2, *bias)]
    check(one_node("Gemm", x, *weights, **attributes), x)


def test_matmul_in_small_blocks(monkeypatch):
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["h"]),
        helper.make_node("Transpose", ["h"], ["t"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["x", "t"], ["y"]),
    ]
    x = random(2, 4, 6, 5)
    model = model_of(nodes, {"w": random(1, 5, 5)}, x.shape[1:])
    for elements in (1, 20, 70):
        monkeypatch.setattr(matrix, "BLOCK_ELEMENTS", elements)
        check(model, x)


def spied_products(model, x, design):
    """The operands that a design's product takes."""
    seen = []

    def spy(design, a, b):
        seen.append((a, b))
        return exact_matmul(design, a, b)

    through_codes(model, x, design, spy)
    return seen


def test_weights_are_the_second_operand_wherever_they_stand():
    design = Design.parse("a=fp32,b=bf16,acc=fp:fp32")
    node = helper.make_node("MatMul", ["w", "x"], ["y"])
    for w in (random(1, 5, 4), random(1, 4)):
        model = model_of([node], {"w": w}, (4, 6))
        x = random(2, 3, 4, 6)
        check(model, x)
        ((a, b),) = spied_products(model, x, design)
        assert (a.dtype, a.shape) == (np.uint32, (18, 4))
        assert (b.dtype, b.shape) == (np.uint16, (4, w.size // 4))


def test_transposed_weights_are_constant():
    nodes = [
        helper.make_node("Transpose", ["w"], ["t"]),
        helper.make_node("MatMul", ["x", "t"], ["y"]),
    ]
    model = model_of(nodes, {"w": random(1, 5, 7)}, (7,))
    observer = Observer()
    Executor(network_of(model, (7,)), observer).outputs(random(2, 3, 7))
    assert observer.observations()["y"].matrices.shape == (1, 7, 5)


def test_operands_meet_the_design_as_documented():
    """A holds codes of design.a, B of design.b; K runs over channel, row, column."""
    x = np.arange(2 * 2 * 3 * 3, dtype=np.float32).reshape(2, 2, 3, 3)
    w = random(1, 4, 2, 2, 2)
    design = Design.parse("a=fp32,b=bf16,acc=fp:fp32")
    ((a, b),) = spied_products(one_node("Conv", x, w), x, design)
    assert a.dtype == np.uint32
    assert b.dtype == np.uint16
    assert design.a.decode(a[0]).tolist() == [0, 1, 3, 4, 9, 10, 12, 13]
    np.testing.assert_allclose(design.b.decode(b)[:, 1], w[1].reshape(-1), rtol=2**-8)


def test_transposed_convolution_sums_along_the_mirrored_kernel():
    x = np.array([[[1, 2, 3]]], np.float32)
    w = np.array([[[10, 20, 30]]], np.float32)
    ((a, b),) = spied_products(one_node("ConvTranspose", x, w, strides=[2]), x, FP32)
    assert FP32.b.decode(b)[:, 0].tolist() == [30, 20, 10]
    assert FP32.a.decode(a).tolist()[:4] == [[0, 0, 1], [0, 1, 0], [1, 0, 2], [0, 2, 0]]


def test_einsum_sums_in_the_order_of_its_first_operand():
    x, w = np.arange(6, dtype=np.float32).reshape(1, 2, 3), random(1, 3, 2, 4)
    ((a, b),) = spied_products(one_node("Einsum", x, w, equation="aji,ijk->ak"), x, FP32)
    assert FP32.a.decode(a).tolist() == [[0, 1, 2, 3, 4, 5]]
    assert (FP32.b.decode(b) == w.swapaxes(0, 1).reshape(6, 4)).all()


def test_einsum_without_sums_of_products_stays_float():
    """Of one operand, also down to a number, and of two that only multiply."""
    nodes = [
        helper.make_node("Einsum", ["x"], ["total"], equation="ab->"),
        helper.make_node("Einsum", ["x", "total"], ["scaled"], equation="ab,->ba"),
        helper.make_node("Einsum", ["scaled", "w"], ["outer"], equation="ba,c->abc"),
        helper.make_node("MatMul", ["outer", "w"], ["y"]),
    ]
    model, x = model_of(nodes, {"w": random(1, 6)}, (4,)), random(2, 3, 4)
    check(model, x)
    assert len(spied_products(model, x, FP32)) == 1
    assert in_float(model, x).shape == (3, 4)


def test_states_of_recurrent_layers_are_multiplied_step_by_step():
    x = random(3, 2, 3, 5)
    weights = random(1, 1, 9, 5), random(2, 1, 9, 3)
    seen = spied_products(one_node("GRU", x, *weights, hidden_size=3), x, FP32)
    assert [(a.shape, b.shape) for a, b in seen] == [
        ((6, 5), (5, 9)),
        *[((3, 3), (3, 6)), ((3, 3), (3, 3))] * 2,
    ]


def test_attention_is_one_batch_of_products():
    """The kernel sees all images and heads at once, not one after another."""
    x = random(1, 2, 4, 6)
    node = helper.make_node("Attention", ["x", "x", "x"], ["y"], q_num_heads=3, kv_num_heads=3)
    model = model_of([node], {}, (4, 6), opset=23)
    calls = []

    class Spy(FloatArithmetic):
        def products(self, site, a, b):
            calls.append((a.shape, b.shape))
            return super().products(site, a, b)

    Executor(network_of(model, (4, 6)), Spy()).outputs(x)
    assert calls == [((6, 4, 2), (6, 2, 4)), ((6, 4, 4), (6, 4, 2))]


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


def test_infinities_and_nan_travel_without_warnings():
    """An overflowing accumulator is a result; warnings are errors in these tests."""
    x = random(2, 3, 7)
    model = one_node("MatMul", x, random(1, 7, 5))

    def overflow(design, a, b):
        values = np.tile([np.inf, -np.inf, np.nan, 0, 1], (len(a), 1))
        return design.out.encode(values, overflow="ieee")

    found = through_codes(model, x, matmul=overflow)
    assert np.isinf(found[:, 0]).all()
    assert np.isnan(found[:, 2]).all()


X = random(1, 2, 4, 6)
REFUSED = {
    "einsum of three": (
        one_node("Einsum", X, random(1, 6), random(1, 6), equation="abc,c,c->ab"),
        "multiplies 3 operands: at most 2",
    ),
    "einsum with a diagonal": (
        one_node("Einsum", X, random(1, 4, 4), equation="abc,bb->ac"),
        "'abc,bb->ac', which is no matrix product",
    ),
    "einsum with a lone sum": (
        one_node("Einsum", X, random(1, 6, 5), equation="abc,cd->ad"),
        "'abc,cd->ad', which is no matrix product",
    ),
    "unreadable einsum": (
        one_node("Einsum", X, random(1, 6), equation="ab?,c->ab"),
        r"equation 'ab\?,c->ab', which cannot be read",
    ),
    "einsum of other axes": (
        one_node("Einsum", X, random(1, 6), equation="ab,b->a"),
        "does not fit its operands",
    ),
    "unknown result of einsum": (
        one_node("Einsum", X, random(1, 6), equation="abc,c->abz"),
        "does not fit its operands",
    ),
    "kernels of other channels": (
        one_node("Conv", X, random(1, 3, 5, 2)),
        r"does not fit its operands: 1 groups of kernels \(3, 5, 2\) on \(2, 4, 6\)",
    ),
    "no groups": (one_node("Conv", X, random(1, 3, 4, 2), group=0), "does not fit its operands"),
    "bias of another shape": (
        one_node("Conv", X, random(1, 3, 4, 2), random(1, 2, 3)),
        r"bias of shape \(2, 3\) for 3 channels",
    ),
    "kernel beyond the image": (
        one_node("Conv", X, random(1, 3, 4, 9)),
        "does not fit its operands",
    ),
    "padding beyond memory": (
        one_node("Conv", X, random(1, 3, 4, 2), pads=[0, 2**45]),
        "does not fit its operands",
    ),
    "unknown padding": (
        one_node("Conv", X, random(1, 3, 4, 2), auto_pad="SAME"),
        "has auto_pad SAME: allowed are NOTSET, SAME_UPPER, SAME_LOWER and VALID",
    ),
    "other inner axis": (
        one_node("MatMul", X, random(1, 5, 3)),
        r"matrix product of shapes \(2, 4, 6\) and \(5, 3\)",
    ),
    "stacks that do not broadcast": (
        one_node("MatMul", X, random(1, 3, 6, 2)),
        "does not fit its operands",
    ),
    "bias larger than the product": (
        one_node("Gemm", X[0], random(1, 6, 3), random(1, 2, 4, 3)),
        "does not fit its operands",
    ),
    "unknown activation": (
        one_node("RNN", X, random(1, 1, 3, 6), random(1, 1, 3, 3), activations=["Gelu"]),
        "activates by Gelu, which cannot be evaluated",
    ),
    "recurrent bias of another shape": (
        one_node("RNN", X, random(1, 1, 3, 6), random(1, 1, 3, 3), random(1, 1, 5)),
        r"\(5,\) in place of \(6,\)",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_forms_that_cannot_be_lowered(case):
    model, message = REFUSED[case]
    x = X[0] if case == "bias larger than the product" else X
    with pytest.raises(NetworkError, match=message) as caught:
        in_float(model, x)
    assert "\n" not in str(caught.value)
    assert f"{model.graph.node[0].op_type} 'y' " in str(caught.value)


@pytest.mark.parametrize(
    ("operator", "shape"), [("MatMul", (7, 5)), ("Gemm", (7, 5)), ("Einsum", (7, 5))]
)
@pytest.mark.parametrize("kind", [np.float64, np.int64, np.float16])
def test_products_of_other_types_are_refused(operator, shape, kind):
    attributes = {"equation": "ab,bc->ac"} if operator == "Einsum" else {}
    nodes = [
        helper.make_node("Cast", ["x"], ["c"], to=helper.np_dtype_to_tensor_dtype(np.dtype(kind))),
        helper.make_node(operator, ["c", "w"], ["y"], **attributes),
    ]
    model = model_of(nodes, {"w": np.ones(shape, kind)}, (7,))
    with pytest.raises(NetworkError, match=f"{operator} 'y' multiplies {np.dtype(kind)}: only"):
        in_float(model, random(1, 2, 7))
