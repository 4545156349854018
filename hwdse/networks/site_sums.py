"""Sums of products of one site in a design's arithmetic, on operands that calibration recorded.

Measurements that need no whole network use these: the operands as they were and as the design
rounds them, and the results of the sums, in any order of the terms.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

import hwdse  # loads the slow module `hwdse.kernels` on first use
from hwdse.errors import NetworkError
from hwdse.formats import BlockFormat
from hwdse.networks import scales
from hwdse.networks.arithmetic import Real
from hwdse.networks.block_vectors import BlockVectors
from hwdse.networks.blocks import check_blocks
from hwdse.networks.observe import Observation
from hwdse.networks.planning import check_kernel
from hwdse.networks.quantize import Plan, plan
from hwdse.networks.scales import Codes
from hwdse.spec import BlockProduct, Design

MATRICES, ROWS, COLUMNS = 4, 16, 64
"""Most matrices of a site, rows for each of several matrices, and columns of a matrix."""

Values = npt.NDArray[np.float64]
Order = npt.NDArray[np.int64]


class Sums(ABC):
    """Sums of the products of some rows and some columns, R x N of them with K terms each.

    Attributes:
        rows: the first operand as it was, shape (R, K).
        columns: the second operand as it was, shape (K, N).
        left: the first operand as the design rounds it, in units of `left_scale`, shape (R, K).
        right: the second operand, in units of `right_scale`, shape (K, N).
        left_scale: scale of the first operand.
        right_scale: scales of the columns, shape (1, N) or (1, 1).
        places: number of things that can change places: terms, or blocks of terms.
    """

    rows: Real
    columns: Real
    left: Values
    right: Values
    left_scale: float
    right_scale: Values
    places: int

    @abstractmethod
    def results(self, order: Order | None = None) -> Values:
        """The sums as the hardware computes them, (R, N), in units of both scales.

        Args:
            order: where each place of a sum gets its term from; None: the order of the network.
        """

    @property
    def unit(self) -> Values:
        """What results are multiplied with to be real values, shape (1, N) or (1, 1)."""
        return self.left_scale * self.right_scale


def sums_of_site(design: Design, observation: Observation, policy: str) -> Iterator[Sums]:
    """Sums of up to four matrices of a site: 16 rows and 64 columns of each, 64 rows of a lone one.

    Operands have the scales of an evaluation.

    Args:
        design: the design.
        observation: the operands that calibration recorded for the site.
        policy: name of the scale policy.

    Raises:
        NetworkError: the network stores operands of the site quantised.
        SpecError: the design has no running sum or no fast kernel.
    """
    _ = design.accumulator  # refuses units without a running sum
    if observation.given.first is not None or observation.given.second is not None:
        raise NetworkError(
            "sums of single matrix products are measured of networks in float32 only: this one "
            "stores operands quantised"
        )
    count = len(observation.matrices)
    groups = _some(count, MATRICES)
    if not design.unit.takes_blocks:
        multiply = hwdse.kernels.matmul
        check_kernel(design, multiply)
        chosen = plan(design, observation, multiply, scales.get(policy))
        for group in groups:
            yield _ElementSums(design, chosen, _Operands.of(observation, group))
        return
    check_blocks(design, hwdse.kernels.matmul_of(design))
    largest = observation.first_largest, observation.second_largest
    for group in groups:
        yield _BlockSums(design, largest, _Operands.of(observation, group))


def _some(count: int, most: int) -> npt.NDArray[np.int64]:
    """Up to `most` of `count` places, evenly spread."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).astype(np.int64))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Operands:
    """Operands of one matrix of a site.

    Attributes:
        group: number of the matrix.
        rows: rows that meet it, shape (R, K).
        columns: some of its columns, shape (K, N).
        numbers: the numbers of these columns.
    """

    group: int
    rows: Real
    columns: Real
    numbers: npt.NDArray[np.int64]

    @classmethod
    def of(cls, observation: Observation, group: int) -> "_Operands":
        """Some operands of a matrix."""
        matrices = observation.matrices
        most = ROWS if len(matrices) > 1 else MATRICES * ROWS
        numbers = _some(matrices.shape[2], COLUMNS)
        return cls(
            group=int(group),
            rows=observation.rows[group, :most],
            columns=matrices[group][:, numbers],
            numbers=numbers,
        )


