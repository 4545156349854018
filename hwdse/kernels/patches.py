"""Patches of a convolution's input, gathered at the speed of memory."""

from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.jit import compiled
from hwdse.threads import in_parts, usual_threads

Places = npt.NDArray[np.int64]


def gathered(values: npt.NDArray[Any], starts: Places, offsets: Places) -> npt.NDArray[Any]:
    """Elements `starts[r] + offsets[g, k]` of a flat array, shape (G, R, K).

    Args:
        values: floats or codes, shape (n,).
        starts: where each patch begins, shape (R,).
        offsets: where its elements are behind that, for each group, shape (G, K).
    """
    found = np.empty((len(offsets), len(starts), offsets.shape[1]), values.dtype)

    def work(part: slice) -> None:
        _gather(values, starts[part], offsets, found[:, part])

    in_parts(work, len(starts), usual_threads(), weight=max(1, offsets.size))
    return found


@compiled
def _gather(values: Any, starts: Any, offsets: Any, found: Any) -> None:
    for g in range(offsets.shape[0]):
        for r in range(starts.shape[0]):
            start = starts[r]
            for k in range(offsets.shape[1]):
                found[g, r, k] = values[start + offsets[g, k]]
