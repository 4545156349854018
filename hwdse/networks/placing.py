"""Finds which operands of which matrix products a network stores quantised, and their layout.

A lowered operator moves the elements of its operands: it transposes weights, takes patches, flips
kernels. To see where the codes and scales of a tensor go, the operator runs with them in place of
the tensor's real values, and an arithmetic that only watches notes what arrives at each site.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto

from hwdse.errors import NetworkError
from hwdse.networks import lowered
from hwdse.networks.arithmetic import Arithmetic, FloatArithmetic, Operand, Real, Site
from hwdse.networks.given import GivenOperands
from hwdse.networks.graph import constant_names
from hwdse.networks.network import Network
from hwdse.networks.observe import Observation
from hwdse.networks.program import Products, program
from hwdse.networks.quantised import Stored
from hwdse.networks.quantised.reader import MOVES, PICKS, attribute, called
from hwdse.networks.segments import Segment, evaluate_constants

_FLOATS = frozenset({TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16})
_MOST_NUMBERS = 256
"""Codes of so many values are still told apart after rounding to bfloat16."""


def with_given(network: Network, observations: Mapping[str, Observation]) -> dict[str, Observation]:
    """The observations of a network's sites, with what the network stores quantised."""
    found = given(network) if network.stored else {}
    return {
        name: replace(each, given=found.get(name, each.given))
        for name, each in observations.items()
    }


@lru_cache(maxsize=4)
def given(network: Network) -> Mapping[str, GivenOperands]:
    """The operands that a network stores quantised, by site name.

    Raises:
        NetworkError: the network does not run, or mixes quantised and other values in an operand.
    """
    traces = _traces(network)
    steps = program(network)
    batch = network.fixed_batch or 1
    inputs = {one.name: np.zeros((batch, *one.shape), one.dtype) for one in network.inputs}
    values: dict[str, Any] = {**steps.constants, **inputs}
    found: dict[str, GivenOperands] = {}
    with np.errstate(all="ignore"):
        for step in steps.steps:
            if isinstance(step, Segment):
                values |= step.run(values)
                continue
            for place, name in enumerate(step.operands):
                if name in traces:
                    _place(found, network, step, place, trace=traces[name], values=values)
            values |= step.run(values, FloatArithmetic())
    return found


@dataclass(frozen=True, kw_only=True)
class _Trace:
    """A quantised tensor, and the operators that only moved its elements since."""

    name: str
    stored: Stored
    path: tuple[onnx.NodeProto, ...] = ()


def _traces(network: Network) -> dict[str, _Trace]:
    """The quantised tensors behind values, by the names of the values."""
    found = {name: _Trace(name=name, stored=each) for name, each in network.stored.items()}
    for node in network.model.graph.node:
        before = found.get(node.input[0]) if node.input else None
        if before is None or node.output[0] in found:
            continue
        constant = before.stored.values is not None
        exact = constant or len(before.stored.kind.numbers) <= _MOST_NUMBERS
        if (
            node.op_type in MOVES
            or (node.op_type in PICKS and not constant)
            or (node.op_type == "Cast" and exact and attribute(node, "to", 0) in _FLOATS)
        ):
            found[node.output[0]] = replace(before, path=(*before.path, node))
    return found


