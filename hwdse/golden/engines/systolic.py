"""Golden schedule of the systolic array: the value and the cycle of every transfer.

Cycle 0 offers the first transfer of each input stream. Inputs are always valid, and results are
taken at once.
"""

from collections import deque
from itertools import pairwise

import numpy as np

from hwdse.errors import ShapeError
from hwdse.formats.unpacked import Array
from hwdse.golden.dot import matmul
from hwdse.golden.engines.passage import Passage, Walk
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
    walk = weight_stationary_walk(design, len(weights), swap, first, last)
    kept: deque[tuple[Array, Array]] = deque()
    ended: list[tuple[Array, Array]] = []
    for number, tile in enumerate(np.cumsum(swap) - 1):
        terms, columns = data[number], weights[tile]
        if not first[number]:
            before, above = kept.popleft()
            terms, columns = np.concatenate([before, terms]), np.concatenate([above, columns])
        if last[number]:
            ended.append((terms[None], columns))
        else:
            kept.append((terms, columns))
    return Passage(results=_products(design, ended, 1), answered=walk.answered, cycles=walk.cycles)


def weight_stationary_walk(
    design: Design, tiles: int, swap: Array, first: Array, last: Array
) -> Walk:
    """The cycles of `weight_stationary`. They do not depend on the operands.

    Args:
        design: a design with a systolic array.
        tiles: number of tiles of weights.
        swap: as for `weight_stationary`.
        first: as for `weight_stationary`.
        last: as for `weight_stationary`.

    Raises:
        ShapeError: a vector finds no weights, no kept sums, or no place for its sums.
    """
    array = _array(design)
    kept: deque[int] = deque()
    w_cycles: list[int] = []
    a_cycles: list[int] = []
    tile, swapped_at = -1, -1
    for number, (swaps, starts, ends) in enumerate(
        zip(*(np.asarray(flags).tolist() for flags in (swap, first, last)), strict=True)
    ):
        cycle = a_cycles[-1] + 1 if a_cycles else 0
        if swaps:
            tile += 1
            # A row per cycle, as soon as the weights before them are in use.
            begin = max(swapped_at + 1, w_cycles[-1] + 1 if w_cycles else 0)
            w_cycles += range(begin, begin + array.rows)
            cycle = max(cycle, begin + array.rows)
        if not 0 <= tile < tiles:
            raise ShapeError(f"vector {number} finds no weights")
        if not starts:
            if not kept:
                raise ShapeError(f"vector {number} goes on with sums, none are kept")
            cycle = max(cycle, kept.popleft())
        a_cycles.append(cycle)
        if swaps:
            swapped_at = cycle
        if ends:
            continue
        # The sum of column 0 leaves at the end of cycle + rows, is stored, then counted.
        kept.append(cycle + array.rows + 2)
        if len(kept) > array.sums:
            raise ShapeError(f"vector {number} leaves sums, {array.sums} are kept already")
    a = np.array(a_cycles, np.int64)
    answered = np.flatnonzero(last)
    return Walk(
        answered=answered,
        cycles={"w": np.array(w_cycles, np.int64), "a": a, "o": a[answered] + array.latency},
    )


def output_stationary(design: Design, weights: Array, data: Array, last: Array) -> Passage:
    """The passage of steps through an array with stationary sums.

    Args:
        design: a design with a systolic array.
        weights: for each step, a row of the second matrix, shape (steps, cols).
        data: for each step, a column of the first matrix, shape (steps, rows).
        last: for each step, whether it is the last of its tile.
    """
    walk = output_stationary_walk(design, last)
    ends = np.flatnonzero(last).tolist()
    bounds = pairwise([0, *(end + 1 for end in ends)])
    tiles = [(data[start:stop].T, weights[start:stop]) for start, stop in bounds]
    return Passage(
        results=_products(design, tiles, _array(design).rows),
        answered=walk.answered,
        cycles=walk.cycles,
    )


def output_stationary_walk(design: Design, last: Array) -> Walk:
    """The cycles of `output_stationary`. They do not depend on the operands."""
    array = _array(design)
    cycles = np.zeros(len(last), np.int64)
    starts, ends_from, cycle = 0, 0, 0
    ends = np.flatnonzero(last)
    for end in ends.tolist():
        tile = slice(starts, end + 1)
        cycles[tile] = cycle + np.arange(end + 1 - starts)
        # The results of the tile before drain one row per cycle.
        cycles[end] = ended = max(cycle + end - starts, ends_from)
        starts, cycle, ends_from = end + 1, ended + 1, ended + array.rows
    cycles[starts:] = cycle + np.arange(len(last) - starts)
    drained = cycles[ends][:, None] + array.latency + np.arange(array.rows)
    return Walk(
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
