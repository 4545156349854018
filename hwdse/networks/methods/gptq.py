"""GPTQ: errors of earlier weights are made up for by later ones."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from scipy import linalg

from hwdse.networks.methods.grid import WeightGrid
from hwdse.networks.methods.method import Values, WeightMethod
from hwdse.networks.number_option import option

_CHUNK = 64


@dataclass(frozen=True, kw_only=True)
class Gptq(WeightMethod):
    """Rounds one term after the other; the terms that follow take over the error of the results.

    For blocks, the scales of a block are fixed when its first term is reached, by the weights as
    they are then, as in MR-GPTQ.

    Attributes:
        damping: what is added to the diagonal of the moments, as a part of its mean.
    """

    keyword: ClassVar[str] = "gptq"
    source: ClassVar[str] = "Frantar et al., GPTQ, ICLR 2023; Egiazarian et al., MR-GPTQ, 2025"

    damping: float = 0.01

    @classmethod
    def from_options(cls, options: tuple[str, ...]) -> Self:
        """Parse the damping."""
        return cls(damping=option(cls, options, 0.01, low=1e-6, high=1.0))

    @classmethod
    def syntax(cls) -> str:
        """The form."""
        return f"{cls.keyword}[:{{damping}}]"

    def __str__(self) -> str:
        return self.keyword if self.damping == 0.01 else f"{self.keyword}:{self.damping:g}"

    def values(self, weights: Values, moments: Values, grid: WeightGrid) -> Values:
        """See `WeightMethod.values`."""
        terms = len(weights)
        left, found = weights.copy(), np.empty_like(weights)
        factor = _factor(damped(moments, self.damping))
        for start in range(0, terms, _CHUNK):
            stop = min(start + _CHUNK, terms)
            errors = np.zeros((stop - start, weights.shape[1]))
            for k in range(start, stop):
                if grid.size and k % grid.size == 0:
                    end = min(k + grid.size, terms)
                    # A block may reach beyond the chunk: what it owes is not yet in its weights.
                    later = left[k:end].copy()
                    later[max(stop - k, 0) :] -= factor[start:k, stop:end].T @ errors[: k - start]
                    grid.fix(k, later)
                found[k] = grid.rounded(k, left[k])
                errors[k - start] = (left[k] - found[k]) / factor[k, k]
                left[k + 1 : stop] -= np.outer(factor[k, k + 1 : stop], errors[k - start])
            left[stop:] -= factor[start:stop, stop:].T @ errors
        return found


def damped(moments: Values, damping: float) -> Values:
    """Moments with more on the diagonal, so that they have an inverse."""
    found = moments.astype(np.float64).copy()
    mean = float(np.mean(np.diag(found)))
    found[np.diag_indices_from(found)] += damping * mean if mean > 0 else 1.0
    return found


def _factor(moments: Values) -> Values:
    """Upper triangular U with U^T U the inverse of the moments."""
    inverse = linalg.cho_solve(linalg.cho_factor(moments, lower=True), np.eye(len(moments)))
    found: Values = linalg.cholesky((inverse + inverse.T) / 2, lower=False)
    return found
