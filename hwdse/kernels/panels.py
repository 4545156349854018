"""The memory layout of operands for the compiled loops.

A kernel keeps a few rows of running sums in the first-level cache. The rows have a constant length.
With this constant, the compiler uses vector instructions without remainder loops. The longer side
of the result runs along these rows.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.jit import inner
from hwdse.kernels.multiply import Multiplication, Values

#: Running sums per row, in the innermost loop.
WIDTH = 64
#: Number of rows of running sums that share one pass over a panel.
ROWS = 4

Kernel = Callable[..., None]


def run(
    kernel: Kernel,
    mul: Multiplication,
    left: Values,
    right: Values,
    *,
    arguments: tuple[Any, ...] = (),
    lanes: int = 1,
    carrier: npt.DTypeLike = np.float64,
) -> npt.NDArray[Any]:
    """Call `kernel(source, rows, panels, *arguments, out)` on rearranged operands.

    Zeros extend the terms to a multiple of `lanes`, as in the unit.

    Args:
        kernel: compiled function; `rows` is (Q, K), `panels` (P, K, WIDTH), `out` (Q, P * WIDTH).
        mul: the multiplication.
        left: (M, K) values.
        right: (K, N) values.
        arguments: further arguments of the kernel.
        lanes: terms per group.
        carrier: type of the numbers in the kernel.

    Returns:
        (M, N) results.
    """
    m, k, n = left.shape[0], left.shape[1], right.shape[1]
    swap = m > n
    source = (mul.swapped if swap else mul.source)(np.dtype(carrier))
    narrow, wide = (right.T, left.T) if swap else (left, right)
    terms = -(-k // lanes) * lanes
    rows = np.zeros((-(-narrow.shape[0] // ROWS) * ROWS, terms), carrier)
    rows[: narrow.shape[0], :k] = narrow
    panels = _panels(wide, terms, carrier)
    out = np.empty((rows.shape[0], panels.shape[0] * WIDTH), _sum_type(carrier))
    kernel(source, rows, panels, *arguments, out)
    result = out[: narrow.shape[0], : wide.shape[1]]
    return result.T if swap else result


@inner
def store(row: Values, out: Values, i: int, panel: int) -> None:
    """Write the WIDTH sums of row `i` and a panel; for compiled code only.

    An assignment to a slice would do the same, but takes seconds to compile: Numba compiles the
    text of its error message with it.
    """
    for j in range(WIDTH):
        out[i, panel * WIDTH + j] = row[j]


def _sum_type(carrier: npt.DTypeLike) -> npt.DTypeLike:
    """Type of `out`: kernels add integers as integers, but return them as float64."""
    return carrier if np.dtype(carrier).kind == "f" else np.float64


def _panels(wide: Values, terms: int, carrier: npt.DTypeLike) -> npt.NDArray[Any]:
    k, columns = wide.shape
    count = -(-columns // WIDTH)
    panels = np.zeros((count, terms, WIDTH), carrier)
    for panel in range(count):
        piece = wide[:, panel * WIDTH : (panel + 1) * WIDTH]
        panels[panel, :k, : piece.shape[1]] = piece
    return panels
