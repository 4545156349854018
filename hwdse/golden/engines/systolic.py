"""Golden schedule of the systolic array: the value and the cycle of every transfer.

Cycle 0 offers the first transfer of each input stream. Inputs are always valid, and results are
taken at once.
"""

from collections import deque

import numpy as np

from hwdse.errors import ShapeError
from hwdse.formats.unpacked import Array
from hwdse.golden.dot import matmul
from hwdse.golden.engines.passage import Passage
from hwdse.spec import Design
from hwdse.spec.engines.systolic import Systolic


def weight_stationary(  # noqa: PLR0917 - the fields of both input streams
    design: Design, weights: Array, data: Array, swap: Array, first: Array, last: Array
) -> Passage:
    """The passage of vectors through an array with stationary weights.

    Args:
        design: a design with a systolic array.
        weights: codes of the weights, tile by tile, shape (tiles, rows, cols).
        data: codes of the vectors, shape (vectors, rows).
        swap: for each vector, whether it is the first with the next tile.
        first: for each vector, whether it starts new sums, or goes on with the oldest kept ones.
        last: for each vector, whether its sums end, or are kept.

    Raises:
        ShapeError: a vector finds no weights, no kept sums, or no place for its sums.
    """
    array = _array(design)
    kept: deque[tuple[Array, Array, int]] = deque()
    ended: list[tuple[Array, Array]] = []
    w_cycles: list[int] = []
    a_cycles: list[int] = []
    answered: list[int] = []
    tile, swapped_at, ready_at = -1, -1, 0
    for number, vector in enumerate(data):
        cycle = a_cycles[-1] + 1 if a_cycles else 0
        if swap[number]:
            tile += 1
            # A row per cycle, as soon as the weights before them are in use.
            begin = max(swapped_at + 1, w_cycles[-1] + 1 if w_cycles else 0)
            w_cycles += range(begin, begin + array.rows)
            cycle = max(cycle, begin + array.rows)
        if not 0 <= tile < len(weights):
            raise ShapeError(f"vector {number} finds no weights")
        terms, columns = vector, weights[tile]
        if not first[number]:
            if not kept:
                raise ShapeError(f"vector {number} goes on with sums, none are kept")
            before, above, ready_at = kept.popleft()
            cycle = max(cycle, ready_at)
            terms, columns = np.concatenate([before, terms]), np.concatenate([above, columns])
        a_cycles.append(cycle)
        if swap[number]:
            swapped_at = cycle
        if last[number]:
            ended.append((terms[None], columns))
            answered.append(number)
            continue
        # The sum of column 0 leaves at the end of cycle + rows, is stored, then counted.
        kept.append((terms, columns, cycle + array.rows + 2))
        if len(kept) > array.sums:
            raise ShapeError(f"vector {number} leaves sums, {array.sums} are kept already")
    a = np.array(a_cycles, np.int64)
    return Passage(
        results=_products(design, ended, 1),
        answered=np.array(answered, np.int64),
        cycles={
            "w": np.array(w_cycles, np.int64),
            "a": a,
            "o": a[answered] + array.latency,
        },
    )


def output_stationary(design: Design, weights: Array, data: Array, last: Array) -> Passage:
    """The passage of steps through an array with stationary sums.

    Args:
        design: a design with a systolic array.
        weights: for each step, a row of the second matrix, shape (steps, cols).
        data: for each step, a column of the first matrix, shape (steps, rows).
        last: for each step, whether it is the last of its tile.
    """
    array = _array(design)
    cycles = np.zeros(len(data), np.int64)
    tiles: list[tuple[Array, Array]] = []
    starts, ends_from, cycle = 0, 0, 0
    ends = np.flatnonzero(last)
    for end in ends.tolist():
        tile = slice(starts, end + 1)
        tiles.append((data[tile].T, weights[tile]))
        cycles[tile] = cycle + np.arange(end + 1 - starts)
        # The results of the tile before drain one row per cycle.
        cycles[end] = ended = max(cycle + end - starts, ends_from)
        starts, cycle, ends_from = end + 1, ended + 1, ended + array.rows
    cycles[starts:] = cycle + np.arange(len(data) - starts)
    drained = cycles[ends][:, None] + array.latency + np.arange(array.rows)
    return Passage(
        results=_products(design, tiles, array.rows),
        answered=np.repeat(ends, array.rows),
        cycles={"w": cycles, "a": cycles, "o": drained.ravel()},
    )


def _array(design: Design) -> Systolic:
    assert isinstance(design.unit, Systolic)
    return design.unit


def _products(design: Design, pairs: list[tuple[Array, Array]], rows: int) -> Array:
    """Rows of all products of matrices (rows, K) by (K, cols), one product after another."""
    shape = (len(pairs), rows, _array(design).cols)
    results = np.zeros(shape, design.out.code_dtype)
    lengths = np.array([len(right) for _, right in pairs])
    for length in np.unique(lengths):
        places = np.flatnonzero(lengths == length)
        left, right = (np.stack([pairs[place][side] for place in places]) for side in (0, 1))
        results[places] = matmul(design, left, right)
    return results.reshape(-1, shape[-1])
