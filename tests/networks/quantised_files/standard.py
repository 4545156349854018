"""Written by hand, operator by operator, as the ONNX standard has them at each opset."""

import ml_dtypes
import numpy as np

from quantised_files import File, Graph, bits, file


def activations(g, x, scale, zero):
    """A pair of QuantizeLinear and DequantizeLinear."""
    scale, zero = g.floats(scale), g.store(zero)
    return g("DequantizeLinear", g("QuantizeLinear", x, scale, zero), scale, zero)


def weights(g, shape, dtype, scale, *zero, **attributes):
    """Stored codes with a DequantizeLinear behind; the codes."""
    info = np.iinfo if np.issubdtype(dtype, np.integer) else None
    if info:
        codes = g.rng.integers(info(dtype).min, info(dtype).max + 1, shape).astype(dtype)
    elif np.dtype(dtype).name in {"int4", "uint4", "int2", "uint2"}:
        limits = ml_dtypes.iinfo(dtype)
        codes = g.rng.integers(limits.min, limits.max + 1, shape).astype(dtype)
    else:
        top = float(ml_dtypes.finfo(dtype).max) / 3
        codes = np.clip(g.rng.normal(size=shape) * top / 3, -top, top).astype(dtype)
    given = [g.store(scale), *(g.store(each) for each in zero)]
    return g("DequantizeLinear", g.store(codes), *given, **attributes), codes


@file("onnx")
def int8_of_the_first_opset():
    g = Graph(10)
    x = activations(g, "x", 1 / 255, np.uint8(0))
    w, codes = weights(g, (64, 10), np.int8, np.float32(0.01), np.int8(0))
    return File(
        model=g.model(g("MatMul", x, w)), spec="a=uint8,b=int8,acc=int:32", codes=[bits(codes)]
    )


@file("onnx")
def int8_with_zero_points():
    g = Graph(13)
    x = activations(g, "x", 1 / 200, np.int8(-101))
    scales = np.linspace(0.01, 0.02, 10, dtype=np.float32)
    zeros = np.arange(-5, 5, dtype=np.int8)
    w, codes = weights(g, (10, 64), np.int8, scales, zeros, axis=0)
    y = g("Gemm", x, w, transB=1)
    return File(model=g.model(y), spec="a=int8,acc=int:32", codes=[bits(codes).T])


@file("onnx")
def uint8_convolution_with_padding():
    g = Graph(17, (1, 8, 8))
    x = activations(g, "x", 1 / 128, np.uint8(77))
    scales = np.linspace(0.01, 0.02, 6, dtype=np.float32)
    w, first = weights(g, (6, 1, 3, 3), np.uint8, scales, np.full(6, 128, np.uint8), axis=0)
    h = g("Relu", g("Conv", x, w, g.store(g.rng.normal(size=6).astype(np.float32)), pads=[1] * 4))
    h = activations(g, h, 0.05, np.uint8(0))
    h = g("Flatten", g("MaxPool", h, kernel_shape=[2, 2], strides=[2, 2]))
    w, second = weights(g, (96, 10), np.uint8, np.float32(0.01), np.uint8(120))
    return File(
        model=g.model(g("MatMul", h, w)),
        spec="a=uint8,acc=int:32",
        codes=[bits(first).reshape(6, 9).T, bits(second)],
    )


@file("onnx")
def float8_of_both_kinds():
    g = Graph(19)
    x = activations(g, "x", 0.01, ml_dtypes.float8_e4m3fn(0))
    w, codes = weights(g, (64, 10), ml_dtypes.float8_e5m2, np.float32(2**-12))
    return File(
        model=g.model(g("MatMul", x, w)),
        spec="a=e4m3fn,b=e5m2,acc=kulisch",
        codes=[bits(codes)],
    )


@file("onnx")
def float8_without_negative_zero():
    g = Graph(23)
    x = activations(g, "x", 0.01, ml_dtypes.float8_e5m2fnuz(0))
    w, codes = weights(g, (64, 10), ml_dtypes.float8_e4m3fnuz, np.float32(2**-9))
    return File(
        model=g.model(g("MatMul", x, w)),
        spec="a=e5m2fnuz,b=e4m3fnuz,acc=kulisch",
        codes=[bits(codes)],
    )


@file("onnx")
def int4_in_blocks():
    g = Graph(21)
    x = activations(g, "x", 1 / 127, np.int8(0))
    scales = g.rng.uniform(0.01, 0.02, (4, 10)).astype(np.float32)
    w, codes = weights(g, (64, 10), ml_dtypes.int4, scales, axis=0, block_size=16)
    return File(
        model=g.model(g("MatMul", x, w)), spec="a=int8,b=int4,acc=int:32", codes=[bits(codes)]
    )


@file("onnx")
def int4_in_blocks_with_scales_of_both_signs():
    """As onnxruntime writes them, and 0 for a block of zeros."""
    g = Graph(21)
    x = activations(g, "x", 1 / 127, np.int8(0))
    scales = (g.rng.uniform(0.01, 0.02, (4, 10)) * g.rng.choice([-1, 1], (4, 10))).astype(
        np.float32
    )
    scales[2, 3] = 0
    w, codes = weights(g, (64, 10), ml_dtypes.int4, scales, axis=0, block_size=16)
    return File(
        model=g.model(g("MatMul", x, w)), spec="a=int8,b=int4,acc=int:32", codes=[bits(codes)]
    )


