"""QuantizeLinear and DequantizeLinear of the ONNX standard, with Clip between them (QCDQ).

Integers of 2 to 16 bits, float8, float6 and float4, with scales per tensor, channel or block, as of
opset 28. onnxruntime lacks float6 and float4: pairs of activations become Round and the like.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper

from hwdse.formats import parse
from hwdse.networks.quantised import dialect
from hwdse.networks.quantised.reader import Nodes, Reader, attribute, called
from hwdse.networks.quantised.rounding import SmallFloat
from hwdse.networks.quantised.stored import CodeKind, Numbers, Stored, spread

#: Floats of activations that onnxruntime does not know.
_SMALL_FLOATS = {
    "e2m1fn": SmallFloat(fraction_bits=1, least_exponent=0, largest=6.0),
    "e2m3fn": SmallFloat(fraction_bits=3, least_exponent=0, largest=7.5),
    "e3m2fn": SmallFloat(fraction_bits=2, least_exponent=-2, largest=28.0),
}


@dialect("QuantizeLinear")
def _quantize(reader: Reader, node: onnx.NodeProto) -> Iterable[onnx.NodeProto] | None:
    """Quantise constants once and for all, as the file says."""
    x = reader.constant(node.input[0])
    if x is None:
        return _with_float_scale(reader, node)
    dtype = reader.quantised_type(node)
    kind = CodeKind.of_type(dtype)
    scale = _per_axis(reader, node, x.shape, 1)
    if kind is None or scale is None:
        raise reader.refused(node, f"quantises a constant to {dtype} with scales of the input")
    zero = _per_axis(reader, node, x.shape, 2)
    scaled = (x.astype(np.float32) / scale.astype(np.float32)).astype(np.float64)
    if zero is not None and zero.any():
        scaled = np.rint(scaled) + zero
    reader.add(_quantised(scaled, kind, dtype), node.output[0])
    return ()


def _quantised(scaled: Numbers, kind: CodeKind, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """The nearest values of a kind, ties to even, saturating."""
    found: npt.NDArray[Any] = np.asarray(parse(kind.name).quantize(scaled)).astype(dtype)
    return found


@dialect("DequantizeLinear", domains=("", "com.microsoft", "trt"))
def _dequantize(reader: Reader, node: onnx.NodeProto) -> Iterable[onnx.NodeProto] | None:
    handed = reader.handed.get(node.input[0])
    if handed is not None:
        if not handed.values:
            return ()
        reader.keep(node.output[0], handed.stored)
        return [helper.make_node("Identity", [handed.values], list(node.output))]
    codes = reader.constant(node.input[0])
    if codes is not None:
        return _stored(reader, node, codes)
    kind = reader.kind(node.input[0])
    zero = reader.constant(node.input[2]) if len(node.input) > 2 and node.input[2] else None
    if kind is None and zero is not None:
        kind = CodeKind.of_type(zero.dtype)
    if kind is None:
        raise reader.refused(node, "has codes of a type that the file does not tell")
    scale = reader.constant(node.input[1])
    zero = np.zeros(()) if zero is None else zero.astype(np.float64)
    stored = Stored(
        node=called(node),
        kind=kind,
        scale=None if scale is None else np.unique(scale.astype(np.float64)),
        zero=np.unique(zero),
    )
    reader.keep(node.output[0], stored)
    if kind.name in _SMALL_FLOATS:
        return _small_float(reader, node, kind.name)
    return _with_float_scale(reader, node)


def _with_float_scale(reader: Reader, node: onnx.NodeProto) -> list[onnx.NodeProto] | None:
    """The node with a scale in float32 in place of one in E8M0, which onnxruntime lacks."""
    scale = reader.constant(node.input[1])
    if scale is None or scale.dtype.name != "float8_e8m0fnu":
        return None
    changed = onnx.NodeProto()
    changed.CopyFrom(node)
    changed.input[1] = Nodes(reader, node.output[0]).constant(scale.astype(np.float32))
    return [changed]


def _stored(
    reader: Reader, node: onnx.NodeProto, codes: npt.NDArray[Any]
) -> Iterable[onnx.NodeProto]:
    """Read a constant. A scale that is dequantised itself gives block scales and a tensor scale."""
    kind = CodeKind.of_type(codes.dtype)
    if kind is None:
        raise reader.refused(node, f"has codes of type {codes.dtype}, which hwdse does not know")
    scale = _per_axis(reader, node, codes.shape, 1)
    if scale is None:
        raise reader.refused(node, "has stored codes, but no stored scale")
    zero = _per_axis(reader, node, codes.shape, 2)
    factor, inner = 1.0, reader.stored.get(node.input[1])
    if inner is not None and inner.scale is not None and inner.scale.size == 1:
        factor = float(inner.scale.reshape(()) * inner.factor)
        scale = _spread(node, np.asarray(inner.values), codes.shape)
    reader.keep(
        node.output[0],
        Stored(
            node=called(node),
            kind=kind,
            scale=scale,
            zero=np.zeros(()) if zero is None else zero,
            values=codes.astype(np.float32),
            factor=factor,
            blocked=attribute(node, "block_size", 0) or None,
        ),
        _output_type(reader, node),
    )
    return ()


def _output_type(reader: Reader, node: onnx.NodeProto) -> np.dtype[Any]:
    """Type of the real values: as the attribute or the scale says."""
    given = attribute(node, "output_dtype", 0)
    if given:
        dtype: np.dtype[Any] = helper.tensor_dtype_to_np_dtype(given)
        return dtype
    scale = reader.constant(node.input[1])
    narrow = scale is not None and scale.dtype.name in {"float16", "bfloat16"}
    return scale.dtype if narrow and scale is not None else np.dtype(np.float32)


def _per_axis(
    reader: Reader, node: onnx.NodeProto, shape: tuple[int, ...], place: int
) -> Numbers | None:
    """Scales or zero points of a constant, or None if they are missing or not constant."""
    if place >= len(node.input) or not node.input[place]:
        return None
    numbers = reader.constant(node.input[place])
    return None if numbers is None else _spread(node, numbers, shape)


def _spread(node: onnx.NodeProto, numbers: npt.NDArray[Any], shape: tuple[int, ...]) -> Numbers:
    block = attribute(node, "block_size", 0)
    return spread(numbers, shape, attribute(node, "axis", 1), block)


def _small_float(reader: Reader, node: onnx.NodeProto, name: str) -> Iterable[onnx.NodeProto]:
    """Both operators of a pair in one, in float32."""
    before = reader.producers.get(node.input[0])
    if before is None or before.op_type != "QuantizeLinear":
        raise reader.refused(node, f"needs a QuantizeLinear to {name} right before it")
    if attribute(node, "block_size", 0) or attribute(before, "block_size", 0):
        raise reader.refused(node, f"has {name} activations in blocks, with scales of the file")
    make = Nodes(reader, node.output[0])
    scaled = make("Div", before.input[0], make.constant(reader.number(before, 1)))
    rounded = _SMALL_FLOATS[name].in_graph(make, scaled)
    make("Mul", rounded, make.constant(reader.number(node, 1)), to=node.output[0])
    return make.made
