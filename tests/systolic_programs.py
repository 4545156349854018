"""Whole matrix products for systolic arrays, in the order that their schedule counts."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from itertools import product as loops

import numpy as np
import numpy.typing as npt

from hwdse import Design
from hwdse.golden.engines.passage import Passage
from hwdse.golden.engines.systolic import output_stationary, weight_stationary

Codes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Program:
    """Transfers of the input streams, and where each result belongs.

    Attributes:
        columns: what golden takes.
        places: for each transfer of `o`: matrix, row, first column.
    """

    columns: dict[str, Codes]
    places: list[tuple[int, int, int]]

    def passage(self, design: Design) -> Passage:
        walk = weight_stationary if design.unit.is_ws else output_stationary
        return walk(design, **self.columns)

    def gathered(self, results: Codes, shape: tuple[int, int, int]) -> Codes:
        """The results of the transfers of `o` as matrices."""
        found = np.full(shape, -1, np.int64)
        for (matrix, row, column), codes in zip(self.places, results, strict=True):
            if row < shape[1]:
                part = found[matrix, row, column : column + len(codes)]
                part[:] = codes[: len(part)]
        return found


def program(design: Design, a: Codes, b: Codes) -> Program:
    """The tiles of (G, M, K) by (G, K, N) codes; missing elements are zeros."""
    unit = design.unit
    groups, m, k = a.shape
    n = b.shape[2]
    rows, cols = unit.rows, unit.cols
    high, deep, wide = (-(-size // side) * side for size, side in ((m, rows), (k, rows), (n, cols)))
    if not unit.is_ws:
        deep = k
    left = np.full((groups, high, deep), int(design.a.encode(0.0)))
    right = np.full((groups, deep, wide), int(design.b.encode(0.0)))
    left[:, :m, :k], right[:, :k, :n] = a, b
    return (_vectors if unit.is_ws else _steps)(design, left[:, : m if unit.is_ws else high], right)


def _vectors(design: Design, a: Codes, b: Codes) -> Program:
    unit = design.unit
    tiles = b.shape[1] // unit.rows
    ends = np.cumsum([0, *unit.blocks(a.shape[1], tiles)]).tolist()
    blocks = list(pairwise(ends))
    columns: dict[str, list[Codes]] = {n: [] for n in ("weights", "data", "swap", "first", "last")}
    places: list[tuple[int, int, int]] = []
    for matrix, column, (begin, end), tile in loops(
        range(len(a)), range(0, b.shape[2], unit.cols), blocks, range(tiles)
    ):
        terms = slice(tile * unit.rows, (tile + 1) * unit.rows)
        vectors = np.arange(end - begin)
        columns["weights"].append(b[matrix, terms, column : column + unit.cols][None])
        columns["data"].append(a[matrix, begin:end, terms])
        columns["swap"].append(vectors == 0)
        columns["first"].append(np.full(len(vectors), tile == 0))
        columns["last"].append(np.full(len(vectors), tile == tiles - 1))
        if tile == tiles - 1:
            places += [(matrix, row, column) for row in range(begin, end)]
    return Program({name: np.concatenate(parts) for name, parts in columns.items()}, places)


def _steps(design: Design, a: Codes, b: Codes) -> Program:
    unit, depth = design.unit, a.shape[2]
    tiles = list(
        loops(range(len(a)), range(0, b.shape[2], unit.cols), range(0, a.shape[1], unit.rows))
    )
    columns = {
        "weights": np.concatenate([b[g, :, column : column + unit.cols] for g, column, _ in tiles]),
        "data": np.concatenate([a[g, row : row + unit.rows].T for g, _, row in tiles]),
        "last": np.tile(np.arange(depth) == depth - 1, len(tiles)),
    }
    places = [(g, row + m, column) for g, column, row in tiles for m in range(unit.rows)]
    return Program(columns, places)


def shapes(rng: np.random.Generator, count: int, most: int = 9) -> Iterator[tuple[int, ...]]:
    """Sizes of random arrays and products: rows, cols, groups, m, k, n."""
    for _ in range(count):
        yield tuple(int(rng.integers(1, top + 1)) for top in (5, 5, 2, most, most, most))
