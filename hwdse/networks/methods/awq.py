"""AWQ: channels that carry much get finer weights."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hwdse.networks.methods.method import LayerwiseMethod, SeenLayer, Values
from hwdse.networks.methods.transform import Scaled, Transform

_POWERS = np.linspace(0, 1, 11)


@dataclass(frozen=True, kw_only=True)
class Awq(LayerwiseMethod):
    """A factor for each channel, a power of the mean magnitude of its activations.

    Of eleven powers from 0 to 1, that with the least error of the layer's results is taken. The
    operator before the layer can take the factors, so they cost nothing in hardware. The error is
    that of the weights alone: where activations are quantised coarsely, `smoothquant` is the other
    choice.
    """

    keyword: ClassVar[str] = "awq"
    source: ClassVar[str] = "Lin et al., AWQ, MLSys 2024"

    def transform(self, layer: SeenLayer) -> Transform | None:
        """See `LayerwiseMethod.transform`."""
        squares = np.einsum("gkk->gk", layer.gram.matrix)
        carried = np.sqrt(layer.by_channel(squares, np.add))
        carried = np.maximum(carried, 1e-6 * carried.max(initial=1e-30))
        best, found = np.inf, None
        for power in _POWERS:
            factors = carried**power
            factors /= np.exp(np.mean(np.log(factors)))
            scaled = Scaled(factors=factors)
            error = self._error(layer.changed(scaled))
            if error < best * (1 - 1e-9):
                best, found = error, scaled if power else None
        return found

    @staticmethod
    def _error(layer: SeenLayer) -> float:
        """Squared error of the results with weights rounded to nearest."""
        errors: Values = layer.weights - layer.rounded()
        moments = layer.gram.matrix.astype(np.float64)
        return float(np.einsum("gkn,gkl,gln->", errors, moments, errors, optimize=True))
