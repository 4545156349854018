"""Runs a network whose matrix products are computed elsewhere, such as in RTL simulation."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

import hwdse  # loads the slow module `hwdse.kernels` on first use
from hwdse.errors import NetworkError, unknown
from hwdse.networks.arithmetic import Arithmetic, Operand, Site
from hwdse.networks.assignment import Assignment
from hwdse.networks.block_vectors import BlockVectors
from hwdse.networks.blocks import BlockArithmetic, BlockPlan, check_blocks
from hwdse.networks.by_layer import by_layer, designs_in, layers_of
from hwdse.networks.data import Options, own_data
from hwdse.networks.evaluate import Progress, count_of
from hwdse.networks.execute import Executor, batches, padded_outputs, profile
from hwdse.networks.float_outputs import float_outputs_of
from hwdse.networks.metrics import Outputs
from hwdse.networks.network import Network
from hwdse.networks.planning import check_kernel, plan_blocks, plan_network
from hwdse.networks.protocols import Data
from hwdse.networks.quantize import DesignArithmetic, Plan
from hwdse.networks.scales import DEFAULT as DEFAULT_SCALES
from hwdse.networks.scales import Codes
from hwdse.networks.scales import get as get_policy
from hwdse.spec import Design

Product = Callable[..., Codes]
"""A function (layer, *operands) -> output codes (M, N).

