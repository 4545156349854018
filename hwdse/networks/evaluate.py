"""Scores a network whose matrix products run in a design's arithmetic."""

import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

import hwdse  # loads the slow module `hwdse.kernels` on first use; the float baseline never does
from hwdse.errors import DatasetError
from hwdse.networks import datasets
from hwdse.networks.accuracy import Accuracy, Outputs, predicted_classes
from hwdse.networks.arithmetic import Arithmetic
from hwdse.networks.blocks import (
    BlockArithmetic,
    BlockMatMul,
    BlockPlan,
    block_plan,
    check_blocks,
)
from hwdse.networks.execute import Executor, FloatNetwork, batches, padded_outputs
from hwdse.networks.network import Network, load
from hwdse.networks.observe import Observation, Observer
from hwdse.networks.placing import with_given
from hwdse.networks.quantize import DesignArithmetic, MatMul, Plan, plan
from hwdse.networks.scales import DEFAULT as DEFAULT_SCALES
from hwdse.networks.scales import MSE, OUTPUT, POW2, ScalePolicy
from hwdse.networks.scales import get as get_policy
from hwdse.spec import Design

Pixels = npt.NDArray[np.float32]

COMPARED_SCALES = (OUTPUT.name, POW2.name, MSE.name)
"""Scale policies to compare: all policies that search for a scale."""
_COMPARED_SAMPLES = 500

Progress = Callable[[int, int], None]
"""A function that gets the number of finished samples and the total number of samples."""


def evaluate(
    design: Design,
    network: Network | str | Path,
    samples: int | None = None,
    data_dir: Path | None = None,
    progress: Progress | None = None,
    *,
    scales: str = DEFAULT_SCALES,
    compare_scales: bool = True,
    requantize: bool = False,
    matmul: MatMul | None = None,
    block_matmul: BlockMatMul | None = None,
) -> Accuracy:
    """Top-1 accuracy of a network whose matrix products run in the design's arithmetic.

    Activations and weights are float32. Activations are quantised to `design.a` and weights to
    `design.b`, with rounding to nearest even (see `hwdse.networks.quantize`). `matmul` computes the
    sums of products. Bias and all other operators stay float32. With `requantize`, activations are
    also rounded between layers. The same arguments give the same result. Operands in block formats
    get their scales from their formats (see `hwdse.networks.blocks`), whatever `scales` says.

    Args:
        design: the design.
        network: a loaded network, or a name or path for `load`.
        samples: number of samples, from the start of the test part. Default: the number in the
            network's metadata.
        data_dir: folder of the dataset. Default: $HWDSE_DATA or the system folder.
        progress: function to call after each batch.
        scales: name of the scale policy, one of `hwdse.networks.scales.names()`.
        compare_scales: also score the first samples under other policies, for `other_scales`.
        requantize: round the values that a layer hands to the next layer to the design's output
            format.
        matmul: function that multiplies codes, for pairs of matrices and for stacks of matrices.
            Default: `hwdse.kernels.matmul`.
        block_matmul: function that multiplies blocks, if the operands are block formats. Default:
            the kernel.

    Raises:
        NetworkError: the network cannot be evaluated, or the policy is unknown.
        DatasetError: data is missing or damaged, or `samples` exceeds the test part.
        SpecError: the design has no fast kernel. The message says why.
    """
    policy = get_policy(scales)
    if isinstance(network, (str, Path)):
        network = load(network)
    blocks = design.unit.takes_blocks
    make = _arithmetic_of_blocks(design, block_matmul) if blocks else _arithmetic(design, matmul)
    test = test_part(network, samples, data_dir)
    folder = data_folder(data_dir)

    def outputs(policy: ScalePolicy, pixels: Pixels, progress: Progress | None) -> Outputs:
        executor = Executor(network, make(network, folder, policy, requantize))
        return outputs_of(executor, network, pixels, progress)

    # Use one BLAS thread. A second thread would wait in a busy loop between the many small
    # products. On two cores it takes half of all CPU time and makes nothing faster.
    with threadpool_limits(limits=1, user_api="blas"):
        found = outputs(policy, test.x, progress)
        few = test.x[:_COMPARED_SAMPLES]
        others = {}
        for name in COMPARED_SCALES if compare_scales else ():
            # Blocks have their own scales, the same under every policy.
            same = blocks or name == scales
            scored = found if same else outputs(get_policy(name), few, None)
            right = predicted_classes(scored[: len(few)]) == test.y[: len(few)]
            others[name] = float(np.mean(right))
    return Accuracy.of(
        found,
        _float_outputs(network, folder, len(test.x)),
        test.y,
        network=network.name,
        scales=scales,
        requantize=requantize,
        other_scales=others,
    )


