"""Brings a model into the form that the rest of hwdse works on.

Functions take the place of their calls, operators that the standard defines by others (Attention)
that of their definition. Recurrent layers get the time axis first, the only layout that onnxruntime
runs.
"""

import itertools
from collections.abc import Iterator

import onnx
import onnx.inliner
from onnx import TensorProto, helper

from hwdse.networks.graph import nodes
from hwdse.networks.operators import EXPANDED_OPERATORS, STANDARD_DOMAINS

_RECURRENT = frozenset({"RNN", "GRU", "LSTM"})
#: For inputs and outputs of a recurrent layer, by place: the axes of one layout taken from the
#: other. Sequences and initial states; all states, and the last of each.
_INPUT_AXES = {0: [1, 0, 2], 5: [1, 0, 2], 6: [1, 0, 2]}
_OUTPUT_AXES = {0: [2, 0, 1, 3], 1: [1, 0, 2], 2: [1, 0, 2]}


def standard_form(model: onnx.ModelProto) -> onnx.ModelProto:
    """A model that computes the same; the given one may change."""
    model = onnx.inliner.inline_local_functions(model)
    if any(node.op_type in EXPANDED_OPERATORS for node, _ in nodes(model.graph.node)):
        # The definition depends on the types of the inputs. Those of stored ones are not seen, and
        # that of an input left out, whose name is empty, must exist.
        model.graph.value_info.extend(
            helper.make_tensor_value_info(weight.name, weight.data_type, weight.dims)
            for weight in model.graph.initializer
        )
        model.graph.value_info.append(helper.make_tensor_value_info("", TensorProto.FLOAT, None))
        model = onnx.inliner.inline_selected_functions(
            model, [("", name) for name in sorted(EXPANDED_OPERATORS)], inline_schema_functions=True
        )
    del model.graph.value_info[:]  # types of values are found again where they matter
    fresh = _fresh_names(model.graph)
    changed = [part for node in model.graph.node for part in _time_first(node, fresh)]
    del model.graph.node[:]
    model.graph.node.extend(changed)
    return model


def _time_first(node: onnx.NodeProto, fresh: Iterator[str]) -> list[onnx.NodeProto]:
    """The node, between transpositions where it is a recurrent layer with the batch first."""
    layout = next((each for each in node.attribute if each.name == "layout" and each.i), None)
    is_recurrent = node.op_type in _RECURRENT and node.domain in STANDARD_DOMAINS
    if layout is None or not is_recurrent:
        return [node]
    inner = onnx.NodeProto()
    inner.CopyFrom(node)
    inner.attribute.remove(layout)
    before, after = [], []
    for place, axes in _INPUT_AXES.items():
        if place < len(node.input) and node.input[place]:
            inner.input[place] = next(fresh)
            before.append(
                helper.make_node("Transpose", [node.input[place]], [inner.input[place]], perm=axes)
            )
    for place, axes in _OUTPUT_AXES.items():
        if place < len(node.output) and node.output[place]:
            inner.output[place] = next(fresh)
            after.append(
                helper.make_node(
                    "Transpose", [inner.output[place]], [node.output[place]], perm=axes
                )
            )
    return [*before, inner, *after]


def _fresh_names(graph: onnx.GraphProto) -> Iterator[str]:
    used = {name for node, _ in nodes(graph.node) for name in (*node.input, *node.output)}
    used |= {value.name for value in (*graph.initializer, *graph.input)}
    return (name for name in map("time_first_{}".format, itertools.count()) if name not in used)
