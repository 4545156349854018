"""Quant, IntQuant, BipolarQuant and FloatQuant of QONNX, as Brevitas and QKeras export them.

These operators quantise and dequantise in one. The codes of weights are the result of the operator
on the stored floats, once and for all. Source: the definitions and execution code of qonnx 1.0.0
(qonnx/custom_op/general). As there, FloatQuant has subnormal numbers whatever its attribute says,
and its scale may have any shape that broadcasts.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from hwdse.networks.quantised import dialect
from hwdse.networks.quantised.reader import Nodes, Reader, attribute, called
from hwdse.networks.quantised.rounding import (
    ROUNDINGS,
    SmallFloat,
    clipped_in_graph,
    whole,
    whole_in_graph,
)
from hwdse.networks.quantised.stored import CodeKind, Stored

Real = npt.NDArray[np.float32]

_DOMAINS = (
    "qonnx.custom_op.general",
    "qonnx",
    "finn.custom_op.general",
    "finn",
    "onnx.brevitas",
)
_MOST_BITS = 16


@dialect("Quant", "IntQuant", domains=_DOMAINS)
def _quant(reader: Reader, node: onnx.NodeProto) -> Iterable[onnx.NodeProto] | None:
    scale, zero = _scale(reader, node), _zero(reader, node)
    bits, signed = _bits(reader, node, 3), bool(attribute(node, "signed", 1))
    if bits == 1 and signed:
        return _bipolar(reader, node)
    narrow, rounding = bool(attribute(node, "narrow", 0)), _rounding(reader, node)
    high = (1 << (bits - signed)) - 1 - (narrow and not signed)
    low = -(1 << (bits - 1)) + narrow if signed else 0
    name = f"{'' if signed else 'u'}int{bits}"
    kind = CodeKind.integers(low, high, name + (" of narrow range" if narrow else ""))
    x = reader.constant(node.input[0])
    if x is not None:
        near = _divided(x, scale) + zero.astype(np.float32)
        values = whole(np.clip(near, np.float32(low), np.float32(high)), rounding)
        return _keep(reader, node, kind, scale, zero, values=values)
    _keep(reader, node, kind, scale, zero)
    make = Nodes(reader, node.output[0])
    scaled = make("Div", node.input[0], make.constant(scale))
    shifted = make("Add", scaled, make.constant(zero)) if zero.any() else scaled
    codes = whole_in_graph(make, clipped_in_graph(make, shifted, low, high), rounding)
    centred = make("Sub", codes, make.constant(zero)) if zero.any() else codes
    make("Mul", centred, make.constant(scale), to=node.output[0])
    return make.made


@dialect("BipolarQuant", domains=_DOMAINS)
def _bipolar(reader: Reader, node: onnx.NodeProto) -> Iterable[onnx.NodeProto]:
    scale = _scale(reader, node)
    kind = CodeKind(name="-1 and +1", numbers=np.array([-1.0, 1.0]))
    x = reader.constant(node.input[0])
    if x is not None:
        values = np.where(x >= 0, np.float32(1), np.float32(-1))
        return _keep(reader, node, kind, scale, np.zeros(()), values=values)
    _keep(reader, node, kind, scale, np.zeros(()))
    make = Nodes(reader, node.output[0])
    negative = make("Less", node.input[0], make.constant(0.0))
    signs = make("Where", negative, make.constant(-1.0), make.constant(1.0))
    make("Mul", signs, make.constant(scale), to=node.output[0])
    return make.made


@dialect("FloatQuant", domains=_DOMAINS)
def _float_quant(reader: Reader, node: onnx.NodeProto) -> Iterable[onnx.NodeProto]:
    scale, rounding = _scale(reader, node), _rounding(reader, node)
    exponent_bits, fraction_bits = _bits(reader, node, 2), _bits(reader, node, 3, least=0)
    bias = reader.number(node, 4, 2.0 ** (exponent_bits - 1) - 1)
    if (
        exponent_bits + fraction_bits >= _MOST_BITS
        or exponent_bits > 8
        or bias != int(bias)
        or not attribute(node, "saturation", 1)
    ):
        raise reader.refused(
            node,
            f"must saturate, and have at most {_MOST_BITS} bits, 8 of the exponent, a whole bias",
        )
    top = (2 - 2.0**-fraction_bits) * 2.0 ** (2**exponent_bits - 1 - int(bias))
    form = SmallFloat(
        fraction_bits=fraction_bits,
        least_exponent=1 - int(bias),
        largest=min(top, reader.number(node, 5, top)),
    )
    kind = form.kind(
        f"floats of {exponent_bits} exponent bits, {fraction_bits} fraction bits, bias {bias:g} "
        f"and largest {form.largest:g}"
    )
    x = reader.constant(node.input[0])
    if x is not None:
        values = form.rounded(_divided(x, scale), rounding)
        return _keep(reader, node, kind, scale, np.zeros(()), values=values)
    _keep(reader, node, kind, scale, np.zeros(()))
    make = Nodes(reader, node.output[0])
    rounded = form.in_graph(make, make("Div", node.input[0], make.constant(scale)), rounding)
    make("Mul", rounded, make.constant(scale), to=node.output[0])
    return make.made


def _keep(
    reader: Reader,
    node: onnx.NodeProto,
    kind: CodeKind,
    scale: npt.NDArray[np.float64],
    zero: npt.NDArray[np.float64],
    *,
    values: Real | None = None,
) -> tuple[()]:
    if values is None:
        scale, zero = np.unique(scale), np.unique(zero)
    stored = Stored(node=called(node), kind=kind, scale=scale, zero=zero, values=values)
    reader.keep(node.output[0], stored)
    return ()


def _divided(x: npt.NDArray[Any], scale: npt.NDArray[np.float64]) -> Real:
    """Stored floats divided by their scales, in float32 as QONNX has it."""
    floats: Real = x.astype(np.float32)
    found: Real = np.divide(floats, scale.astype(np.float32))
    return found


def _scale(reader: Reader, node: onnx.NodeProto) -> npt.NDArray[np.float64]:
    found = reader.constant(node.input[1])
    if found is None:
        raise reader.refused(node, "takes its scale from the input of the network")
    return found.astype(np.float64)


def _zero(reader: Reader, node: onnx.NodeProto) -> npt.NDArray[np.float64]:
    found = reader.constant(node.input[2])
    if found is None or (found != np.rint(found)).any():
        raise reader.refused(node, "needs stored whole numbers as zero points")
    return found.astype(np.float64)


def _bits(reader: Reader, node: onnx.NodeProto, place: int, least: int = 1) -> int:
    bits = reader.number(node, place)
    if bits != int(bits) or not least <= bits <= _MOST_BITS:
        raise reader.refused(node, f"has {bits:g} bits: {least} to {_MOST_BITS} are allowed")
    return int(bits)


def _rounding(reader: Reader, node: onnx.NodeProto) -> str:
    rounding = str(attribute(node, "rounding_mode", "ROUND")).upper()
    if rounding not in ROUNDINGS:
        raise reader.refused(
            node, f"rounds by {rounding!r}: allowed are {', '.join(sorted(ROUNDINGS))}"
        )
    return rounding
