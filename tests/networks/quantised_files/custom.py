"""Custom operators, written by hand as QONNX and NVIDIA's Model Optimizer write them."""

import ml_dtypes
import numpy as np

from quantised_files import File, Graph, bits, file

QONNX = "qonnx.custom_op.general"


@file("qonnx by hand")
def quant_of_both():
    g = Graph(13, domains=(QONNX,))
    settings = {"domain": QONNX, "signed": 1, "rounding_mode": "ROUND"}
    given = [g.floats(value) for value in (1 / 20, 0.0, 6.0)]
    x = g("Quant", "x", *given, narrow=1, **settings)
    real = g.rng.normal(size=(64, 10)).astype(np.float32)
    scales = np.linspace(0.2, 0.4, 10, dtype=np.float32)[np.newaxis]
    w = g("Quant", g.store(real), g.store(scales), *given[1:2], g.floats(4.0), narrow=0, **settings)
    codes = np.clip(np.round(real / scales), -8, 7)

    def expected(x):
        near = np.clip(np.round(x / np.float32(1 / 20)), -31, 31) * np.float32(1 / 20)
        return near.astype(np.float64) @ (codes.astype(np.float64) * scales)

    return File(
        model=g.model(g("MatMul", x, w)),
        spec="a=int6,b=int4,acc=int:32",
        codes=[codes.astype(np.int8).view(np.uint8) & 15],
        runs=False,
        expected=expected,
    )


@file("qonnx by hand")
def bipolar_of_both():
    g = Graph(13, domains=(QONNX,))
    shifted = g("Sub", "x", g.floats(0.3))
    x = g("BipolarQuant", shifted, g.floats(0.5), domain=QONNX)
    real = g.rng.normal(size=(64, 10)).astype(np.float32)
    w = g("BipolarQuant", g.store(real), g.floats(0.25), domain=QONNX)
    signs = np.where(real >= 0, 1, -1)

    def expected(x):
        return np.where(x - np.float32(0.3) >= 0, 0.5, -0.5) @ (signs * 0.25)

    return File(
        model=g.model(g("MatMul", x, w)),
        spec="a=int2,acc=int:16",
        codes=[signs.astype(np.int8).view(np.uint8) & 3],
        runs=False,
        expected=expected,
    )


@file("qonnx by hand")
def float_quant_of_both():
    """E4M3 as OCP has it: FloatQuant takes its largest value as an input."""
    g = Graph(13, domains=(QONNX,))
    form = [g.floats(value) for value in (4.0, 3.0, 7.0, 448.0)]
    settings = {"domain": QONNX, "has_inf": 0, "has_nan": 1, "has_subnormal": 1, "saturation": 1}
    x = g("FloatQuant", "x", g.floats(0.01), *form, **settings)
    real = (g.rng.normal(size=(64, 10)) ** 3).astype(np.float32)
    w = g("FloatQuant", g.store(real), g.floats(0.125), *form, **settings)
    e4m3 = ml_dtypes.float8_e4m3fn
    codes = np.clip(real / np.float32(0.125), -448, 448).astype(e4m3)

    def expected(x):
        near = (x / np.float32(0.01)).astype(e4m3).astype(np.float64) * np.float32(0.01)
        return near @ (codes.astype(np.float64) * 0.125)

    return File(
        model=g.model(g("MatMul", x, w)),
        spec="a=e4m3fn,acc=kulisch",
        codes=[bits(codes)],
        runs=False,
        expected=expected,
    )


@file("modelopt by hand")
def fp8_of_tensorrt():
    g = Graph(19, domains=("trt",))
    q = g("TRT_FP8QuantizeLinear", "x", g.floats(0.01), domain="trt")
    x = g("TRT_FP8DequantizeLinear", q, g.floats(0.01), domain="trt")
    codes = (g.rng.normal(size=(10, 64)) * 50).astype(ml_dtypes.float8_e4m3fn)
    w = g("DequantizeLinear", g.store(codes), g.floats(0.01))
    y = g("MatMul", x, g("Transpose", w, perm=[1, 0]))

    def expected(x):
        near = (x / np.float32(0.01)).astype(codes.dtype).astype(np.float64) * np.float32(0.01)
        return near @ (codes.astype(np.float64) * np.float32(0.01)).T

    return File(
        model=g.model(y),
        spec="a=e4m3fn,acc=kulisch",
        codes=[bits(codes).T],
        runs=False,
        expected=expected,
    )


