"""Custom operators that NVIDIA's Model Optimizer exports for TensorRT: FP8, MXFP8 and NVFP4.

Activations of MXFP8 and NVFP4 get the scales of their blocks at run time. The float baseline
computes them as Model Optimizer does (0.47: modelopt/onnx/quantization/quant_utils.py): MXFP8 takes
the smallest power of two that avoids saturation, NVFP4 the nearest E4M3 number to the largest
magnitude over 6 and the tensor scale. A design's unit gets the values before, and quantises them by
the rule of its own format.
"""

import math
from collections.abc import Iterable

import numpy as np
import onnx
from onnx import TensorProto, helper

from hwdse.networks.quantised import dialect
from hwdse.networks.quantised.reader import Handed, Nodes, Reader, attribute, called
from hwdse.networks.quantised.rounding import SmallFloat
from hwdse.networks.quantised.stored import CodeKind, Stored, spread

_DOMAINS = ("trt", "")
_E4M3 = SmallFloat(fraction_bits=3, least_exponent=-6, largest=448.0)
_E2M1 = SmallFloat(fraction_bits=1, least_exponent=0, largest=6.0)
_E4M3_TYPE = np.dtype(helper.tensor_dtype_to_np_dtype(TensorProto.FLOAT8E4M3FN))
_E2M1_TYPE = np.dtype(helper.tensor_dtype_to_np_dtype(TensorProto.FLOAT4E2M1))
_E8M0_BIAS = 127
_LEAST = 1e-38  # in the place of a scale of zero, whose block has only zeros


@dialect("TRT_FP8QuantizeLinear", domains=_DOMAINS)
def _fp8_quantize(reader: Reader, node: onnx.NodeProto) -> Iterable[onnx.NodeProto]:
    zero = reader.add(np.zeros((), _E4M3_TYPE), reader.fresh(f"{node.output[0]}_zero"))
    return [helper.make_node("QuantizeLinear", [*node.input[:2], zero], list(node.output))]


@dialect("TRT_FP8DequantizeLinear", domains=_DOMAINS)
def _fp8_dequantize(reader: Reader, node: onnx.NodeProto) -> Iterable[onnx.NodeProto]:
    codes, name = reader.constant(node.input[0]), node.input[0]
    if codes is not None and codes.dtype in (np.uint8, np.int8):
        name = reader.add(codes.view(_E4M3_TYPE), reader.fresh(f"{node.output[0]}_codes"))
    kept = {"axis": attribute(node, "axis", 1)}
    return [helper.make_node("DequantizeLinear", [name, node.input[1]], list(node.output), **kept)]


@dialect("TRT_FP4DynamicQuantize", domains=_DOMAINS)
def _fp4_dynamic(reader: Reader, node: onnx.NodeProto) -> Iterable[onnx.NodeProto]:
    factor, block = reader.number(node, 1), _block(reader, node, 16)
    make = Nodes(reader, node.output[0])
    rows, shape = _blocks(make, node.input[0], block)
    largest = _largest(reader, make, rows)
    scale = _E4M3.in_graph(make, make("Div", largest, make.constant(6.0 * factor)))
    unit = make("Mul", scale, make.constant(factor))
    stored = _at_run_time(node, _E2M1_TYPE, block, factor)
    values = _in_blocks(make, rows, unit, shape, _E2M1)
    reader.handed[node.output[0]] = Handed(values=values, stored=stored)
    reader.handed[node.output[1]] = Handed(values="", stored=stored)
    return make.made