_Make = Callable[[Network, str | None, ScalePolicy, bool], Arithmetic]
"""A function (network, data folder, scale policy, requantize) -> arithmetic of a design."""


def _arithmetic(design: Design, matmul: MatMul | None) -> _Make:
    multiply = hwdse.kernels.matmul if matmul is None else matmul
    check_kernel(design, multiply)

    def make(
        network: Network, folder: str | None, policy: ScalePolicy, requantize: bool
    ) -> Arithmetic:
        plans = plan_network(design, network, folder, multiply, policy, requantize=requantize)
        return DesignArithmetic(design, plans, multiply)

    return make


def _arithmetic_of_blocks(design: Design, matmul: BlockMatMul | None) -> _Make:
    multiply = hwdse.kernels.matmul_of(design) if matmul is None else matmul
    check_blocks(design, multiply)

    def make(
        network: Network, folder: str | None, policy: ScalePolicy, requantize: bool
    ) -> Arithmetic:
        del policy
        plans = plan_blocks(design, network, folder, requantize=requantize)
        return BlockArithmetic(design, plans, multiply)

    return make


def plan_network(
    design: Design,
    network: Network,
    folder: str | None,
    matmul: MatMul,
    policy: ScalePolicy,
    *,
    requantize: bool = False,
) -> dict[str, Plan]:
    """The scalings of all sites of a network, by site name.

    Args:
        design: the design.
        network: the network.
        folder: data folder that the user gave, `data_folder`.
        matmul: function that multiplies matrices of codes.
        policy: policy that chooses the scales.
        requantize: as for `evaluate`.
    """
    return {
        name: plan(design, observation, matmul, policy, requantize=requantize)
        for name, observation in observations(network, folder).items()
    }


def plan_blocks(
    design: Design, network: Network, folder: str | None, *, requantize: bool = False
) -> dict[str, BlockPlan]:
    """The blocks of weights of all sites of a network, by site name. See `plan_network`."""
    return {
        name: block_plan(design, observation, requantize=requantize)
        for name, observation in observations(network, folder).items()
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


def float_accuracy(
    network: Network | str | Path, samples: int | None = None, data_dir: Path | None = None
) -> Accuracy:
    """Top-1 accuracy of the network in float32. Arguments and errors are as in `evaluate`."""
    if isinstance(network, (str, Path)):
        network = load(network)
    test = test_part(network, samples, data_dir)
    found = _float_outputs(network, data_folder(data_dir), len(test.x))
    return Accuracy.of(found, found, test.y, network=network.name, scales="none")


def test_part(network: Network, samples: int | None, data_dir: Path | None) -> datasets.Split:
    """The first samples of the test part, by default as many as the network's metadata say.

    Raises:
        DatasetError: data is missing or damaged, or `samples` is no number of samples.
    """
    wanted = network.default_samples if samples is None else samples
    if wanted < 1:
        raise DatasetError(f"samples={wanted}: at least 1 is needed")
    part = network.dataset.test(data_dir, limit=wanted)
    if len(part.x) < wanted:
        raise DatasetError(
            f"samples={wanted}: the test part of {network.dataset.name} has {len(part.x)}"
        )
    return part


def outputs_of(
    runner: Executor | FloatNetwork,
    network: Network,
    pixels: Pixels,
    progress: Progress | None = None,
) -> Outputs:
    """The outputs for all samples, batch by batch."""
    found: list[Outputs] = []
    done = 0
    for batch in batches(network, pixels):
        found.append(padded_outputs(runner, network, batch))
        done += len(batch)
        if progress is not None:
            progress(done, len(pixels))
    return np.concatenate(found)


def data_folder(data_dir: Path | None) -> str | None:
    """The data folder that the user gave, as a key for the caches below."""
    return str(data_dir) if data_dir else os.environ.get(datasets.DATA_VARIABLE)


# A sweep scores many designs on the same network. The caches below keep results that do not depend
# on the design.


@lru_cache(maxsize=4)
def _float_outputs(network: Network, folder: str | None, samples: int) -> Outputs:
    part = network.dataset.test(Path(folder) if folder else None, limit=samples)
    found = outputs_of(FloatNetwork(network), network, part.x)
    found.flags.writeable = False
    return found


@lru_cache(maxsize=4)
def observations(network: Network, folder: str | None) -> dict[str, Observation]:
    """The operands that each site sees on the calibration data, by site name.

    Args:
        network: the network.
        folder: data folder that the user gave. None: the default folder of the dataset.
    """
    part = network.dataset.train(Path(folder) if folder else None, limit=network.calibration)
    observer = Observer()
    executor = Executor(network, observer)
    for batch in batches(network, part.x):
        with observer.batch(len(batch), network.fixed_batch or len(batch)):
            padded_outputs(executor, network, batch)
    return with_given(network, observer.observations())
