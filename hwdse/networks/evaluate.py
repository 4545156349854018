"""Scores a network with its matrix products in a design's arithmetic."""

import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hwdse.errors import DatasetError
from hwdse.networks import datasets
from hwdse.networks.accuracy import Accuracy, predicted_classes
from hwdse.networks.execute import Executor, FloatNetwork, batches, padded_outputs
from hwdse.networks.network import Network, load
from hwdse.networks.observe import Observation, Observer
from hwdse.networks.quantize import DesignArithmetic, MatMul, plan
from hwdse.networks.scales import OUTPUT
from hwdse.networks.scales import get as get_policy
from hwdse.spec import Design

DEFAULT_SCALES = OUTPUT.name

Progress = Callable[[int, int], None]
"""Called with the samples done and the samples in all."""

Classes = npt.NDArray[np.int64]


def evaluate(
    design: Design,
    network: Network | str | Path,
    samples: int | None = None,
    data_dir: Path | None = None,
    progress: Progress | None = None,
    *,
    scales: str = DEFAULT_SCALES,
    matmul: MatMul | None = None,
) -> Accuracy:
    """Top-1 accuracy of a network whose MatMul, Gemm and Conv run in the design's arithmetic.

    Activations are quantised to `design.a` and weights to `design.b`, both in float32 and to
    nearest even (see `hwdse.networks.quantize`); sums of products come from `matmul`; bias and
    every other operator stay float32. The same arguments give the same result.

    Args:
        design: the arithmetic.
        network: a loaded network, or what `load` takes.
        samples: how many of the test part, from its start; the network's own number by default.
        data_dir: folder of the dataset; $HWDSE_DATA or the system's by default.
        progress: called after each batch.
        matmul: products of codes; `hwdse.kernels.matmul` by default.

    Raises:
        NetworkError: a network that cannot be evaluated.
        DatasetError: missing or damaged data, or `samples` outside the test part.
    """
    if isinstance(network, (str, Path)):
        network = load(network)
    if matmul is None:
        # Imported here: compiled kernels load slowly, and the float baseline needs none.
        from hwdse import kernels  # noqa: PLC0415

        matmul = kernels.matmul
    test = _test_part(network, samples, data_dir)
    policy = get_policy(scales)
    plans = {
        name: plan(design, observation, matmul, policy)
        for name, observation in observations(network, _folder(data_dir)).items()
    }
    executor = Executor(network, DesignArithmetic(design, plans, matmul))
    return Accuracy.of(
        _predict(executor, network, test.x, progress),
        _float_predictions(network, _folder(data_dir), len(test.x)),
        test.y,
        network.name,
    )


def float_accuracy(
    network: Network | str | Path, samples: int | None = None, data_dir: Path | None = None
) -> Accuracy:
    """Top-1 accuracy of the network in float32; arguments and errors as in `evaluate`."""
    if isinstance(network, (str, Path)):
        network = load(network)
    test = _test_part(network, samples, data_dir)
    guesses = _float_predictions(network, _folder(data_dir), len(test.x))
    return Accuracy.of(guesses, guesses, test.y, network.name)


def _test_part(network: Network, samples: int | None, data_dir: Path | None) -> datasets.Part:
    wanted = network.default_samples if samples is None else samples
    if wanted < 1:
        raise DatasetError(f"samples={wanted}: at least 1 is needed")
    part = network.dataset.test(data_dir, limit=wanted)
    if len(part.x) < wanted:
        raise DatasetError(
            f"samples={wanted}: the test part of {network.dataset.name} has {len(part.x)}"
        )
    return part


def _predict(
    runner: Executor | FloatNetwork,
    network: Network,
    pixels: npt.NDArray[np.float32],
    progress: Progress | None = None,
) -> Classes:
    guesses: list[Classes] = []
    done = 0
    for batch in batches(network, pixels):
        guesses.append(predicted_classes(padded_outputs(runner, network, batch)))
        done += len(batch)
        if progress is not None:
            progress(done, len(pixels))
    return np.concatenate(guesses)


def _folder(data_dir: Path | None) -> str | None:
    """What decides where data is read from, as a key of the caches below."""
    return str(data_dir) if data_dir else os.environ.get(datasets.DATA_VARIABLE)


# A sweep scores many designs on the same network: what does not depend on the design is kept.


@lru_cache(maxsize=4)
def _float_predictions(network: Network, folder: str | None, samples: int) -> Classes:
    part = network.dataset.test(Path(folder) if folder else None, limit=samples)
    guesses = _predict(FloatNetwork(network), network, part.x)
    guesses.flags.writeable = False
    return guesses


@lru_cache(maxsize=4)
def observations(network: Network, folder: str | None) -> dict[str, Observation]:
    part = network.dataset.train(Path(folder) if folder else None, limit=network.calibration)
    observer = Observer()
    executor = Executor(network, observer)
    ran = 0
    for batch in batches(network, part.x):
        padded_outputs(executor, network, batch)
        ran += network.fixed_batch or len(batch)
    return observer.observations(len(part.x) / ran)
