"""Low-rank compensation: two thin matrices carry most of what quantisation has taken."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from hwdse.networks.methods.method import Correction, CorrectionMethod, SeenLayer, Values
from hwdse.networks.number_option import option

_RANK = 8


@dataclass(frozen=True, kw_only=True)
class LowRank(CorrectionMethod):
    """The best product of rank r for the error of the weights, weighted by what channels carry.

    It runs beside the unit in float32: (K + N) r products for each row more, which the cost model
    does not have.

    Attributes:
        rank: r.
    """

    keyword: ClassVar[str] = "lowrank"
    source: ClassVar[str] = "Zhang et al., LQER, ICML 2024"

    rank: int = _RANK

    @classmethod
    def from_options(cls, options: tuple[str, ...]) -> Self:
        """Parse the rank."""
        rank = option(cls, options, _RANK, low=1, high=4096)
        if rank != int(rank):
            raise cls.bad_options(options)
        return cls(rank=int(rank))

    @classmethod
    def syntax(cls) -> str:
        """The form."""
        return "lowrank[:{rank}]"

    def __str__(self) -> str:
        return self.keyword if self.rank == _RANK else f"{self.keyword}:{self.rank}"

    def correction(self, layer: SeenLayer, weights: Values) -> Correction:
        """See `CorrectionMethod.correction`."""
        roots = np.sqrt(np.einsum("gkk->gk", layer.gram.matrix.astype(np.float64)))
        roots = np.maximum(roots, 1e-6 * roots.max(initial=1e-30))[:, :, np.newaxis]
        u, s, v = np.linalg.svd(roots * (layer.weights - weights), full_matrices=False)
        rank = min(self.rank, s.shape[1])
        left = u[:, :, :rank] * s[:, np.newaxis, :rank] / roots
        return Correction(left=left.astype(np.float32), right=v[:, :rank].astype(np.float32))
