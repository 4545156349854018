"""Ranks designs by paired tests: what the data do not tell apart has the same rank.

Two designs are compared on the same samples by the errors of their outputs: a Wilcoxon signed-rank
test of the differences (F. Wilcoxon, Biometrics Bulletin 1, 1945; normal approximation, zeros
split). Holm's procedure (Scandinavian Journal of Statistics 6, 1979) corrects for the number of
pairs, so that the probability of even one wrong order among all of them is at most the level.

A design's rank is one more than the number of designs that are better for sure. Designs of one rank
are tied; their order within the rank, by their mean error, means nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from hwdse.errors import ShapeError

LEVEL = 0.05
_WORST = 1e30
"""Stands for the error of outputs that are NaN or infinite."""

Errors = npt.NDArray[np.floating]


@dataclass(frozen=True, kw_only=True, eq=False)
class Ranking:
    """Which designs are better than which.

    Attributes:
        ranks: (n,), 1 for the designs that none is better than.
        better: (n, n), whether the row's design is better than the column's for sure.
    """

    ranks: npt.NDArray[np.int64]
    better: npt.NDArray[np.bool_]

    @property
    def pairs(self) -> int:
        """Pairs of designs."""
        return len(self.ranks) * (len(self.ranks) - 1) // 2

    @property
    def separated(self) -> int:
        """Pairs whose order is sure."""
        return int(self.better.sum())


def rank(errors: Sequence[Errors], level: float = LEVEL) -> Ranking:
    """Rank designs by their errors on the same samples.

    Args:
        errors: for each design an error for each sample, the samples in the same order.
        level: probability of any wrong order.

    Raises:
        ShapeError: designs with different numbers of samples.
    """
    count = len(errors)
    if len({len(each) for each in errors}) > 1:
        sizes = ", ".join(str(len(each)) for each in errors)
        raise ShapeError(f"errors of {sizes} samples: designs are compared on the same samples")
    better = np.zeros((count, count), np.bool_)
    if count > 1 and len(errors[0]):
        table = np.minimum(np.stack([np.asarray(each, np.float64) for each in errors]), _WORST)
        first, second = np.triu_indices(count, 1)
        p, z = _pairs(table)
        sure = holm(p, level)
        better[first[sure & (z < 0)], second[sure & (z < 0)]] = True
        better[second[sure & (z > 0)], first[sure & (z > 0)]] = True
    return Ranking(ranks=1 + better.sum(axis=0), better=better)


def ranks_of(errors: Sequence[Errors | None], measured: Sequence[object]) -> list[int | None]:
    """Ranks of designs, some of which may have no errors.

    Args:
        errors: of each design as in `rank`, or None.
        measured: what each design was measured on; where they differ there are no ranks.
    """
    given = [each for each in errors if each is not None]
    if len({what for what in measured if what is not None}) > 1:
        return [None] * len(errors)
    ranks = iter(_ranks(tuple(np.asarray(each, np.float32).tobytes() for each in given)))
    return [None if each is None else next(ranks) for each in errors]


@lru_cache(maxsize=4)
def _ranks(errors: tuple[bytes, ...]) -> tuple[int, ...]:
    """Ranks of designs by the bytes of their errors: tables, plots and pages ask for the same."""
    found = rank([np.frombuffer(each, np.float32) for each in errors]).ranks
    return tuple(int(each) for each in found)


def holm(p: npt.NDArray[np.float64], level: float = LEVEL) -> npt.NDArray[np.bool_]:
    """Which hypotheses to reject, so that any wrong rejection has at most probability `level`."""
    order = np.argsort(p, kind="stable")
    passed = p[order] <= level / np.arange(len(p), 0, -1)
    found = np.zeros(len(p), np.bool_)
    found[order] = np.logical_and.accumulate(passed)
    return found


def _pairs(
    table: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """For each pair of rows, in the order of `triu_indices`: p, and z < 0 if the first is less."""
    from scipy.stats import wilcoxon  # noqa: PLC0415 - takes a second to load

    z = []
    for index in range(len(table) - 1):
        differences = table[index] - table[index + 1 :]
        # One-sided, so that the statistic keeps its sign.
        result = wilcoxon(
            differences, zero_method="zsplit", method="asymptotic", alternative="less", axis=1
        )
        z.append(np.where(differences.any(axis=1), result.zstatistic, 0.0))
    all_z = np.concatenate(z)
    return 2 * ndtr(-np.abs(all_z)), all_z