@file("modelopt by hand")
def mxfp8_of_tensorrt():
    g = Graph(19, domains=("trt",))
    blocks = {"axis": -1, "block_size": 32, "domain": "trt"}
    q, s = g("TRT_MXFP8DynamicQuantize", "x", outputs=2, output_dtype=17, **blocks)
    x = g("TRT_MXFP8DequantizeLinear", q, s, output_dtype=1, **blocks)
    codes = (g.rng.normal(size=(10, 64)) * 50).astype(ml_dtypes.float8_e4m3fn)
    scales = g.rng.integers(115, 122, (10, 2)).astype(np.uint8)
    w = g("TRT_MXFP8DequantizeLinear", g.store(codes), g.store(scales), output_dtype=1, **blocks)
    y = g("MatMul", x, g("Transpose", w, perm=[1, 0]))
    return File(
        model=g.model(y),
        spec="a=mxfp8_e4m3:ceil,acc=fp:fp32,unit=mx",
        codes=[bits(codes).T],
        scales=[scales.T],
        runs=False,
    )


@file("modelopt by hand")
def nvfp4_of_tensorrt():
    g = Graph(23, domains=("trt",))
    blocks = {"axis": -1, "block_size": 16}
    factor = g.floats(1.25 / 6 / 448)
    q, s = g(
        "TRT_FP4DynamicQuantize", "x", factor, outputs=2, domain="trt", scale_type=17, **blocks
    )
    x = g("DequantizeLinear", q, g("DequantizeLinear", s, factor), **blocks)
    scales = g.rng.uniform(1, 448, (10, 4)).astype(ml_dtypes.float8_e4m3fn)
    of_blocks = g("DequantizeLinear", g.store(scales), g.floats(0.0003))
    codes = (g.rng.normal(size=(10, 64)) * 2).astype(ml_dtypes.float4_e2m1fn)
    w = g("DequantizeLinear", g.store(codes), of_blocks, **blocks)
    y = g("MatMul", x, g("Transpose", w, perm=[1, 0]))
    return File(
        model=g.model(y),
        spec="a=nvfp4,acc=fp:fp32,unit=mx",
        codes=[bits(codes).T],
        scales=[bits(scales).T],
        runs=False,
    )


def n_bits_and_zero_points():
    """MatMulNBits with its own zero points: two codes in a byte, the earlier in the lower half."""
    g = Graph(21, domains=("com.microsoft",))
    codes = g.rng.integers(0, 16, (10, 64)).astype(np.uint8)
    zeros = g.rng.integers(0, 16, (10, 4)).astype(np.uint8)
    scales = g.rng.uniform(0.01, 0.02, (10, 4)).astype(np.float32)
    packed = (codes[:, ::2] | codes[:, 1::2] << 4).reshape(10, 4, 8)
    given = [g.store(each) for each in (packed, scales, zeros[:, ::2] | zeros[:, 1::2] << 4)]
    scale, zero = g.floats(1 / 255), g.store(np.uint8(0))
    x = g("DequantizeLinear", g("QuantizeLinear", "x", scale, zero), scale, zero)
    form = {"K": 64, "N": 10, "bits": 4, "block_size": 16, "accuracy_level": 1}
    y = g("MatMulNBits", x, *given, domain="com.microsoft", **form)
    return g.model(y), codes.T, scales.T, zeros.T


@file("onnxruntime by hand")
def n_bits_with_zero_points():
    model, codes, _, _ = n_bits_and_zero_points()
    return File(model=model, spec="a=uint8,b=uint4,acc=int:32", codes=[codes])


@file("onnxruntime by hand")
def n_bits_with_zero_points_in_the_unit():
    """The zero points are a part of the blocks that the unit takes."""
    model, codes, scales, zeros = n_bits_and_zero_points()
    words = np.ascontiguousarray(scales).view(np.uint32) | zeros.astype(np.uint64) << 32
    spec = "a=uint8,b=affine:uint4:16,acc=kulisch,out=fp32,unit=mx"
    return File(model=model, spec=spec, codes=[codes], scales=[words])