class _ElementSums(Sums):
    """Sums of products of element formats."""

    def __init__(self, design: Design, chosen: Plan, operands: _Operands) -> None:
        self._design = design
        self.rows, self.columns = rows, columns = operands.rows, operands.columns
        scale = chosen.second.scale[operands.group if len(chosen.second.scale) > 1 else 0]
        scale = scale[:, operands.numbers] if scale.shape[1] > 1 else scale
        second = replace(chosen.second, scale=scale[np.newaxis])
        self._a = chosen.first.codes(rows[np.newaxis])[0]
        self._b = second.codes(columns[np.newaxis])[0]
        self.left = np.asarray(hwdse.kernels.decode(design.a, self._a), np.float64)
        self.right = np.asarray(hwdse.kernels.decode(design.b, self._b), np.float64)
        self.left_scale = float(chosen.first.scale[0, 0, 0])
        self.right_scale = scale
        self.places = rows.shape[1]

    def results(self, order: Order | None = None) -> Values:
        """The sums; each term can have any place."""
        a, b = (self._a, self._b) if order is None else (self._a[:, order], self._b[order])
        codes = hwdse.kernels.matmul(self._design, a, b)
        return np.asarray(hwdse.kernels.decode(self._design.out, codes), np.float64)


class _BlockSums(Sums):
    """Sums of products of blocks: whole blocks change places, and each keeps its scale."""

    def __init__(self, design: Design, largest: tuple[float, float], operands: _Operands) -> None:
        assert isinstance(design.mul, BlockProduct)  # the unit takes blocks
        formats = design.mul.a, design.mul.b
        self._design, self._multiply = design, hwdse.kernels.matmul_of(design)
        self.rows, self.columns = rows, columns = operands.rows, operands.columns
        # The larger block moves as a whole. Zeros fill the last one.
        size = max(block.block.columns or design.mul.size for block in formats)
        self.places = -(-rows.shape[1] // size)
        self._a, self._b = (
            BlockVectors.of(block, _filled(x, self.places * size), most)
            for block, x, most in zip(formats, (rows, columns.T), largest, strict=True)
        )
        terms = rows.shape[1]
        self.left = _values(formats[0], self._a)[:, :terms]
        self.right = _values(formats[1], self._b)[:, :terms].T
        self.left_scale = float(self._a.factor)
        self.right_scale = np.full((1, 1), self._b.factor)

    def results(self, order: Order | None = None) -> Values:
        """The sums; each block can have any place."""
        order = np.arange(self.places) if order is None else order
        a, b = _in_order(self._a, order), _in_order(self._b, order)
        codes = self._multiply(self._design, a.codes, a.scales, b.codes.T, b.scales.T)
        return np.asarray(hwdse.kernels.decode(self._design.out, codes), np.float64)


def _filled(x: Real, width: int) -> Real:
    found = np.zeros((len(x), width), np.float32)
    found[:, : x.shape[1]] = x
    return found


def _values(block: BlockFormat, vectors: BlockVectors) -> Values:
    """The values of blocks, without their tensor scale."""
    size = vectors.codes.shape[1] // vectors.scales.shape[1]
    scales = np.repeat(vectors.scales, size, axis=1)
    numbers = block.multiplied.decode(block.multiplied_codes(vectors.codes, scales))
    return np.asarray(numbers * block.scale.decode(scales), np.float64)


def _in_order(vectors: BlockVectors, order: Order) -> BlockVectors:
    def moved(x: Codes) -> Codes:
        parts = x.reshape(len(x), len(order), -1)
        return np.ascontiguousarray(parts[:, order].reshape(x.shape))

    return BlockVectors(
        codes=moved(vectors.codes), scales=moved(vectors.scales), factor=vectors.factor
    )
