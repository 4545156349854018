"""Matrix products on a systolic array, tile by tile.

With stationary weights, zeros fill the terms of a sum at its start, where they do not change it.
Results of rows and columns beyond the edge of the product are left out.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TypeVar

import numpy as np

from hwdse.errors import SpecError
from hwdse.formats.unpacked import Array
from hwdse.golden.engines.systolic import output_stationary_walk, weight_stationary_walk
from hwdse.spec import Design
from hwdse.spec.engines.systolic import Systolic
from hwdse.verify.products import NOWHERE, Operands, Pass, passes
from hwdse.verify.products.filling import filled

_Item = TypeVar("_Item")


@passes.register
def _(unit: Systolic, design: Design, operands: Operands, most: int) -> Iterator[Pass]:
    a, b = operands
    if unit.is_ws:
        yield from _weight_stationary(unit, design, a, b, most)
    else:
        yield from _output_stationary(unit, design, a, b, most)


def _weight_stationary(
    unit: Systolic, design: Design, a: Array, b: Array, most: int
) -> Iterator[Pass]:
    """Blocks of rows of `a` go through the tiles of one column of tiles after another."""
    shape = len(a), b.shape[1]
    tiles = -(-a.shape[1] // unit.rows)
    if tiles > 1 and not unit.sums:
        raise SpecError(
            f"sums of {a.shape[1]} terms: unit systolic with sums=0 takes rows={unit.rows} at "
            "most: give sums="
        )
    a, b = filled(design, a, b, tiles * unit.rows, first=True)
    vectors = a.reshape(len(a), tiles, unit.rows).swapaxes(0, 1)
    # (columns of tiles, tiles, rows, cols)
    weights = _cut(b, unit.cols).reshape(-1, tiles, unit.rows, unit.cols)
    # Without further tiles, no sum is kept, and a block may have any size.
    ends = np.cumsum([0, *unit.blocks(len(a), tiles)]).tolist()
    if tiles == 1:
        ends = [*range(0, len(a), most), len(a)]
    blocks = [(column, *block) for column in range(len(weights)) for block in pairwise(ends)]
    for part in _parts(blocks, [tiles * (end - begin) for _, begin, end in blocks], most):
        numbers = [np.divmod(np.arange(tiles * (e - b)), e - b) for _, b, e in part]
        tile, vector = (np.concatenate(both) for both in zip(*numbers, strict=True))
        flags = {"swap": vector == 0, "first": tile == 0, "last": tile == tiles - 1}
        walk = weight_stationary_walk(design, tiles * len(part), **flags)
        names = {field.name for field in design.interface.stream("a").fields}
        yield Pass(
            inputs={
                "w": {"data": weights[[column for column, _, _ in part]].reshape(-1, unit.cols)},
                "a": {
                    **{name: flag for name, flag in flags.items() if name in names},
                    "data": np.concatenate(
                        [vectors[:, begin:end].reshape(-1, unit.rows) for _, begin, end in part]
                    ),
                },
            },
            places=np.concatenate(
                [_places(np.arange(begin, end), column, unit, shape) for column, begin, end in part]
            ),
            cycles=walk.cycles,
            tiles=tiles * len(part),
        )


def _output_stationary(
    unit: Systolic, design: Design, a: Array, b: Array, most: int
) -> Iterator[Pass]:
    """Tiles of the result, one after another; each takes all terms."""
    shape, terms = (len(a), b.shape[1]), len(b)
    # (rows of tiles, terms, rows) and (columns of tiles, terms, cols)
    left, right = _cut(a.T, unit.rows), _cut(b, unit.cols)
    tiles = [(row, column) for column in range(len(right)) for row in range(len(left))]
    for part in _parts(tiles, [max(terms, unit.rows)] * len(tiles), most):
        rows, columns = (np.array(numbers) for numbers in zip(*part, strict=True))
        last = np.tile(np.arange(terms) == terms - 1, len(part))
        yield Pass(
            inputs={
                "w": {"data": right[columns].reshape(-1, unit.cols)},
                "a": {"last": last, "data": left[rows].reshape(-1, unit.rows)},
            },
            places=np.concatenate(
                [
                    _places(row * unit.rows + np.arange(unit.rows), column, unit, shape)
                    for row, column in part
                ]
            ),
            cycles=output_stationary_walk(design, last).cycles,
            tiles=len(part),
        )


def _cut(matrix: Array, width: int) -> Array:
    """Cut (K, N) into columns of `width`, shape (ceil(N / width), K, width). Codes 0 fill it."""
    missing = -matrix.shape[1] % width
    wide = np.pad(matrix, ((0, 0), (0, missing)))
    return np.ascontiguousarray(wide.reshape(len(matrix), -1, width).swapaxes(0, 1))


def _places(rows: Array, column: int, unit: Systolic, shape: tuple[int, int]) -> Array:
    """Places of transfers that hold these rows of a column of tiles."""
    columns = column * unit.cols + np.arange(unit.cols)
    inside = (rows[:, None] < shape[0]) & (columns < shape[1])
    return np.where(inside, rows[:, None] * shape[1] + columns, NOWHERE)


def _parts(items: Sequence[_Item], sizes: Sequence[int], most: int) -> Iterator[Sequence[_Item]]:
    """Cut a sequence into parts whose sizes add up to at most `most`, or are one item."""
    begin, total = 0, 0
    for number, size in enumerate(sizes):
        if total and total + size > most:
            yield items[begin:number]
            begin, total = number, 0
        total += size
    yield items[begin:]
