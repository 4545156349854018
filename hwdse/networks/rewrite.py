"""Rewrites a model to the standard form that the rest of hwdse expects.

The module inlines all calls of local functions. It also replaces every operator that the ONNX
standard defines by other operators (Attention) with this definition. Recurrent layers get the time
axis first, because onnxruntime supports only this layout.
"""

import itertools
from collections.abc import Iterator

import onnx
import onnx.inliner
from onnx import TensorProto, helper

from hwdse.networks.graph import nodes
from hwdse.networks.operators import EXPANDED_OPERATORS, STANDARD_DOMAINS

_RECURRENT = frozenset({"RNN", "GRU", "LSTM"})
#: Axis permutations for a recurrent layer with the batch first, by index of the input or output.
#: Inputs (0 sequence; 5, 6 initial states): from batch-first to time-first layout. Outputs
#: (0 states of all steps; 1, 2 final states): from time-first to batch-first layout.
_INPUT_AXES = {0: [1, 0, 2], 5: [1, 0, 2], 6: [1, 0, 2]}
_OUTPUT_AXES = {0: [2, 0, 1, 3], 1: [1, 0, 2], 2: [1, 0, 2]}


def standard_form(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model in standard form, which computes the same. The function may change its argument."""
    if model.functions:
        model = onnx.inliner.inline_local_functions(model)
    if any(node.op_type in EXPANDED_OPERATORS for node, _ in nodes(model.graph.node)):
        # The definition depends on the types of the inputs. The inliner does not know the types of
        # stored tensors. It also needs a type for an omitted input, which has an empty name.
        model.graph.value_info.extend(
            helper.make_tensor_value_info(weight.name, weight.data_type, weight.dims)
            for weight in model.graph.initializer
        )
        model.graph.value_info.append(helper.make_tensor_value_info("", TensorProto.FLOAT, None))
        model = onnx.inliner.inline_selected_functions(
            model, [("", name) for name in sorted(EXPANDED_OPERATORS)], inline_schema_functions=True
        )
    del model.graph.value_info[:]  # later code infers the types again if it needs them
    fresh = _fresh_names(model.graph)
    changed = [part for node in model.graph.node for part in _time_first(node, fresh)]
    del model.graph.node[:]
    model.graph.node.extend(changed)
    return model


def _time_first(node: onnx.NodeProto, fresh: Iterator[str]) -> list[onnx.NodeProto]:
    """The node; for a recurrent layer with the batch first, between transpositions."""
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
