"""Whole matrix products for table-lookup engines, in the order that their schedule counts."""

from dataclasses import dataclass
from itertools import product as loops

import numpy as np
import numpy.typing as npt

from hwdse import Design
from hwdse.golden.engines.lut import slices
from hwdse.golden.engines.passage import Passage
from hwdse.verify.trace import joined

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
        return slices(design, **self.columns)

    def gathered(self, results: Codes, shape: tuple[int, int, int]) -> Codes:
        """The results of the transfers of `o` as matrices."""
        found = np.full(shape, -1, np.int64)
        for (matrix, row, column), codes in zip(self.places, results, strict=True):
            if row < shape[1]:
                part = found[matrix, row, column : column + len(codes)]
                part[:] = codes[: len(part)]
        return found

    def transfers(self, design: Design) -> dict[str, list[dict[str, int]]]:
        """The words of each transfer of the input streams, by port."""
        (weights,), (_, data) = (design.interface.stream(name).fields for name in "wa")
        count = len(self.columns["last"])
        by_column = self.columns["weights"].swapaxes(1, 2).reshape(count, -1)
        by_row = self.columns["data"].reshape(count, -1)
        ends = self.columns["last"].tolist()
        return {
            "w": [{"w_data": word} for word in joined(by_column, weights).tolist()],
            "a": [
                {"a_last": int(end), "a_data": word}
                for end, word in zip(ends, joined(by_row, data).tolist(), strict=True)
            ],
        }


def program(design: Design, a: Codes, b: Codes) -> Program:
    """The tiles of (G, M, K) by (G, K, N) codes; missing elements are zeros of `a`, 0 of `b`."""
    unit = design.unit
    groups, m, k = a.shape
    n = b.shape[2]
    sides = ((m, unit.rows), (k, unit.group), (n, unit.cols))
    high, deep, wide = (-(-size // side) * side for size, side in sides)
    left = np.full((groups, high, deep), int(design.a.encode(0.0)))
    right = np.zeros((groups, deep, wide), np.int64)
    left[:, :m, :k], right[:, :k, :n] = a, b
    weights, data, places = [], [], []
    for matrix, column, row in loops(
        range(groups), range(0, wide, unit.cols), range(0, high, unit.rows)
    ):
        tile = right[matrix, :, column : column + unit.cols]
        weights.append(tile.reshape(-1, unit.group, unit.cols))
        taken = left[matrix, row : row + unit.rows]
        data.append(taken.reshape(unit.rows, -1, unit.group).swapaxes(0, 1))
        places += [(matrix, row + part, column) for part in range(unit.rows)]
    last = np.tile(np.arange(deep // unit.group) == deep // unit.group - 1, len(weights))
    columns = {"weights": np.concatenate(weights), "data": np.concatenate(data), "last": last}
    return Program(columns, places)
