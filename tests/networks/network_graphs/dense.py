"""Perceptrons, and every way in which weights come to a matrix product."""

import numpy as np
from onnx import TensorProto, helper

from network_graphs import NEWEST, graph


@graph((16,), 7, 12, 15, 25, NEWEST)
def perceptron(g, x):
    h = g("Relu", g.dense(x, 16, 24))
    return g("Softmax", g.dense(h, 24), axis=1)


@graph((16,), 8, 15, 20, 27)
def perceptron_of_matmul_and_add(g, x):
    h = g("Add", g("MatMul", x, g.weight(16, 24)), g.weight(24))
    h = g("Tanh", g("Dropout", h))
    return g("Add", g("MatMul", h, g.weight(24, 10)), g.weight(1, 10))


@graph((4, 5), 7, 11, 26, 27)
def matmul_of_tokens(g, x):
    h = g("MatMul", x, g.weight(5, 7))
    return g.dense(g("Flatten", g("LeakyRelu", h, alpha=0.1)), 28)


@graph((12,), 7, 13)
def gemm_with_factors(g, x):
    h = g("Gemm", x, g.weight(12, 10), g.weight(1, 10), alpha=0.5, beta=2.0)
    return g("Gemm", h, g.weight(10, 10), g.weight(1), alpha=-1.5, beta=0.25, transB=1)


@graph((12,), 11, 23)
def gemm_without_bias(g, x):
    return g("Gemm", g("Elu", g("Gemm", x, g.weight(8, 12), transB=1)), g.weight(8, 10))


@graph((10,), 9, 13)
def bias_wired_to_the_input(g, x):
    return g("Gemm", x, g.weight(10, 10), x, beta=0.5)


@graph((6,), 9, 20)
def transposed_constants(g, x):
    h = g("MatMul", x, g("Transpose", g.weight(9, 6), perm=[1, 0]))
    return g("MatMul", h, g("Transpose", g.weight(10, 9)))


@graph((4, 6), 7, 22)
def constant_first_operand(g, x):
    h = g("MatMul", g.weight(5, 4), x)
    h = g("MatMul", h, g.weight(6))
    return g.dense(h, 5)


@graph((4, 6), 13)
def constant_vector_first(g, x):
    return g.dense(g("MatMul", g.weight(4), x), 6)


@graph((8,), 9, 21)
def weights_computed_from_constants(g, x):
    low_rank = g("MatMul", g.weight(8, 2), g.weight(2, 10))
    scale = g("Exp", g.weight(10))
    return g("MatMul", x, g("Mul", low_rank, scale))


@graph((8,), 9, 19)
def normalised_weights(g, x):
    w = g.weight(8, 10)
    norm = g("ReduceL2", w, axes=[0]) if g.opset < 18 else g("ReduceL2", w, g.integers(0))
    return g("MatMul", g("LpNormalization", x, p=2, axis=1), g("Div", w, norm))


def _levels(g, bits, *shape):
    limit = 2 ** (bits - 1) - 1
    return np.clip(np.round(g.random(*shape) * limit), -limit, limit).astype(np.int8)


@graph((8,), 10, 13, 21)
def dequantised_weights(g, x):
    levels = g.constant(_levels(g, 8, 8, 10))
    w = g("DequantizeLinear", levels, g.constant(np.float32(0.02)), g.constant(np.int8(3)))
    return g("MatMul", x, w)


@graph((8,), 13, 24)
def dequantised_weights_of_each_channel(g, x):
    levels = g.constant(_levels(g, 8, 10, 8))
    scales = g.constant(np.linspace(0.01, 0.03, 10, dtype=np.float32))
    w = g("DequantizeLinear", levels, scales, axis=0)
    return g("Gemm", x, w, transB=1)


@graph((8,), 21, 25)
def dequantised_weights_of_4_bits_in_blocks(g, x):
    levels = g("Cast", g.constant(_levels(g, 4, 8, 10)), to=TensorProto.INT4)
    w = g("DequantizeLinear", levels, g.weight(2, 10), axis=0, block_size=4)
    return g("MatMul", x, w)


