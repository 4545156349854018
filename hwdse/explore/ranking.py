"""Ranks designs by paired tests. Designs that the data cannot separate can share a rank.

Two designs are compared by their output errors on the same samples. The comparison is a Wilcoxon
signed-rank test of the differences (F. Wilcoxon, Biometrics Bulletin 1, 1945; normal approximation,
zeros split). Holm's procedure (Scandinavian Journal of Statistics 6, 1979) corrects for the number
of pairs. The probability that any pair of designs gets a wrong order is at most `level`.

The rank of a design is one more than the number of designs that are significantly better. Designs
with the same rank are tied, and their order in a table means nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from hwdse.errors import ShapeError

LEVEL = 0.05
_WORST = 1e30
"""Error to use for outputs that are NaN or infinite."""

Errors = npt.NDArray[np.floating]


@dataclass(frozen=True, kw_only=True, eq=False)
class Ranking:
    """The ranks of designs, and the results of all pairwise tests.

    Attributes:
        ranks: rank of each design, shape (n,). Rank 1: no design is significantly better.
        better: shape (n, n). Entry (i, j): design i is significantly better than design j.
        z: shape (n, n), antisymmetric: statistic of each pair, below 0 if design i has the smaller
            errors; about normal with a standard deviation of 1.
        cut: a pair is significant if the absolute value of its statistic is above this.
    """

    ranks: npt.NDArray[np.int64]
    better: npt.NDArray[np.bool_]
    z: npt.NDArray[np.float32]
    cut: float

    @property
    def pairs(self) -> int:
        """Number of pairs of designs."""
        return len(self.ranks) * (len(self.ranks) - 1) // 2

    @property
    def separated(self) -> int:
        """Number of pairs with a significant order."""
        return int(self.better.sum())


def rank(errors: Sequence[Errors], level: float = LEVEL) -> Ranking:
    """Rank designs by their errors on the same samples.

    Args:
        errors: for each design, an array with one error per sample. All arrays have the same order
            of samples.
        level: largest probability that any pair gets a wrong order.

    Raises:
        ShapeError: designs have different numbers of samples.
    """
    count = len(errors)
    if len({len(each) for each in errors}) > 1:
        sizes = ", ".join(str(len(each)) for each in errors)
        raise ShapeError(f"errors of {sizes} samples: designs are compared on the same samples")
    better = np.zeros((count, count), np.bool_)
    statistics = np.zeros((count, count), np.float32)
    cut = np.inf
    if count > 1 and len(errors[0]):
        from scipy.special import ndtri  # noqa: PLC0415 - as in `_pairs`

        table = np.minimum(np.stack([np.asarray(each, np.float64) for each in errors]), _WORST)
        first, second = np.triu_indices(count, 1)
        p, z = _pairs(table)
        sure = holm(p, level)
        better[first[sure & (z < 0)], second[sure & (z < 0)]] = True
        better[second[sure & (z > 0)], first[sure & (z > 0)]] = True
        statistics[first, second], statistics[second, first] = z, -z
        # What Holm's procedure asks of the best of the pairs that it does not separate.
        cut = float(-ndtri(level / max(len(p) - sure.sum(), 1) / 2))
    return Ranking(ranks=1 + better.sum(axis=0), better=better, z=statistics, cut=cut)


def ranks_of(errors: Sequence[Errors | None], measured: Sequence[object]) -> list[int | None]:
    """Ranks of designs. A design without errors has rank None.

    Args:
        errors: errors of each design as in `rank`, or None.
        measured: description of the network and samples of each design, or None. If the
            descriptions differ, all ranks are None.
    """
    given = [each for each in errors if each is not None]
    if len({what for what in measured if what is not None}) > 1:
        return [None] * len(errors)
    ranks = iter(ranking_of(given).ranks)
    return [None if each is None else int(next(ranks)) for each in errors]


def ranking_of(errors: Sequence[Errors]) -> Ranking:
    """`rank` at the usual level, kept: tables, plots and pages need the same ranks."""
    return _ranking(tuple(np.asarray(each, np.float32).tobytes() for each in errors))


@lru_cache(maxsize=4)
def _ranking(errors: tuple[bytes, ...]) -> Ranking:
    """The ranking of designs, from the bytes of their errors."""
    return rank([np.frombuffer(each, np.float32) for each in errors])


def holm(p: npt.NDArray[np.float64], level: float = LEVEL) -> npt.NDArray[np.bool_]:
    """Holm's procedure: a mask of the hypotheses to reject.

    The probability of any wrong rejection is at most `level`.
    """
    order = np.argsort(p, kind="stable")
    passed = p[order] <= level / np.arange(len(p), 0, -1)
    found = np.zeros(len(p), np.bool_)
    found[order] = np.logical_and.accumulate(passed)
    return found


def _pairs(
    table: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The p-value and the z statistic of each pair of rows, in the order of `triu_indices`.

    z < 0 means that the first row has smaller errors.
    """
    from scipy.special import ndtr  # noqa: PLC0415 - takes a second to load
    from scipy.stats import wilcoxon  # noqa: PLC0415

    z = []
    for index in range(len(table) - 1):
        differences = table[index] - table[index + 1 :]
        # Use the one-sided test, because its z statistic has a sign.
        result = wilcoxon(
            differences, zero_method="zsplit", method="asymptotic", alternative="less", axis=1
        )
        z.append(np.where(differences.any(axis=1), result.zstatistic, 0.0))
    all_z = np.concatenate(z)
    return 2 * ndtr(-np.abs(all_z)), all_z
