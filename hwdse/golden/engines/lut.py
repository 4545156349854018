"""Golden schedule of the table-lookup engine: the value and the cycle of every transfer.

The values are plain dot products: tables and bit planes are exact, so they leave no trace. Cycle 0
offers the first transfer of each input stream. Inputs are always valid, and results are taken at
once.
"""

import numpy as np

from hwdse.formats.unpacked import Array
from hwdse.golden.dot import matmul
from hwdse.golden.engines.passage import Passage
from hwdse.spec import Design
from hwdse.spec.engines.lut import TableLookup


def slices(design: Design, weights: Array, data: Array, last: Array) -> Passage:
    """The passage of slices through the engine.

    Args:
        design: a design with a table-lookup engine.
        weights: codes of the weights of each slice, shape (slices, group, cols).
        data: codes of the activations of each slice, shape (slices, rows, group).
        last: for each slice, whether it is the last of its sums.
    """
    engine = design.unit
    assert isinstance(engine, TableLookup)
    ends = np.flatnonzero(last)
    results = np.zeros((len(ends), engine.rows, engine.cols), design.out.code_dtype)
    lengths = np.diff(ends, prepend=-1)
    for length in np.unique(lengths):
        places = np.flatnonzero(lengths == length)
        terms = ends[places, None] - np.arange(length - 1, -1, -1)
        # (sums, slices, rows, group) to (sums, rows, slices * group)
        left = data[terms].swapaxes(1, 2).reshape(len(places), engine.rows, -1)
        right = weights[terms].reshape(len(places), -1, engine.cols)
        results[places] = matmul(design, left, right)
    accepted, added = np.zeros((2, len(data)), np.int64)
    cycle = free = 0
    for number, ending in enumerate(last):
        accepted[number] = cycle
        # A slice is added in the cycle of its last bit plane; sums before it must have left.
        cycle = added[number] = max(cycle + engine.planes, free)
        if ending:
            free = cycle + engine.rows
    left_at = added[ends, None] + 1 + np.arange(engine.rows)
    return Passage(
        results=results.reshape(-1, engine.cols),
        answered=np.repeat(ends, engine.rows),
        cycles={"w": accepted, "a": accepted, "o": left_at.ravel()},
    )
