"""AdaRound: each weight is rounded up or down so that the layer's results stay right."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hwdse.networks.methods.gptq import Gptq, damped
from hwdse.networks.methods.grid import WeightGrid
from hwdse.networks.methods.method import Values

_PASSES = 20


@dataclass(frozen=True, kw_only=True)
class AdaRound(Gptq):
    """Chooses between both neighbours of each weight by the error of the layer's results.

    The objective is that of AdaRound. Coordinate descent solves it, one term at a time: with all
    other terms as they are, the better neighbour of a weight is known exactly, so every pass makes
    the error smaller. It starts at what GPTQ finds, which it therefore never makes worse.

    Attributes:
        damping: as of GPTQ.
    """

    keyword: ClassVar[str] = "adaround"
    source: ClassVar[str] = (
        "Nagel et al., Up or Down?, ICML 2020; descent as in Behdin et al., QuantEase, 2023"
    )

    def improved(self, found: Values, weights: Values, moments: Values, grid: WeightGrid) -> Values:
        """See `WeightMethod.improved`."""
        found = found.copy()
        below, above = np.empty_like(weights), np.empty_like(weights)
        for k, row in enumerate(weights):
            below[k], above[k] = grid.rounded(k, row, "down"), grid.rounded(k, row, "up")
        moments = damped(moments, self.damping)
        products, diagonal = moments @ (weights - found), np.diag(moments)
        for _ in range(_PASSES):
            moved = False
            for k in range(len(weights)):
                # With all other terms as they are, the error is least at this value.
                best = found[k] + products[k] / diagonal[k]
                chosen = np.where(best - below[k] <= above[k] - best, below[k], above[k])
                gain = np.abs(found[k] - best) - np.abs(chosen - best)
                step = np.where(gain > 1e-12 * np.abs(best), chosen - found[k], 0.0)
                if step.any():
                    found[k] += step
                    products -= np.outer(moments[:, k], step)
                    moved = True
            if not moved:
                break
        return found
