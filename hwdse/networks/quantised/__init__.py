"""Reads quantised operators of a network: which codes and scales a file stores, and where.

Each dialect has a module that registers functions for its operators. A function says what a
quantised tensor holds (`Stored`), and puts operators that onnxruntime can run in the place of
those that it cannot. `hwdse.networks.given` brings what they find to the matrix products.
"""

from collections.abc import Callable, Mapping

import onnx
import onnx.helper

from hwdse.errors import first_line
from hwdse.networks.graph import nodes, reads
from hwdse.networks.operators import STANDARD_DOMAINS
from hwdse.networks.quantised.reader import Read, Reader
from hwdse.networks.quantised.stored import CodeKind, Stored
from hwdse.plugins import load_modules

__all__ = ["CodeKind", "Read", "Reader", "Stored", "declare_domains", "dialect", "read"]

_READS: dict[tuple[str, str], Read] = {}


def dialect(*operators: str, domains: tuple[str, ...] = ("",)) -> Callable[[Read], Read]:
    """Decorator that registers a function for operators of a dialect.

    Args:
        operators: names of the operators.
        domains: names of the domains in which exporters write them.
    """

    def register(function: Read) -> Read:
        for operator in operators:
            for domain in domains:
                _READS[domain, operator] = function
        return function

    return register


def declare_domains(model: onnx.ModelProto) -> None:
    """Add the imports of dialects' domains that a model uses without saying so, as qonnx does."""
    used = {node.domain for node in model.graph.node if _reader_of(node) is not None}
    declared = {each.domain for each in model.opset_import} | STANDARD_DOMAINS
    model.opset_import.extend(onnx.helper.make_opsetid(each, 1) for each in sorted(used - declared))


def read(network: str, model: onnx.ModelProto) -> Mapping[str, Stored]:
    """Read all quantised operators of a model, and rewrite it so that onnxruntime can run it.

    Constant tensors become their real values, in float32. Operators that onnxruntime lacks become
    standard ones. Operators inside branches and loops stay as they are.

    Args:
        network: name of the network, for errors.
        model: the model in standard form. The function changes it.

    Returns:
        The quantised tensors, by the names of their real values.

    Raises:
        NetworkError: an operator is quantised in a way that hwdse does not know.
    """
    if not any(_reader_of(node) for node in model.graph.node):
        return {}
    reader = Reader(network, model)
    changed: list[onnx.NodeProto] = []
    waiting = list(reversed(model.graph.node))
    while waiting:
        node = waiting.pop()
        instead = _instead(reader, node)
        if instead is None:
            changed.append(node)
            continue
        # A node may be put into words that other dialects know.
        reader.producers |= {name: each for each in instead for name in each.output}
        waiting += reversed(instead)
    del model.graph.node[:]
    model.graph.node.extend(changed)
    made_names = {tensor.name for tensor in reader.made}
    kept = [weight for weight in model.graph.initializer if weight.name not in made_names]
    del model.graph.initializer[:]
    model.graph.initializer.extend([*kept, *reader.made])
    _prune(model)
    return reader.stored


def _instead(reader: Reader, node: onnx.NodeProto) -> list[onnx.NodeProto] | None:
    """The nodes that take the place of a node, or None if it stays."""
    function = _reader_of(node)
    if function is None:
        return None
    try:
        found = function(reader, node)
    except (ValueError, LookupError, TypeError, ArithmeticError, MemoryError) as error:
        raise reader.refused(node, f"does not fit its operands: {first_line(error)}") from error
    return None if found is None else list(found)


def _reader_of(node: onnx.NodeProto) -> Read | None:
    domain = "" if node.domain in STANDARD_DOMAINS else node.domain
    return _READS.get((domain, node.op_type))


def _prune(model: onnx.ModelProto) -> None:
    """Remove what nothing reads any more: onnxruntime need not know its types."""
    graph = model.graph
    wanted = {value.name for value in graph.output}
    needed = []
    for node in reversed(graph.node):
        if wanted & set(node.output):
            needed.append(node)
            wanted.update(reads(node))
    stored = {weight.name for weight in graph.initializer}
    inputs = [each for each in graph.input if each.name not in stored or each.name in wanted]
    weights = [weight for weight in graph.initializer if weight.name in wanted]
    domains = {"" if n.domain in STANDARD_DOMAINS else n.domain for n, _ in nodes(needed)}
    opsets = [
        each
        for each in model.opset_import
        if each.domain in domains or each.domain in STANDARD_DOMAINS
    ]
    for field, kept in (
        (graph.node, needed[::-1]),
        (graph.input, inputs),
        (graph.initializer, weights),
        (model.opset_import, opsets),
    ):
        del field[:]
        field.extend(kept)


load_modules(__name__, __path__)
