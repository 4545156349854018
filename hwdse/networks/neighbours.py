"""Which layer takes the outputs of which, with nothing between them that minds a factor."""

from collections import Counter

import onnx

from hwdse.networks.graph import constant_names, reads
from hwdse.networks.network import Network
from hwdse.networks.protocols import Computation

_LAYERS = frozenset({"Conv", "Gemm", "MatMul"})
_POOLS = frozenset({"MaxPool", "AveragePool", "GlobalMaxPool", "GlobalAveragePool"})
_PASSING = frozenset({"Relu", "LeakyRelu", "Identity", "Dropout", "Flatten"})
"""With pools: f(s x) = s f(x) for s > 0, and channels stay in their order."""


def layers_before(network: Computation) -> dict[str, str]:
    """For each layer that has one, the layer before it, by site names.

    The layer before gives its outputs to this layer alone. Between them are only operators that
    pass positive factors of channels on: ReLU, pools, the addition of a bias. Its weights and bias
    can therefore take such factors. Flattening may change the number of channels; callers compare
    the numbers.

    Args:
        network: the network. One that is written in Python has no graph, and so no such pairs.
    """
    if not isinstance(network, Network):
        return {}
    graph = network.model.graph
    constants = constant_names(graph)
    makers = {name: node for node in graph.node for name in node.output if name}
    used = Counter(name for node in graph.node for name in reads(node))
    used.update(value.name for value in graph.output)
    found = {}
    for node in graph.node:
        if _is_layer(node, constants):
            maker = _maker(node.input[0], makers, used, constants)
            if maker is not None:
                found[node.output[0]] = maker
    return found


def _is_layer(node: onnx.NodeProto, constants: frozenset[str]) -> bool:
    """Whether an operator has weights as its second operand, and channels that are not moved."""
    moved = any(each.name == "transA" and each.i for each in node.attribute)
    moving = node.op_type in _LAYERS and node.input[0] not in constants
    return moving and node.input[1] in constants and not moved


def _maker(
    name: str,
    makers: dict[str, onnx.NodeProto],
    used: Counter[str],
    constants: frozenset[str],
) -> str | None:
    """The layer whose outputs reach the value `name`, if its factors do."""
    pools = False
    while name in makers and used[name] == 1:
        node = makers[name]
        if _is_layer(node, constants):
            # Pools go over all axes but the first two: only a convolution has its channels there.
            return None if pools and node.op_type != "Conv" else node.output[0]
        inputs = [each for each in node.input if each and each not in constants]
        pools |= node.op_type in _POOLS
        if len(inputs) != 1 or node.op_type not in _PASSING | _POOLS | {"Add"}:
            return None
        name = inputs[0]
    return None
