"""AQAS: factors for channels by the error of both operands together."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hwdse.networks.methods.method import LayerwiseMethod, SeenLayer
from hwdse.networks.methods.smoothquant import moved
from hwdse.networks.methods.transform import Transform

_ALPHAS = np.linspace(0, 1, 11)


@dataclass(frozen=True, kw_only=True)
class Aqas(LayerwiseMethod):
    """The factors of SmoothQuant, with the exponent that suits a layer best.

    Of eleven exponents, that with the least error of the layer's results is taken, with activations
    and weights rounded to nearest; none if rounding alone is as good. SmoothQuant has one exponent
    for all layers, and AWQ sees no rounding of activations.
    """

    keyword: ClassVar[str] = "aqas"
    source: ClassVar[str] = (
        "Lee et al., Enhancing computation efficiency in large language models through weight and "
        "activation quantization, EMNLP 2023"
    )

    def transform(self, layer: SeenLayer) -> Transform | None:
        """See `LayerwiseMethod.transform`."""
        best, found = joint_error(layer) * (1 - 1e-9), None
        for alpha in _ALPHAS:
            change = moved(layer, alpha)
            error = joint_error(layer.changed(change))
            if error < best:
                best, found = error, change
        return found


def joint_error(layer: SeenLayer) -> float:
    """Squared error of the results for the recorded rows, with both operands rounded to nearest."""
    rows = layer.observation.rows
    exact = rows.astype(np.float64) @ layer.weights
    return float(np.square(exact - layer.nearest_rows(rows) @ layer.rounded()).sum())
