"""Bias correction: the mean error of each output is taken back."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hwdse.networks.methods.method import Correction, CorrectionMethod, SeenLayer, Values


@dataclass(frozen=True, kw_only=True)
class BiasCorrection(CorrectionMethod):
    """Adds the mean of x times the error of the weights. The layer's bias takes it at no cost."""

    keyword: ClassVar[str] = "bias"
    source: ClassVar[str] = "Nagel et al., Data-free quantization, ICCV 2019 (empirical form)"

    def correction(self, layer: SeenLayer, weights: Values) -> Correction:
        """See `CorrectionMethod.correction`."""
        errors = layer.weights - weights
        offset = np.einsum("gk,gkn->gn", layer.gram.mean.astype(np.float64), errors)
        return Correction(offset=offset.astype(np.float32))
