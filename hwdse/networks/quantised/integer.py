"""Integer operators, put into words of QuantizeLinear and DequantizeLinear.

QLinearConv and QLinearMatMul of the standard, as onnxruntime's operator-oriented quantisation
writes them, and MatMulNBits of onnxruntime, whose weights have 2, 4 or 8 bits and scales for blocks
of K.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper

from hwdse.networks.quantised import dialect
from hwdse.networks.quantised.reader import Nodes, Reader, attribute, called
from hwdse.networks.quantised.stored import CodeKind, Stored

_WIDTHS = (2, 4, 8)


@dialect("QLinearMatMul")
def _qlinear_matmul(reader: Reader, node: onnx.NodeProto) -> Iterable[onnx.NodeProto]:
    make = Nodes(reader, node.output[0])
    a = make("DequantizeLinear", *node.input[:3])
    scale = reader.constant(node.input[4])
    columns: dict[str, Any] = {"axis": -1} if scale is not None and scale.size > 1 else {}
    b = make("DequantizeLinear", *node.input[3:6], **columns)
    y = make("MatMul", a, b)
    make("QuantizeLinear", y, *node.input[6:8], to=node.output[0])
    return make.made


@dialect("QLinearConv")
def _qlinear_conv(reader: Reader, node: onnx.NodeProto) -> Iterable[onnx.NodeProto]:
    make = Nodes(reader, node.output[0])
    x = make("DequantizeLinear", *node.input[:3])
    scale = reader.constant(node.input[4])
    channels: dict[str, Any] = {"axis": 0} if scale is not None and scale.size > 1 else {}
    operands = [x, make("DequantizeLinear", *node.input[3:6], **channels)]
    if len(node.input) > 8 and node.input[8]:
        bias, of_x = reader.constant(node.input[8]), reader.constant(node.input[1])
        if bias is None or scale is None or of_x is None:
            raise reader.refused(node, "needs stored scales and a stored bias")
        unit = of_x.astype(np.float32) * scale.astype(np.float32).reshape(-1)
        operands.append(make.constant(bias.astype(np.float32) * unit))
    kept: dict[str, Any] = {x.name: helper.get_attribute_value(x) for x in node.attribute}
    y = make("Conv", *operands, **kept)
    make("QuantizeLinear", y, *node.input[6:8], to=node.output[0])
    return make.made


@dialect("MatMulNBits", domains=("com.microsoft",))
def _matmul_nbits(reader: Reader, node: onnx.NodeProto) -> Iterable[onnx.NodeProto]:
    bits, block = attribute(node, "bits", 4), attribute(node, "block_size", 32)
    inner, outputs = attribute(node, "K", 0), attribute(node, "N", 0)
    inputs = [*node.input, *[""] * (6 - len(node.input))]
    packed, scale = reader.constant(inputs[1]), reader.constant(inputs[2])
    zeros = reader.constant(inputs[3]) if inputs[3] else None
    if packed is None or scale is None or (inputs[3] and zeros is None) or inputs[4]:
        raise reader.refused(node, "needs stored weights, scales and zero points, in order")
    if bits not in _WIDTHS:
        raise reader.refused(node, f"has weights of {bits} bits: 2, 4 and 8 are allowed")
    blocks = -(-inner // block)
    codes = _unpacked(packed.reshape(outputs, -1), bits, blocks * block)[:, :inner]
    per_block = scale.reshape(outputs, blocks).astype(np.float64)
    middle = np.float32(1 << (bits - 1))
    if zeros is None:
        # Codes around a middle are two's complement with another first bit.
        kind = CodeKind.integers(-int(middle), int(middle) - 1, f"int{bits}")
        values, of_blocks = codes - middle, np.zeros((outputs, blocks))
    else:
        kind, values = CodeKind.integers(0, (1 << bits) - 1, f"uint{bits}"), codes
        of_blocks = zeros.reshape(outputs, -1)
        if zeros.dtype == np.uint8:
            of_blocks = _unpacked(of_blocks, bits, blocks)
    make = Nodes(reader, node.output[0])
    weights = reader.fresh(f"{node.output[0]}_weights")
    stored = Stored(
        node=called(node),
        kind=kind,
        scale=per_block.repeat(min(block, inner), 1)[:, :inner].T,
        zero=of_blocks.astype(np.float64).repeat(min(block, inner), 1)[:, :inner].T,
        values=np.ascontiguousarray(values.T, np.float32),
        blocked=block,
    )
    reader.keep(weights, stored)
    if inputs[5]:
        make("Add", make("MatMul", inputs[0], weights), inputs[5], to=node.output[0])
    else:
        make("MatMul", inputs[0], weights, to=node.output[0])
    return make.made


def _unpacked(rows: npt.NDArray[np.uint8], bits: int, count: int) -> npt.NDArray[np.float32]:
    """The first codes of each row of bytes, the lowest bits of a byte first."""
    shifts = np.arange(0, 8, bits, dtype=np.uint8)
    codes = (rows[:, :, np.newaxis] >> shifts) & np.uint8((1 << bits) - 1)
    found = codes.reshape(len(rows), -1)[:, :count].astype(np.float32)
    if found.shape[1] != count:
        raise ValueError(f"{found.shape[1]} codes of {bits} bits in a row, not {count}")
    return found
