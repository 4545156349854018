"""Second moments of what layers get on calibration data, over all rows of all samples."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from hwdse.networks.arithmetic import FloatArithmetic, Operand, Real, Site
from hwdse.networks.execute import Executor, batches, padded_outputs
from hwdse.networks.protocols import Computation, Data

Moments = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, eq=False)
class Gram:
    """What is known of the rows x of length K that a layer multiplies with its weights.

    Attributes:
        site: the layer.
        matrix: mean of x x^T, shape (G, K, K): one for each group.
        mean: mean of x, shape (G, K).
        largest: largest magnitudes, shape (G, K).
    """

    site: Site
    matrix: Moments
    mean: Moments
    largest: Moments


@lru_cache(maxsize=2)
def grams(network: Computation, data: Data) -> dict[str, Gram]:
    """The moments of all layers with constant weights, by site name, on the calibration data."""
    counter = _Counter()
    executor = Executor(network, counter)
    # One thread: several add in another order.
    with threadpool_limits(limits=1, user_api="blas"):
        for batch in batches(network, data.calibration()):
            # Copies of the last sample that fill a batch count like others: a little weight more.
            padded_outputs(executor, network, batch.inputs)
    return counter.found()


@dataclass(kw_only=True, eq=False)
class _Sums:
    site: Site
    matrix: npt.NDArray[np.float32]
    mean: npt.NDArray[np.float64]
    largest: npt.NDArray[np.float32]
    rows: npt.NDArray[np.int64]


class _Counter(FloatArithmetic):
    """float32 arithmetic that adds up moments."""

    def __init__(self) -> None:
        self._sums: dict[str, _Sums] = {}

    def second(self, site: Site, w: Real) -> Operand:
        """The operand. Its shape says how many groups and terms there are."""
        if site.constant and site.name not in self._sums:
            groups, inner = w.shape[:2]
            self._sums[site.name] = _Sums(
                site=site,
                matrix=np.zeros((groups, inner, inner), np.float32),
                mean=np.zeros((groups, inner)),
                largest=np.zeros((groups, inner), np.float32),
                rows=np.zeros(groups, np.int64),
            )
        return w

    def product(self, site: Site, group: int, a: Operand, b: Operand) -> Real:
        """The product. The rows are counted."""
        if site.name in self._sums:
            sums = self._sums[site.name]
            sums.matrix[group] += a.T @ a
            sums.mean[group] += a.sum(axis=0, dtype=np.float64)
            sums.largest[group] = np.maximum(sums.largest[group], np.abs(a).max(0, initial=0))
            sums.rows[group] += len(a)
        return super().product(site, group, a, b)

    def found(self) -> dict[str, Gram]:
        """The moments."""
        found = {}
        for name, sums in self._sums.items():
            rows = np.maximum(sums.rows, 1).astype(np.float64)[:, np.newaxis]
            found[name] = Gram(
                site=sums.site,
                matrix=(sums.matrix / rows[:, np.newaxis]).astype(np.float32),
                mean=(sums.mean / rows).astype(np.float32),
                largest=sums.largest,
            )
        return found
