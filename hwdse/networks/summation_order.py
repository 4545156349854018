"""How much the results of an accumulator depend on the order of the terms.

A sum of products is computed many times with the same terms in other orders. Exact accumulators
(Kulisch, wide integers) give one result. Accumulators that round in each step give many. The spread
of these results is an error that no scale and no operand format can remove, and that changes with
the schedule of the hardware. Where it is small beside the whole error, the order does not matter.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import hwdse  # loads the slow module `hwdse.kernels` on first use
from hwdse.errors import NetworkError
from hwdse.formats import BlockFormat
from hwdse.networks import scales
from hwdse.networks.arithmetic import Real
from hwdse.networks.blocks import BlockVectors, check_blocks
from hwdse.networks.evaluate import check_kernel, data_folder, observations
from hwdse.networks.network import Network
from hwdse.networks.observe import Observation
from hwdse.networks.quantize import plan
from hwdse.networks.scales import Codes
from hwdse.spec import BlockProduct, Design

DEFAULT_ORDERS, DEFAULT_TERMS = 32, 512
MAX_ORDERS, MAX_TERMS = 10_000, 1 << 16
_GROUPS, _ROWS, _COLUMNS = 4, 16, 64
_SEED = 20260614

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class OrderSpread:
    """The spread of sums over orders of their terms, at one site.

    All lengths are relative to the root mean square of the exact sums of the site, so that sites
    and designs compare. NaN or infinity among the results makes them infinite.

    Attributes:
        design: the design.
        site: name of the matrix product, or what the data are.
        terms: number of terms of each sum.
        sums: number of sums.
        orders: number of orders, the order of the network included.
        changing: fraction of the sums that have more than one result.
        spread: root mean square of the largest result minus the smallest one.
        largest: largest such difference.
        deviation: root mean square, over sums and orders, of a result minus the mean result of its
            sum: the error that belongs to the order.
        error: root mean square of a result in the order of the network minus the exact sum of the
            same rounded operands: the whole error of multiplier, accumulator and output.
    """

    design: Design
    site: str
    terms: int
    sums: int
    orders: int
    changing: float
    spread: float
    largest: float
    deviation: float
    error: float

    def to_json(self) -> dict[str, Any]:
        """All attributes as JSON values, and the design as its spec."""
        return vars(self) | {"design": str(self.design)}


def order_spread_of_network(
    design: Design,
    network: Network,
    *,
    orders: int = DEFAULT_ORDERS,
    data_dir: Path | None = None,
    policy: str = scales.DEFAULT,
) -> list[OrderSpread]:
    """The spread at each matrix product of a network, on activations of the calibration data.

    Each site gives up to 4,096 sums: 16 rows and 64 columns of up to four of its matrices. Operands
    have the scales of an evaluation. All designs see the same operands and the same orders.

    Args:
        design: the design.
        network: the network.
        orders: number of orders, 2 to 10,000.
        data_dir: folder of the dataset, as for `evaluate`.
        policy: name of the scale policy.

    Raises:
        NetworkError: the number of orders is out of range, or the network does not run.
        DatasetError: data is missing or damaged.
        SpecError: the design has no running sum or no fast kernel.
    """
    found = observations(network, data_folder(data_dir))
    return [_measure(design, each, site, orders, policy) for site, each in found.items()]


def order_spread_of_normal(
    design: Design,
    terms: int = DEFAULT_TERMS,
    *,
    orders: int = DEFAULT_ORDERS,
    policy: str = scales.DEFAULT,
) -> OrderSpread:
    """The spread of 4,096 sums of products of normally distributed numbers, with a fixed seed.

    Args:
        design: the design.
        terms: number of terms of each sum, 2 to 65,536.
        orders: number of orders, 2 to 10,000.
        policy: name of the scale policy.

    Raises:
        NetworkError: a number is out of range.
        SpecError: the design has no running sum or no fast kernel.
    """
    if not 2 <= terms <= MAX_TERMS:
        raise NetworkError(f"terms={terms}: 2 to {MAX_TERMS} are allowed")
    rng = np.random.default_rng(_SEED)
    rows = rng.standard_normal((1, _GROUPS * _ROWS, terms), np.float32)
    matrices = rng.standard_normal((1, terms, _COLUMNS), np.float32)
    observation = Observation(
        constant=True,
        rows=rows,
        matrices=matrices,
        extremes=rows[:, :0],
        first_largest=float(np.abs(rows).max()),
        second_largest=float(np.abs(matrices).max()),
        terms=terms,
    )
    return _measure(design, observation, f"normal data, {terms} terms", orders, policy)


def _measure(
    design: Design, observation: Observation, site: str, orders: int, policy: str
) -> OrderSpread:
    if not 2 <= orders <= MAX_ORDERS:
        raise NetworkError(f"orders={orders}: 2 to {MAX_ORDERS} are allowed")
    _ = design.accumulator  # refuses units without a running sum
    sums = _BlockSums if design.unit.takes_blocks else _ElementSums
    found, exact = zip(*sums(design, observation, policy).results(orders), strict=True)
    results, expected = np.concatenate(found, axis=1), np.concatenate(exact)
    rms = math.sqrt(float(np.square(expected).mean())) or 1.0
    with np.errstate(invalid="ignore", over="ignore"):
        ranges = np.ptp(results, axis=0) / rms
        moved = (results - results[0]) / rms  # exactly 0 where the order does not matter
        deviations = moved - moved.mean(axis=0)
        errors = (results[0] - expected) / rms
    same = (results == results[0]) | (np.isnan(results) & np.isnan(results[0]))
    return OrderSpread(
        design=design,
        site=site,
        terms=observation.terms,
        sums=expected.size,
        orders=orders,
        changing=float(1 - same.all(axis=0).mean()),
        spread=_root_mean_square(ranges),
        largest=float(np.where(np.isfinite(ranges), ranges, np.inf).max(initial=0.0)),
        deviation=_root_mean_square(deviations),
        error=_root_mean_square(errors),
    )


def _root_mean_square(x: Values) -> float:
    with np.errstate(over="ignore"):
        return float(np.sqrt(np.square(np.where(np.isfinite(x), x, np.inf)).mean()))


def _orders(terms: int, count: int) -> Iterator[npt.NDArray[np.int64]]:
    """Orders of `terms` terms: as they are, then random ones that depend on `terms` alone."""
    yield np.arange(terms)
    rng = np.random.default_rng((_SEED, terms))
    for _ in range(count - 1):
        yield rng.permutation(terms)


def _some(count: int, most: int) -> npt.NDArray[np.int64]:
    """Up to `most` of `count` places, evenly spread."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).astype(np.int64))


