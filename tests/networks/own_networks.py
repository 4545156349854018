"""Networks that a user may bring: tokens and a mask, several outputs, free dimensions."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper

VOCABULARY, WIDTH = 11, 8


def token_model(*, batch="n", length="seq", seed=0, metadata=None):
    """Logits of the next token at each place, and their mean over the places."""
    rng = np.random.default_rng(seed)
    weights = {
        "table": rng.normal(size=(VOCABULARY, WIDTH)),
        "w": rng.normal(size=(WIDTH, WIDTH)),
        "head": rng.normal(size=(WIDTH, VOCABULARY)),
    }
    nodes = [
        helper.make_node("Gather", ["table", "ids"], ["embedded"]),
        helper.make_node("Cast", ["mask"], ["shown"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["shown", "last"], ["column"]),
        helper.make_node("Mul", ["embedded", "column"], ["hidden"]),
        helper.make_node("MatMul", ["hidden", "w"], ["h"]),
        helper.make_node("Tanh", ["h"], ["t"]),
        helper.make_node("MatMul", ["t", "head"], ["logits"]),
        helper.make_node("ReduceMean", ["logits"], ["pooled"], axes=[1], keepdims=0),
    ]
    stored = [numpy_helper.from_array(each.astype("f"), name) for name, each in weights.items()]
    stored.append(numpy_helper.from_array(np.array([2]), "last"))
    graph = helper.make_graph(
        nodes,
        "tokens",
        [
            helper.make_tensor_value_info("ids", TensorProto.INT64, [batch, length]),
            helper.make_tensor_value_info("mask", TensorProto.BOOL, [batch, length]),
        ],
        [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, [batch, length, VOCABULARY]),
            helper.make_tensor_value_info("pooled", TensorProto.FLOAT, [batch, VOCABULARY]),
        ],
        stored,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, metadata or {})
    return model


def token_batch(count, length, seed=1):
    rng = np.random.default_rng(seed)
    mask = rng.random((count, length)) < 0.8
    return {"ids": rng.integers(VOCABULARY, size=(count, length)), "mask": mask}


def picture_model(shape, classes=3, *, metadata=None, kind=TensorProto.FLOAT):
    """A linear classifier of images of any layout."""
    size = int(np.prod(shape))
    weights = np.random.default_rng(2).normal(size=(size, classes)).astype("f")
    nodes = [
        helper.make_node("Cast", ["image"], ["real"], to=TensorProto.FLOAT),
        helper.make_node("Flatten", ["real"], ["flat"]),
        helper.make_node("MatMul", ["flat", "w"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "pictures",
        [helper.make_tensor_value_info("image", kind, ["n", *shape])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", classes])],
        [numpy_helper.from_array(weights, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, metadata or {})
    return model


def write(model, path):
    path.write_bytes(model.SerializeToString())
    return path


def classifier_model(*, metadata=None, seed=3):
    """Scores of 6 classes for vectors, in two layers. Input `a` has a free width, which is 8."""
    rng = np.random.default_rng(seed)
    first, second = (rng.normal(size=shape).astype("f") for shape in ((8, 8), (8, 6)))
    nodes = [
        helper.make_node("MatMul", ["a", "first"], ["hidden"]),
        helper.make_node("Relu", ["hidden"], ["shown"]),
        helper.make_node("MatMul", ["shown", "second"], ["scores"]),
        helper.make_node("ReduceMean", ["scores"], ["mean"], axes=[1]),
    ]
    graph = helper.make_graph(
        nodes,
        "classifier",
        [helper.make_tensor_value_info("a", TensorProto.FLOAT, ["n", "width"])],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", size])
            for name, size in (("scores", 6), ("mean", 1))
        ],
        [numpy_helper.from_array(first, "first"), numpy_helper.from_array(second, "second")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, metadata or {})
    return model


def classifier_data(path, count=60, seed=4):
    """Vectors with the classes that the classifier gives, in an .npz file."""
    x = np.random.default_rng(seed).normal(size=(count, 8)).astype("f")
    weights = {
        each.name: numpy_helper.to_array(each) for each in classifier_model().graph.initializer
    }
    scores = np.maximum(x @ weights["first"], 0) @ weights["second"]
    np.savez(path, a=x, y=scores.argmax(axis=1))
    return path
