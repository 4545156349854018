"""Runs a network: matrix products in a given arithmetic, and other operators in onnxruntime."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any

import numpy as np

from hwdse.errors import DatasetError, NetworkError
from hwdse.networks.arithmetic import Arithmetic, FloatArithmetic, Operand, Real, Site
from hwdse.networks.network import Network
from hwdse.networks.program import program, without_products
from hwdse.networks.protocols import Batch, Computation, Sample
from hwdse.spec import Workload

#: Bytes of all values of a network in one batch; of these, few are held at any time.
_BATCH_BYTES = 1200 << 20
_MAX_BATCH = 250


class Executor:
    """Runs a network with its matrix products in a given arithmetic."""

    def __init__(self, network: Computation, arithmetic: Arithmetic) -> None:
        self._network = network
        self._arithmetic = arithmetic

    def outputs(self, x: Batch | Real) -> Real:
        """The network's output, float32 of shape (n, ...), for n samples.

        Args:
            x: values of all inputs by name; or those of the first input alone.

        Raises:
            NetworkError: the network does not run.
        """
        # Infinity and NaN are normal results of an arithmetic, so NumPy must not warn.
        with np.errstate(all="ignore"):
            return self._network.outputs(_named(self._network, x), self._arithmetic)


class FloatNetwork:
    """Runs a whole network in float32, as the baseline for designs."""

    def __init__(self, network: Computation) -> None:
        self._network = network

    def outputs(self, x: Batch | Real) -> Real:
        """The network's output, as in `Executor.outputs`."""
        return self._network.float_outputs(_named(self._network, x))


def _named(network: Computation, x: Batch | Real) -> Batch:
    return {network.inputs[0].name: x} if isinstance(x, np.ndarray) else x


@dataclass(frozen=True, kw_only=True)
class Profile:
    """The work that a network needs per sample.

    Attributes:
        macs: multiply-accumulate operations of all matrix products.
        workloads: the matrix products by site and shape, in the order of execution.
        value_bytes: total size in bytes of all values that products and float parts hand on.
        classes: length of the last axis of the output: classes, as a rule.
    """

    macs: int
    workloads: tuple[Workload, ...]
    value_bytes: int
    classes: int


@lru_cache(maxsize=16)
def profile(network: Computation) -> Profile:
    """Profile a network by running it once on zeros. The run also checks that the network works.

    Raises:
        NetworkError: the network does not run, the output has no row for each sample, or too few
            classes for the dataset that the network names, or the network has no matrix product.
    """
    batch = network.fixed_batch or 2  # two, to detect graphs that work only for one sample
    counter = _Counter()
    # Masks hide nothing: a sum over nothing would be no number.
    zeros = {
        each.name: np.full((batch, *each.shape), each.dtype.kind == "b", each.dtype)
        for each in network.inputs
    }
    with np.errstate(all="ignore"):
        if isinstance(network, Network):
            result, size = program(network).run(zeros, counter)
        else:
            result = network.outputs(zeros, counter)
            size = counter.bytes
    if not isinstance(result, np.ndarray) or result.dtype != np.float32:
        raise NetworkError(f"network {network.name} gives another output than a float32 tensor")
    _check_output(network, result.shape, batch)
    if not counter.found:
        raise without_products(network)
    return Profile(
        macs=counter.macs // batch,
        workloads=counter.workloads(batch),
        value_bytes=size // batch,
        classes=result.shape[-1] if result.ndim > 1 else 1,
    )


def _check_output(network: Computation, shape: tuple[int, ...], batch: int) -> None:
    dataset = network.dataset if isinstance(network, Network) else None
    if dataset is not None:
        classes = len(dataset.classes)
        if len(shape) != 2 or shape[0] != batch or shape[1] < classes:
            raise NetworkError(
                f"network {network.name} gives an output of shape {shape} for {batch} samples: "
                f"({batch}, {classes}) is needed for {dataset.name}"
            )
    elif not shape or shape[0] != batch:
        raise NetworkError(
            f"network {network.name} gives an output of shape {shape} for {batch} samples: the "
            "first axis must be the batch"
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Filled:
    """Samples that run together.

    Attributes:
        inputs: values of all inputs by name, for as many samples as there are targets.
        targets: the target of each sample.
    """

    inputs: Batch
    targets: Sequence[Any]


def batches(network: Computation, samples: Iterable[Sample]) -> Iterator[Filled]:
    """Samples in batches of bounded memory. The last batch can be smaller.

    Args:
        network: the network.
        samples: samples, with a value for every input.

    Raises:
        DatasetError: a sample lacks an input, or a value does not fit it.
    """
    most = max(1, _BATCH_BYTES // max(1, profile(network).value_bytes))
    size = network.fixed_batch or min(_MAX_BATCH, most)
    numbered = enumerate(samples)
    while some := list(islice(numbered, size)):
        values = [_values(network, sample, f"sample {number}") for number, sample in some]
        yield Filled(
            inputs={each.name: np.stack([v[each.name] for v in values]) for each in network.inputs},
            targets=[sample.target for _, sample in some],
        )


def _values(network: Computation, sample: Sample, where: str) -> Batch:
    lacking = [each.name for each in network.inputs if each.name not in sample.inputs]
    if lacking:
        raise DatasetError(
            f"{where} lacks input {lacking[0]!r} of network {network.name}: it has "
            f"{', '.join(sample.inputs) or 'none'}"
        )
    return {each.name: each.of(sample.inputs[each.name], where) for each in network.inputs}


def padded_outputs(runner: Executor | FloatNetwork, network: Computation, batch: Batch) -> Real:
    """The outputs for one batch. Copies of the last sample fill a batch of fixed size.

    Raises:
        NetworkError: the network does not run, or gives another number of outputs.
    """
    count = len(next(iter(batch.values())))
    missing = (network.fixed_batch or count) - count
    if missing:
        batch = {
            name: np.concatenate([x, np.repeat(x[-1:], missing, axis=0)])
            for name, x in batch.items()
        }
    found = runner.outputs(batch)
    if len(found) != count + missing:
        raise NetworkError(
            f"network {network.name} gives {len(found)} outputs for {count + missing} samples"
        )
    return found[:count]


class _Counter(FloatArithmetic):
    """float32 arithmetic that counts the matrix products by site and shape (m, k, n)."""

    def __init__(self) -> None:
        self.found: dict[tuple[Site, tuple[int, int, int]], int] = {}
        self.bytes = 0
        self._inputs: dict[Site, int] = {}

    def first(self, site: Site, x: Real) -> Operand:
        # A convolution also converts a single zero, which has no axis.
        if x.ndim:
            self._inputs[site] = self._inputs.get(site, 0) + x.size
        return super().first(site, x)

    def _count(self, site: Site, shape: tuple[int, int, int], times: int) -> None:
        self.bytes += 4 * times * shape[0] * (shape[1] + shape[2])
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
