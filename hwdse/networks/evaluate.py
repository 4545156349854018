"""Scores a network with its matrix products in a design's arithmetic."""

import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

import hwdse  # its kernels load slowly: on first use, and the float baseline needs none
from hwdse.errors import DatasetError
from hwdse.networks import datasets
from hwdse.networks.accuracy import Accuracy, Outputs, predicted_classes
from hwdse.networks.execute import Executor, FloatNetwork, batches, padded_outputs
from hwdse.networks.network import Network, load
from hwdse.networks.observe import Observation, Observer
from hwdse.networks.quantize import DesignArithmetic, MatMul, plan
from hwdse.networks.scales import DEFAULT as DEFAULT_SCALES
from hwdse.networks.scales import MSE, OUTPUT, POW2, ScalePolicy
from hwdse.networks.scales import get as get_policy
from hwdse.spec import Design

Pixels = npt.NDArray[np.float32]

COMPARED_SCALES = (OUTPUT.name, POW2.name, MSE.name)
"""Policies that a score is compared under: those that search."""
_COMPARED_SAMPLES = 500

Progress = Callable[[int, int], None]
"""Called with the samples done and the samples in all."""


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
) -> Accuracy:
    """Top-1 accuracy of a network whose matrix products run in the design's arithmetic.

    Activations are quantised to `design.a` and weights to `design.b`, both in float32 and to
    nearest even (see `hwdse.networks.quantize`); sums of products come from `matmul`; bias and
    every other operator stay float32 unless `requantize` rounds what they give. The same
    arguments give the same result.

    Args:
        design: the arithmetic.
        network: a loaded network, or what `load` takes.
        samples: how many of the test part, from its start; the network's own number by default.
        data_dir: folder of the dataset; $HWDSE_DATA or the system's by default.
        progress: called after each batch.
        scales: the policy that chooses scales, one of `hwdse.networks.scales.names()`.
        compare_scales: also score the first samples under other policies, for `other_scales`.
        requantize: round what one layer hands to the next to the design's output format.
        matmul: products of codes, of pairs of matrices and of stacks of them;
            `hwdse.kernels.matmul` by default.

    Raises:
        NetworkError: a network that cannot be evaluated, or an unknown policy.
        DatasetError: missing or damaged data, or `samples` outside the test part.
        SpecError: a design that has no fast kernel; the message says why.
    """
    policy = get_policy(scales)
    if isinstance(network, (str, Path)):
        network = load(network)
    if matmul is None:
        matmul = hwdse.kernels.matmul
    _check_kernel(design, matmul)
    test = _test_part(network, samples, data_dir)
    folder = _folder(data_dir)

    def outputs(policy: ScalePolicy, pixels: Pixels, progress: Progress | None) -> Outputs:
        plans = {
            name: plan(design, observation, matmul, policy, requantize=requantize)
            for name, observation in observations(network, folder).items()
        }
        executor = Executor(network, DesignArithmetic(design, plans, matmul))
        return _outputs(executor, network, pixels, progress)

    found = outputs(policy, test.x, progress)
    few = test.x[:_COMPARED_SAMPLES]
    others = {}
    for name in COMPARED_SCALES if compare_scales else ():
        scored = found if name == scales else outputs(get_policy(name), few, None)
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


def _check_kernel(design: Design, matmul: MatMul) -> None:
    """Refuse a design that cannot be computed before any work.

    Raises:
        SpecError: it has no fast kernel.
    """
    one = design.a.encode(np.ones((1, 1))), design.b.encode(np.ones((1, 1)))
    matmul(design, *one)


def float_accuracy(
    network: Network | str | Path, samples: int | None = None, data_dir: Path | None = None
) -> Accuracy:
    """Top-1 accuracy of the network in float32; arguments and errors as in `evaluate`."""
    if isinstance(network, (str, Path)):
        network = load(network)
    test = _test_part(network, samples, data_dir)
    found = _float_outputs(network, _folder(data_dir), len(test.x))
    return Accuracy.of(found, found, test.y, network=network.name, scales="none")


def _test_part(network: Network, samples: int | None, data_dir: Path | None) -> datasets.Split:
    wanted = network.default_samples if samples is None else samples
    if wanted < 1:
        raise DatasetError(f"samples={wanted}: at least 1 is needed")
    part = network.dataset.test(data_dir, limit=wanted)
    if len(part.x) < wanted:
        raise DatasetError(
            f"samples={wanted}: the test part of {network.dataset.name} has {len(part.x)}"
        )
    return part


def _outputs(
    runner: Executor | FloatNetwork,
    network: Network,
    pixels: Pixels,
    progress: Progress | None = None,
) -> Outputs:
    found: list[Outputs] = []
    done = 0
    for batch in batches(network, pixels):
        found.append(padded_outputs(runner, network, batch))
        done += len(batch)
        if progress is not None:
            progress(done, len(pixels))
    return np.concatenate(found)


def _folder(data_dir: Path | None) -> str | None:
    """What decides where data is read from, as a key of the caches below."""
    return str(data_dir) if data_dir else os.environ.get(datasets.DATA_VARIABLE)


# A sweep scores many designs on the same network: what does not depend on the design is kept.


@lru_cache(maxsize=4)
def _float_outputs(network: Network, folder: str | None, samples: int) -> Outputs:
    part = network.dataset.test(Path(folder) if folder else None, limit=samples)
    found = _outputs(FloatNetwork(network), network, part.x)
    found.flags.writeable = False
    return found


@lru_cache(maxsize=4)
def observations(network: Network, folder: str | None) -> dict[str, Observation]:
    """What calibration data show of each site's operands.

    Args:
        network: the network.
        folder: of its dataset; None for where the dataset lies by itself.
    """
    part = network.dataset.train(Path(folder) if folder else None, limit=network.calibration)
    observer = Observer()
    executor = Executor(network, observer)
    for batch in batches(network, part.x):
        with observer.batch(len(batch), network.fixed_batch or len(batch)):
            padded_outputs(executor, network, batch)
    return observer.observations()
