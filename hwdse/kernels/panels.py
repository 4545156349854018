"""How operands lie in memory for the compiled loops.

A kernel keeps a few rows of running sums of constant length in the innermost cache: constant trip
counts are what lets the compiler use vector instructions without remainders. The longer side of the
result runs along those rows.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.kernels.multiply import Multiplication, Values

#: Running sums along the innermost loop.
WIDTH = 64
#: Rows of running sums that share one pass over a panel.
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
    """Call `kernel(source, rows, panels, *arguments, out)` on re-arranged operands.

    The number of terms is filled up to a multiple of `lanes` with zeros, as the unit does.

    Args:
        kernel: compiled; `rows` is (Q, K), `panels` (P, K, WIDTH), `out` (Q, P * WIDTH).
        mul: the multiplication.
        left: (M, K) values.
        right: (K, N) values.
        arguments: further arguments of the kernel.
        lanes: terms of a group.
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


def _sum_type(carrier: npt.DTypeLike) -> npt.DTypeLike:
    """Integers are summed as integers and handed over rounded to odd."""
    return carrier if np.dtype(carrier).kind == "f" else np.float64


def _panels(wide: Values, terms: int, carrier: npt.DTypeLike) -> npt.NDArray[Any]:
    k, columns = wide.shape
    count = -(-columns // WIDTH)
    panels = np.zeros((count, terms, WIDTH), carrier)
    for panel in range(count):
        piece = wide[:, panel * WIDTH : (panel + 1) * WIDTH]
        panels[panel, :k, : piece.shape[1]] = piece
    return panels
