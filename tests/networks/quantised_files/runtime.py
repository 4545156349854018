"""Written by the quantisers of onnxruntime."""

import tempfile
from pathlib import Path

import ml_dtypes
import numpy as np
import onnx
from onnx import helper, numpy_helper
from onnxruntime import quantization

from quantised_files import METADATA, File, Graph, bits, file


class Calibration(quantization.CalibrationDataReader):
    def __init__(self, shape):
        x = np.random.default_rng(7).uniform(0, 1, (4, 16, *shape)).astype(np.float32)
        self._batches = iter([{"x": batch} for batch in x])

    def get_next(self):
        return next(self._batches, None)


def perceptron():
    g = Graph(21)
    h = g("MatMul", "x", g.store(g.rng.normal(size=(64, 32)).astype(np.float32)))
    h = g("Relu", h)
    return g.model(g("MatMul", h, g.store(g.rng.normal(size=(32, 10)).astype(np.float32))))


def convolutional():
    g = Graph(17, (1, 8, 8))
    weights = [g.store(g.rng.normal(size=n).astype(np.float32)) for n in ((4, 1, 3, 3), 4)]
    h = g("Flatten", g("Relu", g("Conv", "x", *weights, pads=[1, 1, 1, 1], strides=[2, 2])))
    dense = [g.store(g.rng.normal(size=n).astype(np.float32)) for n in ((64, 10), 10)]
    return g.model(g("Add", g("MatMul", h, dense[0]), dense[1]))


def static(model, shape, **settings):
    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder) / "before.onnx", Path(folder) / "after.onnx"
        onnx.save(model, before)
        quantization.quantize_static(before, after, Calibration(shape), **settings)
        found = onnx.load(after)
    helper.set_model_props(found, METADATA)
    return found


def stored(model, dtype, *shape):
    """The stored tensor of this type and shape."""
    arrays = [numpy_helper.to_array(weight) for weight in model.graph.initializer]
    (found,) = [each for each in arrays if each.dtype == dtype and each.shape == shape]
    return found


@file("onnxruntime")
def static_int8_per_channel():
    both = {"activation_type": quantization.QuantType.QInt8, "per_channel": True}
    model = static(convolutional(), (1, 8, 8), **both)
    first, second = stored(model, np.int8, 4, 1, 3, 3), stored(model, np.int8, 64, 10)
    return File(
        model=model,
        spec="a=int8,acc=int:32",
        codes=[bits(first).reshape(4, 9).T, bits(second)],
    )


@file("onnxruntime")
def static_uint8():
    unsigned = quantization.QuantType.QUInt8
    model = static(perceptron(), (64,), activation_type=unsigned, weight_type=unsigned)
    codes = [bits(stored(model, np.uint8, *shape)) for shape in ((64, 32), (32, 10))]
    return File(model=model, spec="a=uint8,acc=int:32", codes=codes)


@file("onnxruntime")
def static_float8():
    float8 = quantization.QuantType.QFLOAT8E4M3FN
    model = static(
        perceptron(),
        (64,),
        activation_type=float8,
        weight_type=float8,
        calibrate_method=quantization.CalibrationMethod.Distribution,
    )
    e4m3 = ml_dtypes.float8_e4m3fn
    codes = [bits(stored(model, e4m3, *shape)) for shape in ((64, 32), (32, 10))]
    return File(model=model, spec="a=e4m3fn,acc=kulisch", codes=codes)


@file("onnxruntime")
def integer_operators():
    """QLinearConv and QLinearMatMul, whose 7-bit weights no integer kernel saturates."""
    model = static(
        convolutional(),
        (1, 8, 8),
        quant_format=quantization.QuantFormat.QOperator,
        activation_type=quantization.QuantType.QUInt8,
        weight_type=quantization.QuantType.QInt8,
        op_types_to_quantize=["Conv", "MatMul"],
        reduce_range=True,
    )
    first, second = stored(model, np.int8, 4, 1, 3, 3), stored(model, np.int8, 64, 10)
    return File(
        model=model,
        spec="a=uint8,b=int8,acc=int:32",
        codes=[bits(first).reshape(4, 9).T, bits(second)],
    )


def n_bits(**settings):
    # The module needs onnx_ir, which the other quantisers do not.
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

    quantizer = MatMulNBitsQuantizer(perceptron(), block_size=16, is_symmetric=True, **settings)
    quantizer.process()
    found = quantizer.model.model
    helper.set_model_props(found, METADATA)
    return found


@file("onnxruntime", long=True)
def weights_of_4_bits():
    """MatMulNBits, whose codes lie around 8."""
    model = n_bits()
    packed = stored(model, np.uint8, 32, 4, 8), stored(model, np.uint8, 10, 2, 8)
    nibbles = [np.stack([each & 15, each >> 4], -1).reshape(len(each), -1).T for each in packed]
    return File(
        model=model, spec="a=fp16,b=int4,acc=kulisch,out=fp32", codes=[each ^ 8 for each in nibbles]
    )


@file("onnxruntime", long=True)
def weights_of_4_bits_as_qdq():
    model = n_bits(quant_format=quantization.QuantFormat.QDQ)
    codes = [bits(stored(model, ml_dtypes.int4, *shape)) for shape in ((64, 32), (32, 10))]
    return File(model=model, spec="a=fp16,b=int4,acc=kulisch,out=fp32", codes=codes)
