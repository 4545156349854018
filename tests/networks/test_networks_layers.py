"""Networks whose products are computed by a function."""

import numpy as np
import pytest
from networks_fakes import model_of, network_of
from onnx import helper

from hwdse import Design, kernels, networks
from hwdse.errors import NetworkError
from hwdse.networks.layers import answers, layer_operands, simulated_samples

DESIGN = Design.parse("a=e4m3fn,acc=fp:bf16")


def test_the_kernels_give_what_the_evaluator_scores() -> None:
    network = networks.load("digits")
    scored = networks.evaluate(DESIGN, network, 40, compare_scales=False)
    plain = answers(DESIGN, network, 40)
    assert np.mean(plain.outputs.argmax(axis=1) == plain.targets) == scored.value
    called = []

    def product(layer, a, b):
        called.append((layer, a.shape, b.shape))
        return kernels.matmul(DESIGN, a, b)

    found = answers(DESIGN, network, 40, product=product)
    assert found.outputs.tobytes() == plain.outputs.tobytes()
    # Scales are chosen without the function.
    assert called == [
        ("gemm0.out", (40, 64), (64, 64)),
        ("gemm2.out", (40, 64), (64, 32)),
        ("gemm4.out", (40, 32), (32, 10)),
    ]


def test_later_layers_get_what_the_function_gave() -> None:
    network = networks.load("digits")
    first = {}

    def product(layer, a, b):
        first.setdefault(layer, a)
        return np.zeros((len(a), b.shape[1]), DESIGN.out.code_dtype)

    outputs = answers(DESIGN, network, 3, product=product).outputs
    # Nothing but the biases is left, the same for every sample.
    assert np.ptp(first["gemm0.out"], axis=0).any()
    assert not np.ptp(first["gemm2.out"], axis=0).any()
    assert not np.ptp(outputs, axis=0).any()


def test_operands_of_a_layer_are_those_of_the_run() -> None:
    network = networks.load("digits-cnn")
    seen = []

    def product(layer, a, b):
        if layer in ("conv2.out", "gemm11.out"):
            seen.append((a, b))
        return kernels.matmul(DESIGN, a, b)

    answers(DESIGN, network, 5, product=product)
    found = layer_operands(DESIGN, network, ("gemm11.out", "conv2.out"), 5)
    assert [(name, a.shape, b.shape) for name, a, b in found] == [
        ("conv2.out", (5 * 16, 108), (108, 16)),
        ("gemm11.out", (5, 16), (16, 10)),
    ]
    for (_, *pair), other in zip(found, seen, strict=True):
        assert all(np.array_equal(x, y) for x, y in zip(pair, other, strict=True))
    with pytest.raises(NetworkError, match="unknown layer of digits-cnn 'conv1"):
        layer_operands(DESIGN, network, ["conv2.out", "conv1.out"], 5)


def test_products_of_activations_come_one_by_one() -> None:
    nodes = [
        helper.make_node("Transpose", ["x"], ["t"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["x", "t"], ["h"]),
        helper.make_node("Flatten", ["h"], ["f"]),
        helper.make_node("MatMul", ["f", "w"], ["y"]),
    ]
    weights = {"w": np.linspace(-1, 1, 640, dtype=np.float32).reshape(64, 10)}
    network = network_of(model_of(nodes, weights, [8, 8], output_shape=["n", 10]), (8, 8))
    found = layer_operands(DESIGN, network, ["h"], 3)
    assert [(a.shape, b.shape) for _, a, b in found] == [((8, 8), (8, 8))] * 3
    outputs = answers(DESIGN, network, 3).outputs

    def product(layer, a, b):
        return kernels.matmul(DESIGN, a, b)

    assert np.array_equal(answers(DESIGN, network, 3, product=product).outputs, outputs)


@pytest.mark.parametrize("spec", ["a=mxfp4,acc=fp:bf16,unit=mx", "a=nvfp4,acc=fp:fp32,unit=mx"])
def test_blocks_of_a_layer_have_their_scales(spec: str) -> None:
    network, design = networks.load("digits-cnn"), Design.parse(spec)
    size = design.mul.size
    found = layer_operands(design, network, ("gemm11.out", "conv2.out"), 5)
    assert [(name, *(x.shape for x in operands)) for name, *operands in found] == [
        ("conv2.out", (5 * 16, 108), (80, -(-108 // size)), (108, 16), (-(-108 // size), 16)),
        ("gemm11.out", (5, 16), (5, 1), (16, 10), (1, 10)),
    ]
    seen = []

    def product(layer, *operands):
        seen.append(layer)
        return kernels.block_matmul(design, *operands)

    # What `evaluate` scores are these outputs.
    elsewhere = answers(design, network, 5, product=product).outputs
    assert np.array_equal(elsewhere, answers(design, network, 5).outputs)
    assert len(seen) == 5


@pytest.mark.parametrize(
    ("name", "count"), [("digits", 445), ("digits-cnn", 154), ("fashion-cnn", 20)]
)
def test_small_networks_run_more_samples(name: str, count: int) -> None:
    network = networks.load(name)
    assert simulated_samples(network, network.default_samples) == count