def _rows(observation: Observation, group: int) -> Real:
    """Rows that meet a matrix: a matrix that is alone gets as many as several have together."""
    alone = len(observation.matrices) == 1
    return observation.rows[group, : _GROUPS * _ROWS if alone else _ROWS]


class _ElementSums:
    """Sums of products of element formats, with the scales of an evaluation."""

    def __init__(self, design: Design, observation: Observation, policy: str) -> None:
        self._design, self._observation = design, observation
        check_kernel(design, hwdse.kernels.matmul)
        self._plan = plan(design, observation, hwdse.kernels.matmul, scales.get(policy))

    def results(self, orders: int) -> Iterator[tuple[Values, Values]]:
        """For one matrix after another: results (orders, sums), and exact sums (sums)."""
        first, second = self._plan.first, self._plan.second
        matrices = self._observation.matrices
        codes = second.codes(matrices)
        for group in _some(len(matrices), _GROUPS):
            columns = _some(matrices.shape[2], _COLUMNS)
            right = codes[group][:, columns]
            left = first.codes(_rows(self._observation, group)[np.newaxis])[0]
            scale = second.scale[group if len(second.scale) > 1 else 0]
            unit = (first.scale[0] * scale).ravel()
            unit = unit[columns] if len(unit) > 1 else unit
            found = [
                self._multiplied(left[:, order], right[order])
                for order in _orders(left.shape[1], orders)
            ]
            exact = self._design.a.decode(left).astype(float) @ self._design.b.decode(right)
            yield np.stack([(each * unit).ravel() for each in found]), (exact * unit).ravel()

    def _multiplied(self, left: Codes, right: Codes) -> Values:
        codes = hwdse.kernels.matmul(self._design, left, right)
        return np.asarray(hwdse.kernels.decode(self._design.out, codes), np.float64)


class _BlockSums:
    """Sums of products of blocks: whole blocks change places, and each keeps its scale."""

    def __init__(self, design: Design, observation: Observation, policy: str) -> None:
        del policy  # blocks have their own scales
        assert isinstance(design.mul, BlockProduct)  # the unit takes blocks
        self._design, self._observation = design, observation
        self._formats = design.mul.a, design.mul.b
        self._multiply = hwdse.kernels.matmul_of(design)
        check_blocks(design, self._multiply)
        # The larger block moves as a whole.
        self._size = max(each.block.columns or design.mul.size for each in self._formats)

    def results(self, orders: int) -> Iterator[tuple[Values, Values]]:
        """For one matrix after another: results (orders, sums), and exact sums (sums)."""
        observation = self._observation
        for group in _some(len(observation.matrices), _GROUPS):
            matrix = observation.matrices[group]
            columns = matrix[:, _some(matrix.shape[1], _COLUMNS)].T
            left = self._vectors(0, _rows(observation, group), observation.first_largest)
            right = self._vectors(1, columns, observation.second_largest)
            found = [
                self._multiplied(_in_order(left, order), _in_order(right, order))
                for order in _orders(left.codes.shape[1] // self._size, orders)
            ]
            exact = self._values(0, left) @ self._values(1, right).T
            yield np.stack([each.ravel() for each in found]), exact.ravel()

    def _vectors(self, place: int, x: Real, largest: float) -> BlockVectors:
        """Vectors of whole blocks: zeros fill the last one."""
        filled = np.zeros((len(x), -(-x.shape[1] // self._size) * self._size), np.float32)
        filled[:, : x.shape[1]] = x
        return BlockVectors.of(self._formats[place], filled, largest)

    def _multiplied(self, left: BlockVectors, right: BlockVectors) -> Values:
        codes = self._multiply(self._design, left.codes, left.scales, right.codes.T, right.scales.T)
        return np.asarray(hwdse.kernels.decode(self._design.out, codes), np.float64)

    def _values(self, place: int, vectors: BlockVectors) -> Values:
        """The values of blocks, without their tensor scale."""
        block: BlockFormat = self._formats[place]
        size = vectors.codes.shape[1] // vectors.scales.shape[1]
        scale = np.repeat(block.scale.decode(vectors.scales), size, axis=1)
        return np.asarray(block.element.decode(vectors.codes) * scale, np.float64)


def _in_order(vectors: BlockVectors, order: npt.NDArray[np.int64]) -> BlockVectors:
    def moved(x: Codes) -> Codes:
        parts = x.reshape(len(x), len(order), -1)
        return np.ascontiguousarray(parts[:, order].reshape(x.shape))

    return BlockVectors(
        codes=moved(vectors.codes), scales=moved(vectors.scales), factor=vectors.factor
    )
