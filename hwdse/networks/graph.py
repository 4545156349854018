"""Walks ONNX graphs: nodes, subgraphs, stored tensors, values that nodes read, constants."""

from collections.abc import Iterable, Iterator

import onnx


def nodes(
    some: Iterable[onnx.NodeProto], nested: bool = False
) -> Iterator[tuple[onnx.NodeProto, bool]]:
    """These nodes and all nodes in their subgraphs. The flag is True inside a branch or loop."""
    for node in some:
        yield node, nested
        for inner in subgraphs(node):
            yield from nodes(inner.node, nested=True)


def subgraphs(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    """The subgraphs of a node: branches and loop bodies."""
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def tensors(model: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    """All stored tensors of the graph, of its subgraphs and of its local functions."""
    yield from _tensors(model.graph.initializer, model.graph.node)
    for function in model.functions:
        yield from _tensors((), function.node)


def _tensors(
    stored: Iterable[onnx.TensorProto], some: Iterable[onnx.NodeProto]
) -> Iterator[onnx.TensorProto]:
    yield from stored
    for node in some:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors
        for inner in subgraphs(node):
            yield from _tensors(inner.initializer, inner.node)


def reads(node: onnx.NodeProto) -> list[str]:
    """Names of all values that a node reads: its inputs, and outer values used in its subgraphs."""
    found = [name for name in node.input if name]
    for inner in subgraphs(node):
        own = {value.name for value in (*inner.input, *inner.initializer)}
        for child in inner.node:
            found += [name for name in reads(child) if name not in own]
            own.update(child.output)
        found += [value.name for value in inner.output if value.name not in own]
    return list(dict.fromkeys(found))


def constant_names(graph: onnx.GraphProto) -> frozenset[str]:
    """Names of all values that do not depend on the input: weights, and results of weights only."""
    found = {weight.name for weight in graph.initializer}
    for node in graph.node:  # the ONNX standard requires topological order
        if all(name in found for name in reads(node)):
            found.update(name for name in node.output if name)
    return frozenset(found)