@graph((8,), 10, 19)
def quantised_activations(g, x):
    scale, zero = g.constant(np.float32(0.05)), g.constant(np.uint8(128))
    h = g("DequantizeLinear", g("QuantizeLinear", x, scale, zero), scale, zero)
    return g.dense(h, 8)


@graph((2, 3, 4), 9, 16)
def stacks_of_weights(g, x):
    h = g("Relu", g("MatMul", x, g.weight(2, 4, 5)))
    return g.dense(g("Flatten", g("MatMul", h, g.weight(1, 5, 6))), 36)


@graph((6,), 7, 13, 23)
def embedding(g, x):
    tokens = g("Cast", g("Abs", g("Mul", x, g.constant(3.0))), to=TensorProto.INT64)
    found = g("Gather", g.weight(32, 8), tokens)
    return g.dense(g.mean(found, [1]), 8)


@graph((12,), 8, 13, 18)
def gates_of_a_split(g, x):
    h = g.dense(x, 12, 20)
    if g.opset < 13:
        a, b = g.many(2, "Split", h, axis=1, split=[10, 10])
    elif g.opset < 18:
        a, b = g.many(2, "Split", h, g.integers(10, 10), axis=1)
    else:
        a, b = g.many(2, "Split", h, axis=1, num_outputs=2)
    return g.dense(g("Mul", a, g("Sigmoid", b)), 10)


@graph((12,), 20, 22, 24)
def new_activation_functions(g, x):
    h = g("Gelu", g.dense(x, 12, 16), approximate="tanh")
    h = g("Mish", g("HardSwish", g.dense(h, 16, 16)))
    if g.opset >= 24:
        h = g("Swish", h)
    return g.dense(h, 16)


@graph((12,), 12, 13)
def dropout_for_evaluation(g, x):
    h = g.dense(x, 12, 16)
    h = g("Dropout", h, g.constant(np.float32(0.5)), g.constant(np.array(False)))
    return g.dense(h, 16)


@graph((12,), 11, 17)
def best_expert(g, x):
    """Several layers, of which the gate's best two count."""
    gate = g("Softmax", g.dense(x, 12, 4), axis=1)
    best, place = g.many(2, "TopK", gate, g.integers(2), axis=1)
    experts = g("Reshape", g.dense(x, 12, 40), g.integers(-1, 4, 10))
    chosen = g(
        "GatherElements", experts, g("Expand", _column(g, place), g.integers(1, 1, 10)), axis=1
    )
    total = g("Mul", chosen, _column(g, best))
    return g.with_axes("ReduceSum", total, [1], 13, keepdims=0)


def _column(g, x):
    return g.with_axes("Unsqueeze", x, [2], 13)


@graph((12,), 14, 23)
def local_functions(g, x):
    layer = helper.make_function(
        "mine",
        "Layer",
        ["x", "w", "b"],
        ["y"],
        [
            helper.make_node("MatMul", ["x", "w"], ["p"]),
            helper.make_node("Add", ["p", "b"], ["s"]),
            helper.make_node("Relu", ["s"], ["y"]),
        ],
        [helper.make_opsetid("", g.opset)],
    )
    g.functions.append(layer)
    h = g("Layer", x, g.weight(12, 16), g.weight(16), domain="mine")
    return g("Layer", h, g.weight(16, 10), g.weight(10), domain="mine")


@graph((3, 12), 17, 28)
def float_parts_side_by_side(g, x):
    """Products whose operands come from parts at different depths."""
    a = g("MatMul", x, g.weight(12, 8))
    b = g("MatMul", g("Relu", x), g.weight(12, 8))
    c = g("MatMul", g("Exp", b), g.weight(8, 8))
    total = g(
        "Sum", a, b, g("Sigmoid", c), g("Slice", x, g.integers(0), g.integers(8), g.integers(2))
    )
    return g.dense(g("Flatten", total), 24)
