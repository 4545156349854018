"""Compiled sums of products of blocks: each product is made, scaled and added in one pass.

Elements of a block are multiplied and added in the narrowest carrier that does it exactly. The
result, times both scales, is exact in float64, and an adder of `hwdse.kernels.adding` adds it to
the running sum.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.jit import compiled_with_fma
from hwdse.kernels.adding import Adder, at_step, enter, leave, rounded_sum
from hwdse.kernels.blocks.operands import BlockValues
from hwdse.kernels.multiply import Values
from hwdse.kernels.panels import ROWS, WIDTH, store
from hwdse.threads import for_each

#: Rows of one call of the compiled loop.
_ROWS_AT_ONCE = 64


def sums_of_blocks(left: BlockValues, right: BlockValues, adder: Adder, threads: int) -> Values:
    """Running sums of the products of blocks after all blocks, (M, N).

    Args:
        left: M vectors.
        right: N vectors with as many blocks of the same size.
        adder: adds a product of two blocks to a running sum of float64.
        threads: number of threads that share the rows.
    """
    swap = left.rows > right.rows
    narrow, wide = (right, left) if swap else (left, right)
    rows, row_scales = _extended(narrow)
    panels, panel_scales = _panels(wide)
    out = np.empty((len(rows), len(panels) * WIDTH))

    def some(start: int) -> None:
        part = slice(start, start + _ROWS_AT_ONCE)
        _block_steps(rows[part], row_scales[part], panels, panel_scales, adder, out[part])

    for_each(some, range(0, len(rows), _ROWS_AT_ONCE), threads)
    result = out[: narrow.rows, : wide.rows]
    return result.T if swap else result


def _extended(values: BlockValues) -> tuple[npt.NDArray[Any], Values]:
    """Elements and scales, with rows of zeros up to a multiple of ROWS."""
    missing = -values.rows % ROWS
    if not missing:
        return np.ascontiguousarray(values.elements), np.ascontiguousarray(values.scales)
    return (
        np.pad(values.elements, ((0, missing), (0, 0), (0, 0))),
        np.pad(values.scales, ((0, missing), (0, 0))),
    )


def _panels(values: BlockValues) -> tuple[npt.NDArray[Any], Values]:
    """Elements (panels, blocks, size, WIDTH) and scales (panels, blocks, WIDTH)."""
    count, size = values.elements.shape[1:]
    panels = -(-values.rows // WIDTH)
    elements = np.zeros((panels, count, size, WIDTH), values.elements.dtype)
    scales = np.zeros((panels, count, WIDTH))
    for panel in range(panels):
        some = slice(panel * WIDTH, (panel + 1) * WIDTH)
        piece = values.elements[some]
        elements[panel, ..., : len(piece)] = piece.transpose(1, 2, 0)
        scales[panel, :, : len(piece)] = values.scales[some].T
    return elements, scales


@compiled_with_fma
def _block_steps(  # noqa: PLR0917 - compiled code takes positional arguments
    rows: Any, row_scales: Values, panels: Any, panel_scales: Values, adder: Adder, out: Values
) -> None:
    enter(adder)
    sums = np.empty((ROWS, WIDTH), np.float64)
    block = np.empty(WIDTH, rows.dtype)
    for p in range(panels.shape[0]):
        for first in range(0, rows.shape[0], ROWS):
            sums[:] = 0
            for k in range(rows.shape[1]):
                given, scales = at_step(adder, k), panel_scales[p, k]
                for i in range(ROWS):
                    a, terms, row = rows[first + i, k, 0], panels[p, k, 0], sums[i]
                    for j in range(WIDTH):
                        block[j] = a * terms[j]
                    for place in range(1, rows.shape[2]):
                        a, terms = rows[first + i, k, place], panels[p, k, place]
                        for j in range(WIDTH):
                            block[j] += a * terms[j]
                    scale = row_scales[first + i, k]
                    for j in range(WIDTH):
                        term = np.float64(block[j]) * (scale * scales[j])
                        # A product of zero is +0.
                        term = term if term != 0.0 else 0.0
                        row[j] = rounded_sum(adder, row[j], term, 0, given)
            for i in range(ROWS):
                store(sums[i], out, first + i, p)
    leave(adder)
