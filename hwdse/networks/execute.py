"""Runs a network: matrix products in a given arithmetic, and other operators in onnxruntime."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from hwdse.errors import NetworkError
from hwdse.networks.arithmetic import Arithmetic, FloatArithmetic, Operand, Real, Site
from hwdse.networks.network import Network
from hwdse.networks.program import program, without_products
from hwdse.networks.runtime import RUNTIME_ERRORS, cannot_run, session
from hwdse.spec import Workload

_BATCH_BYTES = 64 << 20
_MAX_BATCH = 250


class Executor:
    """Runs a network with its matrix products in a given arithmetic."""

    def __init__(self, network: Network, arithmetic: Arithmetic) -> None:
        self._program = program(network)
        self._arithmetic = arithmetic

    def run(self, x: Real) -> tuple[Real, int]:
        """The network's first output, and the size in bytes of all values between steps.

        Args:
            x: samples of shape (n, *sample shape).

        Raises:
            NetworkError: the network does not run.
        """
        # Infinity and NaN are normal results of an arithmetic, so NumPy must not warn.
        with np.errstate(all="ignore"):
            return self._program.run(x, self._arithmetic)

    def outputs(self, x: Real) -> Real:
        """The network's first output, float32 of shape (n, classes), for n samples."""
        return self.run(x)[0]


class FloatNetwork:
    """Runs a whole network in onnxruntime in float32, as the baseline for designs."""

    def __init__(self, network: Network) -> None:
        self._session = session(network.model, network.name)
        self._network = network

    def outputs(self, x: Real) -> Real:
        """The network's first output, as in `Executor.outputs`."""
        try:
            result: Real = self._session.run(
                [self._network.model.graph.output[0].name], {self._network.input_name: x}
            )[0]
        except RUNTIME_ERRORS as error:
            raise cannot_run(self._network.name, error) from error
        return result


@dataclass(frozen=True, kw_only=True)
class Profile:
    """The work that a network needs per sample.

    Attributes:
        macs: multiply-accumulate operations of all matrix products.
        workloads: the matrix products by site and shape, in the order of execution.
        value_bytes: total size in bytes of all values that products and float parts hand on.
        classes: number of outputs of the network.
    """

    macs: int
    workloads: tuple[Workload, ...]
    value_bytes: int
    classes: int


@lru_cache(maxsize=16)
def profile(network: Network) -> Profile:
    """Profile a network by running it once on zeros. The run also checks that the network works.

    Raises:
        NetworkError: the network does not run, the output is not one row of classes per sample, or
            the network has no matrix product.
    """
    batch = network.fixed_batch or 2  # two, to detect graphs that work only for one sample
    counter = _Counter()
    executor = Executor(network, counter)
    result, size = executor.run(np.zeros((batch, *network.sample_shape), np.float32))
    classes = len(network.dataset.classes)
    if not isinstance(result, np.ndarray) or result.dtype != np.float32:
        raise NetworkError(f"network {network.name} gives another output than a float32 tensor")
    if result.ndim != 2 or result.shape[0] != batch or result.shape[1] < classes:
        raise NetworkError(
            f"network {network.name} gives an output of shape {result.shape} for {batch} samples: "
            f"({batch}, {classes}) is needed for {network.dataset.name}"
        )
    if not counter.found:
        raise without_products(network)
    return Profile(
        macs=counter.macs // batch,
        workloads=counter.workloads(batch),
        value_bytes=size // batch,
        classes=result.shape[1],
    )


def batches(network: Network, pixels: npt.NDArray[np.float32]) -> Iterator[Real]:
    """Normalised samples in batches of bounded memory. The last batch can be smaller.

    Args:
        network: the network, for normalisation and input shape.
        pixels: n samples with values 0..1. A sample can have any shape with the right number of
            elements.

    Raises:
        NetworkError: the samples have the wrong number of elements.
    """
    if math.prod(pixels.shape[1:]) != math.prod(network.sample_shape):
        raise NetworkError(
            f"network {network.name} takes samples of shape {network.sample_shape}, those of "
            f"{network.dataset.name} have {pixels.shape[1:]}"
        )
    most = max(1, _BATCH_BYTES // max(1, profile(network).value_bytes))
    size = network.fixed_batch or min(_MAX_BATCH, most)
    for start in range(0, len(pixels), size):
        some = pixels[start : start + size].reshape(-1, *network.sample_shape)
        yield (some - np.float32(network.mean)) / np.float32(network.std)


def padded_outputs(runner: Executor | FloatNetwork, network: Network, x: Real) -> Real:
    """The outputs for one batch. Copies of the last sample fill a batch of fixed size."""
    missing = (network.fixed_batch or len(x)) - len(x)
    if missing:
        filled = np.concatenate([x, np.repeat(x[-1:], missing, axis=0)])
        return runner.outputs(filled)[: len(x)]
    return runner.outputs(x)


class _Counter(FloatArithmetic):
    """float32 arithmetic that counts the matrix products by site and shape (m, k, n)."""

    def __init__(self) -> None:
        self.found: dict[tuple[Site, tuple[int, int, int]], int] = {}
        self._inputs: dict[Site, int] = {}

    def first(self, site: Site, x: Real) -> Operand:
        # A convolution also converts a single zero, which has no axis.
        if x.ndim:
            self._inputs[site] = self._inputs.get(site, 0) + x.size
        return super().first(site, x)

    def _count(self, site: Site, shape: tuple[int, int, int], times: int) -> None:
        if min(*shape, times) > 0:
            self.found[site, shape] = self.found.get((site, shape), 0) + times

    def product(self, site: Site, group: int, a: Operand, b: Operand) -> Real:
        self._count(site, (a.shape[0], a.shape[1], b.shape[1]), 1)
        return super().product(site, group, a, b)

    def products(self, site: Site, a: Operand, b: Operand) -> Real:
        self._count(site, (a.shape[1], a.shape[2], b.shape[2]), a.shape[0])
        return super().products(site, a, b)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of all samples together."""
        return sum(math.prod(shape) * times for (_, shape), times in self.found.items())

    def workloads(self, batch: int) -> tuple[Workload, ...]:
        """The matrix products per sample, for a run with `batch` samples.

        If the number of products is a multiple of `batch`, each sample gets an equal part of the
        products. Otherwise each sample gets an equal part of the rows.
        """
        found = []
        for (site, (m, k, n)), times in self.found.items():
            by_rows = times % batch != 0
            rows = -(-m // batch) if by_rows else m
            groups = times if by_rows else times // batch
            # The elements of a site with several shapes cannot be divided among the shapes.
            alone = sum(other == site for other, _ in self.found) == 1
            inputs = -(-self._inputs.get(site, 0) // batch) if alone else 0
            found.append(
                Workload(
                    site=site.name,
                    m=rows,
                    k=k,
                    n=n,
                    groups=groups,
                    constant=site.constant,
                    inputs=inputs or None,
                )
            )
        return tuple(found)