The operands are codes of A (M, K) and of B (K, N); of block formats, each followed by its scales.
"""

_LEAST_SAMPLES = 20
_FEW_PRODUCTS = 1 << 24


@dataclass(frozen=True, kw_only=True, eq=False)
class Answers:
    """What a network says about test samples.

    Attributes:
        outputs: outputs, such as logits, of shape (samples, ...).
        float_outputs: outputs in float32, of the same shape.
        targets: the target of each sample, such as the right class; None: unknown.
    """

    outputs: Outputs
    float_outputs: Outputs
    targets: Sequence[Any]


def simulated_samples(network: Network, usual: int) -> int:
    """Number of test samples that a simulation of single products can do in minutes.

    It is 20, or as many as 2^24 products suffice for, but not more than `usual`.
    """
    affordable = _FEW_PRODUCTS // profile(network).macs
    return min(max(_LEAST_SAMPLES, affordable), usual)


def answers(
    design: Design | Assignment,
    network: Network,
    samples: int,
    *,
    product: Product | None = None,
    data: Data | None = None,
    data_dir: Path | None = None,
    progress: Progress | None = None,
) -> Answers:
    """Run test samples through a network, with the scales of `evaluate`.

    Args:
        design: the design, or an assignment of designs to layers.
        network: the network.
        samples: number of test samples, from the first.
        product: function that computes the matrix products of layers with a design. Scales are
            chosen without it. Default: the fast kernels, which `evaluate` takes.
        data: as for `evaluate`.
        data_dir: folder of the dataset. Default: $HWDSE_DATA or the system folder.
        progress: function to call after each batch.

    Raises:
        NetworkError: the network cannot be evaluated.
        DatasetError: data is missing or damaged, or there are fewer samples.
        SpecError: a design has no fast kernel, or the assignment does not fit the network.
    """
    layers = layers_of(design, network)
    for one in designs_in(layers):
        if one.unit.takes_blocks:
            check_blocks(one, hwdse.kernels.matmul_of(one))
        else:
            check_kernel(one, hwdse.kernels.matmul)
    if data is None:
        data, _ = own_data(network, Options(folder=data_dir))
    count = count_of(data, samples)
    expected = float_outputs_of(network, data, count)
    found: list[Outputs] = []
    exact: list[Outputs] = []
    targets: list[Any] = []
    with threadpool_limits(limits=1, user_api="blas"):
        arithmetic = by_layer(
            layers, lambda one, sites: _arithmetic(one, sites, network, data, product)
        )
        executor = Executor(network, arithmetic)
        for batch in batches(network, data.test(count)):
            exact.append(expected.of(len(targets), batch))
            found.append(padded_outputs(executor, network, batch.inputs))
            targets += batch.targets
            if progress is not None:
                progress(len(targets), count)
    return Answers(
        outputs=np.concatenate(found), float_outputs=np.concatenate(exact), targets=targets
    )


def layer_operands(
    design: Design | Assignment,
    network: Network,
    layers: Collection[str],
    samples: int,
    *,
    data: Data | None = None,
    data_dir: Path | None = None,
) -> list[tuple[str, *tuple[Codes, ...]]]:
    """Codes that layers multiply when test samples run through the network.

    Args:
        design: the design, or an assignment of designs to layers.
        network: the network.
        layers: places of matrix products, `Workload.site`.
        samples: number of test samples, from the first.
        data: as for `evaluate`.
        data_dir: folder of the dataset.

    Returns:
        Names of layers and operands, as a `Product` takes them, in the order of the products: one
        for each group of a convolution, and one for each sample where the second matrix is no
        constant.

    Raises:
        NetworkError: as for `answers`, or the network lacks a layer.
        DatasetError: as for `answers`.
        SpecError: as for `answers`.
    """
    check_layers(network, layers)
    found: list[tuple[str, *tuple[Codes, ...]]] = []
    by_site = layers_of(design, network)

    def product(site: str, *operands: Codes) -> Codes:
        if site in layers:
            found.append((site, *operands))
        one = by_site[site]
        assert one is not None  # float32 calls no product
        codes: Codes = hwdse.kernels.matmul_of(one)(one, *operands)
        return codes

    answers(design, network, samples, product=product, data=data, data_dir=data_dir)
    return found


def check_layers(network: Network, layers: Iterable[str]) -> None:
    """Check that the network has matrix products of these names.

    Raises:
        NetworkError: it has none.
    """
    sites = [workload.site for workload in profile(network).workloads]
    for layer in layers:
        if layer not in sites:
            raise NetworkError(unknown(f"layer of {network.name}", layer, sites))


def _arithmetic(
    design: Design,
    sites: Sequence[str],
    network: Network,
    data: Data,
    product: Product | None,
) -> Arithmetic:
    """The arithmetic of a design, whose products another function may compute."""
    if design.unit.takes_blocks:
        blocks = plan_blocks(design, network, data, sites=sites)
        if product is not None:
            return _ElsewhereBlocks(design, blocks, product)
        return BlockArithmetic(design, blocks, hwdse.kernels.matmul_of(design))
    matmul = hwdse.kernels.matmul
    policy = get_policy(DEFAULT_SCALES)
    plans = plan_network(design, network, data, matmul, policy, sites=sites)
    if product is not None:
        return _ElsewhereArithmetic(design, plans, product)
    return DesignArithmetic(design, plans, matmul)


class _ElsewhereArithmetic(DesignArithmetic):
    """Arithmetic of a design whose products are computed by another function, pair by pair."""

    def __init__(self, design: Design, plans: dict[str, Plan], product: Product) -> None:
        super().__init__(design, plans, hwdse.kernels.matmul)
        self._product = product

    def multiplied(self, site: Site, a: Operand, b: Operand) -> Codes:
        """Output codes of the product, or of each product of a stack."""
        if a.ndim == 2:
            return self._product(site.name, a, b)
        pairs = zip(a, b, strict=True)
        found: Codes = np.stack([self._product(site.name, *pair) for pair in pairs])
        return found


class _ElsewhereBlocks(BlockArithmetic):
    """Arithmetic of blocks whose products are computed by another function."""

    def __init__(self, design: Design, plans: dict[str, BlockPlan], product: Product) -> None:
        super().__init__(design, plans, hwdse.kernels.matmul_of(design))
        self._product = product

    def multiplied(self, site: Site, left: BlockVectors, right: BlockVectors) -> Codes:
        """Output codes of a product."""
        return self._product(site.name, left.codes, left.scales, right.codes.T, right.scales.T)
