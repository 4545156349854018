"""Matrix products on a tensor core: one tile of the result after another, all terms of a slice."""

from collections.abc import Iterator

import numpy as np

from hwdse.formats.unpacked import Array
from hwdse.golden.engines.summing import input_cycles
from hwdse.spec import Design
from hwdse.spec.engines.tensor import Tensor
from hwdse.verify.products import NOWHERE, Operands, Pass, passes
from hwdse.verify.products.filling import filled


@passes.register
def _(unit: Tensor, design: Design, operands: Operands, most: int) -> Iterator[Pass]:
    a, b = operands
    shape = len(a), b.shape[1]
    steps = -(-a.shape[1] // unit.lanes)
    a, b = filled(design, a, b, steps * unit.lanes, first=False)
    left, right = _cut(a, unit.rows, unit.lanes), _cut(b.T, unit.cols, unit.lanes)
    (source,), (sink,) = design.interface.inputs, design.interface.outputs
    together = max(most // steps // unit.interleave, 1) * unit.interleave
    tiles = len(left) * len(right)
    for begin in range(0, tiles, together):
        row, column = np.divmod(np.arange(begin, min(begin + together, tiles)), len(right))
        cycles = input_cycles(unit, len(row), steps)
        answers = np.full((*cycles.shape, unit.rows * unit.cols), NOWHERE)
        answers[:, -1] = _places(unit, row, column, shape)
        # Tiles that take turns answer in turns.
        order = np.argsort(cycles, axis=None)
        yield Pass(
            inputs={
                source.name: {
                    "first": np.broadcast_to(np.arange(steps) == 0, cycles.shape).ravel(),
                    "a": left[row].reshape(-1, unit.rows * unit.lanes),
                    "b": right[column].reshape(-1, unit.cols * unit.lanes),
                }
            },
            places=answers.reshape(-1, unit.rows * unit.cols)[order],
            cycles={
                source.name: cycles.ravel(),
                sink.name: cycles.ravel()[order] + unit.latency,
            },
            tiles=len(row),
        )


def _cut(matrix: Array, side: int, lanes: int) -> Array:
    """Rows of a matrix in tiles, shape (tiles, steps, side, lanes). Codes 0 fill the last tile."""
    wide = np.pad(matrix, ((0, -len(matrix) % side), (0, 0)))
    return wide.reshape(-1, side, matrix.shape[1] // lanes, lanes).swapaxes(1, 2)


def _places(unit: Tensor, row: Array, column: Array, shape: tuple[int, int]) -> Array:
    """Places of the results of tiles, shape (tiles, rows * cols)."""
    rows = row[:, None, None] * unit.rows + np.arange(unit.rows)[:, None]
    columns = column[:, None, None] * unit.cols + np.arange(unit.cols)
    inside = (rows < shape[0]) & (columns < shape[1])
    return np.where(inside, rows * shape[1] + columns, NOWHERE).reshape(len(row), -1)