def _place(
    found: dict[str, GivenOperands],
    network: Network,
    step: Products,
    place: int,
    *,
    trace: _Trace,
    values: Mapping[str, Any],
) -> None:
    """Note at which sites an operand arrives, and how it is laid out there."""
    stored = trace.stored
    if stored.source is not None and trace.path:
        raise NetworkError(
            f"network {network.name} cannot be evaluated: {called(trace.path[0])} lies between "
            f"{stored.node} and {step.call.operator} {step.call.name!r}: products must read blocks "
            "as they were quantised"
        )
    operand = values[step.operands[place]]

    def watched(x: Real) -> _Watcher:
        watcher = _Watcher()
        given = [values[name] if name else None for name in step.operands]
        given[place] = x
        lowered.run(watcher, step.call, given)
        return watcher

    marks = watched(np.full_like(operand, np.nan))
    arrived = {site for site, mark in marks.seconds.items() if _is_marked(mark)}
    layouts: dict[str, dict[str, Operand]] = {}
    if stored.values is not None and arrived:
        parts = {"values": stored.values, "scale": stored.scale, "zero": stored.zero}
        for part, numbers in parts.items():
            spread = np.broadcast_to(np.asarray(numbers, np.float32), stored.values.shape)
            moved = _moved(trace, network, np.ascontiguousarray(spread))
            layouts[part] = watched(moved).seconds
    for site in arrived:
        if stored.values is not None and not np.isnan(marks.seconds[site]).all():
            raise NetworkError(
                f"network {network.name} cannot be evaluated: {stored.node} is only a part of the "
                f"weights of {site!r}"
            )
        here = {part: layout[site] for part, layout in layouts.items()}
        found[site] = replace(found.get(site, GivenOperands()), second=_laid_out(stored, here))
    for site, marked in marks.first_marked.items():
        if marked:
            found[site] = replace(
                found.get(site, GivenOperands()), first=replace(stored, values=None)
            )


def _laid_out(stored: Stored, parts: Mapping[str, Real]) -> Stored:
    if not parts:
        return stored
    return replace(
        stored,
        values=parts["values"],
        scale=parts["scale"].astype(np.float64),
        zero=parts["zero"].astype(np.float64),
    )


def _moved(trace: _Trace, network: Network, numbers: Real) -> Real:
    """Numbers in the place of a constant, moved as the constant is."""
    if not trace.path:
        return numbers
    graph = network.model.graph
    made = {name for node in trace.path for name in node.output}
    others = {name for node in trace.path for name in node.input if name} - made - {trace.name}
    known = constant_names(graph)
    fixed = [node for node in graph.node if set(filter(None, node.output)) <= known]
    constants = evaluate_constants(network, fixed, sorted(others))
    moves = [node for node in trace.path if node.op_type != "Cast"]
    aliases = {n.output[0]: n.input[0] for n in trace.path if n.op_type == "Cast"}
    moves = [_renamed(node, aliases) for node in moves]
    if not moves:
        return numbers
    found: Real = Segment(
        network=network.name,
        model=network.model,
        nodes=moves,
        inputs=(),
        outputs=[moves[-1].output[0]],
        constants={trace.name: numbers, **constants},
    ).run({})[moves[-1].output[0]]
    return found


def _renamed(node: onnx.NodeProto, aliases: Mapping[str, str]) -> onnx.NodeProto:
    """The node, reading what a conversion of types reads in place of its result."""
    changed = onnx.NodeProto()
    changed.CopyFrom(node)
    for place, read in enumerate(node.input):
        name = read
        while name in aliases:
            name = aliases[name]
        changed.input[place] = name
    return changed


def _is_marked(x: Operand) -> bool:
    return bool(np.isnan(x).any())


class _Watcher(Arithmetic):
    """Notes which sites get a marked operand, and gives zeros as products.

    Attributes:
        first_marked: for each site, whether the first operand has marks.
        seconds: the second operand of each site.
    """

    def __init__(self) -> None:
        self.first_marked: dict[str, bool] = {}
        self.seconds: dict[str, Operand] = {}

    def first(self, site: Site, x: Real) -> Operand:
        """The operand, unchanged. Note whether it is marked."""
        self.first_marked[site.name] = self.first_marked.get(site.name, False) or _is_marked(x)
        return x

    def second(self, site: Site, w: Real) -> Operand:
        """The operand, unchanged. Note it."""
        self.seconds[site.name] = w
        return w

    def product(self, site: Site, group: int, a: Operand, b: Operand) -> Real:
        """Zeros."""
        return np.zeros((len(a), b.shape[1]), np.float32)

    def products(self, site: Site, a: Operand, b: Operand) -> Real:
        """Zeros."""
        return np.zeros((len(a), a.shape[1], b.shape[2]), np.float32)
