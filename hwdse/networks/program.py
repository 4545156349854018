"""Splits a network's graph into steps: matrix products in the design's arithmetic and float parts.

Steps are grouped by level. A product of level k reads only values of lower levels. The float part
of level k reads products of level k and values of lower levels. If the longest chain of a graph has
n products, the graph therefore has at most n + 1 float parts. Values that depend only on weights
are computed once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx

from hwdse.errors import NetworkError
from hwdse.networks import lowered
from hwdse.networks.arithmetic import Arithmetic
from hwdse.networks.graph import constant_names, reads
from hwdse.networks.protocols import Computation
from hwdse.networks.segments import Segment, evaluate_constants, value_bytes

if TYPE_CHECKING:
    from hwdse.networks.network import Network


class Products:
    """A step: one operator that is lowered to matrix products."""

    def __init__(self, network: "Network", node: onnx.NodeProto, constants: frozenset[str]) -> None:
        self.call = lowered.Call.of(network.name, node, constants)
        self.operands, self.outputs = tuple(node.input), tuple(node.output)
        # The values before the network quantised them in blocks, by the place of the operand.
        self._before = _before_blocks(network, node)
        self.inputs = (*self.operands, *self._before.values())

    def run(self, values: dict[str, Any], arithmetic: Arithmetic) -> dict[str, Any]:
        """Run the operator. The result has the value of every output with a name."""
        names = list(self.operands)
        if arithmetic.quantises_blocks(self.call.name):
            for place, name in self._before.items():
                names[place] = name
        found = lowered.run(arithmetic, self.call, [values[n] if n else None for n in names])
        return {name: value for name, value in zip(self.outputs, found, strict=False) if name}


def _before_blocks(network: "Network", node: onnx.NodeProto) -> dict[int, str]:
    """Names of values before their quantisation in blocks at run time, by place of the input."""
    stored = [network.stored.get(name) for name in node.input]
    found = {place: each.source for place, each in enumerate(stored) if each is not None}
    return {place: source for place, source in found.items() if source is not None}


@dataclass(frozen=True, kw_only=True, eq=False)
class Program:
    """The computation of a network as a list of steps, independent of the arithmetic.

    Attributes:
        steps: the steps, in order.
        constants: values that do not depend on the input, if a step or the output reads them.
        last_use: per step, the names of the values that no later step reads.
        output_name: name of the graph's first output.
    """

    steps: tuple[Products | Segment, ...]
    constants: dict[str, Any]
    last_use: tuple[tuple[str, ...], ...]
    output_name: str

    def run(self, inputs: Mapping[str, Any], arithmetic: Arithmetic) -> tuple[Any, int]:
        """Run all steps on a value for each input.

        Returns the first output, and the total bytes of the steps' outputs.
        """
        values = {**self.constants, **inputs}
        size = 0
        for step, unused in zip(self.steps, self.last_use, strict=True):
            found = step.run(values) if isinstance(step, Segment) else step.run(values, arithmetic)
            values |= found
            size += sum(value_bytes(value) for value in found.values())
            for name in unused:
                values.pop(name, None)
        return values[self.output_name], size


@lru_cache(maxsize=8)
def program(network: "Network") -> Program:
    """Split a network into steps.

    Raises:
        NetworkError: a constant cannot be computed, or the network has no matrix product.
    """
    model = network.model
    graph = model.graph
    constants = constant_names(graph)
    output = graph.output[0].name
    live = _needed(graph, output)
    fixed = [node for node in live if set(filter(None, node.output)) <= constants]
    moving = [node for node in live if not set(filter(None, node.output)) <= constants]
    wanted = {name for node in moving for name in reads(node) if name in constants}
    wanted |= {output} & constants
    if not any(node.op_type in lowered.names() for node in moving):
        raise without_products(network)
    values = evaluate_constants(network, fixed, sorted(wanted))

    level: dict[str, int] = {}
    products: dict[int, list[onnx.NodeProto]] = {}
    floats: dict[int, list[onnx.NodeProto]] = {}
    for node in moving:
        after = max((level.get(name, 0) for name in reads(node)), default=0)
        is_product = node.op_type in lowered.names()
        place = after + is_product
        (products if is_product else floats).setdefault(place, []).append(node)
        level |= dict.fromkeys(node.output, place)

    steps: list[Products | Segment] = []
    for place in range(max([*products, *floats], default=0) + 1):
        steps += [Products(network, node, constants) for node in products.get(place, [])]
        group = floats.get(place, [])
        if group:
            steps.append(_segment(network, group, moving, values, output))
    return Program(
        steps=tuple(steps),
        constants=values,
        last_use=_last_uses(steps, output),
        output_name=output,
    )


def without_products(network: Computation) -> NetworkError:
    """The error for a network without matrix products, for which designs make no difference."""
    return NetworkError(
        f"network {network.name} has no matrix product on the way from its input to its output: "
        "there is nothing that a design could compute"
    )


def _segment(
    network: "Network",
    group: list[onnx.NodeProto],
    moving: list[onnx.NodeProto],
    values: dict[str, Any],
    output: str,
) -> Segment:
    """Build the float part for a group of operators."""
    made = {name for node in group for name in node.output if name}
    read = dict.fromkeys(name for node in group for name in reads(node))
    inside = {id(node) for node in group}
    # Only arrays can be stored in the part. Constant sequences are inputs at every run.
    stored = {name: values[name] for name in read if isinstance(values.get(name), np.ndarray)}
    elsewhere = {name for node in moving if id(node) not in inside for name in reads(node)}
    elsewhere |= {each for node in moving for each in _before_blocks(network, node).values()}
    return Segment(
        network=network.name,
        model=network.model,
        nodes=group,
        inputs=[name for name in read if name not in made and name not in stored],
        outputs=sorted(made & (elsewhere | {output})),
        constants=stored,
    )


def _needed(graph: onnx.GraphProto, output: str) -> list[onnx.NodeProto]:
    """The operators on which the output depends, in order."""
    wanted, found = {output}, []
    for node in reversed(graph.node):
        if wanted & set(node.output):
            found.append(node)
            wanted.update(reads(node))
    return found[::-1]


def _last_uses(steps: list[Products | Segment], output: str) -> tuple[tuple[str, ...], ...]:
    seen = {output}
    found = []
    for step in reversed(steps):
        names = dict.fromkeys(name for name in (*step.inputs, *step.outputs) if name)
        found.append(tuple(name for name in names if name not in seen))
        seen.update(names)
    return tuple(found[::-1])