@dialect("TRT_MXFP8DynamicQuantize", domains=_DOMAINS)
def _mxfp8_dynamic(reader: Reader, node: onnx.NodeProto) -> Iterable[onnx.NodeProto]:
    block = _block(reader, node, 32)
    make = Nodes(reader, node.output[0])
    rows, shape = _blocks(make, node.input[0], block)
    wanted = make("Div", _largest(reader, make, rows), make.constant(448.0))
    # The logarithm may be wrong in its last bit: the power of two is corrected by comparing.
    wanted = make("Max", wanted, make.constant(2.0**-126))
    log = make("Div", make("Log", wanted), make.constant(math.log(2.0)))
    two = make.constant(2.0)
    power = make("Pow", two, make("Ceil", log))
    power = make("Where", make("Less", power, wanted), make("Mul", power, two), power)
    half = make("Div", power, two)
    unit = make("Where", make("Less", half, wanted), power, half)
    stored = _at_run_time(node, _E4M3_TYPE, block, 1.0)
    values = _in_blocks(make, rows, unit, shape, _E4M3)
    reader.handed[node.output[0]] = Handed(values=values, stored=stored)
    return make.made


@dialect("TRT_MXFP8DequantizeLinear", domains=_DOMAINS)
def _mxfp8_dequantize(reader: Reader, node: onnx.NodeProto) -> Iterable[onnx.NodeProto]:
    handed = reader.handed.get(node.input[0])
    if handed is not None:
        reader.keep(node.output[0], handed.stored)
        return [helper.make_node("Identity", [handed.values], list(node.output))]
    codes, exponents = (reader.constant(name) for name in node.input[:2])
    if codes is None or exponents is None or exponents.dtype != np.uint8:
        raise reader.refused(node, "needs stored codes with stored scales of type uint8")
    if codes.dtype == np.uint8:
        codes = codes.view(_E4M3_TYPE)
    kind, block = CodeKind.of_type(codes.dtype), attribute(node, "block_size", 32)
    if kind is None:
        raise reader.refused(node, f"has codes of type {codes.dtype}: E4M3 is needed")
    powers = np.ldexp(1.0, exponents.astype(int) - _E8M0_BIAS)
    scale = spread(powers, codes.shape, attribute(node, "axis", -1), block)
    stored = Stored(
        node=called(node),
        kind=kind,
        scale=scale,
        zero=np.zeros(()),
        values=codes.astype(np.float32),
        blocked=block,
    )
    reader.keep(node.output[0], stored)
    return ()


def _at_run_time(
    node: onnx.NodeProto, dtype: np.dtype[np.generic], block: int, factor: float
) -> Stored:
    kind = CodeKind.of_type(dtype)
    assert kind is not None
    return Stored(
        node=called(node),
        kind=kind,
        scale=None,
        zero=np.zeros(()),
        factor=factor,
        blocked=block,
        source=node.input[0],
    )


def _block(reader: Reader, node: onnx.NodeProto, default: int) -> int:
    if attribute(node, "axis", -1) != -1:
        raise reader.refused(node, "must have its blocks along the last axis (axis=-1)")
    return int(attribute(node, "block_size", default))


def _blocks(make: Nodes, x: str, block: int) -> tuple[str, str]:
    """Values with an axis for the blocks, and the shape without it."""
    x = make.cast(x)
    shape = make("Shape", x)
    ends = make.constant([0], np.int64), make.constant([-1], np.int64)
    head = make("Slice", shape, *ends)
    blocked = make("Concat", head, make.constant([-1, block], np.int64), axis=0)
    return make("Reshape", x, blocked), shape


def _largest(reader: Reader, make: Nodes, rows: str) -> str:
    """The largest magnitude of each block."""
    if reader.opset < 18:
        return make("ReduceMax", make("Abs", rows), axes=[-1], keepdims=1)
    return make("ReduceMax", make("Abs", rows), make.constant([-1], np.int64), keepdims=1)


def _in_blocks(make: Nodes, rows: str, unit: str, shape: str, element: SmallFloat) -> str:
    """Values rounded to an element format with a scale for each block."""
    divisor = make("Max", unit, make.constant(_LEAST))
    rounded = make("Mul", element.in_graph(make, make("Div", rows, divisor)), unit)
    return make("Reshape", rounded, shape)