@file("onnx")
def uint4_in_blocks_with_zero_points():
    g = Graph(21)
    x = activations(g, "x", 1 / 255, np.uint8(9))
    scales = g.rng.uniform(0.01, 0.02, (10, 2)).astype(np.float32)
    zeros = g.rng.integers(0, 16, (10, 2)).astype(ml_dtypes.uint4)
    w, codes = weights(g, (10, 64), ml_dtypes.uint4, scales, zeros, axis=1, block_size=32)
    y = g("MatMul", x, g("Transpose", w, perm=[1, 0]))
    return File(model=g.model(y), spec="a=uint8,b=uint4,acc=int:32", codes=[bits(codes).T])


@file("onnx")
def int2_weights():
    g = Graph(25)
    x = activations(g, "x", 1 / 127, np.int8(0))
    scales = np.linspace(0.1, 0.3, 10, dtype=np.float32)
    w, codes = weights(g, (64, 10), ml_dtypes.int2, scales, axis=1)
    return File(
        model=g.model(g("MatMul", x, w)), spec="a=int8,b=int2,acc=int:32", codes=[bits(codes)]
    )


@file("onnx")
def float4_of_both_operands():
    g = Graph(23)
    x = activations(g, "x", 0.2, ml_dtypes.float4_e2m1fn(0))
    scales = np.linspace(0.05, 0.1, 10, dtype=np.float32)
    w, codes = weights(g, (64, 10), ml_dtypes.float4_e2m1fn, scales, axis=1)
    real = codes.astype(np.float64) * scales

    def expected(x):
        near = (x / np.float32(0.2)).astype(ml_dtypes.float4_e2m1fn)
        return (near.astype(np.float64) * np.float32(0.2)) @ real

    return File(
        model=g.model(g("MatMul", x, w)),
        spec="a=e2m1fn,acc=kulisch",
        codes=[bits(codes)],
        runs=False,
        expected=expected,
    )


@file("onnx")
def float6_of_both_kinds():
    g = Graph(28)
    x = activations(g, "x", 0.2, ml_dtypes.float6_e2m3fn(0))
    w, codes = weights(g, (64, 10), ml_dtypes.float6_e3m2fn, np.float32(0.02))
    real = codes.astype(np.float64) * np.float32(0.02)

    def expected(x):
        near = (x / np.float32(0.2)).astype(ml_dtypes.float6_e2m3fn)
        return (near.astype(np.float64) * np.float32(0.2)) @ real

    return File(
        model=g.model(g("MatMul", x, w)),
        spec="a=e2m3fn,b=e3m2fn,acc=kulisch",
        codes=[bits(codes)],
        runs=False,
        expected=expected,
    )


def in_mx_blocks(opset, dtype, name):
    """MX weights: blocks of 32 values along K with E8M0 scales. The activations are floats."""
    g = Graph(opset)
    powers = 2.0 ** g.rng.integers(-9, -4, (10, 2))
    scales = powers.astype(ml_dtypes.float8_e8m0fnu)
    w, codes = weights(g, (10, 64), dtype, scales, axis=-1, block_size=32)
    y = g("MatMul", "x", g("Transpose", w, perm=[1, 0]))
    return File(
        model=g.model(y),
        spec=f"a={name},acc=fp:fp32,unit=mx",
        codes=[bits(codes).T],
        scales=[bits(scales).T],
        runs=False,
    )


@file("onnx")
def mxfp8_weights():
    return in_mx_blocks(24, ml_dtypes.float8_e4m3fn, "mxfp8_e4m3")


@file("onnx")
def mxfp6_weights():
    return in_mx_blocks(28, ml_dtypes.float6_e3m2fn, "mxfp6_e3m2")


@file("onnx")
def mxfp4_weights():
    return in_mx_blocks(24, ml_dtypes.float4_e2m1fn, "mxfp4")


@file("onnx")
def mxint8_weights():
    """Whole numbers in blocks: the binary point of MXINT8 is a factor of the scale."""
    found = in_mx_blocks(24, np.int8, "mxint8")
    (scales,) = found.scales
    found.scales[0] = scales + 6  # 2^6, as the element's fraction has 6 bits
    return found


@file("onnx")
def nvfp4_weights():
    """Two DequantizeLinear: the blocks' scales have a scale of the tensor."""
    g = Graph(23)
    scales = g.rng.uniform(1, 448, (10, 4)).astype(ml_dtypes.float8_e4m3fn)
    of_blocks = g("DequantizeLinear", g.store(scales), g.floats(0.0003))
    codes = (g.rng.normal(size=(10, 64)) * 2).astype(ml_dtypes.float4_e2m1fn)
    w = g("DequantizeLinear", g.store(codes), of_blocks, axis=-1, block_size=16)
    y = g("Gemm", "x", w, transB=1)
    return File(
        model=g.model(y),
        spec="a=nvfp4,acc=fp:fp32,unit=mx",
        codes=[bits(codes).T],
        scales=[bits(scales).T],
        runs=False,
    )


@file("onnx")
def clipped_between():
    """QuantizeLinear, Clip and DequantizeLinear (QCDQ): 4 bits in the codes of 8."""
    g = Graph(14)
    scale, zero = g.floats(1 / 7), g.store(np.int8(0))
    q = g("QuantizeLinear", "x", scale, zero)
    q = g("Clip", q, g.store(np.int8(-7)), g.store(np.int8(7)))
    x = g("DequantizeLinear", q, scale, zero)
    codes = g.rng.integers(-3, 4, (64, 10)).astype(np.int8)
    clipped = g("Clip", g.store(codes), g.store(np.int8(-4)), g.store(np.int8(3)))
    w = g("DequantizeLinear", clipped, g.floats(0.1), g.store(np.int8(0)))
    return File(
        model=g.model(g("MatMul", x, w)),
        spec="a=int4,b=int3,acc=int:32",
        codes=[bits(codes) & 7],
    )
