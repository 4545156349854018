"""From a design to the arithmetic of a network's layers: scales, codes of weights, methods."""

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import hwdse  # loads the slow module `hwdse.kernels` on first use; the float baseline never does
from hwdse.networks.arithmetic import Arithmetic
from hwdse.networks.blocks import (
    BlockArithmetic,
    BlockMatMul,
    BlockPlan,
    block_plan,
    check_blocks,
)
from hwdse.networks.calibration import observed
from hwdse.networks.methods import Method
from hwdse.networks.observe import Observation
from hwdse.networks.prepared import PreparedArithmetic, PreparedLayers
from hwdse.networks.protocols import Computation, Data
from hwdse.networks.quantize import DesignArithmetic, MatMul, Plan, plan
from hwdse.networks.scales import ScalePolicy
from hwdse.spec import Design

ArithmeticMaker = Callable[[Computation, Data, ScalePolicy, bool, Sequence[str]], Arithmetic]
"""A function (network, data, scale policy, requantize, layers) -> arithmetic of a design."""


def arithmetic_maker(
    design: Design,
    matmul: MatMul | None = None,
    block_matmul: BlockMatMul | None = None,
    methods: Sequence[Method] = (),
) -> ArithmeticMaker:
    """A function that prepares layers of a network for a design.

    Arguments are as for `hwdse.networks.evaluate.evaluate`.

    Raises:
        SpecError: the design has no fast kernel.
    """
    blocks = design.unit.takes_blocks
    kind = _of_blocks(design, block_matmul) if blocks else _of_elements(design, matmul)
    # Operand methods know no scale policy: what they made is kept for the next one.
    kept: dict[tuple[Computation, Data, tuple[str, ...]], PreparedLayers] = {}

    def make(
        network: Computation,
        data: Data,
        policy: ScalePolicy,
        requantize: bool,
        sites: Sequence[str],
    ) -> Arithmetic:
        key = network, data, tuple(sites)
        if key not in kept:
            seen = {name: one for name, one in observed(network, data).items() if name in sites}
            kept[key] = PreparedLayers.of(methods, design, network, data, seen)
        prepared = kept[key]
        planned = {
            name: kind.plan(one, policy, requantize) for name, one in prepared.observations.items()
        }
        chosen, corrections = prepared.finished(planned)
        inner = kind.arithmetic(chosen)
        return PreparedArithmetic(inner, prepared, corrections) if methods else inner

    return make


@dataclass(frozen=True)
class _Kind:
    """How operands of one kind are planned and multiplied.

    Attributes:
        plan: function (observation, scale policy, requantize) -> plan of a site.
        arithmetic: function from the plans of sites to the arithmetic.
    """

    plan: Callable[[Observation, ScalePolicy, bool], Any]
    arithmetic: Callable[[dict[str, Any]], Arithmetic]


def _of_elements(design: Design, matmul: MatMul | None) -> _Kind:
    multiply = hwdse.kernels.matmul if matmul is None else matmul
    check_kernel(design, multiply)
    return _Kind(
        lambda one, policy, handed: plan(design, one, multiply, policy, requantize=handed),
        lambda plans: DesignArithmetic(design, plans, multiply),
    )


def _of_blocks(design: Design, matmul: BlockMatMul | None) -> _Kind:
    multiply = hwdse.kernels.matmul_of(design) if matmul is None else matmul
    check_blocks(design, multiply)
    return _Kind(
        lambda one, _, handed: block_plan(design, one, requantize=handed),
        lambda plans: BlockArithmetic(design, plans, multiply),
    )


def plan_network(
    design: Design,
    network: Computation,
    data: Data,
    matmul: MatMul,
    policy: ScalePolicy,
    *,
    requantize: bool = False,
    sites: Container[str] | None = None,
) -> dict[str, Plan]:
    """The scalings of the sites of a network, by site name.

    Args:
        design: the design.
        network: the network.
        data: the data, whose calibration part counts.
        matmul: function that multiplies matrices of codes.
        policy: policy that chooses the scales.
        requantize: as for `hwdse.networks.evaluate.evaluate`.
        sites: names of the sites that matter. Default: all.
    """
    return {
        name: plan(design, observation, matmul, policy, requantize=requantize)
        for name, observation in observed(network, data).items()
        if sites is None or name in sites
    }


def plan_blocks(
    design: Design,
    network: Computation,
    data: Data,
    *,
    requantize: bool = False,
    sites: Container[str] | None = None,
) -> dict[str, BlockPlan]:
    """The blocks of weights of the sites of a network, by site name. See `plan_network`."""
    return {
        name: block_plan(design, observation, requantize=requantize)
        for name, observation in observed(network, data).items()
        if sites is None or name in sites
    }


def check_kernel(design: Design, matmul: MatMul) -> None:
    """Check that the design has sums and a fast kernel, before any other work.

    Raises:
        SpecError: the design has no running sum or no fast kernel.
    """
    _ = design.accumulator
    # A whole group: formats without zero cannot fill a shorter one.
    group = design.unit.group
    one = design.a.encode(np.ones((1, group))), design.b.encode(np.ones((group, 1)))
    matmul(design, *one)
