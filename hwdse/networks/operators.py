"""Lists of operators that may stay float32: all operators that do not compute sums of products.

The lists name allowed operators, not forbidden ones. An operator of a later ONNX version is
therefore refused until somebody has checked it. Matrix products and convolutions are lowered to the
design's arithmetic (`hwdse.networks.lowered`). Any other operator that multiplies and accumulates
is refused with an error that names the operator.
"""

import onnx
from onnx import numpy_helper

STANDARD_DOMAINS = frozenset({"", "ai.onnx"})

EXPANDED_OPERATORS = frozenset({"Attention"})
"""Operators that are replaced by their definition in the ONNX standard (by other operators)."""

# fmt: off
FLOAT_OPERATORS = frozenset({
    # Elementwise functions.
    "Abs", "Acos", "Acosh", "Add", "And", "Asin", "Asinh", "Atan", "Atanh", "BitCast",
    "BitShift", "BitwiseAnd", "BitwiseNot", "BitwiseOr", "BitwiseXor", "Cast", "CastLike",
    "Ceil", "Celu", "Clip", "Cos", "Cosh", "Div", "Dropout", "Elu", "Equal", "Erf", "Exp",
    "Floor", "Gelu", "Greater", "GreaterOrEqual", "HardSigmoid", "HardSwish", "Identity",
    "IsInf", "IsNaN", "LeakyRelu", "Less", "LessOrEqual", "Log", "Max", "Mean", "Min", "Mish",
    "Mod", "Mul", "Neg", "Not", "Or", "PRelu", "Pow", "Reciprocal", "Relu", "RotaryEmbedding",
    "Round", "Selu", "Shrink", "Sigmoid", "Sign", "Sin", "Sinh", "Softplus", "Softsign", "Sqrt",
    "Sub", "Sum", "SwiGLU", "Swish", "Tan", "Tanh", "ThresholdedRelu", "Where", "Xor",
    # Reductions, pooling, sorting and interpolation.
    "ArgMax", "ArgMin", "AveragePool", "CumProd", "CumSum", "GlobalAveragePool", "GlobalLpPool",
    "GlobalMaxPool", "GridSample", "Hardmax", "LogSoftmax", "LpPool", "MaxPool", "MaxRoiPool",
    "MaxUnpool", "NonMaxSuppression", "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp",
    "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare",
    "Resize", "RoiAlign", "Softmax", "TopK", "Upsample",
    # Normalisation.
    "BatchNormalization", "GroupNormalization", "InstanceNormalization", "LRN",
    "LayerNormalization", "LpNormalization", "MeanVarianceNormalization", "RMSNormalization",
    # Shapes and indices.
    "CenterCropPad", "Col2Im", "Compress", "Concat", "Constant", "ConstantOfShape",
    "DepthToSpace", "Expand", "EyeLike", "Flatten", "Gather", "GatherElements", "GatherND",
    "NonZero", "OneHot", "Pad", "Range", "Reshape", "ReverseSequence", "Scatter",
    "ScatterElements", "ScatterND", "Shape", "Size", "Slice", "SpaceToDepth", "Split",
    "Squeeze", "TensorScatter", "Tile", "Transpose", "Trilu", "Unique", "Unsqueeze",
    # Sequences.
    "ConcatFromSequence", "SequenceAt", "SequenceConstruct", "SequenceEmpty", "SequenceErase",
    "SequenceInsert", "SequenceLength", "SplitToSequence",
    # Conversion to and from integers.
    "DequantizeLinear", "QuantizeLinear",
    # Control flow.
    "If", "Loop", "Scan",
})
# fmt: on


def is_training(node: onnx.NodeProto, graph: onnx.GraphProto) -> bool:
    """Whether an operator is in training mode: batch statistics, or dropout with random zeros."""
    if node.op_type == "BatchNormalization":
        return any(each.name == "training_mode" and each.i for each in node.attribute)
    if node.op_type == "Dropout" and len(node.input) > 2 and node.input[2]:
        mode = _stored(graph, node.input[2])
        return mode is None or bool(numpy_helper.to_array(mode).any())
    return False


def _stored(graph: onnx.GraphProto, name: str) -> onnx.TensorProto | None:
    """The stored tensor called `name`, or None if the graph has none."""
    for weight in graph.initializer:
        if weight.name == name:
            return weight
    for node in graph.node:
        if node.op_type == "Constant" and name in node.output:
            return next((each.t for each in node.attribute if each.name == "value"), None)
    return None
