"""Quantised operands of every kind of operator: what moves weights also moves their codes."""

import numpy as np

from quantised_files import File, Graph, bits, file
from quantised_files.standard import activations, weights


@file("onnx")
def weights_first():
    """MatMul(W, x): weights are the second operand of the transposed product."""
    g = Graph(13)
    x = activations(g, "x", 1 / 127, np.int8(0))
    w, codes = weights(g, (10, 64), np.int8, np.linspace(0.01, 0.02, 10, dtype=np.float32), axis=0)
    column = g("Transpose", x, perm=[1, 0])
    y = g("Transpose", g("MatMul", w, column), perm=[1, 0])
    return File(model=g.model(y), spec="a=int8,acc=int:32", codes=[bits(codes).T])


@file("onnx")
def convolution_of_groups():
    g = Graph(13, (4, 4, 4))
    x = activations(g, "x", 1 / 100, np.int8(11))
    scales = np.linspace(0.01, 0.02, 10, dtype=np.float32)
    zeros = np.arange(10, dtype=np.int8)
    w, codes = weights(g, (10, 2, 4, 4), np.int8, scales, zeros, axis=0)
    y = g("Flatten", g("Conv", x, w, group=2))
    stack = bits(codes).reshape(2, 5, 32).transpose(0, 2, 1)
    return File(model=g.model(y), spec="a=int8,acc=int:32", codes=list(stack))


@file("onnx")
def transposed_convolution():
    g = Graph(13, (4, 4, 4))
    x = activations(g, "x", 1 / 100, np.uint8(3))
    scales = np.linspace(0.01, 0.02, 10, dtype=np.float32)
    w, codes = weights(g, (4, 10, 3, 3), np.int8, scales, axis=1)
    h = g("ConvTranspose", x, w, strides=[2, 2])
    y = g("Flatten", g("GlobalAveragePool", h))
    mirrored = np.flip(bits(codes), (2, 3)).transpose(0, 2, 3, 1)
    return File(
        model=g.model(y), spec="a=uint8,b=int8,acc=int:32", codes=[mirrored.reshape(36, 10)]
    )


@file("onnx")
def einsum():
    g = Graph(13, (4, 16))
    x = activations(g, "x", 1 / 100, np.uint8(0))
    w, codes = weights(g, (10, 4, 16), np.int8, np.float32(0.01), np.int8(-7))
    y = g("Einsum", x, w, equation="nab,cab->nc")
    return File(
        model=g.model(y), spec="a=uint8,b=int8,acc=int:32", codes=[bits(codes).reshape(10, 64).T]
    )


@file("onnx")
def recurrent_layer():
    """The states are activations that no operator quantises: only R is stored."""
    g = Graph(14, (64,))
    steps = g("Reshape", "x", g.store(np.array([-1, 8, 8])))
    steps = activations(g, g("Transpose", steps, perm=[1, 0, 2]), 1 / 127, np.int8(0))
    w, of_inputs = weights(g, (1, 40, 8), np.int8, np.float32(0.01))
    r, of_states = weights(g, (1, 40, 10), np.int8, np.float32(0.01))
    _, y = g("LSTM", steps, w, r, outputs=2, hidden_size=10)
    y = g("Squeeze", y, g.store(np.array([0])))
    return File(
        model=g.model(y),
        spec="a=int16,b=int8,acc=kulisch",
        codes=[bits(of_inputs)[0].T, bits(of_states)[0].T],
    )


@file("onnx")
def both_operands_are_activations():
    """As in attention: the second operand keeps the scale and zero point of the file as well.

    Powers of two make float32 sums exact, so that no order of a sum decides how it is rounded.
    """
    g = Graph(13, (8, 8))
    first = activations(g, "x", 2**-7, np.uint8(13))
    second = activations(g, g("Sqrt", "x"), 2**-6, np.uint8(40))
    turned = g("Transpose", second, perm=[0, 2, 1])
    h = g("Flatten", g("MatMul", first, turned))
    w, codes = weights(g, (64, 10), np.uint8, np.float32(2**-7), np.uint8(120))
    y = g("MatMul", activations(g, h, 2**-4, np.uint8(5)), w)
    return File(model=g.model(y), spec="a=uint8,acc=int:32", codes=[bits(codes)])


@file("onnx")
def moved_activations():
    """Pooling and the like only pick values: codes stay codes."""
    g = Graph(13, (1, 8, 8))
    x = activations(g, "x", 1 / 127, np.int8(-20))
    x = g("Relu", g("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2]))
    w, codes = weights(g, (16, 10), np.int8, np.float32(0.02))
    y = g("MatMul", g("Reshape", x, g.store(np.array([-1, 16]))), w)
    return File(model=g.model(y), spec="a=int8,acc=int:32", codes=[bits(codes)])
