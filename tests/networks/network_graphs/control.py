"""Branches, loops and sequences around matrix products."""

import numpy as np
from onnx import TensorProto, helper

from network_graphs import graph

FEATURES = 8


def _value(name, kind=TensorProto.FLOAT, shape=None):
    return helper.make_tensor_value_info(name, kind, shape)


def _branch(name, operator, *captured):
    """A branch that reads values from around it."""
    node = helper.make_node(operator, captured, [f"{name}_out"])
    return helper.make_graph([node], name, [], [_value(f"{name}_out")])


@graph((FEATURES,), 7, 11, 13, 21)
def branch_on_a_constant(g, x):
    h = g.dense(x, FEATURES, FEATURES)
    condition = g.constant(np.array(True))
    branches = {
        "then_branch": _branch("then", "Relu", h),
        "else_branch": _branch("other", "Neg", h),
    }
    return g.dense(g("If", condition, **branches), FEATURES)


@graph((FEATURES,), 11, 16)
def branch_on_data(g, x):
    h = g.dense(x, FEATURES, FEATURES)
    total = g("ReduceSum", h, keepdims=0)
    condition = g("Greater", total, g.constant(np.float32(0)))
    offset = g.weight(FEATURES)
    branches = {
        "then_branch": _branch("then", "Add", h, offset),
        "else_branch": _branch("other", "Sub", h, offset),
    }
    return g.dense(g("If", condition, **branches), FEATURES)


@graph((FEATURES,), 9, 13, 19)
def loop_without_products(g, x):
    h = g.dense(x, FEATURES, FEATURES)
    step = g.weight(FEATURES)
    nodes = [
        helper.make_node("Identity", ["go"], ["go_on"]),
        helper.make_node("Add", ["state", step], ["moved"]),
        helper.make_node("Tanh", ["moved"], ["next"]),
        helper.make_node("Identity", ["next"], ["kept"]),
    ]
    body = helper.make_graph(
        nodes,
        "body",
        [_value("i", TensorProto.INT64, []), _value("go", TensorProto.BOOL, []), _value("state")],
        [_value("go_on", TensorProto.BOOL, []), _value("next"), _value("kept")],
    )
    times, go = g.constant(np.int64(3)), g.constant(np.array(True))
    last, every = g.many(2, "Loop", times, go, h, body=body)
    return g.dense(g("Add", last, g.mean(every, [0])), FEATURES)


@graph((5, FEATURES), 9, 16)
def scan_without_products(g, x):
    """A recurrence of elementwise gates over time."""
    h = g("Transpose", g("MatMul", x, g.weight(FEATURES, FEATURES)), perm=[1, 0, 2])
    nodes = [
        helper.make_node("Add", ["state", "step"], ["sum"]),
        helper.make_node("Sigmoid", ["sum"], ["next"]),
        helper.make_node("Identity", ["next"], ["kept"]),
    ]
    body = helper.make_graph(
        nodes, "body", [_value("state"), _value("step")], [_value("next"), _value("kept")]
    )
    start = g.mean(h, [0])
    _, every = g.many(2, "Scan", start, h, body=body, num_scan_inputs=1)
    return g.dense(g("Flatten", g("Transpose", every, perm=[1, 0, 2])), 5 * FEATURES)


@graph((4, FEATURES), 11, 13)
def sequences(g, x):
    """Products before, between and after lists of tensors."""
    parts = g("SplitToSequence", g("MatMul", x, g.weight(FEATURES, FEATURES)), axis=1, keepdims=0)
    third = g("SequenceAt", parts, g.constant(np.int64(2)))
    longer = g("SequenceInsert", parts, g("Relu", g.dense(third, FEATURES, FEATURES)))
    joined = g("ConcatFromSequence", longer, axis=1)
    return g.dense(joined, 5 * FEATURES)


@graph((FEATURES,), 11, 17)
def sequence_of_constants(g, x):
    layers = g("SplitToSequence", g.weight(3, FEATURES, FEATURES), axis=0, keepdims=0)
    place = g("ArgMax", g.mean(g.dense(x, FEATURES, 3), [0]), axis=0, keepdims=0)
    chosen = g("SequenceAt", layers, place)
    return g.dense(g("MatMul", x, chosen), FEATURES)


@graph((FEATURES,), 7, 13)
def constants_that_nodes_hold(g, x):
    """Weights in Constant nodes, as some exporters write all of them."""
    tensor = helper.make_tensor(
        "t", TensorProto.FLOAT, [8, 10], g.random(8, 10).tobytes(), raw=True
    )
    filled = helper.make_tensor("f", TensorProto.FLOAT, [1], [0.25])
    w = g("Constant", value=tensor)
    if g.opset < 9:
        return g("MatMul", x, w)
    bias = g("ConstantOfShape", g.integers(10), value=filled)
    return g(
        "Add", g("MatMul", x, w), g("Where", g("Less", bias, g.weight(10)), bias, g.weight(10))
    )
